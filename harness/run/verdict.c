// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the end of a case's process to its verdict. Rule: nothing but an outcome that the case itself has written can be a PASS; every
 * other end is BROK and says what was seen.
 */
#include "verdict.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../base/journal.h"
#include "../base/units.h"
#include "pool.h"

static void set_verdict(json_t *verdict, const char *name, const char *reason)
{
	json_object_set_new(verdict, "verdict", json_string(name));
	json_object_set_new(verdict, "reason", json_string(reason));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_t *pn_verdict_broken(const char *reason)
{
	g_autofree char *valid = g_utf8_make_valid(reason, -1);

	return json_pack("{s:s, s:s, s:[], s:{}, s:i}", "verdict", "BROK", "reason", valid, "findings", "metrics", "events", 0);
}

/* what a case that said nothing more was doing */
static char *last_seen(const char *case_dir)
{
	g_autofree char *path = g_build_filename(case_dir, "journal.jsonl", NULL);
	json_t *records = NULL;
	const json_t *last;
	char *text;

	if (pn_journal_read(path, &records, NULL) || !json_array_size(records)) {
		json_decref(records);
		return g_strdup("before its first record");
	}
	last = json_array_get(records, json_array_size(records) - 1);
	if (*text_of(last, "verb"))
		text = g_strdup_printf("last record: %s %s", text_of(last, "ev"), text_of(last, "verb"));
	else if (*text_of(last, "name"))
		text = g_strdup_printf("last record: %s %s", text_of(last, "ev"), text_of(last, "name"));
	else
		text = g_strdup_printf("last record: %s", text_of(last, "ev"));
	json_decref(records);
	return text;
}

static char *describe_end(const char *case_dir, const struct pn_task_end *end)
{
	g_autofree char *seen = last_seen(case_dir);
	char took[16];

	switch (end->how) {
	case PN_TASK_RETURNED:
		if (end->diag.text[0])
			return g_strdup(end->diag.text);
		return g_strdup(end->err ? g_strerror(-end->err) : "the case's process ended without an outcome");
	case PN_TASK_EXITED:
		return g_strdup_printf("the case's process left with code %d and without an outcome (%s)", end->code, seen);
	case PN_TASK_CRASHED:
		return g_strdup_printf("the case's process crashed: %s (%s)", strsignal(end->code), seen);
	case PN_TASK_TIMED_OUT:
		return g_strdup_printf("timed out after %s and was killed (%s)", pn_duration_format(end->duration_ns, took, sizeof(took)),
				       seen);
	case PN_TASK_KILLED:
		break;
	}
	return g_strdup("killed by the user");
}

json_t *pn_verdict_of_end(const char *case_dir, const struct pn_task_end *end)
{
	g_autofree char *path = g_build_filename(case_dir, "outcome.json", NULL);
	g_autofree char *reason = describe_end(case_dir, end);
	json_t *verdict = NULL;

	if (end->how == PN_TASK_RETURNED && !end->err)
		verdict = json_load_file(path, 0, NULL);
	if (!json_is_object(verdict) || !*text_of(verdict, "verdict")) {
		json_decref(verdict);
		verdict = pn_verdict_broken(reason);
	}
	if (end->how == PN_TASK_KILLED)
		json_object_set_new(verdict, "interrupted", json_true());
	if (!json_object_get(verdict, "duration_s"))
		json_object_set_new(verdict, "duration_s", json_real((double)end->duration_ns / PN_NS_PER_S));
	return verdict;
}

static char *describe_leftovers(const json_t *leftovers)
{
	GString *text = g_string_new("left behind and removed: ");
	const json_t *thing;
	size_t i;

	json_array_foreach (leftovers, i, thing) {
		char *what = json_dumps(json_object_get(thing, "what"), JSON_COMPACT | JSON_ENCODE_ANY);

		g_string_append_printf(text, "%s%s %s", i ? ", " : "", text_of(thing, "kind"), what ? what : "");
		free(what);
	}
	return g_string_free(text, FALSE);
}

void pn_verdict_add_leftovers(json_t *verdict, const json_t *leftovers)
{
	g_autofree char *reason = NULL;
	json_t *findings;

	if (!json_array_size(leftovers))
		return;
	reason = describe_leftovers(leftovers);
	findings = json_object_get(verdict, "findings");
	if (!json_is_array(findings)) {
		findings = json_array();
		json_object_set_new(verdict, "findings", findings);
	}
	json_array_append_new(findings, json_pack("{s:s, s:s, s:s}", "oracle", "host", "verdict", "BROK", "reason", reason));
	if (!strcmp(text_of(verdict, "verdict"), "PASS")) {
		g_autofree char *full = g_strdup_printf("host: %s", reason);

		set_verdict(verdict, "BROK", full);
	}
}

/* @oracle: its name, or NAME:WORD with the word that its reason begins with */
static bool found_by(const json_t *verdict, const char *name, const char *oracle)
{
	g_auto(GStrv) parts = g_strsplit(oracle, ":", 2);
	const json_t *finding;
	size_t i;

	json_array_foreach (json_object_get(verdict, "findings"), i, finding)
		if (!strcmp(text_of(finding, "verdict"), name) && !strcmp(text_of(finding, "oracle"), parts[0]) &&
		    g_str_has_prefix(text_of(finding, "reason"), parts[1] ? parts[1] : ""))
			return true;
	return false;
}

static bool as_expected(const json_t *verdict, const char *expect)
{
	const char *name = text_of(verdict, "verdict");

	if (g_str_has_prefix(expect, "fail:"))
		return !strcmp(name, "FAIL") && found_by(verdict, "FAIL", expect + strlen("fail:"));
	if (g_str_has_prefix(expect, "brok:"))
		return !strcmp(name, "BROK") && (strstr(text_of(verdict, "reason"), expect + strlen("brok:")) ||
						  found_by(verdict, "BROK", expect + strlen("brok:")));
	return !strcmp(expect, "brok") && !strcmp(name, "BROK");
}

void pn_verdict_known(json_t *verdict, const char *reason, const char *expires, const char *today)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *date = today ? g_strdup(today) : g_date_time_format(now, "%Y-%m-%d"), *text = NULL;
	const char *raw = text_of(verdict, "raw_verdict"), *name = text_of(verdict, "verdict");

	if (!reason || !*raw || !strcmp(name, "BROK"))
		return;
	json_object_set_new(verdict, "known", json_pack("{s:s, s:s}", "reason", reason, "expires", expires));
	if (strcmp(date, expires) >= 0) {
		text = g_strdup_printf("known issue, let stand until %s only: look again (%s); it was %s", expires, reason, raw);
		set_verdict(verdict, "FAIL", text);
	} else if (!strcmp(name, "PASS")) {
		text = g_strdup_printf("known issue until %s: %s (%s)", expires, reason, text_of(verdict, "reason"));
		set_verdict(verdict, "PASS", text);
	} else if (!strcmp(raw, "PASS")) {
		text = g_strdup_printf("unexpected pass: the known issue is gone, or its scenario shows it no more (%s)", reason);
		set_verdict(verdict, "FAIL", text);
	}
}

void pn_verdict_expect(json_t *verdict, const char *expect)
{
	g_autofree char *reason = NULL;
	const char *name = text_of(verdict, "verdict");

	if (!expect || !strcmp(expect, "pass") || !strcmp(name, "SKIP") || json_is_true(json_object_get(verdict, "interrupted")))
		return;
	json_object_set(verdict, "raw_verdict", json_object_get(verdict, "verdict"));
	if (as_expected(verdict, expect)) {
		reason = g_strdup_printf("as expected, %s: %s", name, text_of(verdict, "reason"));
		set_verdict(verdict, "PASS", reason);
		return;
	}
	reason = g_strdup_printf("expected %s, but it was %s%s%s", expect, name, *text_of(verdict, "reason") ? ": " : "",
				 text_of(verdict, "reason"));
	set_verdict(verdict, strcmp(name, "BROK") || g_str_has_prefix(expect, "brok") ? "FAIL" : "BROK", reason);
}
