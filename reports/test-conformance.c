// SPDX-License-Identifier: GPL-2.0-only
/* Requirements by drivers: what three cases of two drivers saw, each kind of verdict once, and the table of it to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "../harness/base/fs.h"
#include "conformance.h"
#include "rundir.h"

/** struct seen - one requirement as the cases saw it: checked and broken by case */
struct seen {
	int rule;
	const char *kind, *text, *known[2]; /* by driver */
	int checked[3], broken[3];
};

static const char *const drivers[] = {"vballoon", "stock"};
static const unsigned int driver_of[] = {0, 1, 0};

static const struct seen rules[] = {
	{1, "checked", "MUST one", {NULL, NULL}, {3, 2, 1}, {0, 0, 0}},
	{2, "checked", "MUST two", {NULL, "as Linux does"}, {0, 4, 0}, {0, 2, 0}},
	{3, "checked", "MUST three", {NULL, "once broken"}, {1, 1, 0}, {0, 0, 0}},
	{4, "permission", "MAY four", {NULL, NULL}, {0, 5, 0}, {0, 0, 0}},
	{5, "unseen", "MUST five", {NULL, NULL}, {0, 0, 0}, {0, 0, 0}},
	{6, "checked", "MUST six", {NULL, NULL}, {1, 1, 2}, {0, 0, 1}},
};

static const char golden[] = "\ndriver vballoon       stock          requirement\n"
			     "D1      PASS           PASS           MUST one\n"
			     "D2      not exercised  FAIL (known)   MUST two\n"
			     "D3      PASS           PASS (!)       MUST three\n"
			     "D4      not exercised  used           MAY four\n"
			     "D5      not observable not observable MUST five\n"
			     "D6      FAIL           PASS           MUST six\n"
			     "D2 stock: broken 2 of 4 times; first in case 2\n"
			     "D6 vballoon: broken 1 of 3 times; first in case 3\n"
			     "\ndevice qemu           requirement\n"
			     "H1      FAIL           MUST of devices\n"
			     "H1 qemu: broken 1 of 1 times; first it did\n"
			     "\nused: a permission that was made use of; FAIL (known): a deviation that this driver is known for, of which PASS (!) is the absence\n";

static void write_json(const char *dir, const char *name, json_t *value)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	assert_int_equal(g_mkdir_with_parents(dir, 0700), 0);
	assert_int_equal(json_dump_file(value, path, 0), 0);
	json_decref(value);
}

static json_t *protocol_of(unsigned int number)
{
	json_t *list = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		const struct seen *seen = &rules[i];
		g_autofree char *first = g_strdup_printf("in case %u", number + 1);

		json_array_append_new(list, json_pack("{s:i, s:s, s:b, s:s, s:s?, s:i, s:i, s:s}", "rule", seen->rule, "kind", seen->kind, "must", 1, "text",
						      seen->text, "known", seen->known[driver_of[number]], "checked", seen->checked[number], "broken",
						      seen->broken[number], "first", seen->broken[number] ? first : ""));
	}
	return json_pack("{s:o}", "rules", list);
}

/* A run of three cases, and a fourth whose queues were not watched. */
static void make(struct pn_rundir *run, const char *dir)
{
	json_t *list = json_array();

	*run = (struct pn_rundir){.dir = (char *)dir, .count = G_N_ELEMENTS(driver_of) + 1, .verdicts = g_new0(json_t *, G_N_ELEMENTS(driver_of) + 1)};
	for (unsigned int i = 0; i < run->count; i++) {
		g_autofree char *sub = g_strdup_printf("%s/cases/%04u", dir, i + 1), *id = g_strdup_printf("case-%u", i + 1);
		bool blind = i == G_N_ELEMENTS(driver_of);

		write_json(sub, "protocol.json", blind ? json_pack("{s:s}", "blind", "nobody looked") : protocol_of(i));
		json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "index", (int)i + 1, "id", id, "driver", drivers[blind ? 0 : driver_of[i]]));
		run->verdicts[i] = json_pack("{s:s}", "verdict", "PASS");
	}
	run->plan = json_pack("{s:[s, s], s:o}", "argv", "run", "conformance", "cases", list);
	write_json(dir, "device.json", json_pack("{s:[{s:s, s:i, s:s, s:b, s:s, s:{s:{s:s, s:i, s:i, s:s}}}]}", "rows", "side", "device", "rule", 1, "kind",
						 "checked", "must", 1, "text", "MUST of devices", "results", "qemu", "verdict", "FAIL", "checked", 1,
						 "broken", 1, "first", "it did"));
}

static void test_table(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("puncture-test-XXXXXX", NULL), *text = NULL;
	struct pn_rundir run;
	json_t *conformance;
	size_t len;
	FILE *out;

	make(&run, dir);
	conformance = pn_conformance_json(&run);
	assert_non_null(conformance);
	out = open_memstream(&text, &len);
	pn_conformance_text(conformance, out);
	fclose(out);
	assert_string_equal(text, golden);
	/* the case that saw it first is named */
	assert_string_equal(json_string_value(json_object_get(json_object_get(json_object_get(json_array_get(json_object_get(conformance, "rows"), 5), "results"),
										"vballoon"),
						      "case")),
			    "case-3");
	json_decref(conformance);
	for (size_t i = 0; i < run.count; i++)
		json_decref(run.verdicts[i]);
	g_free(run.verdicts);
	json_decref(run.plan);
	assert_int_equal(pn_fs_remove_tree(dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
