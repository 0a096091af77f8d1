// SPDX-License-Identifier: GPL-2.0-only
/* Fuzzing without guests: what is drawn is a scenario, the same seed draws the same, coverage guides, failures are told apart. */
#include "fake.h"

#include <errno.h>

#include "../base/units.h"
#include "../scenario/event.h"
#include "../scenario/seed.h"
#include "fuzz.h"

#define BASE "summary: x\nname: base\nguest: {memory: 256MiB}\npattern: inflate\nmatrix: {deflate-on-oom: [false, true]}\n"

static struct pn_plan *bases(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, "base.yaml", NULL);
	const char *names[] = {path, NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = dir};
	struct pn_diag diag = {0};
	struct pn_plan *plan = NULL;

	assert_int_equal(pn_fs_write(path, BASE, strlen(BASE), NULL), 0);
	if (pn_plan_build(&config, &plan, &diag))
		fail_msg("%s", diag.text);
	return plan;
}

static char *no_loads[] = {NULL};

static bool is_scenario(const char *dir, const char *text)
{
	g_autofree char *path = g_build_filename(dir, "drawn.yaml", NULL);
	const char *names[] = {path, NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = dir};
	struct pn_plan *plan = NULL;
	bool good;

	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	good = !pn_plan_build(&config, &plan, NULL);
	pn_plan_free(plan);
	return good;
}

/* most of what is drawn can be run, and the same seed draws the same */
static void test_draws_scenarios(void **state)
{
	struct pn_plan *plan = bases(*state);
	struct pn_grammar grammar = {.bases = plan, .loads = no_loads};
	uint64_t random = 5, again = 5;
	unsigned int good = 0, same = 0;

	for (unsigned int i = 0; i < 200; i++) {
		struct pn_genome *drawn = pn_genome_draw(&grammar, i % 2, &random), *twin = pn_genome_draw(&grammar, i % 2, &again);
		struct pn_genome *varied = pn_genome_vary(&grammar, &random, drawn, drawn);
		g_autofree char *a = pn_genome_write(&grammar, drawn), *b = pn_genome_write(&grammar, twin), *c = pn_genome_write(&grammar, varied);

		assert_string_equal(a, b);
		good += is_scenario(*state, a) + is_scenario(*state, c);
		same += !strcmp(a, c);
		pn_genome_free(varied);
		varied = pn_genome_vary(&grammar, &again, twin, twin);
		pn_genome_free(drawn);
		pn_genome_free(twin);
		pn_genome_free(varied);
	}
	assert_true(good > 200);
	assert_int_equal(same, 0);
	pn_plan_free(plan);
}

/* how many faults of this name are in cases that are drawn from a base with this text beside its memory */
static unsigned int drawn(const char *dir, const char *guest, const char *fault)
{
	g_autofree char *text = g_strdup_printf("summary: x\nname: base\nguest: {memory: 256MiB%s}\npattern: inflate\n", guest);
	g_autofree char *path = g_build_filename(dir, "base.yaml", NULL);
	const char *names[] = {path, NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = dir};
	struct pn_grammar grammar = {.loads = no_loads};
	struct pn_plan *plan = NULL;
	unsigned int found = 0;
	uint64_t random = 3;

	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	assert_int_equal(pn_plan_build(&config, &plan, NULL), 0);
	grammar.bases = plan;
	for (unsigned int i = 0; i < 1000; i++) {
		struct pn_genome *genome = pn_genome_draw(&grammar, 0, &random);

		for (guint k = 0; k < genome->events->len; k++)
			found += !g_strcmp0(g_array_index(genome->events, struct pn_event, k).name, fault);
		pn_genome_free(genome);
	}
	pn_plan_free(plan);
	return found;
}

/* a fault is drawn where the guest has what it needs, and never where a case would have to say what is right after it */
static void test_faults_that_can_be_stood(void **state)
{
	assert_int_equal(drawn(*state, "", "unplug"), 0);
	assert_true(drawn(*state, ", balloon: {hotplug: true}", "unplug") > 5);
	assert_int_equal(drawn(*state, "", "hibernate"), 0);
	assert_true(drawn(*state, ", swap: 512MiB", "hibernate") > 5);
	assert_true(drawn(*state, "", "oom") > 5);
	assert_int_equal(drawn(*state, ", swap: 512MiB", "oom"), 0);
	assert_int_equal(drawn(*state, "", "alloc-fail"), 0);
	assert_true(drawn(*state, ", image: debug", "alloc-fail") > 5);
	assert_true(drawn(*state, "", "unbind") > 5);
	assert_int_equal(drawn(*state, "", "used-ring"), 0);
	assert_int_equal(drawn(*state, ", plug: 128MiB", "memory-plug"), 0);
	assert_int_equal(drawn(*state, "", "qemu-kill"), 0);
}

/* who is taken away is brought back */
static void test_lifecycle_pairs(void **state)
{
	assert_true(drawn(*state, "", "pause") > 5);
	assert_int_equal(drawn(*state, "", "pause"), drawn(*state, "", "resume"));
	assert_true(drawn(*state, "", "bind") > 5);
	assert_true(drawn(*state, "", "load") > 5);
}

/* Where nothing but moves is in a case a missed target is a finding: many cases are so, and none of them asks for what the guest could not give. */
static void test_moves_only(void **state)
{
	struct pn_plan *plan = bases(*state);
	struct pn_grammar grammar = {.bases = plan, .loads = no_loads};
	uint64_t random = 11, most = pn_events_reachable(256 * PN_MIB) * 3 / 4;
	unsigned int judged = 0;

	for (unsigned int i = 0; i < 200; i++) {
		struct pn_genome *drawn = pn_genome_draw(&grammar, 0, &random);
		g_autofree char *text = pn_genome_write(&grammar, drawn);

		judged += !strstr(text, "may-miss");
		for (guint k = 0; k < drawn->events->len; k++)
			assert_in_range(g_array_index(drawn->events, struct pn_event, k).balloon_bytes, 0, most);
		pn_genome_free(drawn);
	}
	assert_in_range(judged, 80, 120);
	pn_plan_free(plan);
}

static void test_round_trip(void **state)
{
	struct pn_plan *plan = bases(*state);
	struct pn_grammar grammar = {.bases = plan, .loads = no_loads};
	g_autofree char *path = g_build_filename(*state, "one.yaml", NULL);
	uint64_t random = 9;
	unsigned int checked = 0;

	for (unsigned int i = 0; i < 50; i++) {
		struct pn_genome *drawn = pn_genome_draw(&grammar, 0, &random), *read = NULL;
		g_autofree char *text = pn_genome_write(&grammar, drawn);

		assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
		if (!pn_genome_read(&grammar, path, *state, &read, NULL)) {
			/* the end that every timeline gets may have come to it */
			assert_in_range(read->events->len, drawn->events->len, drawn->events->len + 1);
			assert_int_equal(read->seed, drawn->seed);
			checked++;
		}
		pn_genome_free(read);
		pn_genome_free(drawn);
	}
	assert_true(checked > 20);
	pn_plan_free(plan);
}

static GHashTable *set_of(const unsigned int *blocks)
{
	GHashTable *set = g_hash_table_new(NULL, NULL);

	for (; *blocks; blocks++)
		g_hash_table_add(set, GUINT_TO_POINTER(*blocks));
	return set;
}

static void test_minimise(void **state)
{
	static const unsigned int sets[][6] = {{1, 2, 0}, {3, 0}, {1, 2, 3, 4, 0}, {5, 0}, {4, 5, 0}};
	struct pn_plan *plan = bases(*state);
	struct pn_grammar grammar = {.bases = plan, .loads = no_loads};
	struct pn_corpus corpus = {0};
	uint64_t random = 3;

	for (unsigned int i = 0; i < G_N_ELEMENTS(sets); i++)
		assert_int_equal(pn_corpus_add(&corpus, pn_genome_draw(&grammar, 0, &random), set_of(sets[i])), i < 4);
	assert_int_equal(corpus.entries->len, 4); /* the last one has nothing that none of them has */
	pn_corpus_minimise(&corpus);
	assert_int_equal(corpus.entries->len, 2);
	pn_corpus_deinit(&corpus);
	pn_plan_free(plan);
}

/* a driver whose depths are reached event by event: only cases that build on one another come to the end of it */
static unsigned int depth_of(const struct pn_scenario *scenario)
{
	unsigned int depth = 0;

	for (unsigned int i = 0; i < scenario->event_count; i++)
		depth += scenario->events[i].action == PN_DO_TARGET && scenario->events[i].balloon_bytes % (2 * PN_MIB) == 0;
	return depth;
}

static const char *deep(const struct pn_scenario *scenario, unsigned int index)
{
	return depth_of(scenario) >= 6 ? "FAIL" : depth_of(scenario) == 5 ? "OTHER" : index % 3 ? "PASS" : "BROK";
}

static int run_covered(const struct pn_job *job, const int *stop, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(job->case_dir, "coverage.json", NULL);
	g_autoptr(GString) text = g_string_new("{\"functions\":[{\"name\":\"vb_deep\",\"offset\":0,\"bytes\":40},{\"name\":\"vb_never\",\"offset\":9000,"
					       "\"bytes\":8}],\"blocks\":[[0,1,4,1]");

	for (unsigned int i = 1; i <= depth_of(job->scenario); i++)
		g_string_append_printf(text, ",[%u,1,4,3]", i * 4);
	g_string_append(text, "]}");
	assert_int_equal(pn_fs_write(path, text->str, text->len, NULL), 0);
	return fake_run_case(job, stop, diag);
}

static void add_coverage(struct pn_cover *cover, const char *dir, const char *functions)
{
	g_autofree char *path = g_build_filename(dir, "coverage.json", NULL);
	g_autofree char *text = g_strdup_printf("{\"functions\":[%s],\"blocks\":[[0,1,4,1]]}", functions);

	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	pn_cover_add(cover, dir);
}

/* what another build executed says nothing of this one, and nobody traces */
static void test_coverage(void **state)
{
	struct pn_cover cover = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	add_coverage(&cover, *state, "{\"name\":\"f\",\"offset\":0,\"bytes\":8},{\"name\":\"__traceiter_x\",\"offset\":8,\"bytes\":90}");
	add_coverage(&cover, *state, "{\"name\":\"f\",\"offset\":4,\"bytes\":8},{\"name\":\"__traceiter_x\",\"offset\":8,\"bytes\":90}");
	assert_int_equal(cover.executed, 1);
	pn_cover_put(&cover, out);
	fclose(out);
	assert_non_null(strstr(text, "coverage: 1 blocks, 1 of 1 functions, 4 of 8 bytes (50 %)"));
	assert_non_null(strstr(text, "1 cases ran another build"));
	free(text);
	pn_cover_deinit(&cover);
}

static void test_guided(void **state)
{
	static const struct pn_run_ops ops = {.prepare = fake_prepare, .prepare_key = fake_prepare_key, .run_case = run_covered, .fit = fake_fit};
	struct pn_plan *plan = bases(*state);
	struct pn_lab lab = fake_lab(*state);
	struct pn_fuzz_config config = {.grammar = {.bases = plan, .loads = no_loads}, .dir = *state, .seed = 1, .findings_max = 2, .for_ns = 60 * PN_NS_PER_S};
	g_autofree char *finding = NULL, *corpus = g_build_filename(*state, "corpus", NULL), *first = g_build_filename(corpus, "0001.yaml", NULL);
	struct pn_fuzz_result result;
	struct pn_diag diag = {0};
	char *text = NULL;
	size_t len;

	lab.ops = &ops;
	fake_judge = deep;
	config.out = open_memstream(&text, &len);
	if (pn_fuzz_run(&lab, &config, &result, &diag))
		fail_msg("%s", diag.text);
	pn_cover_put(&result.cover, config.out);
	fclose(config.out);
	assert_int_equal(result.findings, 2);
	assert_true(result.failures >= 2);
	assert_true(result.broken > 0);
	assert_non_null(strstr(text, "found after"));
	assert_non_null(strstr(text, "  0.0 %     0 blocks       8 bytes  vb_never"));
	/* the deepest case executes what all the others do */
	assert_int_equal(result.corpus.entries->len, 1);
	assert_true(g_file_test(first, G_FILE_TEST_EXISTS));
	pn_fuzz_result_deinit(&result);
	free(text);
	/* from that corpus on it is found again at once */
	config.corpus_dir = corpus;
	config.findings_max = 1;
	config.seed = 77;
	config.out = open_memstream(&text, &len);
	assert_int_equal(pn_fuzz_run(&lab, &config, &result, &diag), 0);
	fclose(config.out);
	assert_true(result.cases <= 4);
	pn_fuzz_result_deinit(&result);
	free(text);
	pn_lab_deinit(&lab);
	pn_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_draws_scenarios, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_faults_that_can_be_stood, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_lifecycle_pairs, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_moves_only, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_round_trip, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_minimise, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_coverage, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_guided, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
