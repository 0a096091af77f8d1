// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run taken into the history, and runs let go. A run is known by its plan and host, not by its name or place: the same directory imported
 * twice, also from another path, is one run; two runs that are both called "nightly" are two.
 */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../compare/class.h"
#include "../gate/baseline.h"
#include "../rundir.h"
#include "private.h"

#define PARTS_WITHIN 8 /* records of a journal */

static const char *host_text(const struct pn_rundir *run, const char *key)
{
	const char *text = json_string_value(json_object_get(run->host, key));

	return text ? text : "";
}

/* the first case of a run says when it was; a plan without one has happened at no time */
static double start_of(const struct pn_rundir *run)
{
	double start_s = 0;

	for (size_t i = 0; i < run->count; i++) {
		double at_s = pn_rundir_number(run, i, "start_s");

		if (at_s > 0 && (start_s == 0 || at_s < start_s))
			start_s = at_s;
	}
	return start_s;
}

char *history_uid(const struct pn_rundir *run)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const json_t *first = pn_rundir_case(run, 0);
	char *host = json_dumps(run->host, JSON_COMPACT | JSON_SORT_KEYS), *start;

	/* not the whole plan, to which rounds are added while the run goes on */
	start = json_dumps(json_object_get(run->plan, "argv"), JSON_COMPACT | JSON_ENCODE_ANY);
	g_checksum_update(sum, (const guchar *)host, -1);
	if (start)
		g_checksum_update(sum, (const guchar *)start, -1);
	g_checksum_update(sum, (const guchar *)(json_string_value(json_object_get(run->plan, "run")) ?: ""), -1);
	g_checksum_update(sum, (const guchar *)(json_string_value(json_object_get(first, "id")) ?: ""), -1);
	free(host);
	free(start);
	return g_strdup(g_checksum_get_string(sum));
}

/* "6.1.0-57-cloud-amd64 (6.1.192-3)" of a case, as its journal says it among the first records; NULL for a case that no guest was started for */
static char *guest_of(const struct pn_rundir *run, size_t i)
{
	g_autofree char *path = g_strdup_printf("%s/cases/%04d/journal.jsonl", run->dir, (int)json_integer_value(json_object_get(pn_rundir_case(run, i), "index")));
	FILE *file = fopen(path, "re");
	char *line = NULL, *guest = NULL;
	size_t room = 0;

	for (unsigned int n = 0; file && !guest && n < PARTS_WITHIN && getline(&line, &room, file) > 0; n++) {
		json_t *record = json_loads(line, 0, NULL);
		const char *ev = NULL, *release = NULL, *version = NULL;

		if (!json_unpack(record, "{s:s, s:{s:s, s?s}}", "ev", &ev, "kernel", "release", &release, "version", &version) && !strcmp(ev, "parts"))
			guest = version ? g_strdup_printf("%s (%s)", release, version) : g_strdup(release);
		json_decref(record);
	}
	free(line);
	if (file)
		fclose(file);
	return guest;
}

static gint by_name(gconstpointer left, gconstpointer right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* the kernels of all guests, each once, in order of their names */
static char *guests_of(const struct pn_rundir *run)
{
	g_autoptr(GPtrArray) guests = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < run->count; i++) {
		char *guest = guest_of(run, i);

		if (guest && !g_ptr_array_find_with_equal_func(guests, guest, g_str_equal, NULL))
			g_ptr_array_add(guests, guest);
		else
			g_free(guest);
	}
	g_ptr_array_sort(guests, by_name);
	g_ptr_array_add(guests, NULL);
	return g_strjoinv(", ", (char **)guests->pdata);
}

static int import_case(struct pn_history *history, const struct pn_rundir *run, size_t i, int64_t id, struct pn_diag *diag)
{
	g_autofree char *case_id = pn_baseline_case(pn_rundir_string(run, i, "id"));
	const char *verdict = pn_rundir_verdict(run, i), *metric;
	json_t *entry;
	int err;

	if (!verdict)
		return 0;
	err = history_do(history, diag, "INSERT INTO result (run, case_id, number, verdict, reason, duration_s) VALUES (?, ?, ?, ?, ?, ?)",
			 "isissf", id, case_id, (int64_t)i, verdict, pn_rundir_reason(run, i), pn_rundir_number(run, i, "duration_s"));
	if (strcmp(verdict, "PASS"))
		return err; /* its figures are of something that did not work */
	json_object_foreach(json_object_get(run->verdicts[i], "metrics"), metric, entry) {
		double value;

		if (!err && !pn_rundir_metric(run, i, metric, &value))
			err = history_do(history, diag, "INSERT INTO value (run, case_id, metric, number, value) VALUES (?, ?, ?, ?, ?)",
					 "issif", id, case_id, metric, (int64_t)i, value);
	}
	return err;
}

static int import_run(struct pn_history *history, const struct pn_rundir *run, const char *class, const char *branch, struct pn_diag *diag)
{
	g_autofree char *uid = history_uid(run), *dir = g_canonicalize_filename(run->dir, NULL), *guests = guests_of(run);
	const char *name = json_string_value(json_object_get(run->plan, "run"));
	int64_t id;
	int err = history_do(history, diag, "DELETE FROM run WHERE uid = ?", "s", uid);

	if (!err)
		err = history_do(history, diag,
				 "INSERT INTO run (uid, name, dir, class, start_s, revision, kernel, qemu, branch, guest)"
				 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				 "ssssfsssss", uid, name ? name : "", dir, class, start_of(run), host_text(run, "revision"),
				 host_text(run, "kernel"), host_text(run, "qemu"), branch, guests);
	id = sqlite3_last_insert_rowid(history->db);
	for (size_t i = 0; !err && i < run->count; i++)
		err = import_case(history, run, i, id, diag);
	return err;
}

int pn_history_import(struct pn_history *history, const struct pn_rundir *run, const char *branch, struct pn_diag *diag)
{
	g_autofree char *class = pn_class_of(run->host);
	int err;

	if (!class)
		return pn_diag_set(diag, -EINVAL,
				   "%s: host.json does not say accelerator, CPU model and CPUs: figures of an unknown machine", run->dir);
	err = history_exec(history, "BEGIN IMMEDIATE", diag);
	if (err)
		return err;
	err = import_run(history, run, class, branch ? branch : host_text(run, "branch"), diag);
	if (!err)
		err = history_exec(history, "COMMIT", diag);
	if (err)
		history_exec(history, "ROLLBACK", NULL);
	return err;
}

int pn_history_forget(struct pn_history *history, unsigned int keep, struct pn_diag *diag)
{
	int err = history_do(history, diag,
			     "DELETE FROM run WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER"
			     " (PARTITION BY class, branch ORDER BY start_s DESC, id DESC) AS place FROM run) WHERE place > ?)",
			     "i", (int64_t)keep);

	return err ? err : sqlite3_changes(history->db);
}
