/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <sys/types.h>

struct pn_diag;
struct pn_tree;

/*
 * A list of what a guest's file system holds, each with where its content comes from. Written out, it is the same to the byte
 * for the same content: sorted, owned by root, dated 1970.
 */

struct pn_tree *pn_tree_new(void);
void pn_tree_free(struct pn_tree *tree);

/** pn_tree_add_dir() - a directory, mode 0755; parents of everything added are made without being asked for */
void pn_tree_add_dir(struct pn_tree *tree, const char *path);

/** pn_tree_add_file() - a file with the content of @source on the host, links followed; @mode are the permission bits */
void pn_tree_add_file(struct pn_tree *tree, const char *path, const char *source, mode_t mode);

/** pn_tree_add_link() - a symbolic link to @target, as it will stand in the guest */
void pn_tree_add_link(struct pn_tree *tree, const char *path, const char *target);

/** pn_tree_add_node() - a character device */
void pn_tree_add_node(struct pn_tree *tree, const char *path, mode_t mode, unsigned int major, unsigned int minor);

/**
 * pn_tree_write_cpio() - write an initramfs, uncompressed ("newc")
 * @out: path of the file, replaced
 *
 * Return: 0 or a negative errno.
 */
int pn_tree_write_cpio(const struct pn_tree *tree, const char *out, struct pn_diag *diag);

/** pn_tree_stage() - make the tree below an existing directory of the host; no device nodes. Return: 0 or a negative errno. */
int pn_tree_stage(const struct pn_tree *tree, const char *dir, struct pn_diag *diag);
