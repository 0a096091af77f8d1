// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage of the driver under test, by block and by function, from the plugin's counters. Offsets are from the module's base, so cases and runs
 * of one build of a driver add up.
 *
 * Limit: what a module runs from its init section lies elsewhere and is not seen.
 */
#include "coverage.h"

#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../base/fs.h"
#include "../guest/guest.h"
#include "../pin/pin.h"
#include "../pin/symbols.h"

static json_t *list_blocks(const struct pn_pin_covered *blocks, unsigned int count)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(list, json_pack("[I,i,i,I]", (json_int_t)blocks[i].offset, (int)blocks[i].insns, (int)blocks[i].bytes,
						      (json_int_t)blocks[i].count));
	return list;
}

/* Blocks are sorted by offset and may overlap: one that is entered in its middle is a block of its own. */
static json_t *describe(const struct pn_symbol *symbol, const struct pn_pin_covered *blocks, unsigned int count)
{
	uint64_t end = symbol->offset + symbol->bytes, reached = symbol->offset, covered = 0, insns = 0, entries = 0;
	unsigned int inside = 0;

	for (unsigned int i = 0; i < count && blocks[i].offset < end; i++) {
		uint64_t from = MAX(blocks[i].offset, reached), to = MIN(blocks[i].offset + blocks[i].bytes, end);

		if (blocks[i].offset < symbol->offset)
			continue;
		inside++;
		insns += blocks[i].count * blocks[i].insns;
		entries += blocks[i].offset == symbol->offset ? blocks[i].count : 0;
		covered += to > from ? to - from : 0;
		reached = MAX(reached, to);
	}
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:i,s:I}", "name", symbol->name, "offset", (json_int_t)symbol->offset, "bytes",
			 (json_int_t)symbol->bytes, "entries", (json_int_t)entries, "instructions", (json_int_t)insns, "blocks", (int)inside,
			 "covered_bytes", (json_int_t)covered);
}

int pn_coverage_write(struct pn_guest *guest, const char *dir, const char *module, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "coverage.json", NULL);
	g_autofree struct pn_pin_covered *blocks = NULL;
	struct pn_pin *pin = pn_guest_pin(guest);
	const GArray *symbols = pin ? pn_pin_symbols(pin) : NULL;
	struct pn_pin_counts counts = {0};
	unsigned int count;
	json_t *report;
	char *text;
	int err;

	if (!pin || pn_pin_counts(pin, &counts))
		return 0;
	count = pn_pin_coverage(pin, &blocks);
	report = json_pack("{s:i,s:s,s:I,s:o}", "schema", 1, "module", module, "instructions", (json_int_t)counts.driver, "blocks",
			   list_blocks(blocks, count));
	if (symbols) {
		json_t *functions = json_array();

		for (guint i = 0; i < symbols->len; i++)
			json_array_append_new(functions, describe(&g_array_index(symbols, struct pn_symbol, i), blocks, count));
		json_object_set_new(report, "functions", functions);
	}
	text = json_dumps(report, JSON_COMPACT);
	err = pn_fs_write(path, text, strlen(text), diag);
	free(text);
	json_decref(report);
	return err;
}
