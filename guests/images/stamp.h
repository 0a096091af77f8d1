/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

struct pn_diag;

/*
 * What an image was made of the last time: every input file by size, mtime and inode, with its content hash, and the names that
 * came of them. While no input has changed nothing is read, hashed or asked of apt; when one has, only that one is hashed again.
 */

struct pn_stamp {
	char *path;
	char *image;		 /* hash of the image; NULL: none yet */
	char *package;		 /* that the recipe's kernel resolved to */
	char *version;		 /* of it */
	struct _GHashTable *was; /* path -> input, as read */
	struct _GHashTable *now; /* path -> input, of this round */
};

/**
 * pn_stamp_open() - read a stamp
 * @key: names what it is the stamp of: recipe, kernel, directories
 *
 * A stamp that is absent or unreadable is empty: it is a memory, not a source. Return: 0 or a negative errno.
 */
int pn_stamp_open(const char *key, struct pn_stamp **ret_stamp, struct pn_diag *diag);
void pn_stamp_free(struct pn_stamp *stamp);

/** pn_stamp_fresh() - has an image, and no input changed since it was saved */
bool pn_stamp_fresh(const struct pn_stamp *stamp);

/** pn_stamp_same() - one input of the last round is there and unchanged */
bool pn_stamp_same(const struct pn_stamp *stamp, const char *path);

/** pn_stamp_watch() - make a path an input by its size and mtime only; it may be absent */
void pn_stamp_watch(struct pn_stamp *stamp, const char *path);

/** pn_stamp_hash() - make a file an input by its content; @ret_hex as pn_fs_sha256(), remembered from last time if unchanged */
int pn_stamp_hash(struct pn_stamp *stamp, const char *path, char ret_hex[65], struct pn_diag *diag);

/** pn_stamp_remember() - what the recipe's kernel package resolved to */
void pn_stamp_remember(struct pn_stamp *stamp, const char *package, const char *version);

/** pn_stamp_save() - keep this round's inputs. Return: 0 or a negative errno. */
int pn_stamp_save(const struct pn_stamp *stamp, struct pn_diag *diag);
