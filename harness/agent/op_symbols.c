/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where code lies in this guest's kernel: a module, its sections, symbols. Addresses are of this boot. Whoever counts or holds instructions from
 * outside needs them.
 */
#include "ops.h"

#include "agent.h"
#include "modules_dep.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define TIMEOUT_MS 30000
#define NAMES_MAX 64

static json_t *address(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

/* Base and size from /proc/modules: NAME SIZE REFCOUNT USERS STATE ADDRESS. */
static int find_module(const char *name, uint64_t *ret_base, uint64_t *ret_size)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[1024], found[64];
	int r = file ? -ENOENT : -errno;

	while (r == -ENOENT && file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %" SCNu64 " %*s %*s %*s %" SCNx64, found, ret_size, ret_base) == 3 && strcmp(found, name) == 0)
			r = 0;
	}
	if (file)
		fclose(file);
	return r;
}

static json_t *list_sections(const char *name)
{
	json_t *sections = json_object();
	char folder[128], path[400], text[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/sys/module/%s/sections", name);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.' && entry->d_type == DT_REG && pn_agent_read(path, text, sizeof(text)) > 0)
			json_object_set_new(sections, entry->d_name, address(strtoull(text, NULL, 16)));
	}
	if (dir)
		closedir(dir);
	return sections;
}

/* The file that the image has of a module; "" when it has none. */
static void find_file(const char *name, char *path, size_t size)
{
	char line[768], found[64], index[256];
	struct utsname kernel;
	FILE *file;

	path[0] = 0;
	uname(&kernel);
	snprintf(index, sizeof(index), "/lib/modules/%s/modules.dep", kernel.release);
	file = fopen(index, "re");
	while (file && !path[0] && fgets(line, sizeof(line), file)) {
		line[strcspn(line, ":\n")] = 0;
		pn_modules_name(line, found, sizeof(found));
		if (strcmp(found, name) == 0)
			snprintf(path, size, "/lib/modules/%s/%s", kernel.release, line);
	}
	if (file)
		fclose(file);
}

static int where_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	uint64_t base, size;
	const char *name;
	char path[1024];
	int r = pn_arg_name(request, "name", &name);

	if (r == 0)
		r = find_module(name, &base, &size);
	if (r == -ENOENT)
		return pn_fail(r, "module.where: '%s' is not loaded", name);
	if (r == 0 && base == 0)
		return pn_fail(-EPERM, "module.where: the kernel does not tell addresses (kptr_restrict)");
	if (r < 0)
		return r;
	find_file(name, path, sizeof(path));
	*ret_reply = json_pack("{s:o,s:I,s:o,s:s}", "base", address(base), "size", (json_int_t)size, "sections", list_sections(name), "path", path);
	return 0;
}

static int run_where(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, where_child, TIMEOUT_MS);
}

/* A symbol's record in the reply; @next is the address of the one behind it, which is its end as far as the kernel's list tells. */
static json_t *describe(uint64_t from, char type, const char *module)
{
	char text[2] = {type, 0};

	return json_pack("{s:o,s:s,s:s}", "address", address(from), "type", text, "module", module);
}

/* One pass over /proc/kallsyms, which is in the order of addresses within the kernel and within each module. */
static int find_symbols(const json_t *names, json_t *found)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[1024], name[512], module[64];
	json_t *open = NULL;
	uint64_t from;
	char type;

	if (!file)
		return pn_fail(-errno, "symbols: /proc/kallsyms: %m");
	while (fgets(line, sizeof(line), file)) {
		const json_t *wanted;
		size_t i;

		module[0] = 0;
		if (sscanf(line, "%" SCNx64 " %c %511s [%63[^]]]", &from, &type, name, module) < 3)
			continue;
		if (open && from) {
			json_object_set_new(open, "end", address(from));
			open = NULL;
		}
		json_array_foreach (names, i, wanted) {
			if (strcmp(json_string_value(wanted), name) != 0)
				continue;
			open = describe(from, type, module);
			if (!json_object_get(found, name))
				json_object_set_new(found, name, json_array());
			json_array_append_new(json_object_get(found, name), open);
		}
	}
	fclose(file);
	return 0;
}

static int symbols_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const json_t *names = json_object_get(request->args, "names"), *name;
	json_t *found;
	size_t i;
	int r;

	if (!json_is_array(names) || json_array_size(names) == 0 || json_array_size(names) > NAMES_MAX)
		return pn_fail(-EINVAL, "symbols: names: expected an array of 1 to %d names", NAMES_MAX);
	json_array_foreach (names, i, name) {
		if (!json_is_string(name))
			return pn_fail(-EINVAL, "symbols: names: expected texts");
	}
	found = json_object();
	r = find_symbols(names, found);
	*ret_reply = json_pack("{s:o}", "symbols", found);
	return r;
}

static int run_symbols(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, symbols_child, TIMEOUT_MS);
}

const struct pn_op pn_ops_symbols[] = {
	{"module.where", "where a module lies in memory", run_where},
	{"symbols", "addresses of the kernel's and the modules' symbols", run_symbols},
	{0},
};
