/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/** pn_emulator_path() - the QEMU binary; @qemu NULL: from PATH. @ret_path: absolute, links followed, g_free(). Return: 0 or -ENOENT. */
int pn_emulator_path(const char *qemu, char **ret_path, struct pn_diag *diag);

/**
 * pn_emulator_hash() - content hash of a binary (or of any other large file)
 * @ret_hex: 65 bytes
 *
 * Cached by the file's identity (inode, size, times), since reading it costs more than a tenth of a guest's start. Return: 0 or a negative errno.
 */
int pn_emulator_hash(const char *path, char ret_hex[65], struct pn_diag *diag);

/**
 * pn_emulator_plugin() - the TCG plugin, if an emulator takes plugins
 * @path: of the emulator
 * @ret_plugin: the shared object; g_free()
 *
 * Asked once per emulator. Return: 0; -ENOTSUP when it was built without plugins; or another negative errno.
 */
int pn_emulator_plugin(const char *path, char **ret_plugin, struct pn_diag *diag);

/**
 * pn_emulator_no_thp() - a program that is the emulator @path, only without transparent huge pages
 * @ret_path: executable by anyone who may read the cache; g_free()
 *
 * Made once per emulator, so that libvirt keeps what it learnt of it. Return: 0 or a negative errno.
 */
int pn_emulator_no_thp(const char *path, char **ret_path, struct pn_diag *diag);
