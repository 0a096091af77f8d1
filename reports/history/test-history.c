// SPDX-License-Identifier: GPL-2.0-only
/* The history's file: imports, two writers at once, a writer killed at any moment, files of other versions and programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"
#include "../../harness/base/test-dir.h"
#include "../rundir.h"
#include "private.h"

#define CASES 5
#define METRICS_EACH 2

static void write_json(json_t *value, const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *parent = g_path_get_dirname(path);

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(json_dump_file(value, path, 0), 0);
	json_decref(value);
}

static void write_journal(const char *dir, unsigned int index, const char *kernel)
{
	g_autofree char *path = g_strdup_printf("%s/cases/%04u/journal.jsonl", dir, index), *parent = g_path_get_dirname(path);
	g_autofree char *text = g_strdup_printf("{\"t_ns\":1,\"ev\":\"case\"}\n{\"t_ns\":2,\"ev\":\"parts\",\"kernel\":%s}\n", kernel);

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
}

static char *make_run(const char *parent, const char *name, double start_s, double cpu_s, unsigned int failed)
{
	char *dir = g_build_filename(parent, name, NULL);
	json_t *cases = json_array();

	for (unsigned int i = 0; i < CASES; i++) {
		g_autofree char *path = g_strdup_printf("cases/%04u/verdict.json", i + 1), *id = g_strdup_printf("up,repeat=%u", i + 1);

		json_array_append_new(cases, json_pack("{s:i, s:s}", "index", (int)i + 1, "id", id));
		write_journal(dir, i + 1, i % 2 ? "{\"release\":\"6.1.0-57\",\"version\":\"6.1.192-3\"}" : "{\"release\":\"5.10\"}");
		write_json(json_pack("{s:s, s:f, s:f, s:{s:{s:f}, s:{s:i}}}", "verdict", i < failed ? "FAIL" : "PASS", "start_s",
				     start_s + i, "duration_s", 2.0, "metrics", "guest.balloon.cpu_s", "value", cpu_s + 0.001 * i,
				     "balloon.settled_targets", "value", 1),
			   dir, path);
	}
	write_json(json_pack("{s:i, s:s, s:[s, s], s:o}", "schema", 1, "run", name, "argv", "run", "smoke", "cases", cases), dir,
		   "plan.json");
	write_json(json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "accel", "tcg", "cpu", "X", "cpus", 2, "revision", name, "kernel",
			     "6.1", "qemu", "7.2", "branch", "main"),
		   dir, "host.json");
	return dir;
}

static int import_dir(const char *db, const char *dir, struct pn_diag *diag)
{
	struct pn_history *history = NULL;
	struct pn_rundir *run = NULL;
	int err = pn_rundir_read(dir, &run, diag);

	if (!err)
		err = pn_history_open(db, &history, diag);
	if (!err)
		err = pn_history_import(history, run, NULL, diag);
	pn_history_close(history);
	pn_rundir_free(run);
	return err;
}

static json_int_t count(const char *db, const char *sql)
{
	struct pn_history *history = NULL;
	sqlite3_stmt *statement;
	json_int_t number;

	assert_int_equal(pn_history_open(db, &history, NULL), 0);
	statement = history_prepare(history, NULL, sql, "");
	assert_non_null(statement);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	pn_history_close(history);
	return number;
}

static void assert_whole(const char *db)
{
	assert_int_equal(count(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
	assert_int_equal(count(db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(count(db, "SELECT count(*) FROM (SELECT run FROM result GROUP BY run HAVING count(*) <> 5)"), 0);
	assert_int_equal(count(db, "SELECT count(*) FROM value"), count(db, "SELECT count(*) FROM run") * CASES * METRICS_EACH);
}

static void a_run_is_taken_in_once(void **state)
{
	g_autofree char *db = g_build_filename(*state, "deep", "h.sqlite", NULL), *dir = make_run(*state, "one", 1000, 0.5, 1);
	g_autofree char *moved = g_build_filename(*state, "moved", NULL);
	struct pn_history *history = NULL;
	json_t *runs = NULL, *run;

	assert_int_equal(import_dir(db, dir, NULL), 0);
	assert_int_equal(import_dir(db, dir, NULL), 0);
	assert_int_equal(rename(dir, moved), 0);
	assert_int_equal(import_dir(db, moved, NULL), 0);
	assert_int_equal(pn_history_open(db, &history, NULL), 0);
	assert_int_equal(pn_history_list(history, &runs, NULL), 0);
	assert_int_equal(json_array_size(runs), 1);
	run = json_array_get(runs, 0);
	assert_string_equal(json_string_value(json_object_get(run, "branch")), "main");
	assert_string_equal(json_string_value(json_object_get(run, "class")), "tcg, X, 2 CPUs");
	assert_string_equal(json_string_value(json_object_get(run, "dir")), moved);
	assert_string_equal(json_string_value(json_object_get(run, "guest")), "5.10, 6.1.0-57 (6.1.192-3)");
	assert_int_equal(json_integer_value(json_object_get(run, "passed")), 4);
	assert_int_equal(json_integer_value(json_object_get(run, "failed")), 1);
	/* figures of the case that failed are left out */
	assert_int_equal(count(db, "SELECT count(*) FROM value"), 4 * METRICS_EACH);
	json_decref(runs);
	pn_history_close(history);
}

static void a_baseline_is_made_of_the_newest(void **state)
{
	g_autofree char *db = g_build_filename(*state, "h.sqlite", NULL);
	struct pn_history *history = NULL;
	struct pn_rundir *newest = NULL;
	struct pn_diag diag = {0};
	json_t *baseline = NULL, *values;

	for (int i = 0; i < 4; i++) {
		g_autofree char *name = g_strdup_printf("run%d", i), *dir = make_run(*state, name, 1000 * i + 1, i, 0);

		assert_int_equal(import_dir(db, dir, NULL), 0);
		if (i == 3)
			assert_int_equal(pn_rundir_read(dir, &newest, NULL), 0);
	}
	assert_int_equal(pn_history_open(db, &history, NULL), 0);
	assert_int_equal(pn_history_baseline(history, "main", "tcg, X, 2 CPUs", 2, newest, &baseline, NULL), 0);
	values = json_object_get(json_object_get(json_object_get(baseline, "cases"), "up"), "guest.balloon.cpu_s");
	assert_int_equal(json_array_size(values), 2 * CASES);
	assert_true(json_number_value(json_array_get(values, 0)) >= 1 && json_number_value(json_array_get(values, 9)) < 3);
	json_decref(baseline);
	assert_int_equal(pn_history_baseline(history, "main", "kvm, X, 2 CPUs", 2, NULL, &baseline, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "no run of branch 'main' on kvm, X, 2 CPUs"));
	assert_int_equal(pn_history_forget(history, 3, NULL), 1);
	pn_history_close(history);
	assert_int_equal(count(db, "SELECT count(*) FROM run"), 3);
	assert_whole(db);
	pn_rundir_free(newest);
}

#define WRITERS 2
#define RUNS_EACH 12

static pid_t start_writer(const char *parent, const char *db, int writer, int rounds)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (int i = 0; i < RUNS_EACH * rounds; i++) {
		g_autofree char *name = g_strdup_printf("w%d-%d", writer, i % RUNS_EACH), *dir = g_build_filename(parent, name, NULL);

		if (import_dir(db, dir, NULL))
			_exit(1);
	}
	_exit(0);
}

static void make_all(const char *parent)
{
	for (int writer = 0; writer < WRITERS; writer++)
		for (int i = 0; i < RUNS_EACH; i++) {
			g_autofree char *name = g_strdup_printf("w%d-%d", writer, i), *dir = make_run(parent, name, i, 1, 0);

			assert_non_null(dir);
		}
}

/* also the file is made by both at once */
static void two_writers_lose_nothing(void **state)
{
	g_autofree char *db = g_build_filename(*state, "h.sqlite", NULL);
	pid_t pids[WRITERS];

	make_all(*state);
	for (int writer = 0; writer < WRITERS; writer++)
		pids[writer] = start_writer(*state, db, writer, 1);
	for (int writer = 0; writer < WRITERS; writer++) {
		int status;

		assert_int_equal(waitpid(pids[writer], &status, 0), pids[writer]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_int_equal(count(db, "SELECT count(*) FROM run"), WRITERS * RUNS_EACH);
	assert_whole(db);
}

/* each writer imports the same runs for ever: at whatever moment it dies, each run is there whole or not at all */
static void a_kill_leaves_whole_runs(void **state)
{
	g_autofree char *db = g_build_filename(*state, "h.sqlite", NULL);

	make_all(*state);
	for (int round = 0; round < 10; round++) {
		pid_t pid = start_writer(*state, db, 0, 1000);
		int status;

		usleep((useconds_t)(3000 + 7000 * round));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_whole(db);
	}
	assert_int_equal(waitpid(start_writer(*state, db, 1, 1), NULL, 0) > 0, 1);
	assert_true(count(db, "SELECT count(*) FROM run") >= RUNS_EACH);
	assert_whole(db);
}

static void make_version(const char *db, int version)
{
	struct pn_history history = {.path = (char *)db};
	g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %d; PRAGMA application_id = 1886283881", version);

	assert_int_equal(sqlite3_open(db, &history.db), SQLITE_OK);
	for (int i = 0; i < MIN(version, HISTORY_VERSION); i++)
		assert_int_equal(history_exec(&history, history_migrations[i], NULL), 0);
	assert_int_equal(history_exec(&history, mark, NULL), 0);
	if (version == 1)
		assert_int_equal(history_exec(&history, "INSERT INTO run VALUES (1, 'u', 'old', '/d', 'c', 5, 'r', 'k', 'q')", NULL), 0);
	sqlite3_close(history.db);
}

static void older_files_are_brought_up_to_date(void **state)
{
	g_autofree char *db = g_build_filename(*state, "h.sqlite", NULL), *dir = make_run(*state, "one", 1000, 0.5, 0);

	make_version(db, 1);
	assert_int_equal(import_dir(db, dir, NULL), 0);
	assert_int_equal(count(db, "SELECT count(*) FROM run WHERE branch = '' AND name = 'old'"), 1);
	assert_int_equal(count(db, "SELECT count(*) FROM run WHERE branch = 'main'"), 1);
	assert_int_equal(count(db, "PRAGMA user_version"), HISTORY_VERSION);
}

static void what_is_not_ours_is_left_alone(void **state)
{
	char words[64];
	g_autofree char *newer = g_build_filename(*state, "newer.sqlite", NULL), *other = g_build_filename(*state, "other.sqlite", NULL);
	g_autofree char *text = g_build_filename(*state, "text", NULL);
	struct pn_history *history = NULL;
	struct pn_diag diag = {0};
	sqlite3 *db;

	g_snprintf(words, sizeof(words), "version %d is newer than this program", HISTORY_VERSION + 1);
	make_version(newer, HISTORY_VERSION + 1);
	assert_int_equal(pn_history_open(newer, &history, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, words));
	assert_int_equal(sqlite3_open(other, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(pn_history_open(other, &history, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "a database of another program"));
	assert_int_equal(pn_fs_write(text, "not a database at all, but long enough to look like one if one only looks", 70, NULL), 0);
	assert_int_equal(pn_history_open(text, &history, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "file is not a database"));
}

static void a_run_of_an_unknown_machine_is_refused(void **state)
{
	g_autofree char *db = g_build_filename(*state, "h.sqlite", NULL), *dir = make_run(*state, "one", 1000, 0.5, 0);
	struct pn_diag diag = {0};

	write_json(json_object(), dir, "host.json");
	assert_int_equal(import_dir(db, dir, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "unknown machine"));
	assert_int_equal(count(db, "SELECT count(*) FROM run"), 0);
}

int main(void)
{
#define HISTORY_TEST(name) cmocka_unit_test_setup_teardown(name, test_dir_setup, test_dir_teardown)
	const struct CMUnitTest tests[] = {
	    HISTORY_TEST(a_run_is_taken_in_once),
	    HISTORY_TEST(a_baseline_is_made_of_the_newest),
	    HISTORY_TEST(two_writers_lose_nothing),
	    HISTORY_TEST(a_kill_leaves_whole_runs),
	    HISTORY_TEST(older_files_are_brought_up_to_date),
	    HISTORY_TEST(what_is_not_ours_is_left_alone),
	    HISTORY_TEST(a_run_of_an_unknown_machine_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
