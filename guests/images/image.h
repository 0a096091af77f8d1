/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

struct pn_diag;

/** struct pn_image - a built guest image in the cache; freed with pn_image_free() */
struct pn_image {
	char *name;    /* of the recipe */
	char *hash;    /* hexadecimal, of everything that went into it */
	char *dir;     /* cache entry */
	char *kernel;  /* bzImage */
	char *initrd;  /* initramfs: agent as /init, busybox, modules, tools */
	char *release; /* uname -r of the kernel */
	char *version; /* of the package that the kernel is from; NULL for a user's kernel */
	char *headers; /* kernel build directory for modules ("/usr/src/linux-headers-..."); NULL: none here yet, pn_module_get() fetches it
			*/
	char *symbols; /* System.map; NULL when there is none */
};

/**
 * pn_image_get() - find or build an image
 * @recipe: name of a recipe ("cloud", "generic") or path of a recipe file
 * @kernel: a user's bzImage in place of the recipe's; NULL for the recipe's
 * @modules: its lib/modules/RELEASE directory; required with @kernel
 *
 * Reads the recipe, fetches packages, builds once per content hash. Blocks: tens of seconds when it builds, milliseconds when it is there.
 * Return: 0 or a negative errno.
 */
int pn_image_get(const char *recipe, const char *kernel, const char *modules, struct pn_image **ret_image, struct pn_diag *diag);

/** pn_image_find() - the image of a recipe if it is built and up to date; never builds, takes milliseconds. Return: 0 or -ENOENT. */
int pn_image_find(const char *recipe, struct pn_image **ret_image, struct pn_diag *diag);
void pn_image_free(struct pn_image *image);

/** struct pn_module - a driver under test, built for one image; freed with pn_module_free() */
struct pn_module {
	char *name;  /* as insmod knows it: "vballoon", "virtio_balloon" */
	char *path;  /* .ko on the host, or NULL when it is one of the image's own modules (stock) */
	char *label; /* as the user named it: "vballoon", "stock", "vballoon-leak", "/path/x.ko" */
	char *hash;  /* of its content or of the image */
};

/**
 * pn_module_get() - find or build a driver under test for an image
 * @driver: "stock", "vballoon", a variant of it ("vballoon-leak" and other names of drivers-under-test/mutants), or a path ending in .ko
 *
 * Sources are built out of tree in the cache, keyed by their content and the kernel headers. Blocks for seconds when it builds.
 * Return: 0; -ENOEXEC when the .ko's vermagic is not that of the image's kernel; or another negative errno.
 */
int pn_module_get(const char *driver, const struct pn_image *image, struct pn_module **ret_module, struct pn_diag *diag);
/** pn_module_names() - the names that pn_module_get() takes besides paths: vballoon, stock, the variants; freed with g_strfreev() */
char **pn_module_names(void);
void pn_module_free(struct pn_module *module);
