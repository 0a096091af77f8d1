/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A fresh directory for one test, removed after it, with the cache and the owner records below it: a test never sees the
 * user's. For cmocka's setup and teardown.
 */

#include <glib.h>
#include <stdlib.h>

#include "fs.h"

static inline int test_dir_setup(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-test-XXXXXX", NULL);
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
