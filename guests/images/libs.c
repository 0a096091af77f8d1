// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program of the host needs to run elsewhere. The dynamic loader itself is asked, so that RUNPATH, ld.so.conf and
 * hardware-capability directories are honoured without a copy of their rules here.
 *
 * Limits: libraries opened by name at run time (dlopen) are in nobody's list; a recipe names those.
 */
#include "libs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/spawn.h"
#include "base/units.h"

#define LIST_TIMEOUT_NS (60 * PN_NS_PER_S)
#define INTERP_MAX 4096

int pn_libs_interp(const char *path, char **ret_interp, struct pn_diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *interp = NULL;
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(segment))
		header.e_phnum = 0;
	for (unsigned int i = 0; !interp && i < header.e_phnum; i++) {
		if (pread(fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment)) != sizeof(segment))
			break;
		if (segment.p_type != PT_INTERP || segment.p_filesz >= INTERP_MAX)
			continue;
		interp = g_malloc0(segment.p_filesz + 1);
		if (pread(fd, interp, segment.p_filesz, segment.p_offset) != (ssize_t)segment.p_filesz)
			g_clear_pointer(&interp, g_free);
	}
	close(fd);
	*ret_interp = interp;
	return 0;
}

/* The loader's own list; NULL for a static program. Lines: "NAME => PATH (ADDRESS)", and without an arrow for loader and vdso. */
static int list(const char *program, const char *first, char **ret_interp, char ***ret_lines, struct pn_diag *diag)
{
	g_autofree char *interp = NULL, *output = NULL;
	int r = pn_libs_interp(program, &interp, diag);

	if (r < 0)
		return r;
	if (interp) {
		const char *const plain[] = {interp, "--list", program, NULL};
		const char *const searching[] = {interp, "--library-path", first, "--list", program, NULL};

		r = pn_spawn_run(first ? searching : plain, NULL, LIST_TIMEOUT_NS, &output, diag);
	}
	if (r < 0)
		return r;
	*ret_lines = output ? g_strsplit(output, "\n", -1) : NULL;
	*ret_interp = g_steal_pointer(&interp);
	return 0;
}

/* The path of a line; "" for one that has no arrow, NULL for a library that was not found. */
static char *path_of(const char *line)
{
	const char *path = strstr(line, " => ");

	if (!path)
		return g_strdup("");
	path += strlen(" => ");
	return *path == '/' ? g_strndup(path, strcspn(path, " ")) : NULL;
}

int pn_libs_closure(const char *program, const char *first, GHashTable *libs, struct pn_diag *diag)
{
	g_autofree char *interp = NULL;
	g_auto(GStrv) lines = NULL;
	int r = list(program, first, &interp, &lines, diag);

	if (r < 0 || !interp)
		return r;
	g_hash_table_add(libs, g_strdup(interp));
	for (unsigned int i = 0; lines[i]; i++) {
		g_autofree char *path = path_of(lines[i]);

		if (!path)
			return pn_diag_set(diag, -ENOENT, "%s: a library is missing: %s", program, g_strchug(lines[i]));
		if (*path)
			g_hash_table_add(libs, g_steal_pointer(&path));
	}
	return 0;
}

int pn_libs_find(const char *program, const char *soname, char **ret_path, struct pn_diag *diag)
{
	g_autofree char *interp = NULL, *start = g_strconcat(soname, " => ", NULL);
	g_auto(GStrv) lines = NULL;
	int r = list(program, NULL, &interp, &lines, diag);

	for (unsigned int i = 0; r >= 0 && lines && lines[i]; i++) {
		char *path = g_str_has_prefix(g_strchug(lines[i]), start) ? path_of(lines[i]) : NULL;

		if (path) {
			*ret_path = path;
			return 0;
		}
	}
	return r < 0 ? r : pn_diag_set(diag, -EINVAL, "%s: has no library '%s'", program, soname);
}

char *pn_libs_guest_path(const char *path)
{
	static const char *const merged[] = {"/bin/", "/sbin/", "/lib/", "/lib64/"};

	for (unsigned int i = 0; i < G_N_ELEMENTS(merged); i++) {
		if (g_str_has_prefix(path, merged[i]))
			return g_strconcat("/usr", path, NULL);
	}
	return g_strdup(path);
}
