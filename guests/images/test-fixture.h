/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the tests of this folder share: a directory with cache, files written into it, modules made by the compiler, a bzImage that
 * has only a header. The cache's root is fixed by the first use in a process, so these go with a group, not with one test.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/test-dir.h"
#include "kmods.h"

#define FIXTURE_RELEASE "6.1.0-test"

/* file below the test's directory; the path is freed by the caller */
static inline char *fixture_write(const char *dir, const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	return path;
}

static inline void fixture_program(const char *dir, const char *name, const char *script)
{
	g_autofree char *path = fixture_write(dir, name, script);

	assert_int_equal(chmod(path, 0755), 0);
}

static inline void fixture_run(const char *const *argv)
{
	struct pn_diag diag = {};
	g_autofree char *output = NULL;

	if (pn_spawn_run(argv, NULL, 0, &output, &diag) < 0)
		fail_msg("%s: %s", argv[0], diag.text);
}

/* a module that exports one symbol and uses another (either may be NULL) */
static inline void fixture_module(const char *modules, const char *name, const char *exports, const char *uses, const char *softdep)
{
	g_autoptr(GString) text = g_string_new(".section .modinfo,\"a\"\n");
	g_autofree char *ko = g_strdup_printf("%s/kernel/%s.ko", modules, name);
	g_autofree char *relative = g_strdup_printf("kernel/%s.s", name);
	g_autofree char *source = NULL;

	g_string_append_printf(text, ".asciz \"name=%s\"\n.asciz \"vermagic=%s SMP mod_unload \"\n.asciz \"license=GPL\"\n", name,
			       FIXTURE_RELEASE);
	if (softdep)
		g_string_append_printf(text, ".asciz \"softdep=pre: %s\"\n", softdep);
	if (exports)
		g_string_append_printf(text, ".section __ksymtab_strings,\"a\"\n.asciz \"%s\"\n", exports);
	if (uses)
		g_string_append_printf(text, ".text\n.quad %s\n", uses);
	source = fixture_write(modules, relative, text->str);
	fixture_run((const char *const[]){"cc", "-c", "-o", ko, source, NULL});
}

/* lib/modules/RELEASE: top uses middle uses bottom, top has a soft dependency; one that nobody uses; "inside" is built in */
static inline char *fixture_modules(const char *root)
{
	struct pn_diag diag = {};
	char *modules = g_build_filename(root, "lib/modules", FIXTURE_RELEASE, NULL);
	g_autofree char *builtin = fixture_write(modules, "modules.builtin", "kernel/inside.ko\n");

	fixture_module(modules, "bottom", "pn_bottom", NULL, NULL);
	fixture_module(modules, "middle", "pn_middle", "pn_bottom", NULL);
	fixture_module(modules, "top", NULL, "pn_middle", "soft");
	fixture_module(modules, "soft", NULL, NULL, NULL);
	fixture_module(modules, "unused", NULL, NULL, NULL);
	if (pn_kmods_depmod(root, FIXTURE_RELEASE, &diag) < 0)
		fail_msg("%s", diag.text);
	return modules;
}

/* as much of a bzImage as says which release it is: boot.rst, fields header and kernel_version */
static inline char *fixture_bzimage(const char *dir, const char *release)
{
	char *path = g_build_filename(dir, "bzImage", NULL);
	g_autofree char *version = g_strdup_printf("%s (someone@somewhere) #1", release);
	guint8 head[0x1000] = {};

	memcpy(head + 0x202, "HdrS", 4);
	head[0x20e] = 0x00;
	head[0x20f] = 0x02;
	memcpy(head + 0x400, version, strlen(version));
	assert_int_equal(pn_fs_write(path, head, sizeof(head), NULL), 0);
	return path;
}
