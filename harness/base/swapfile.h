/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_diag;

/** struct pn_swapfile - a swap file of ours on the host; zeroed: none */
struct pn_swapfile {
	char *path;
	int swap_id, file_id; /* owner records */
};

/**
 * pn_swapfile_make() - make a swap file and have the kernel swap to it; the host may have no swap of its own
 * @path: on a file system that swap files can be on (not tmpfs, not overlayfs); replaced when it is there
 *
 * Blocks while it is allocated and formatted (mkswap). File and swap area are owned, so a kill leaves neither. Return: 0 or a negative errno.
 */
int pn_swapfile_make(const char *path, uint64_t bytes, struct pn_swapfile *ret_swapfile, struct pn_diag *diag);

/** pn_swapfile_remove() - switch it off, which brings back what is in it, and remove it. Nothing to do for none. Return: 0 or a negative errno. */
int pn_swapfile_remove(struct pn_swapfile *swapfile, struct pn_diag *diag);

/**
 * pn_swapfile_refusal() - why a swap file can't be made in a directory, and what mends it
 * @bytes: how large
 *
 * Return: NULL when nothing speaks against it; else one line, g_free().
 */
char *pn_swapfile_refusal(const char *dir, uint64_t bytes);

/** pn_swapfile_dir() - where swap files for whole guests go: ${PUNCTURE_SWAP_DIR:-/var/tmp}. Borrowed. */
const char *pn_swapfile_dir(void);
