/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

struct pn_diag;

/**
 * pn_libs_interp() - the dynamic loader that an ELF program asks for
 * @ret_interp: path; NULL for a static program and for what is no ELF file; freed with g_free()
 *
 * Return: 0 or a negative errno.
 */
int pn_libs_interp(const char *path, char **ret_interp, struct pn_diag *diag);

/**
 * pn_libs_closure() - every library that the dynamic loader would map for a program, and the loader
 * @program: path on the host
 * @first: directory that is searched before all others; NULL: none
 * @libs: set of host paths as the loader gives them; the program itself is not added; nothing is added for a static one
 *
 * Runs the program's own loader with --list, which executes nothing of the program. Return: 0; -ENOENT when a library is missing.
 */
int pn_libs_closure(const char *program, const char *first, GHashTable *libs, struct pn_diag *diag);

/** pn_libs_find() - the library of a program that goes by @soname; freed with g_free(). Return: 0; -EINVAL when it has none such. */
int pn_libs_find(const char *program, const char *soname, char **ret_path, struct pn_diag *diag);

/** pn_libs_guest_path() - where a path of a host lies on a system with merged /usr ("/lib/x" is "/usr/lib/x"); freed with g_free() */
char *pn_libs_guest_path(const char *path);
