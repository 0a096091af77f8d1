// SPDX-License-Identifier: GPL-2.0-only
/* What the history is asked: runs, baselines, series. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../gate/baseline.h"
#include "../stats/stats.h"
#include "private.h"

#define RUN_COLUMNS                                                               \
	"SELECT name, branch, class, start_s, revision, kernel, qemu, dir, guest,"\
	" (SELECT count(*) FROM result WHERE run = run.id AND verdict = 'PASS')," \
	" (SELECT count(*) FROM result WHERE run = run.id AND verdict = 'FAIL')," \
	" (SELECT count(*) FROM result WHERE run = run.id AND verdict = 'BROK')," \
	" (SELECT count(*) FROM result WHERE run = run.id AND verdict = 'SKIP') FROM run "

static json_t *run_of(sqlite3_stmt *row)
{
	return json_pack("{s:s, s:s, s:s, s:f, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i}", "run", history_text(row, 0), "branch",
			 history_text(row, 1), "class", history_text(row, 2), "start_s", sqlite3_column_double(row, 3), "revision",
			 history_text(row, 4), "kernel", history_text(row, 5), "qemu", history_text(row, 6), "dir", history_text(row, 7),
			 "guest", history_text(row, 8), "passed", sqlite3_column_int(row, 9), "failed", sqlite3_column_int(row, 10), "broken",
			 sqlite3_column_int(row, 11), "skipped", sqlite3_column_int(row, 12));
}

/* all rows into an array; the statement is finalized */
static int collect(struct pn_history *history, sqlite3_stmt *statement, json_t **ret_rows, struct pn_diag *diag)
{
	json_t *rows = json_array();
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		json_array_append_new(rows, run_of(statement));
	sqlite3_finalize(statement);
	if (code != SQLITE_DONE) {
		json_decref(rows);
		return history_fail(history, "reading", diag);
	}
	*ret_rows = rows;
	return 0;
}

int pn_history_list(struct pn_history *history, json_t **ret_runs, struct pn_diag *diag)
{
	sqlite3_stmt *statement = history_prepare(history, diag, RUN_COLUMNS "ORDER BY start_s DESC, id DESC", "");

	return statement ? collect(history, statement, ret_runs, diag) : -EIO;
}

int pn_history_run(struct pn_history *history, int64_t run_id, json_t **ret_run, struct pn_diag *diag)
{
	sqlite3_stmt *statement = history_prepare(history, diag, RUN_COLUMNS "WHERE id = ?", "i", run_id);
	json_t *rows = NULL;
	int err = statement ? collect(history, statement, &rows, diag) : -EIO;

	if (err)
		return err;
	if (!json_array_size(rows))
		err = pn_diag_set(diag, -ENOENT, "%s: no run %" G_GINT64_FORMAT, history->path, run_id);
	else
		*ret_run = json_incref(json_array_get(rows, 0));
	json_decref(rows);
	return err;
}

#define NEWEST "SELECT id FROM run WHERE branch = ? AND class = ? AND uid <> ? ORDER BY start_s DESC, id DESC LIMIT ?"

static int add_values(struct pn_history *history, json_t *baseline, const char *branch, const char *class, const char *uid,
		      unsigned int runs, struct pn_diag *diag)
{
	sqlite3_stmt *statement = history_prepare(history, diag,
						  "SELECT case_id, metric, value FROM value WHERE run IN (" NEWEST ")"
						  " ORDER BY case_id, metric, run, number",
						  "sssi", branch, class, uid, (int64_t)runs);
	int code;

	if (!statement)
		return -EIO;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		pn_baseline_add(baseline, history_text(statement, 0), history_text(statement, 1), sqlite3_column_double(statement, 2));
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : history_fail(history, "reading", diag);
}

int pn_history_baseline(struct pn_history *history, const char *branch, const char *class, unsigned int runs,
			const struct pn_rundir *except, json_t **ret_baseline, struct pn_diag *diag)
{
	g_autofree char *uid = except ? history_uid(except) : g_strdup("");
	json_t *baseline = pn_baseline_new(class);
	int err = add_values(history, baseline, branch, class, uid, runs, diag);

	if (!err && !json_object_size(json_object_get(baseline, "cases")))
		err = pn_diag_set(diag, -ENOENT, "%s: no run of branch '%s' on %s; see `puncture history list`", history->path, branch,
				  class);
	if (err)
		json_decref(baseline);
	else
		*ret_baseline = baseline;
	return err;
}

/** struct series - the one that is being gathered */
struct series {
	char *key[4];	/* class, branch, case, metric */
	GArray *points; /* of struct pn_history_point */
	GArray *values; /* of double: of the last point's run */
	int64_t run_id;
};

static void close_point(struct series *series)
{
	struct pn_history_point point = {.run_id = series->run_id};

	if (!series->values->len)
		return;
	pn_stats_median((const double *)(const void *)series->values->data, series->values->len, &point.value);
	g_array_append_val(series->points, point);
	g_array_set_size(series->values, 0);
}

static bool same_series(const struct series *series, sqlite3_stmt *row)
{
	for (int i = 0; i < 4; i++)
		if (g_strcmp0(series->key[i], history_text(row, i)))
			return false;
	return true;
}

static void start_series(struct series *series, sqlite3_stmt *row)
{
	for (int i = 0; i < 4; i++) {
		g_free(series->key[i]);
		series->key[i] = row ? g_strdup(history_text(row, i)) : NULL;
	}
	g_array_set_size(series->points, 0);
}

int pn_history_each_series(struct pn_history *history, const char *metric, const char *case_id, const char *branch,
			   void (*each)(const char *class, const char *branch, const char *case_id, const char *metric,
					const struct pn_history_point *points, size_t count, void *data),
			   void *data, struct pn_diag *diag)
{
	sqlite3_stmt *row =
	    history_prepare(history, diag,
			    "SELECT class, branch, case_id, metric, run.id, value FROM value JOIN run ON run.id = value.run"
			    " WHERE metric = ifnull(?, metric) AND case_id = ifnull(?, case_id) AND branch = ifnull(?, branch)"
			    " ORDER BY class, branch, case_id, metric, start_s, run.id",
			    "sss", metric, case_id, branch);
	struct series series = {
	    .points = g_array_new(FALSE, FALSE, sizeof(struct pn_history_point)),
	    .values = g_array_new(FALSE, FALSE, sizeof(double)),
	};
	int code = row ? sqlite3_step(row) : SQLITE_ERROR;
	bool any = code == SQLITE_ROW;

	if (any)
		start_series(&series, row);
	for (; code == SQLITE_ROW; code = sqlite3_step(row)) {
		double value = sqlite3_column_double(row, 5);
		bool same = same_series(&series, row);

		if (!same || sqlite3_column_int64(row, 4) != series.run_id)
			close_point(&series);
		if (!same) {
			each(series.key[0], series.key[1], series.key[2], series.key[3],
			     (const struct pn_history_point *)(const void *)series.points->data, series.points->len, data);
			start_series(&series, row);
		}
		series.run_id = sqlite3_column_int64(row, 4);
		g_array_append_val(series.values, value);
	}
	close_point(&series);
	if (any && code == SQLITE_DONE)
		each(series.key[0], series.key[1], series.key[2], series.key[3],
		     (const struct pn_history_point *)(const void *)series.points->data, series.points->len, data);
	start_series(&series, NULL);
	g_array_unref(series.points);
	g_array_unref(series.values);
	sqlite3_finalize(row);
	return !row ? -EIO : code == SQLITE_DONE ? 0 : history_fail(history, "reading", diag);
}
