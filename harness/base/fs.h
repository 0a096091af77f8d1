/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

struct pn_diag;

/** pn_fs_mkdir_p() - make a directory and its parents, mode 0755. Return: 0 or a negative errno. */
int pn_fs_mkdir_p(const char *path, struct pn_diag *diag);

/** pn_fs_read() - read a whole file; @ret_text is terminated and freed by the caller with g_free(). Return: 0 or a negative errno. */
int pn_fs_read(const char *path, char **ret_text, size_t *ret_len, struct pn_diag *diag);

/** pn_fs_write() - replace a file whole: temporary name, fsync, rename. Return: 0 or a negative errno. */
int pn_fs_write(const char *path, const void *data, size_t len, struct pn_diag *diag);

/** pn_fs_write_setting() - write a value to an existing sysfs, procfs or cgroup file. Return: 0 or a negative errno. */
int pn_fs_write_setting(const char *path, const char *value, struct pn_diag *diag);

/** pn_fs_copy() - copy a regular file, holes and mode kept, by reflink or copy_file_range where possible. Return: 0 or a negative errno. */
int pn_fs_copy(const char *from, const char *to, struct pn_diag *diag);

/** pn_fs_remove_tree() - remove a file or directory with all below it; never follows a link; absent is fine. Return: 0 or a negative errno. */
int pn_fs_remove_tree(const char *path, struct pn_diag *diag);

/**
 * pn_fs_sha256() - content hash of a file
 * @path: file
 * @ret_hex: 65 bytes, lower-case hexadecimal, terminated
 *
 * Return: 0 or a negative errno.
 */
int pn_fs_sha256(const char *path, char ret_hex[65], struct pn_diag *diag);
