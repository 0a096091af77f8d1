/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A fresh directory for one test, removed after it, with the cache and the owner records below it: a test never sees the
 * user's. For cmocka's setup and teardown. What a test left that was killed is removed by the next one that starts, once it is
 * older than any test lives.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs.h"

#define TEST_DIR_PREFIX "puncture-test-"
#define TEST_DIR_OLD_S 7200

/* Remove directories of tests that can't be running any more, below @parent. */
static inline void test_dir_sweep(const char *parent)
{
	g_autoptr(GDir) dir = g_dir_open(parent, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(parent, name, NULL);
		struct stat st;

		if (g_str_has_prefix(name, TEST_DIR_PREFIX) && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
		    st.st_mtime + TEST_DIR_OLD_S < time(NULL))
			pn_fs_remove_tree(path, NULL);
	}
}

/* A fresh directory; the caller removes it, frees the path with g_free(). */
static inline char *test_dir_make(void)
{
	static bool swept;

	if (!swept)
		test_dir_sweep(g_get_tmp_dir());
	swept = true;
	return g_dir_make_tmp(TEST_DIR_PREFIX "XXXXXX", NULL);
}

static inline int test_dir_setup(void **state)
{
	g_autofree char *dir = test_dir_make();
	g_autofree char *owners = g_build_filename(dir, "state", NULL);

	g_setenv("XDG_CACHE_HOME", dir, TRUE);
	g_setenv("PUNCTURE_STATE", owners, TRUE);
	*state = g_steal_pointer(&dir);
	return *state ? 0 : -1;
}

static inline int test_dir_teardown(void **state)
{
	int err = pn_fs_remove_tree(*state, NULL);

	g_free(*state);
	return err;
}
