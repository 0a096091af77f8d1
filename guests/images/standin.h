/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

struct pn_diag;
struct pn_stamp;

/**
 * pn_standin_make() - libraries that take the place of ones that a program links but that no load uses
 * @program: path on the host
 * @sonames: of the libraries to replace; @count of them
 * @stamp: the program and the replaced libraries become inputs of it
 * @ret_dir: cache entry that holds a file per name, to be searched before the system's; freed with g_free()
 * @guest_paths: stand-in's path on the host -> where the real one would lie in the guest; added to
 *
 * A stand-in defines, in the same symbol versions, the functions that the program takes from the real library. Called, one says so on
 * standard error and ends the process with exit code 127. Needs cc and nm.
 *
 * Return: 0; -EINVAL when a name is not among the program's libraries, or when the program takes data from it; or another negative errno.
 */
int pn_standin_make(const char *program, char *const *sonames, unsigned int count, struct pn_stamp *stamp, char **ret_dir,
		    GHashTable *guest_paths, struct pn_diag *diag);
