/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A workloads folder of its own for a test: three loads, and whatever the test writes. */

#include <glib.h>
#include <glib/gstdio.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/test-dir.h"
#include "scenario.h"

static inline void home_write(const char *home, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(home, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static inline char *home_new(void)
{
	char *home = test_dir_make();

	for (const char *const *folder = (const char *const[]){"scenarios", "suites", "loads", NULL}; *folder; folder++) {
		g_autofree char *path = g_build_filename(home, *folder, NULL);

		g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
	}
	home_write(home, "loads/cpu.yaml", "summary: cpu\nkind: stress-ng\nargv: [stress-ng, --cpu, '1']\n");
	home_write(home, "loads/touch.yaml", "summary: probe\nkind: native\nargv: [touch, '{memory:10%}', '{seed}']\nready: line\n");
	home_write(home, "loads/swapper.yaml", "summary: swaps\nkind: stress-ng\nargv: [stress-ng]\nneeds: swap\nmust-swap: true\n");
	return home;
}

static inline void home_free(char *home)
{
	g_assert_cmpint(pn_fs_remove_tree(home, NULL), ==, 0);
	g_free(home);
}

static inline int home_setup(void **state)
{
	*state = home_new();
	return 0;
}

static inline int home_teardown(void **state)
{
	home_free(*state);
	return 0;
}

/* Plan one name with settings (both lists end with NULL). */
static inline int home_plan(const char *home, const char *name, const char *const *sets, struct pn_plan **ret_plan, struct pn_diag *diag)
{
	struct pn_plan_config config = {.names = (const char *const[]){name, NULL}, .sets = sets, .workloads_dir = home};

	return pn_plan_build(&config, ret_plan, diag);
}
