// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "../../../harness/base/diag.h"
#include "trace.h"

#define HEADER "guest,time_s,max_bytes,anon_bytes,hot_bytes,file_bytes\n"

static int read_text(const char *text, struct pn_sim_trace **ret_trace, struct pn_diag *diag)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("trace-XXXXXX", &path, NULL), err;

	assert_true(fd >= 0);
	assert_true(g_close(fd, NULL));
	assert_true(g_file_set_contents(path, text, -1, NULL));
	err = pn_sim_trace_read(path, ret_trace, diag);
	g_unlink(path);
	return err;
}

static void test_between_points_and_over_again(void **state)
{
	struct pn_sim_trace *trace = NULL;
	struct pn_sim_point point;
	unsigned int row = 0;

	assert_int_equal(read_text("# made up\n" HEADER "a,100,1000,0,0,10\na,110,1000,100,50,10\na,130,1000,100,100,10\n\nb,0,500,7,7,7\n", &trace, NULL), 0);
	assert_int_equal(trace->guests, 2);
	assert_true(trace->length_s == 30);
	pn_sim_trace_at(trace, 0, 5, &row, &point);
	assert_true(point.anon_bytes == 50 && point.hot_bytes == 25 && point.file_bytes == 10);
	pn_sim_trace_at(trace, 0, 20, &row, &point);
	assert_true(point.anon_bytes == 100 && point.hot_bytes == 75);
	pn_sim_trace_at(trace, 0, 35, &row, &point); /* 5 s into the second time */
	assert_true(point.anon_bytes == 50);
	row = 1000;
	pn_sim_trace_at(trace, 1, 12345, &row, &point);
	assert_true(point.anon_bytes == 7 && point.max_bytes == 500);
	pn_sim_trace_free(trace);
	pn_sim_trace_free(NULL);
}

static void test_refusals_name_line_column_and_value(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "no line of a guest" },
		{ HEADER, "no line of a guest" },
		{ "guest,time\n", ":1: the header" },
		{ HEADER "a,1,2,3\n", ":2: 4 columns" },
		{ HEADER "a,x,1,1,1,1\n", ":2: time_s: 'x'" },
		{ HEADER "a,1,0,1,1,1\n", ":2: max_bytes: '0'" },
		{ HEADER "a,1,1,1,2,1\n", ":2: hot_bytes: '2'" },
		{ HEADER "a,1,1,-1,0,1\n", ":2: anon_bytes: '-1'" },
		{ HEADER "a,1,1,nan,0,1\n", ":2: anon_bytes: 'nan'" },
		{ HEADER "a,1,1,1,1,1\na,1,1,1,1,1\n", ":3: time_s: '1'" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct pn_sim_trace *trace = NULL;
		struct pn_diag diag = { 0 };

		assert_int_equal(read_text(cases[i].text, &trace, &diag), -EINVAL);
		assert_null(trace);
		if (!strstr(diag.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", diag.text, cases[i].says);
	}
	assert_int_equal(pn_sim_trace_read("/nonexistent", NULL, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_between_points_and_over_again),
		cmocka_unit_test(test_refusals_name_line_column_and_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
