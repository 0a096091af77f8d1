// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stand-ins for shared libraries. Debian's fio links five network storage clients, which bring 60 libraries of 75 MB that every start
 * of it maps and relocates, and that a guest without network never calls. Dropping them from the program would mean editing it; a
 * library of the same name, symbols and versions with nothing behind them leaves it untouched.
 *
 * Limits: x86-64; functions only; the program's own references, not those of other libraries to the replaced one.
 */
#include "standin.h"

#include <errno.h>
#include <string.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/units.h"
#include "libs.h"
#include "stamp.h"

#define STANDIN_FORM "standin 2"
#define TOOL_TIMEOUT_NS (60 * PN_NS_PER_S)

struct standin {
	const char *program;
	char *const *sonames;
	unsigned int count;
	GPtrArray *real; /* path of each name */
};

/*
 * Symbols as "name" or "name@version", with nm's letter for what they are. A definition with a default version counts under its bare
 * name too: that is how a program refers to it that was linked before the library had versions.
 */
/* @which: "--defined-only", or "--dynamic" for all */
static int symbols_of(const char *path, const char *which, GHashTable **ret_symbols, struct pn_diag *diag)
{
	const char *const argv[] = {"nm", "-D", "--with-symbol-versions", which, path, NULL};
	g_autofree char *output = NULL;
	g_auto(GStrv) lines = NULL;
	GHashTable *symbols;
	int r = pn_spawn_run(argv, NULL, TOOL_TIMEOUT_NS, &output, diag);

	if (r < 0)
		return r;
	symbols = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	lines = g_strsplit(output, "\n", -1);
	for (unsigned int i = 0; lines[i]; i++) {
		const char *symbol = strrchr(lines[i], ' ');
		const char *base = symbol ? strstr(symbol, "@@") : NULL;
		char kind = symbol && symbol > lines[i] ? symbol[-1] : 0;

		if (!kind)
			continue;
		if (base) {
			char *name = g_strndup(symbol + 1, base - symbol - 1);

			g_hash_table_insert(symbols, g_strconcat(name, base + 1, NULL), GINT_TO_POINTER(kind));
			g_hash_table_insert(symbols, name, GINT_TO_POINTER(kind));
		} else {
			g_hash_table_insert(symbols, g_strdup(symbol + 1), GINT_TO_POINTER(kind));
		}
	}
	*ret_symbols = symbols;
	return 0;
}

/* By version, then by name; without a version first. */
static gint by_version(gconstpointer a, gconstpointer b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	int r = g_strcmp0(strchr(x, '@'), strchr(y, '@'));

	return r ? r : strcmp(x, y);
}

/* Says what was called for, then exits 127; system calls by hand, because there is no libc in here. */
static const char absent[] =
    "static void __attribute__((noreturn, noinline)) absent(void)\n{\n\tlong ret;\n"
    "\t__asm__ volatile(\"syscall\" : \"=a\"(ret) : \"0\"(1L), \"D\"(2L), \"S\"(text), \"d\"(sizeof(text) - 1) : \"rcx\", \"r11\", "
    "\"memory\");\n"
    "\tfor (;;)\n\t\t__asm__ volatile(\"syscall\" : \"=a\"(ret) : \"0\"(231L), \"D\"(127L) : \"rcx\", \"r11\", \"memory\");\n}\n";

/* C that has the functions, and the linker's script that gives them their versions; @symbols are in order of versions */
static int write_sources(const char *soname, GPtrArray *symbols, const char *c, const char *script, struct pn_diag *diag)
{
	g_autoptr(GString) text = g_string_new(NULL), nodes = g_string_new(NULL);
	const char *last = NULL;
	int r;

	g_string_append_printf(text, "static const char text[] = \"%s is left out of this image: see 'without' in its recipe\\n\";\n%s",
			       soname, absent);
	for (unsigned int i = 0; i < symbols->len; i++) {
		const char *symbol = symbols->pdata[i], *version = strchr(symbol, '@');
		int len = version ? version - symbol : (int)strlen(symbol);

		g_string_append_printf(text, "void %.*s(void) { absent(); }\n", len, symbol);
		if (!version)
			continue;
		if (g_strcmp0(last, version))
			g_string_append_printf(nodes, "%s%s { global:", last ? " };\n" : "", version + 1);
		g_string_append_printf(nodes, " %.*s;", len, symbol);
		last = version;
	}
	if (last)
		g_string_append(nodes, " };\n");
	r = pn_fs_write(c, text->str, text->len, diag);
	return r < 0 ? r : pn_fs_write(script, nodes->str, nodes->len, diag);
}

/*
 * What the program takes from the library: its undefined symbols that the library defines. Data may stand as defined in the program too,
 * because a copy relocation gives it room there.
 */
static int shared_symbols(const char *real, GHashTable *program, GPtrArray *ret_symbols, struct pn_diag *diag)
{
	g_autoptr(GHashTable) defined = NULL;
	GHashTableIter iter;
	gpointer symbol, use, kind;
	int r = symbols_of(real, "--defined-only", &defined, diag);

	if (r < 0)
		return r;
	g_hash_table_iter_init(&iter, program);
	while (g_hash_table_iter_next(&iter, &symbol, &use)) {
		if (!g_hash_table_lookup_extended(defined, symbol, NULL, &kind))
			continue;
		if (!strchr("TtWiuA", GPOINTER_TO_INT(kind)))
			return pn_diag_set(diag, -EINVAL, "%s: can't be left out: '%s' in it is not a function", real, (char *)symbol);
		if (strchr("Uw", GPOINTER_TO_INT(use)))
			g_ptr_array_add(ret_symbols, g_strdup(symbol));
	}
	g_ptr_array_sort(ret_symbols, by_version);
	return 0;
}

static int build_one(const char *dir, const char *soname, const char *real, GHashTable *program, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) symbols = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *c = g_build_filename(dir, "standin.c", NULL), *script = g_build_filename(dir, "standin.map", NULL);
	g_autofree char *out = g_build_filename(dir, soname, NULL), *name = g_strconcat("-Wl,-soname,", soname, NULL);
	g_autofree char *versions = g_strconcat("-Wl,--version-script,", script, NULL), *output = NULL;
	const char *argv[] = {"cc", "-w", "-O2", "-fPIC", "-shared", "-nostdlib", "-s", name, "-o", out, c, versions, NULL};
	int r = shared_symbols(real, program, symbols, diag);

	if (r >= 0)
		r = write_sources(soname, symbols, c, script, diag);
	if (r < 0)
		return r;
	if (!symbols->len || !strchr(symbols->pdata[symbols->len - 1], '@'))
		argv[G_N_ELEMENTS(argv) - 2] = NULL; /* no versions, no script */
	r = pn_spawn_run(argv, NULL, TOOL_TIMEOUT_NS, &output, diag);
	if (r >= 0)
		r = pn_fs_remove_tree(c, diag);
	return r < 0 ? r : pn_fs_remove_tree(script, diag);
}

static int build(const char *dir, void *data, struct pn_diag *diag)
{
	const struct standin *standin = data;
	g_autoptr(GHashTable) program = NULL;
	int r = symbols_of(standin->program, "--dynamic", &program, diag);

	for (unsigned int i = 0; r >= 0 && i < standin->count; i++)
		r = build_one(dir, standin->sonames[i], standin->real->pdata[i], program, diag);
	return r;
}

/* Find the real libraries; what a stand-in looks like depends on them and on the program. */
static int key_of(struct standin *standin, struct pn_stamp *stamp, GString *key, struct pn_diag *diag)
{
	char hex[65];
	int r = pn_stamp_hash(stamp, standin->program, hex, diag);

	g_string_printf(key, "%s\n%s\n", STANDIN_FORM, hex);
	for (unsigned int i = 0; r >= 0 && i < standin->count; i++) {
		char *real = NULL;

		r = pn_libs_find(standin->program, standin->sonames[i], &real, diag);
		if (r < 0)
			break;
		g_ptr_array_add(standin->real, real);
		r = pn_stamp_hash(stamp, real, hex, diag);
		g_string_append_printf(key, "%s %s\n", standin->sonames[i], hex);
	}
	return r;
}

int pn_standin_make(const char *program, char *const *sonames, unsigned int count, struct pn_stamp *stamp, char **ret_dir,
		    GHashTable *guest_paths, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) real = g_ptr_array_new_with_free_func(g_free);
	struct standin standin = {.program = program, .sonames = sonames, .count = count, .real = real};
	g_autoptr(GString) key = g_string_new(NULL);
	g_autofree char *hash = NULL, *dir = NULL;
	int r = key_of(&standin, stamp, key, diag);

	if (r < 0)
		return r;
	hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key->str, key->len);
	r = pn_cache_get("standin", hash, build, &standin, &dir, diag);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < count; i++) {
		g_autofree char *guest = pn_libs_guest_path(real->pdata[i]), *parent = g_path_get_dirname(guest);

		g_hash_table_insert(guest_paths, g_build_filename(dir, sonames[i], NULL), g_build_filename(parent, sonames[i], NULL));
	}
	*ret_dir = g_steal_pointer(&dir);
	return 0;
}
