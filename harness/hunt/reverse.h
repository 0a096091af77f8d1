/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <sys/types.h>

struct pn_diag;
struct pn_guest;
struct pn_lab;
struct pn_module;
struct pn_reverse;
struct pn_visit;

/*
 * gdb on a case of exact mode, backwards too. An execution that repeats to the instruction need not be recorded to be gone through backwards: it is
 * executed again, up to the last hit before where gdb stands.
 */

/** pn_reverse_new() - @socket: path where gdb is listened for; short, owned by the caller. Return: 0 or a negative errno. */
int pn_reverse_new(const char *socket, struct pn_reverse **ret_reverse, struct pn_diag *diag);

/** pn_reverse_free() - NULL is fine */
void pn_reverse_free(struct pn_reverse *reverse);

/** pn_reverse_notes() - what notes where the driver's sections are: for one trial, made before gdb is started. Borrowed. */
const struct pn_visit *pn_reverse_notes(struct pn_reverse *reverse);

/** pn_reverse_sections() - as noted, for gdb's add-symbol-file; NULL: there were none. Borrowed. */
const char *pn_reverse_sections(const struct pn_reverse *reverse);

/**
 * pn_reverse_serve() - executions of a case, one after the other, for a gdb that connects to the socket
 * @yaml, @driver: as of struct pn_trial
 * @gdb: its process, a child of this one; not waited for here
 *
 * The first stops at the end of the timeline. Blocks until gdb has gone. Return: 0 or a negative errno.
 */
int pn_reverse_serve(struct pn_reverse *reverse, struct pn_lab *lab, const char *yaml, const char *driver, pid_t gdb, struct pn_diag *diag);
