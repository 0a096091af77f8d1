/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/**
 * struct pn_diag - why something failed, in one line meant for a person
 * @text: the line without newline; "" while nothing has failed
 *
 * A function that takes a diag fills it whenever it returns a negative errno and leaves it untouched otherwise.
 * Callers forward it unchanged; only the command layer prints it. NULL is accepted everywhere.
 */
struct pn_diag {
	char text[1024];
};

/**
 * pn_diag_set() - say why
 * @diag: where to; may be NULL
 * @err: the negative errno to hand on
 * @fmt: printf format of the line
 *
 * Return: @err, so that failing reads `return pn_diag_set(diag, -ENOENT, "...", ...)`.
 */
int pn_diag_set(struct pn_diag *diag, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * pn_diag_value() - refuse one value of an input in the project's one form
 * @diag: where to; may be NULL
 * @where: "file:line", "--set" or the like
 * @key: dotted name of the key
 * @value: what stood there
 * @accepted: what would have been accepted: a range, a list, a unit
 *
 * The line reads `WHERE: KEY: 'VALUE' is not accepted; expected ACCEPTED`.
 * Return: -EINVAL.
 */
int pn_diag_value(struct pn_diag *diag, const char *where, const char *key, const char *value, const char *accepted);
