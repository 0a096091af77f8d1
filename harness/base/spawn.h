/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_diag;

/**
 * pn_spawn_run() - run a program to its end
 * @argv: NULL-terminated; argv[0] is looked up in PATH
 * @cwd: working directory, or NULL for the caller's
 * @timeout_ns: the program and its process group are killed after this; 0 waits for ever
 * @ret_out: standard output, terminated, freed with g_free(); NULL lets it go to the caller's
 *
 * Standard error is kept for @diag (last line) when the program fails. What it leaves running in its process group ends with it, and all of it with the
 * caller, however that ends. Blocks.
 * Return: 0 when it exited 0; -ENOENT when it is not there; -ETIMEDOUT; -EIO for another exit, @diag has its last words.
 */
int pn_spawn_run(const char *const *argv, const char *cwd, uint64_t timeout_ns, char **ret_out, struct pn_diag *diag);
