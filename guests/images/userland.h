/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

struct pn_diag;
struct pn_recipe;
struct pn_stamp;
struct pn_tree;

/**
 * struct pn_userland - what the guest has besides its kernel and modules
 *
 * Programs with libraries are kept apart from the initramfs, compressed: it is RAM that the guest can't give back.
 */
struct pn_userland {
	struct pn_tree *root;  /* the initramfs: agent, static programs, files outside /usr */
	struct pn_tree *tools; /* mounted at /tools: everything below /usr */
	GString *root_key;     /* names and content hashes of what is in @root */
	GString *tools_key;    /* the same for @tools */
};

/**
 * pn_userland_collect() - the recipe's files with their libraries, the agent and the native programs
 * @stamp: every file becomes an input of it
 *
 * Return: 0; -ENOENT when a file is missing, with the command that mends it; -EINVAL for a dynamic program outside /usr.
 * Deinit with pn_userland_deinit() only after success.
 */
int pn_userland_collect(const struct pn_recipe *recipe, struct pn_stamp *stamp, struct pn_userland *ret_userland, struct pn_diag *diag);
void pn_userland_deinit(struct pn_userland *userland);

/**
 * pn_userland_tools() - the tools as a squashfs file in the cache
 * @ret_path: freed with g_free()
 * @ret_hash: of it; freed with g_free()
 *
 * Return: 0 or a negative errno.
 */
int pn_userland_tools(const struct pn_userland *userland, const char *compression, char **ret_path, char **ret_hash, struct pn_diag *diag);
