// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target of everything that reads YAML. Built with a fuzzer's main (clang -fsanitize=fuzzer, -DPN_FUZZER) it is driven by that; built
 * plainly it mutates the files it is given, the same way every time, and so runs as a unit test, best with the sanitizers of ci/.
 *
 *	fuzz-scenario ROUNDS FILE...
 *
 * Must hold for every input: no crash, no leak; accepted, or refused with exactly one line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "doc.h"
#include "load.h"
#include "matrix.h"
#include "schema.h"
#include "seed.h"
#include "test-home.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *home;

static void drop_home(void)
{
	home_free(home);
}

static void check_line(int r, const struct pn_diag *diag)
{
	if (r < 0 && (!diag->text[0] || strchr(diag->text, '\n')))
		abort();
}

static void try_cases(struct pn_doc *doc)
{
	struct pn_diag diag = {};
	GArray *combinations = NULL;
	int r = pn_matrix_expand(doc, doc, NULL, &combinations, &diag);

	check_line(r, &diag);
	for (guint i = 0; r >= 0 && i < MIN(combinations->len, 4); i++) {
		GArray *settings = g_array_index(combinations, struct pn_combination, i).settings;
		struct pn_doc *copy = pn_doc_copy(doc);
		struct pn_scenario *scenario = NULL;
		int err = 0;

		diag.text[0] = '\0';
		pn_doc_remove(copy, pn_doc_root(copy), "matrix");
		for (guint k = 0; err >= 0 && k < settings->len; k++)
			err = pn_setting_apply(&g_array_index(settings, struct pn_setting, k), copy, &diag);
		if (err >= 0)
			err = pn_scenario_build(copy, "fuzz", 1, home, &scenario, &diag);
		check_line(err, &diag);
		pn_scenario_free(scenario);
		pn_doc_free(copy);
	}
	if (combinations)
		g_array_unref(combinations);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pn_schema *const schemas[] = {&pn_scenario_schema, &pn_suite_schema, &pn_load_schema};
	struct pn_diag diag = {};
	struct pn_doc *doc = NULL;
	int r;

	if (!home) {
		home = home_new();
		atexit(drop_home);
	}
	r = pn_doc_parse((const char *)data, size, "fuzz", &doc, &diag);
	check_line(r, &diag);
	if (r < 0)
		return 0;
	for (size_t i = 0; i < G_N_ELEMENTS(schemas); i++) {
		struct pn_doc *copy = pn_doc_copy(doc);
		void *raw = NULL;

		diag.text[0] = '\0';
		pn_schema_normalise(schemas[i], copy);
		r = pn_schema_check(schemas[i], copy, &diag);
		if (r >= 0 && schemas[i] != &pn_scenario_schema) /* a scenario is loaded below, where matrix is gone */
			r = pn_schema_load(schemas[i], copy, &raw, &diag);
		check_line(r, &diag);
		pn_schema_free(schemas[i], raw);
		pn_doc_free(copy);
	}
	try_cases(doc);
	pn_doc_free(doc);
	return 0;
}

#ifndef PN_FUZZER
static const char *const words[] = {
    "- ",   ": ",	    "{",	"}",	  "[",	    "]",     "\n",     "  ",   "'",	   "\"",
    "&a ",  "*a",	    "!!int ",	"? ",	  "| ",	    "---\n", "%",      "0",    "-1",	   "99999999999999999999",
    "\xff", "\xef\xbb\xbf", "1e9%",	"nan%",	  "{}",	    "[]",    "~",      "null", "matrix: ", "exclude",
    "do: ", "pattern",	    "timeline", "faults", "kind: ", "oom",   "512MiB", "1s",   "settled",  "[0]",
    "a.b"};

static GString *mutate(const char *text, size_t len, uint64_t *random)
{
	GString *mutant = g_string_new_len(text, len);

	for (uint64_t i = 1 + pn_seed_below(random, 4); i; i--) {
		gsize at = pn_seed_below(random, mutant->len + 1), more = pn_seed_below(random, 24);

		switch (pn_seed_below(random, 4)) {
		case 0:
			g_string_insert(mutant, at, words[pn_seed_below(random, G_N_ELEMENTS(words))]);
			break;
		case 1:
			g_string_erase(mutant, at, MIN(more, mutant->len - at));
			break;
		case 2:
			if (at < mutant->len)
				mutant->str[at] = (char)pn_seed_below(random, 256);
			break;
		default: {
			g_autofree char *piece = g_strndup(mutant->str + at, MIN(more, mutant->len - at));

			g_string_insert(mutant, pn_seed_below(random, mutant->len + 1), piece);
		}
		}
	}
	return mutant;
}

int main(int argc, char **argv)
{
	uint64_t random = 1;
	long rounds = argc > 2 ? atol(argv[1]) : 0;

	if (rounds <= 0) {
		fprintf(stderr, "usage: fuzz-scenario ROUNDS FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		g_autofree char *text = NULL;
		gsize len;

		if (!g_file_get_contents(argv[i], &text, &len, NULL))
			return 2;
		LLVMFuzzerTestOneInput((const uint8_t *)text, len);
		for (long round = 0; round < rounds; round++) {
			GString *mutant = mutate(text, len, &random);

			LLVMFuzzerTestOneInput((const uint8_t *)mutant->str, mutant->len);
			g_string_free(mutant, TRUE);
		}
	}
	printf("%ld mutants of %d files\n", rounds, argc - 2);
	return 0;
}
#endif
