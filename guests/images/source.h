/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_recipe_kernel;
struct pn_stamp;

/** struct pn_source - a kernel that was built from its source; freed with pn_source_deinit() */
struct pn_source {
	char *hash;    /* of everything that went into it */
	char *dir;     /* cache entry: vmlinuz, System.map, lib/modules/RELEASE with all modules, build */
	char *modules; /* its lib/modules/RELEASE */
	char *build;   /* what modules out of tree are built against */
	char *version; /* of the source's package */
};

void pn_source_deinit(struct pn_source *source);

/**
 * pn_source_get() - a kernel built as a recipe says
 * @kernel: has source and config
 * @stamp: gets the files that it was built from as inputs
 *
 * Downloads the package and compiles, once: blocks for tens of minutes, and says so on standard error.
 * Return: 0; -EIO with the first error of the build and where its log is; or another negative errno.
 */
int pn_source_get(const struct pn_recipe_kernel *kernel, struct pn_stamp *stamp, struct pn_source *ret_source, struct pn_diag *diag);
