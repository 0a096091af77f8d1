// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsers of procfs text. A line that is not understood is passed over: kernels add fields. What is not there is not set, so
 * that "absent" and 0 stay two things.
 */

#include "procfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/units.h"

#define FILE_START_BYTES 4096
#define FILE_MAX_BYTES (16 * PN_MIB)

/* "Key:   123 kB" at @line; 0 when it is that key. */
static int field_bytes(const char *line, const char *key, uint64_t *ret_bytes)
{
	size_t len = strlen(key);
	char *end;
	uint64_t number;

	if (strncmp(line, key, len) || line[len] != ':')
		return -ENOENT;
	line += len + 1;
	while (*line == ' ' || *line == '\t')
		line++;
	if (!isdigit((unsigned char)*line))
		return -EINVAL;
	errno = 0;
	number = strtoull(line, &end, 10);
	if (errno)
		return -ERANGE;
	*ret_bytes = strncmp(end, " kB", 3) ? number : number * PN_KIB;
	return 0;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

unsigned int pn_procfs_fields(const char *text, const struct pn_procfs_field *fields, json_t *into)
{
	unsigned int found = 0;

	for (const char *line = text; *line; line = next_line(line)) {
		for (const struct pn_procfs_field *field = fields; field->key; field++) {
			uint64_t bytes;

			if (field_bytes(line, field->key, &bytes))
				continue;
			json_object_set_new(into, field->name, json_integer((json_int_t)bytes));
			found++;
			break;
		}
	}
	return found;
}

/* "count: N" of each CPU's page set, below "pagesets" of each zone */
static uint64_t cpu_list_bytes(const char *zoneinfo)
{
	uint64_t pages = 0, count;

	for (const char *line = zoneinfo; *line; line = next_line(line))
		if (sscanf(line, " count: %" SCNu64, &count) == 1)
			pages += count;
	return pages * PN_PAGE_BYTES;
}

bool pn_procfs_unaccounted(const char *meminfo, const char *zoneinfo, uint64_t *ret_bytes)
{
	/* Shmem is in Cached; swap cache is in AnonPages or Cached. */
	static const struct pn_procfs_field fields[] = {
	    {"MemTotal", "total"},
	    {"MemFree", "free"},
	    {"Buffers", "buffers"},
	    {"Cached", "cached"},
	    {"AnonPages", "anon"},
	    {"Slab", "slab"},
	    {"PageTables", "tables"},
	    {"KernelStack", "stacks"},
	    {"Percpu", "percpu"},
	    {"SwapCached", "swapcached"},
	    {NULL},
	};
	json_t *values = json_object(), *value;
	uint64_t total = 0, used = 0;
	const char *name;

	pn_procfs_fields(meminfo, fields, values);
	json_object_foreach(values, name, value) {
		if (!strcmp(name, "total"))
			total = (uint64_t)json_integer_value(value);
		else
			used += (uint64_t)json_integer_value(value);
	}
	json_decref(values);
	if (!total)
		return false;
	used += cpu_list_bytes(zoneinfo);
	*ret_bytes = total > used ? total - used : 0;
	return true;
}

int pn_procfs_psi(const char *text, const char *prefix, json_t *into)
{
	unsigned int found = 0;

	for (const char *line = text; *line; line = next_line(line)) {
		const char *total = strstr(line, "total=");
		char name[64];
		uint64_t us;

		if (!total || total > next_line(line) || sscanf(total, "total=%" SCNu64, &us) != 1)
			continue;
		if (strncmp(line, "some ", 5) && strncmp(line, "full ", 5))
			continue;
		snprintf(name, sizeof(name), "%s.%.4s_us", prefix, line);
		json_object_set_new(into, name, json_integer((json_int_t)us));
		found++;
	}
	return found ? 0 : -EINVAL;
}

int pn_procfs_schedstat(const char *text, struct pn_procfs_sched *ret_sched)
{
	struct pn_procfs_sched sched;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &sched.cpu_ns, &sched.delay_ns, &sched.slices) != 3)
		return -EINVAL;
	*ret_sched = sched;
	return 0;
}

/* One mapping of smaps: its header line and the fields below it. */
struct mapping {
	uint64_t start, end;
	struct pn_procfs_ram use;
};

static bool mapping_header(const char *line, struct mapping *ret_mapping)
{
	uint64_t start, end;
	char mode[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, mode) != 3 || end <= start)
		return false;
	*ret_mapping = (struct mapping){.start = start, .end = end, .use.from = start};
	/* Guards and code are not guest memory: taken out by a size of 0. */
	ret_mapping->use.size_bytes = !strncmp(mode, "rw", 2) ? end - start : 0;
	return true;
}

static void mapping_field(const char *line, struct mapping *mapping)
{
	uint64_t bytes;

	if (!field_bytes(line, "Rss", &bytes) || !field_bytes(line, "Shared_Hugetlb", &bytes) ||
	    !field_bytes(line, "Private_Hugetlb", &bytes))
		mapping->use.rss_bytes += bytes;
	else if (!field_bytes(line, "AnonHugePages", &bytes))
		mapping->use.anon_huge_bytes += bytes;
	else if (!field_bytes(line, "Swap", &bytes))
		mapping->use.swap_bytes += bytes;
}

static void add_use(struct pn_procfs_ram *sum, const struct pn_procfs_ram *use)
{
	sum->size_bytes += use->size_bytes;
	sum->rss_bytes += use->rss_bytes;
	sum->anon_huge_bytes += use->anon_huge_bytes;
	sum->swap_bytes += use->swap_bytes;
}

/* Neighbours from @first on that together have the size asked for. */
static bool sum_run(GArray *mappings, guint first, uint64_t memory_bytes, struct pn_procfs_ram *ret_ram)
{
	struct pn_procfs_ram sum = {.from = g_array_index(mappings, struct mapping, first).start};

	for (guint i = first; i < mappings->len; i++) {
		const struct mapping *mapping = &g_array_index(mappings, struct mapping, i);

		if (!mapping->use.size_bytes || (i > first && g_array_index(mappings, struct mapping, i - 1).end != mapping->start))
			return false;
		add_use(&sum, &mapping->use);
		if (sum.size_bytes == memory_bytes) {
			*ret_ram = sum;
			return true;
		}
		if (sum.size_bytes > memory_bytes)
			return false;
	}
	return false;
}

void pn_procfs_smaps_ram(const char *text, uint64_t memory_bytes, struct pn_procfs_ram *ret_ram)
{
	GArray *mappings = g_array_new(FALSE, TRUE, sizeof(struct mapping));

	for (const char *line = text; *line; line = next_line(line)) {
		struct mapping mapping;

		/* Header lines start with a lower-case hexadecimal address, field lines with a capital. */
		if (!isupper((unsigned char)*line) && mapping_header(line, &mapping))
			g_array_append_val(mappings, mapping);
		else if (mappings->len)
			mapping_field(line, &g_array_index(mappings, struct mapping, mappings->len - 1));
	}
	memset(ret_ram, 0, sizeof(*ret_ram));
	for (guint i = 0; i < mappings->len && !ret_ram->size_bytes; i++) {
		const struct mapping *mapping = &g_array_index(mappings, struct mapping, i);

		if (mapping->use.size_bytes == memory_bytes)
			*ret_ram = mapping->use;
	}
	for (guint i = 0; i < mappings->len && !ret_ram->size_bytes; i++)
		sum_run(mappings, i, memory_bytes, ret_ram);
	g_array_free(mappings, TRUE);
}

int pn_procfs_open(struct pn_procfs_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*file = (struct pn_procfs_file){.fd = fd, .size = FILE_START_BYTES, .buf = g_malloc(FILE_START_BYTES)};
	return 0;
}

const char *pn_procfs_read(struct pn_procfs_file *file)
{
	size_t used = 0;

	for (;;) {
		ssize_t n = pread(file->fd, file->buf + used, file->size - used - 1, (off_t)used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		used += (size_t)n;
		if (n == 0)
			break;
		if (used + 1 < file->size)
			continue;
		if (file->size >= FILE_MAX_BYTES) {
			errno = EFBIG;
			return NULL;
		}
		file->size *= 2;
		file->buf = g_realloc(file->buf, file->size);
	}
	file->buf[used] = '\0';
	return file->buf;
}

void pn_procfs_close(struct pn_procfs_file *file)
{
	if (!file->buf)
		return;
	close(file->fd);
	g_free(file->buf);
	*file = (struct pn_procfs_file){.fd = -1};
}
