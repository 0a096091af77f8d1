// SPDX-License-Identifier: GPL-2.0-only
/* From the files of a case to its outcome: everything is read back from the directory, so that the same can be judged again later. */
#include "outcome.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../observe/observe.h"
#include "../observe/protocol.h"
#include "../scenario/scenario.h"

static int write_json(const char *dir, const char *name, const json_t *value, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	int err = pn_fs_write(path, text, strlen(text), diag);

	free(text);
	return err;
}

/* a file that was never begun is an empty one: the oracles know what to make of that */
static int read_lines(const char *dir, const char *name, json_t **ret_lines, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int err = pn_journal_read(path, ret_lines, diag);

	if (err != -ENOENT)
		return err;
	*ret_lines = json_array();
	return 0;
}

/* pages keep a value where the guest's kernel was told to see to it; no image of ours does so unasked */
static bool pages_retain(const struct pn_scenario *scenario)
{
	const char *args = scenario->guest.kernel_args;

	return args && (strstr(args, "init_on_free=1") || strstr(args, "page_poison=1"));
}

static int read_protocol(const struct pn_outcome *outcome, struct pn_record *record, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(outcome->case_dir, PN_GUEST_RINGS, NULL);
	struct pn_protocol_context context = {
		.driver = outcome->scenario->driver.name,
		.pages_retain = pages_retain(outcome->scenario),
	};
	int err = pn_protocol_read(path, &context, &record->protocol, diag);

	return err == -ENOENT ? 0 : err;
}

static int read_record(const struct pn_outcome *outcome, struct pn_record *record, struct pn_diag *diag)
{
	int err;

	*record = (struct pn_record){.scenario = outcome->scenario, .loads = outcome->loads, .host = outcome->host};
	err = read_lines(outcome->case_dir, "journal.jsonl", &record->journal, diag);
	if (!err)
		err = read_lines(outcome->case_dir, "samples.jsonl", &record->samples, diag);
	if (!err)
		err = read_lines(outcome->case_dir, "kmsg.jsonl", &record->kmsg, diag);
	if (!err)
		err = read_protocol(outcome, record, diag);
	return err;
}

static unsigned int count_events(const json_t *journal)
{
	unsigned int count = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach (journal, i, entry)
		count += !g_strcmp0(json_string_value(json_object_get(entry, "ev")), "event");
	return count;
}

static char *first_reason(const json_t *findings, const char *verdict)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (findings, i, finding)
		if (!g_strcmp0(json_string_value(json_object_get(finding, "verdict")), verdict))
			return g_strdup_printf("%s: %s", json_string_value(json_object_get(finding, "oracle")),
					       json_string_value(json_object_get(finding, "reason")));
	return g_strdup("");
}

static json_t *judge(const struct pn_outcome *outcome, const struct pn_record *record)
{
	g_autofree char *reason = NULL, *valid = g_utf8_make_valid(outcome->reason, -1);
	json_t *findings = NULL, *metrics = NULL, *result;
	enum pn_verdict verdict = pn_oracle_judge_all(record, &findings);

	if (pn_metrics_compute(record, &metrics, NULL))
		metrics = json_object();
	if (outcome->err)
		json_array_insert_new(findings, 0, json_pack("{s:s, s:s, s:s}", "oracle", "case", "verdict", "BROK", "reason", valid));
	/* what broke comes first: the oracles then only say that they had too little to judge by. A FAIL stays one. */
	if (outcome->interrupted) {
		verdict = PN_BROK;
		reason = g_strdup("interrupted by the user");
	} else if (outcome->err && verdict != PN_FAIL) {
		verdict = PN_BROK;
		reason = g_strdup(valid);
	} else {
		reason = verdict == PN_PASS ? g_strdup("") : first_reason(findings, pn_verdict_names[verdict]);
	}
	result = json_pack("{s:s, s:s, s:o, s:o, s:f, s:f, s:i}", "verdict", pn_verdict_names[verdict], "reason", reason, "findings", findings,
			   "metrics", metrics, "start_s", outcome->start_s, "duration_s", (double)outcome->duration_ns / PN_NS_PER_S, "events",
			   (int)count_events(record->journal));
	if (outcome->interrupted)
		json_object_set_new(result, "interrupted", json_true());
	return result;
}

int pn_outcome_write(const struct pn_outcome *outcome, struct pn_diag *diag)
{
	struct pn_record record = {0};
	int err = write_json(outcome->case_dir, "loads.json", outcome->loads, diag);

	if (!err)
		err = read_record(outcome, &record, diag);
	if (!err && record.protocol)
		err = write_json(outcome->case_dir, "protocol.json", record.protocol, diag);
	if (!err) {
		json_t *result = judge(outcome, &record);

		err = write_json(outcome->case_dir, "outcome.json", result, diag);
		json_decref(result);
	}
	json_decref(record.journal);
	json_decref(record.samples);
	json_decref(record.kmsg);
	json_decref(record.protocol);
	return err;
}
