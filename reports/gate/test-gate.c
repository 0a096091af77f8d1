// SPDX-License-Identifier: GPL-2.0-only
/* Runs against baselines: what blocks, what is advisory, what is refused; each form of the findings to the byte (--update writes anew). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/exit.h"
#include "../../harness/base/fs.h"
#include "../../harness/base/test-dir.h"
#include "../rundir.h"
#include "baseline.h"
#include "forms.h"
#include "gate.h"

static bool update;

static void write_json(json_t *value, const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *parent = g_path_get_dirname(path);

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(json_dump_file(value, path, JSON_INDENT(1)), 0);
	json_decref(value);
}

/** struct made - a case of a synthetic run */
struct made {
	const char *id;
	const char *verdict;
	double kicks, rate;
};

static struct pn_rundir *make_run(const char *parent, const char *name, const char *cpu, const struct made *made, size_t count)
{
	g_autofree char *dir = g_build_filename(parent, name, NULL);
	struct pn_rundir *run = NULL;
	json_t *cases = json_array();

	for (size_t i = 0; i < count; i++) {
		g_autofree char *path = g_strdup_printf("cases/%04zu/verdict.json", i + 1);

		json_array_append_new(cases, json_pack("{s:i, s:s}", "index", (int)i + 1, "id", made[i].id));
		write_json(json_pack("{s:s, s:s, s:{s:{s:f}, s:{s:f}, s:{s:i}}}", "verdict", made[i].verdict, "reason",
				     strcmp(made[i].verdict, "PASS") ? "ledger: 1 page" : "", "metrics", "driver.kicks_per_page", "value",
				     made[i].kicks, "balloon.inflate.bytes_per_s", "value", made[i].rate, "qemu.cpu_s", "value", 3),
			   dir, path);
	}
	write_json(json_pack("{s:i, s:s, s:o}", "schema", 1, "run", name, "cases", cases), dir, "plan.json");
	write_json(json_pack("{s:s, s:s, s:i, s:s}", "accel", "tcg", "cpu", cpu, "cpus", 2, "revision", "abc"), dir, "host.json");
	assert_int_equal(pn_rundir_read(dir, &run, NULL), 0);
	return run;
}

static struct pn_gate *gate_of(const char *dir, const struct made *before, size_t n_before, const struct made *now, size_t n_now)
{
	struct pn_rundir *base = make_run(dir, "base", "X", before, n_before), *run = make_run(dir, "run", "X", now, n_now);
	json_t *baseline = NULL;
	struct pn_gate *gate;

	assert_int_equal(pn_baseline_of_run(base, &baseline, NULL), 0);
	gate = pn_gate_of_run(run, baseline, "base");
	json_decref(baseline);
	pn_rundir_free(base);
	pn_rundir_free(run);
	return gate;
}

static const struct pn_gate_finding *find(const struct pn_gate *gate, const char *metric)
{
	for (guint i = 0; i < gate->findings->len; i++) {
		const struct pn_gate_finding *finding = gate->findings->pdata[i];

		if (!strcmp(finding->metric, metric))
			return finding;
	}
	return NULL;
}

#define THREE_VALUES                                                           \
	{"up,repeat=1", "PASS", 10, 1e8}, {"up,repeat=2", "PASS", 10, 1.05e8}, \
	{                                                                      \
		"up,repeat=3", "PASS", 10.02, 0.95e8                           \
	}
static const struct made three[] = {THREE_VALUES};

static enum pn_judgement verdict_of(const char *dir, struct made now)
{
	struct pn_gate *gate = gate_of(dir, three, 3, &now, 1);
	enum pn_judgement verdict = gate->verdict;

	pn_gate_free(gate);
	return verdict;
}

static void counts_block_from_one_run(void **state)
{
	assert_int_equal(verdict_of(*state, (struct made){"up", "PASS", 10, 1e8}), PN_SAME);
	assert_int_equal(verdict_of(*state, (struct made){"up", "PASS", 10.05, 1e8}), PN_SAME);
	assert_int_equal(verdict_of(*state, (struct made){"up", "PASS", 10.5, 1e8}), PN_REGRESSED);
	assert_int_equal(verdict_of(*state, (struct made){"up", "PASS", 9.5, 1e8}), PN_IMPROVED);
	assert_int_equal(pn_judgement_exit(PN_REGRESSED), PN_EXIT_REGRESSION);
	assert_int_equal(pn_judgement_exit(PN_CANNOT_TELL), PN_EXIT_CANNOT_TELL);
	assert_int_equal(pn_judgement_exit(PN_IMPROVED), PN_EXIT_PASS);
}

static void wall_time_of_another_day_is_advisory(void **state)
{
	static const struct made before[] = {THREE_VALUES, {"up,repeat=4", "PASS", 10, 1.02e8}};
	static const struct made slow[] = {{"up,repeat=1", "PASS", 10, 5e7},
					   {"up,repeat=2", "PASS", 10, 5.1e7},
					   {"up,repeat=3", "PASS", 10, 5.2e7},
					   {"up,repeat=4", "PASS", 10, 5.3e7}};
	struct pn_gate *gate = gate_of(*state, before, 4, slow, 1);
	const struct pn_gate_finding *rate;

	/* of few values not even that */
	assert_int_equal(find(gate, "balloon.inflate.bytes_per_s")->verdict, PN_SAME);
	pn_gate_free(gate);
	gate = gate_of(*state, before, 4, slow, 4);
	rate = find(gate, "balloon.inflate.bytes_per_s");
	assert_int_equal(gate->verdict, PN_SAME);
	assert_int_equal(rate->verdict, PN_REGRESSED);
	assert_true(rate->advisory);
	assert_null(find(gate, "qemu.cpu_s"));
	pn_gate_free(gate);
}

static void a_count_that_varied_in_the_baseline_blocks_nobody(void **state)
{
	static const struct made before[] = {{"up,repeat=1", "PASS", 10, 1e8}, {"up,repeat=2", "PASS", 12, 1e8}};
	struct pn_gate *gate = gate_of(*state, before, 2, &(struct made){"up", "PASS", 11.5, 1e8}, 1);

	/* nothing else decides in this case */
	assert_true(find(gate, "driver.kicks_per_page")->advisory);
	assert_int_equal(gate->verdict, PN_CANNOT_TELL);
	pn_gate_free(gate);
	/* however far it went: the next run of the same driver may be as far off */
	gate = gate_of(*state, before, 2, &(struct made){"up", "PASS", 14, 1e8}, 1);
	assert_true(find(gate, "driver.kicks_per_page")->advisory);
	assert_int_not_equal(gate->verdict, PN_REGRESSED);
	pn_gate_free(gate);
}

static void a_count_whose_spread_nobody_knows_cannot_be_told(void **state)
{
	static const struct made before = {"up", "PASS", 10, 1e8};
	struct pn_gate *gate = gate_of(*state, &before, 1, &(struct made){"up", "PASS", 14, 1e8}, 1);

	assert_int_equal(gate->verdict, PN_CANNOT_TELL);
	assert_false(find(gate, "driver.kicks_per_page")->advisory);
	pn_gate_free(gate);
}

static void a_count_that_begins_to_vary_cannot_be_told(void **state)
{
	static const struct made worse[] = {{"up,repeat=1", "PASS", 10, 1e8}, {"up,repeat=2", "PASS", 10.01, 1e8}, {"up,repeat=3", "PASS", 12, 1e8}};
	static const struct made better[] = {{"up,repeat=1", "PASS", 10, 1e8}, {"up,repeat=2", "PASS", 10.01, 1e8}, {"up,repeat=3", "PASS", 9, 1e8}};
	struct pn_gate *gate = gate_of(*state, three, 3, worse, 3);

	assert_int_equal(gate->verdict, PN_CANNOT_TELL);
	assert_false(find(gate, "driver.kicks_per_page")->advisory);
	pn_gate_free(gate);
	/* a value that is better than all others is no reason to stop a merge */
	gate = gate_of(*state, three, 3, better, 3);
	assert_int_equal(gate->verdict, PN_SAME);
	pn_gate_free(gate);
}

static void what_failed_or_broke_never_passes(void **state)
{
	assert_int_equal(verdict_of(*state, (struct made){"up", "FAIL", 10, 1e8}), PN_REGRESSED);
	assert_int_equal(verdict_of(*state, (struct made){"up", "BROK", 10, 1e8}), PN_CANNOT_TELL);
	assert_int_equal(verdict_of(*state, (struct made){"up", "SKIP", 10, 1e8}), PN_CANNOT_TELL);
	assert_int_equal(verdict_of(*state, (struct made){"other", "PASS", 10, 1e8}), PN_CANNOT_TELL);
}

static void unlike_machines_are_refused(void **state)
{
	struct pn_rundir *base = make_run(*state, "base", "X", three, 3), *run = make_run(*state, "run", "Y", three, 3);
	g_autofree char *path = g_build_filename(*state, "b.json", NULL);
	struct pn_diag diag = {0};
	json_t *baseline = NULL;
	struct pn_gate *gate;

	assert_int_equal(pn_baseline_of_run(base, &baseline, NULL), 0);
	gate = pn_gate_of_run(run, baseline, "base");
	assert_int_equal(gate->verdict, PN_CANNOT_TELL);
	assert_string_equal(gate->refused,
			    "unlike machines are not compared: this run is of tcg, Y, 2 CPUs, the baseline of tcg, X, 2 CPUs");
	assert_int_equal(gate->findings->len, 0);
	/* nor is one made the baseline of the other */
	assert_int_equal(pn_baseline_update(path, base, NULL), 1);
	assert_int_equal(pn_baseline_update(path, run, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "is a baseline of tcg, X, 2 CPUs; this run is of tcg, Y, 2 CPUs"));
	pn_gate_free(gate);
	json_decref(baseline);
	pn_rundir_free(base);
	pn_rundir_free(run);
}

static void an_update_keeps_other_cases(void **state)
{
	static const struct made others[] = {{"down", "PASS", 4, 2e8}, {"sideways", "FAIL", 4, 2e8}};
	struct pn_rundir *base = make_run(*state, "base", "X", three, 3), *run = make_run(*state, "run", "X", others, 2);
	g_autofree char *path = g_build_filename(*state, "b.json", NULL);
	json_t *baseline = NULL, *cases;

	assert_int_equal(pn_baseline_update(path, base, NULL), 1);
	assert_int_equal(pn_baseline_update(path, run, NULL), 1);
	assert_int_equal(pn_baseline_read(path, &baseline, NULL), 0);
	cases = json_object_get(baseline, "cases");
	assert_int_equal(json_object_size(cases), 2);
	assert_int_equal(json_array_size(json_object_get(json_object_get(cases, "up"), "driver.kicks_per_page")), 3);
	assert_null(json_object_get(json_object_get(cases, "up"), "qemu.cpu_s"));
	json_decref(baseline);
	pn_rundir_free(base);
	pn_rundir_free(run);
}

static void a_wrong_baseline_is_named(void **state)
{
	static const struct {
		const char *text, *complaint;
	} wrong[] = {
	    {"[]", "not a JSON object"},
	    {"{", "b.json:1: not a JSON object"},
	    {"{\"schema\":2}", "schema: this program reads schema 1 only"},
	    {"{\"schema\":1}", "class: expected"},
	    {"{\"schema\":1,\"class\":\"x\",\"cases\":[]}", "cases: expected an object"},
	    {"{\"schema\":1,\"class\":\"x\",\"cases\":{\"up\":{\"m\":[]}}}", "cases.up.m: expected a list of numbers"},
	    {"{\"schema\":1,\"class\":\"x\",\"cases\":{\"up\":{\"m\":[1,\"2\"]}}}", "cases.up.m[1]: expected a number"},
	};
	g_autofree char *path = g_build_filename(*state, "b.json", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct pn_diag diag = {0};
		json_t *baseline = NULL;

		assert_int_equal(pn_fs_write(path, wrong[i].text, strlen(wrong[i].text), NULL), 0);
		assert_int_equal(pn_baseline_read(path, &baseline, &diag), -EINVAL);
		assert_non_null(strstr(diag.text, wrong[i].complaint));
	}
}

static void check_golden(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(PN_GOLDEN_DIR, name, NULL), *expected = NULL;

	if (update)
		assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	assert_int_equal(pn_fs_read(path, &expected, NULL, NULL), 0);
	assert_string_equal(text, expected);
}

static void write_form(const struct pn_gate *gate, const char *name, int (*form)(const struct pn_gate *, const char *, FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(form(gate, "runs/one", out), 0);
	fclose(out);
	check_golden(name, text);
	free(text);
}

static void forms_are_as_they_were(void **state)
{
	static const struct made before[] = {{"up,repeat=1", "PASS", 10, 1e8},
					     {"up,repeat=2", "PASS", 10, 1e8},
					     {"up,repeat=3", "PASS", 10, 1e8},
					     {"up,repeat=4", "PASS", 10, 1e8},
					     {"down", "PASS", 10, 1e8},
					     {"flip", "PASS", 10, 1e8},
					     {"gone", "PASS", 1, 1}};
	static const struct made now[] = {{"up,repeat=1", "PASS", 11, 5e7},
					  {"up,repeat=2", "PASS", 11, 5e7},
					  {"up,repeat=3", "PASS", 11, 5e7},
					  {"up,repeat=4", "PASS", 11, 5e7},
					  {"down", "FAIL", 10, 1e8},
					  {"flip", "BROK", 1, 1},
					  {"new", "PASS", 1, 1}};
	struct pn_gate *gate = gate_of(*state, before, G_N_ELEMENTS(before), now, G_N_ELEMENTS(now));

	assert_int_equal(gate->verdict, PN_REGRESSED);
	write_form(gate, "gate.txt", pn_gate_text);
	for (const struct pn_gate_form *form = pn_gate_forms; form->name; form++) {
		g_autofree char *name = g_strdup_printf("gate.%s", form->name);

		write_form(gate, name, form->write);
	}
	pn_gate_free(gate);
}

int main(int argc, char **argv)
{
#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
	    GATE_TEST(counts_block_from_one_run),	GATE_TEST(wall_time_of_another_day_is_advisory),
	    GATE_TEST(a_count_that_varied_in_the_baseline_blocks_nobody),
	    GATE_TEST(a_count_whose_spread_nobody_knows_cannot_be_told), GATE_TEST(a_count_that_begins_to_vary_cannot_be_told),
	    GATE_TEST(what_failed_or_broke_never_passes),
	    GATE_TEST(unlike_machines_are_refused),	GATE_TEST(an_update_keeps_other_cases),
	    GATE_TEST(a_wrong_baseline_is_named),	GATE_TEST(forms_are_as_they_were),
	};

	update = argc > 1 && !strcmp(argv[1], "--update");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
