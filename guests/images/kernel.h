/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_recipe;
struct pn_stamp;

/** struct pn_kernel - a kernel with the modules of a recipe, unpacked in the cache; freed with pn_kernel_deinit() */
struct pn_kernel {
	char *hash;    /* of everything that went into it */
	char *dir;     /* cache entry: vmlinuz, System.map (maybe), lib/modules/RELEASE */
	char *release; /* uname -r */
	char *version; /* of its package; NULL for a user's */
	char *headers; /* its build directory: of a user's kernel if modules/build leads to one, of one built here; NULL otherwise */
};

void pn_kernel_deinit(struct pn_kernel *kernel);

/**
 * pn_kernel_from_package() - the kernel that a recipe names
 * @stamp: remembers what the package's name stood for while apt's lists are the same, or when there are none any more
 *
 * Downloads and unpacks it once. Return: 0 or a negative errno.
 */
int pn_kernel_from_package(const struct pn_recipe *recipe, struct pn_stamp *stamp, struct pn_kernel *ret_kernel, struct pn_diag *diag);

/**
 * pn_kernel_from_source() - the kernel that a recipe has built (source.h)
 *
 * Blocks for tens of minutes the first time. Return: 0 or a negative errno.
 */
int pn_kernel_from_source(const struct pn_recipe *recipe, struct pn_stamp *stamp, struct pn_kernel *ret_kernel, struct pn_diag *diag);

/**
 * pn_kernel_from_user() - a kernel that somebody brings
 * @bzimage: file
 * @modules: its lib/modules/RELEASE, with depmod's indexes; modules may be compressed
 *
 * Return: 0; -EINVAL when the two are not of one kernel; -ENOENT when it lacks a module that the recipe requires; or another negative
 * errno.
 */
int pn_kernel_from_user(const struct pn_recipe *recipe, const char *bzimage, const char *modules, struct pn_stamp *stamp,
			struct pn_kernel *ret_kernel, struct pn_diag *diag);

/**
 * pn_kernel_release() - uname -r of a bzImage, from its own header
 * @ret_release: freed with g_free()
 *
 * Source: Linux, Documentation/x86/boot.rst, field kernel_version. Return: 0 or -EINVAL when it is no bzImage.
 */
int pn_kernel_release(const char *bzimage, char **ret_release, struct pn_diag *diag);
