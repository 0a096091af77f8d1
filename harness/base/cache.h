/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_diag;

/*
 * The cache of everything downloaded or built: ${XDG_CACHE_HOME:-~/.cache}/puncture/KIND/HASH/. An entry is a directory that
 * appears whole or not at all (built under a temporary name beside it, renamed), under a lock per entry, so that two runs
 * at once build it once. Its mtime is its last use; pruning goes by that.
 */

/**
 * typedef pn_cache_build_fn - fill a new entry
 * @dir: empty directory to fill; renamed to its final name when 0 is returned, removed otherwise
 * @data: of the caller
 *
 * Return: 0 or a negative errno.
 */
typedef int pn_cache_build_fn(const char *dir, void *data, struct pn_diag *diag);

/** pn_cache_root() - the cache's root directory, made if absent. Freed by the caller with g_free(); NULL when it can't be made. */
char *pn_cache_root(struct pn_diag *diag);

/**
 * pn_cache_get() - find an entry, or build it
 * @kind: folder of the cache: "image", "snapshot", "libperf", ...
 * @hash: hexadecimal content hash of everything that the result depends on
 * @build: how to fill it; NULL only looks and returns -ENOENT when absent
 * @data: handed to @build
 * @ret_dir: path of the entry; freed by the caller with g_free()
 *
 * Blocks while another process builds the same entry. Return: 0 or a negative errno.
 */
int pn_cache_get(const char *kind, const char *hash, pn_cache_build_fn *build, void *data, char **ret_dir, struct pn_diag *diag);

/**
 * pn_cache_prune() - remove entries unused for some time, and the leftovers of interrupted builds
 * @max_age_s: entries used later than this many seconds ago stay; 0 removes all that is not locked
 * @ret_bytes: bytes freed; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int pn_cache_prune(uint64_t max_age_s, uint64_t *ret_bytes, struct pn_diag *diag);
