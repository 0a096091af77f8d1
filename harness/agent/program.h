/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/** pn_program_path() - the PATH that programs in the guest get */
extern const char pn_program_path[];

/**
 * pn_program_run() - run a program of the image to its end; in a job only, since it blocks
 * @argv: NULL-terminated; looked up in pn_program_path
 *
 * Return: 0, or a negative errno with pn_fail()'s line (the last line it wrote to standard error).
 */
int pn_program_run(const char *const *argv);
