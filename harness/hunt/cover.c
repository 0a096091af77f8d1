// SPDX-License-Identifier: GPL-2.0-only
/* Coverage added up over cases, from their coverage.json (RUNDIR.md). Offsets are from the module's base: those of one build add up. */
#include "cover.h"

#include <stdlib.h>
#include <string.h>

#include "../observe/record.h"

static json_t *read_file(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "coverage.json", NULL);

	return json_load_file(path, 0, NULL);
}

static guint item(const json_t *block, size_t i)
{
	return (guint)json_integer_value(json_array_get(block, i));
}

GHashTable *pn_cover_read(const char *dir)
{
	GHashTable *set = g_hash_table_new(NULL, NULL);
	json_t *file = read_file(dir), *block;
	size_t i;

	json_array_foreach (json_object_get(file, "blocks"), i, block)
		g_hash_table_add(set, GUINT_TO_POINTER(item(block, 0) + 1));
	json_decref(file);
	return set;
}

/* Offsets are those of one build: another kernel's has its functions elsewhere. */
static bool same_build(const json_t *a, const json_t *b)
{
	const json_t *function;
	size_t i;

	json_array_foreach (a, i, function) {
		const json_t *other = json_array_get(b, i);

		if (strcmp(pn_text(function, "name"), pn_text(other, "name")) || pn_field_or(function, "offset", 0) != pn_field_or(other, "offset", 0) ||
		    pn_field_or(function, "bytes", 0) != pn_field_or(other, "bytes", 0))
			return false;
	}
	return json_array_size(a) == json_array_size(b);
}

unsigned int pn_cover_add(struct pn_cover *cover, const char *dir)
{
	json_t *file = read_file(dir), *block;
	unsigned int found = 0;
	size_t i;

	if (!cover->blocks)
		cover->blocks = g_hash_table_new(NULL, NULL);
	if (cover->functions && file && !same_build(cover->functions, json_object_get(file, "functions"))) {
		cover->others++;
		json_decref(file);
		return 0;
	}
	json_array_foreach (json_object_get(file, "blocks"), i, block) {
		found += g_hash_table_insert(cover->blocks, GUINT_TO_POINTER(item(block, 0) + 1), GUINT_TO_POINTER(item(block, 2)));
		cover->executed += (uint64_t)json_integer_value(json_array_get(block, 3));
	}
	if (!cover->functions)
		cover->functions = json_incref(json_object_get(file, "functions"));
	json_decref(file);
	return found;
}

/** struct share - a function and how much of it was executed */
struct share {
	const char *name;
	guint bytes, covered, blocks;
};

static int by_offset(const void *a, const void *b)
{
	guint x = GPOINTER_TO_UINT(*(gpointer const *)a), y = GPOINTER_TO_UINT(*(gpointer const *)b);

	return (x > y) - (x < y);
}

static gint by_share(gconstpointer a, gconstpointer b)
{
	const struct share *x = a, *y = b;
	double p = (double)x->covered / MAX(x->bytes, 1), q = (double)y->covered / MAX(y->bytes, 1);

	return p != q ? (p > q) - (p < q) : g_strcmp0(x->name, y->name);
}

/* blocks may overlap: one that is entered in its middle is a block of its own */
static void measure(const struct pn_cover *cover, gpointer *offsets, guint count, const json_t *function, struct share *share)
{
	guint offset = (guint)pn_field_or(function, "offset", 0), reached = offset, end;

	*share = (struct share){.name = pn_text(function, "name"), .bytes = (guint)pn_field_or(function, "bytes", 0)};
	end = offset + share->bytes;
	for (guint i = 0; i < count; i++) {
		guint from = GPOINTER_TO_UINT(offsets[i]) - 1, to = from + GPOINTER_TO_UINT(g_hash_table_lookup(cover->blocks, offsets[i]));

		if (from < offset || from >= end)
			continue;
		share->blocks++;
		from = MAX(from, reached);
		to = MIN(to, end);
		share->covered += to > from ? to - from : 0;
		reached = MAX(reached, to);
	}
}

/* What the kernel's macros make for a tracepoint is entered while somebody traces only. */
static bool of_tracepoint(const char *name)
{
	static const char *const prefixes[] = {"__SCT__tp_func_", "__bpf_trace_", "__traceiter_", "perf_trace_", "trace_event_raw_event_", "trace_raw_output_"};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(name, prefixes[i]))
			return true;
	return false;
}

void pn_cover_put(const struct pn_cover *cover, FILE *out)
{
	g_autoptr(GArray) shares = g_array_new(FALSE, TRUE, sizeof(struct share));
	guint count = 0, bytes = 0, covered = 0, reached = 0;
	g_autofree gpointer *offsets = cover->blocks ? g_hash_table_get_keys_as_array(cover->blocks, &count) : NULL;
	const json_t *function;
	size_t i;

	if (!count) {
		fprintf(out, "coverage: nobody counted blocks (KVM, or a QEMU without plugins)\n");
		return;
	}
	qsort(offsets, count, sizeof(*offsets), by_offset);
	json_array_foreach (cover->functions, i, function) {
		struct share share;

		if (of_tracepoint(pn_text(function, "name")))
			continue;
		measure(cover, offsets, count, function, &share);
		g_array_append_val(shares, share);
		bytes += share.bytes;
		covered += share.covered;
		reached += share.covered > 0;
	}
	g_array_sort(shares, by_share);
	fprintf(out, "coverage: %u blocks, %u of %u functions, %u of %u bytes (%.0f %%)\n", count, reached, shares->len, covered, bytes,
		100.0 * covered / MAX(bytes, 1));
	if (cover->others)
		fprintf(out, "  %u cases ran another build of the driver, for another kernel, and count for nothing here\n", cover->others);
	for (guint s = 0; s < shares->len; s++) {
		const struct share *share = &g_array_index(shares, struct share, s);

		fprintf(out, "  %5.1f %%  %4u blocks  %6u bytes  %s\n", 100.0 * share->covered / MAX(share->bytes, 1), share->blocks, share->bytes,
			share->name);
	}
}

void pn_cover_deinit(struct pn_cover *cover)
{
	if (cover->blocks)
		g_hash_table_unref(cover->blocks);
	json_decref(cover->functions);
	*cover = (struct pn_cover){0};
}
