// SPDX-License-Identifier: GPL-2.0-only
/* Loads: started, waited for, stopped; and their outputs, recorded from the real programs under fixtures/. */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "results.h"

static char *fixture(const char *name, size_t *ret_len)
{
	g_autofree char *path = g_build_filename(PN_FIXTURES, name, NULL);
	char *text;

	assert_int_equal(pn_fs_read(path, &text, ret_len, NULL), 0);
	return text;
}

static double number(const json_t *object, const char *key)
{
	assert_true(json_is_number(json_object_get(object, key)));
	return json_number_value(json_object_get(object, key));
}

static void stress_adds_bogo_ops(void **state)
{
	size_t len;
	g_autofree char *text = fixture("stress.yaml", &len);
	json_t *result = json_object();

	assert_int_equal(pn_result_stress(text, len, result, NULL), 0);
	assert_true(number(result, "ops") == 84971 + 2628);
	assert_true(number(result, "ops_per_s") > 43770 && number(result, "ops_per_s") < 43785);
	assert_true(number(json_object_get(json_object_get(result, "stress"), "cpu"), "ops") == 2628);
	assert_string_equal(json_string_value(json_object_get(result, "version")), "0.15.06");
	json_decref(result);
}

static void stress_cut_off_is_an_error(void **state)
{
	static const char *const bad[] = {"", "---\nsystem-info:\n  pagesize: 4096\n", "metrics:\n    - stressor: vm\n", "metrics: []\n",
					  "metrics:\n  - stressor: vm\n    bogo-ops: many\n    wall-clock-time: 1\n", "a: [", "\x80\x81"};

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++) {
		json_t *result = json_object();
		struct pn_diag diag = {0};

		assert_int_equal(pn_result_stress(bad[i], strlen(bad[i]), result, &diag), -EPROTO);
		assert_true(diag.text[0] != 0);
		assert_int_equal(json_object_size(result), 0);
		json_decref(result);
	}
}

static void fio_keeps_all_and_sums_ios(void **state)
{
	static const struct {
		const char *name;
		double ops;
	} cases[] = {{"fio.json", 9720 + 9697}, {"fio-interrupted.out", 12303 + 12271}};

	for (unsigned int i = 0; i < G_N_ELEMENTS(cases); i++) {
		size_t len;
		g_autofree char *text = fixture(cases[i].name, &len);
		json_t *result = json_object(), *job;

		assert_int_equal(pn_result_fio(text, len, result, NULL), 0);
		assert_true(number(result, "ops") == cases[i].ops);
		assert_true(number(result, "ops_per_s") > 0);
		job = json_array_get(json_object_get(json_object_get(result, "fio"), "jobs"), 0);
		assert_true(json_object_size(json_object_get(json_object_get(json_object_get(job, "read"), "clat_ns"), "bins")) > 100);
		json_decref(result);
	}
}

static void fio_without_a_result_is_an_error(void **state)
{
	static const char *const bad[] = {"", "fio: unrecognized option '--nonsense=3'\n", "{\"jobs\": [", "{}", "{\"jobs\": []}", "[1]"};
	static const char failed[] = "{\"jobs\":[{\"jobname\":\"j\",\"error\":28}]}";
	struct pn_diag diag = {0};
	json_t *result = json_object();

	for (unsigned int i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_int_equal(pn_result_fio(bad[i], strlen(bad[i]), result, &diag), -EPROTO);
	assert_int_equal(pn_result_fio(failed, strlen(failed), result, &diag), -EREMOTEIO);
	assert_non_null(strstr(diag.text, "No space"));
	assert_int_equal(json_object_size(result), 0);
	json_decref(result);
}

static void native_takes_the_last_object(void **state)
{
	static const char text[] = "READY\nMARK 1\n{\"ops\":1}\n{\"ops\":5,\"ops_per_s\":2.5,\"p50\":100}\nbye\n";
	json_t *result = json_object();

	assert_int_equal(pn_result_native("touch", text, strlen(text), result, NULL), 0);
	assert_true(number(result, "ops") == 5);
	assert_true(number(json_object_get(result, "touch"), "p50") == 100);
	assert_int_equal(pn_result_native("touch", "READY\n", 6, result, NULL), -EPROTO);
	json_decref(result);
}

static void touch_latency_after_its_mark(void **state)
{
	size_t len;
	g_autofree char *text = fixture("touch.out", &len);
	json_t *result = json_object(), *touch;

	assert_int_equal(pn_result_native("touch", text, len, result, NULL), 0);
	touch = json_object_get(result, "touch");
	assert_true(number(result, "ops") == number(touch, "count"));
	assert_true(number(touch, "p50") > 0 && number(touch, "p99") >= number(touch, "p50"));
	assert_true(json_object_size(json_object_get(touch, "bins")) > 0);
	json_decref(result);
}

static void corruption_is_a_result(void **state)
{
	struct stage *stage = *state;
	json_t *result = NULL;

	fake.load_ready = true;
	fake.load_exit_code = 1;
	fake.load_stdout = (char *)"READY\n{\"ops\":1,\"corrupt\":3}\n";
	assert_int_equal(pn_load_start(&stage->timeline, "touch", NULL), 0);
	assert_int_equal(pn_load_stop(&stage->timeline, "touch", &result, NULL), 0);
	assert_true(number(json_object_get(result, "touch"), "corrupt") == 3);
	json_decref(result);

	/* Without it, an exit code of 1 is a failure like any other. */
	fake.load_stdout = (char *)"READY\n{\"ops\":1,\"corrupt\":0}\n";
	result = NULL;
	assert_int_equal(pn_load_start(&stage->timeline, "touch", NULL), 0);
	assert_int_equal(pn_load_stop(&stage->timeline, "touch", &result, NULL), -EREMOTEIO);
	assert_null(result);
}

static void load_from_start_to_result(void **state)
{
	struct stage *stage = *state;
	size_t len;
	g_autofree char *path = g_build_filename(stage->dir, "load-stress.yaml", NULL);
	json_t *result = NULL;

	fake.load_ready = true;
	fake.load_file = fixture("stress.yaml", &len);
	assert_int_equal(pn_load_start(&stage->timeline, "stress", NULL), 0);
	assert_int_equal(stage_count(stage, "load", "state", "ready"), 1);
	assert_int_equal(pn_load_stop(&stage->timeline, "stress", &result, NULL), 0);
	assert_true(number(result, "ops") == 87599);
	assert_string_equal(json_string_value(json_object_get(result, "load")), "stress");
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	json_decref(result);
	g_free(fake.load_file);
}

static void load_that_is_never_ready(void **state)
{
	struct stage *stage = *state;
	struct pn_diag diag = {0};

	assert_int_equal(pn_load_start(&stage->timeline, "touch", &diag), -ETIMEDOUT);
	assert_non_null(strstr(diag.text, "not ready within 300"));
}

static void load_that_ends_by_itself(void **state)
{
	struct stage *stage = *state;
	struct pn_diag diag = {0};
	json_t *result = NULL;

	fake.load_ready = true;
	assert_int_equal(pn_load_start(&stage->timeline, "fio", NULL), 0);
	fake.load_running = false;
	fake.load_exit_code = 1;
	assert_int_equal(pn_load_stop(&stage->timeline, "fio", &result, &diag), -EREMOTEIO);
	assert_null(result);
	assert_non_null(strstr(diag.text, "ended by itself"));
	assert_non_null(strstr(diag.text, "its last words"));
}

static void load_the_oom_killer_ended_is_a_result(void **state)
{
	struct stage *stage = *state;
	json_t *result = NULL;

	fake.load_ready = true;
	assert_int_equal(pn_load_start(&stage->timeline, "fio", NULL), 0);
	fake.load_running = false;
	fake.load_oom_killed = true;
	assert_int_equal(pn_load_stop(&stage->timeline, "fio", &result, NULL), 0);
	assert_true(json_is_true(json_object_get(result, "oom_killed")));
	assert_null(json_object_get(result, "ops"));
	json_decref(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stress_adds_bogo_ops),
		cmocka_unit_test(stress_cut_off_is_an_error),
		cmocka_unit_test(fio_keeps_all_and_sums_ios),
		cmocka_unit_test(fio_without_a_result_is_an_error),
		cmocka_unit_test(native_takes_the_last_object),
		cmocka_unit_test(touch_latency_after_its_mark),
		cmocka_unit_test_setup_teardown(corruption_is_a_result, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(load_from_start_to_result, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(load_that_is_never_ready, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(load_that_ends_by_itself, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(load_the_oom_killer_ended_is_a_result, stage_setup, stage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
