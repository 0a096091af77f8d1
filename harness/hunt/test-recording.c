// SPDX-License-Identifier: GPL-2.0-only
/* Recordings of exact runs: the same, and parting at each place where runs can part. */
#include "fake.h"

#include "recording.h"

#define JOURNAL \
	"{\"t_ns\":1,\"ev\":\"case\",\"id\":\"x\",\"mode\":\"exact\"}\n" \
	"{\"t_ns\":2,\"ev\":\"timeline\",\"state\":\"start\",\"insns\":{\"driver\":10,\"kernel\":2000}}\n" \
	"{\"t_ns\":%d,\"ev\":\"phase\",\"name\":\"inflate\",\"insns\":{\"driver\":%d,\"kernel\":3000}}\n" \
	"{\"t_ns\":9,\"ev\":\"point\",\"state\":\"held\",\"insns\":77}\n"
#define SAMPLES \
	"{\"t_ns\":3,\"src\":\"x\",\"mark\":\"start\",\"host.mem.free_bytes\":%d,\"guest.driver.held_pages\":0}\n" \
	"{\"t_ns\":4,\"src\":\"x\",\"guest.driver.held_pages\":%d}\n" \
	"{\"t_ns\":5,\"src\":\"x\",\"mark\":\"end\",\"guest.driver.held_pages\":%d}\n"

/** struct run - what differs between the records of two runs; 0 where nothing is said */
struct run {
	int time, driver, host, between, held;
	const char *console;
};

static void put(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
}

static json_t *record(const char *base, const char *name, const struct run *run)
{
	g_autofree char *dir = g_build_filename(base, name, NULL);
	g_autofree char *journal = g_strdup_printf(JOURNAL, 5 + run->time, 40 + run->driver);
	g_autofree char *samples = g_strdup_printf(SAMPLES, 100 + run->host, 5 + run->between, 7 + run->held);
	json_t *recording;

	assert_int_equal(pn_fs_mkdir_p(dir, NULL), 0);
	put(dir, "journal.jsonl", journal);
	put(dir, "samples.jsonl", samples);
	put(dir, "console.log", run->console ? run->console : "hello\n");
	recording = pn_recording_of(dir);
	assert_non_null(recording);
	return recording;
}

static char *compare(const char *dir, const struct run *second, bool *ret_same_digest)
{
	json_t *a = record(dir, "a", &(struct run){0}), *b = record(dir, "b", second);
	g_autofree char *one = pn_recording_digest(a), *two = pn_recording_digest(b);
	char *words = pn_recording_differs(a, b);

	*ret_same_digest = strcmp(one, two) == 0;
	json_decref(a);
	json_decref(b);
	return words;
}

/* The host's clock, the host's memory and what is sampled between marks are no part of it. */
static void test_same(void **state)
{
	bool same_digest;

	assert_null(compare(*state, &(struct run){.time = 3, .host = 50, .between = 9}, &same_digest));
	assert_true(same_digest);
}

static void test_parts(void **state)
{
	static const struct {
		struct run run;
		const char *words;
	} cases[] = {
		{{.driver = 1}, "phase inflate: driver: 40 recorded, 41 now"},
		{{.held = -7}, "end: driver.held_pages: 7 recorded, 0 now"},
		{{.console = "hullo\n"}, "console: "},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool same_digest;
		g_autofree char *words = compare(*state, &cases[i].run, &same_digest);

		assert_non_null(words);
		assert_int_equal(strncmp(words, cases[i].words, strlen(cases[i].words)), 0);
		assert_false(same_digest);
	}
}

static void test_shorter(void **state)
{
	json_t *a = record(*state, "a", &(struct run){0}), *b = record(*state, "b", &(struct run){0});
	g_autofree char *words = NULL;

	json_array_remove(json_object_get(b, "steps"), 2);
	words = pn_recording_differs(a, b);
	assert_string_equal(words, "3 steps recorded, 2 now");
	json_decref(a);
	json_decref(b);
}

static void test_live(void **state)
{
	g_autofree char *dir = g_build_filename(*state, "live", NULL);

	assert_int_equal(pn_fs_mkdir_p(dir, NULL), 0);
	put(dir, "journal.jsonl", "{\"t_ns\":1,\"ev\":\"phase\",\"name\":\"inflate\"}\n");
	assert_null(pn_recording_of(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_parts, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_shorter, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_live, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
