/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stddef.h>

struct pn_diag;

/*
 * What loads print, read. Each adds "ops" and "ops_per_s" and its own part to @result (see pn_load_stop()). The text is of a guest and not
 * to be trusted: a form that does not fit is -EPROTO with @diag, and @result is left as it was.
 */

/** pn_result_stress() - stress-ng --yaml: bogo-ops of all stressors, "stress": {NAME: {"ops","ops_per_s"}}. Return: 0 or a negative errno. */
int pn_result_stress(const char *text, size_t len, json_t *result, struct pn_diag *diag);

/** pn_result_fio() - fio --output-format=json+: I/Os of all jobs, "fio": the whole object. Return: 0 or a negative errno. */
int pn_result_fio(const char *text, size_t len, json_t *result, struct pn_diag *diag);

/**
 * pn_result_native() - the last line of a native load that is a JSON object: its "ops" and "ops_per_s", and the whole under @program
 *
 * Return: 0 or a negative errno.
 */
int pn_result_native(const char *program, const char *text, size_t len, json_t *result, struct pn_diag *diag);
