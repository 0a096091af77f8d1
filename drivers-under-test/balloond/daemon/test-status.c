// SPDX-License-Identifier: GPL-2.0-only
/* The status socket, both ends, its permissions; and the text of the metrics. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <sys/stat.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/fs.h"
#include "../../../harness/base/test-dir.h"
#include "metrics.h"
#include "status.h"

static json_t *snapshot(void)
{
	return json_pack("{s:s, s:i, s:{s:i, s:i}, s:[{s:s, s:s, s:s, s:i, s:i}]}", "state", "running", "ticks", 7, "host", "capacity_bytes", 100,
			 "reserve_bytes", 10, "guests", "name", "we\"b", "trust", "stuck", "reason", "held", "target_bytes", 50, "raised", 3);
}

static void who_asks_gets_the_snapshot(void **state)
{
	g_autofree char *path = g_build_filename(*state, "run", "status", NULL);
	struct pn_status *status = pn_status_new(), *second = pn_status_new();
	struct pn_diag diag = {0};
	struct stat stat_of;
	json_t *answer;

	assert_int_equal(pn_status_ask(path, &answer, &diag), -ENOENT);
	assert_int_equal(pn_status_serve(status, path, 0600, NULL, &diag), 0);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	for (int i = 0; i < 20; i++) {
		pn_status_set(status, snapshot());
		assert_int_equal(pn_status_ask(path, &answer, NULL), 0);
		assert_int_equal(json_integer_value(json_object_get(answer, "ticks")), 7);
		json_decref(answer);
	}
	assert_int_equal(pn_status_serve(second, path, 0600, NULL, &diag), -EADDRINUSE); /* one is enough */
	pn_status_free(status);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	pn_status_free(second);
}

static void a_dead_daemons_socket_is_replaced(void **state)
{
	g_autofree char *path = g_build_filename(*state, "status", NULL);
	struct pn_status *status = pn_status_new();
	struct pn_diag diag = {0};
	json_t *answer;

	assert_int_equal(pn_fs_write(path, "", 0, NULL), 0);
	assert_int_equal(pn_status_serve(status, path, 0600, "no-such-group", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "status.group: 'no-such-group' is not accepted"));
	pn_status_free(status);
	status = pn_status_new();
	assert_int_equal(pn_status_serve(status, path, 0600, NULL, NULL), 0);
	assert_int_equal(pn_status_ask(path, &answer, NULL), 0);
	json_decref(answer);
	pn_status_free(status);
}

static void metrics_have_what_is_known_and_nothing_else(void **state)
{
	json_t *all = snapshot();
	g_autofree char *text = pn_metrics_text(all);

	assert_non_null(strstr(text, "# TYPE balloond_ticks counter\n"));
	assert_non_null(strstr(text, "\nballoond_ticks_total 7\n"));
	assert_non_null(strstr(text, "\nballoond_guest_target_bytes{guest=\"we\\\"b\"} 50\n"));
	assert_non_null(strstr(text, "\nballoond_guest_raised_total{guest=\"we\\\"b\"} 3\n"));
	assert_non_null(strstr(text, "balloond_guest_trust{guest=\"we\\\"b\",balloond_guest_trust=\"stuck\"} 1\n"));
	assert_null(strstr(text, "balloond_guest_actual_bytes{"));   /* not known */
	assert_null(strstr(text, "\nballoond_host_committed_bytes ")); /* not known */
	assert_true(g_str_has_suffix(text, "# EOF\n"));
	json_decref(all);
}

static void a_wrong_address_is_refused(void **state)
{
	struct pn_status *status = pn_status_new();
	struct pn_metrics_server *server;
	struct pn_diag diag = {0};

	assert_int_equal(pn_metrics_serve("nowhere:1", status, &server, &diag), -EINVAL);
	assert_int_equal(pn_metrics_serve("127.0.0.1:0", status, &server, &diag), 0);
	assert_true(pn_metrics_port(server) > 0);
	pn_metrics_stop(server);
	pn_status_free(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_asks_gets_the_snapshot, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(a_dead_daemons_socket_is_replaced, test_dir_setup, test_dir_teardown),
		cmocka_unit_test(metrics_have_what_is_known_and_nothing_else),
		cmocka_unit_test(a_wrong_address_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
