/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/** struct pn_recipe_kernel - where the kernel comes from */
struct pn_recipe_kernel {
	char *package; /* Debian package, or a meta package that depends on it; NULL: built from @source */
	char *source;  /* Debian package with a kernel's source; NULL: @package is taken as it is */
	char *config;  /* of @source: what it is built with; a file's path, relative to the recipe as written, absolute when read */
	char *patch;   /* the same, applied to the source; NULL: none */
};

/** struct pn_recipe_file - a file of the host that the guest gets */
struct pn_recipe_file {
	char *file;	/* absolute path on the host; links are followed */
	char *as;	/* absolute path in the guest; NULL: the same. Below /usr it goes into the tools, otherwise into the initramfs */
	char *package;	/* what to install when @file is missing */
	char **without; /* names of libraries that it links but no load uses: stand-ins take their place (standin.h) */
	unsigned int without_count;
};

/** struct pn_recipe - guests/images/NAME.yaml, with everything it extends filled in; freed with pn_recipe_free() */
struct pn_recipe {
	char *name;
	char *summary;
	char *extends; /* recipe that gives what this one leaves out; NULL: none */
	struct pn_recipe_kernel *kernel;
	char **modules; /* the image can't be built without these (built in counts) */
	unsigned int modules_count;
	char **modules_wanted; /* taken when the kernel has them */
	unsigned int modules_wanted_count;
	struct pn_recipe_file *files;
	unsigned int files_count;
	char *tools_compression; /* of mksquashfs: "zstd", "xz", "lz4" or "gzip" */
};

/**
 * pn_recipe_read() - read a recipe and what it extends
 * @recipe: a name under guests/images of pn_paths_share(), or a path (holds a '/' or ends in .yaml)
 * @ret_paths: the files that were read, for a stamp; NULL-terminated, freed with g_strfreev(); may be NULL
 *
 * Return: 0; -ENOENT with the names there are; -EINVAL with one line (file:line, key, value, what is accepted); or another negative errno.
 */
int pn_recipe_read(const char *recipe, struct pn_recipe **ret_recipe, char ***ret_paths, struct pn_diag *diag);
void pn_recipe_free(struct pn_recipe *recipe);

/** pn_recipe_names() - the recipes there are, sorted; NULL-terminated, freed with g_strfreev() */
char **pn_recipe_names(void);
