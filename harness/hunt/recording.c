// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings of exact runs: read from a case's record, compared in the order of time.
 *
 * Limit: what the guest did between two steps is known by its counts only. Figures of the host and its clock are left out: they differ in every run.
 */
#include "recording.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../base/fs.h"
#include "../base/journal.h"
#include "caselog.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* "phase inflate", "timeline end", "settled", "point held" */
static char *name_step(const json_t *entry)
{
	const char *name = text_of(entry, "name"), *state = text_of(entry, "state");

	return g_strconcat(text_of(entry, "ev"), *name || *state ? " " : "", name, state, NULL);
}

static json_t *list_steps(const char *dir)
{
	json_t *journal = pn_caselog_read(dir, "journal.jsonl"), *steps = json_array(), *entry, *insns;
	size_t i;

	json_array_foreach (journal, i, entry) {
		g_autofree char *at = name_step(entry);

		insns = json_object_get(entry, "insns");
		if (json_is_integer(insns)) /* a point has those of the whole guest only */
			json_array_append_new(steps, json_pack("{s:s,s:{s:O}}", "at", at, "insns", "all", insns));
		else if (json_is_object(insns))
			json_array_append_new(steps, json_pack("{s:s,s:O}", "at", at, "insns", insns));
	}
	json_decref(journal);
	return steps;
}

static json_t *list_marks(const char *dir)
{
	json_t *samples = pn_caselog_read(dir, "samples.jsonl"), *marks = json_array(), *sample, *value;
	const char *key;
	size_t i;

	json_array_foreach (samples, i, sample) {
		json_t *guest;

		if (!*text_of(sample, "mark"))
			continue;
		guest = json_object();
		json_object_foreach (sample, key, value) {
			if (g_str_has_prefix(key, "guest.") && json_is_integer(value))
				json_object_set(guest, key + strlen("guest."), value);
		}
		json_array_append_new(marks, json_pack("{s:s,s:o}", "at", text_of(sample, "mark"), "guest", guest));
	}
	json_decref(samples);
	return marks;
}

json_t *pn_recording_of(const char *case_dir)
{
	g_autofree char *console = g_build_filename(case_dir, "console.log", NULL);
	json_t *steps = list_steps(case_dir);
	char hex[65] = "";

	if (!json_array_size(steps)) {
		json_decref(steps);
		return NULL;
	}
	if (pn_fs_sha256(console, hex, NULL))
		hex[0] = 0;
	return json_pack("{s:o,s:o,s:s}", "steps", steps, "marks", list_marks(case_dir), "console", hex);
}

char *pn_recording_digest(const json_t *recording)
{
	char *text = json_dumps(recording, JSON_COMPACT | JSON_SORT_KEYS);
	char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	free(text);
	return hex;
}

static char *first_count(const char *at, const json_t *was, const json_t *is)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)was, key, value) {
		const json_t *now = json_object_get(is, key);

		if (!now)
			return g_strdup_printf("%s: %s: recorded, and missing now", at, key);
		if (!json_equal(value, now))
			return g_strdup_printf("%s: %s: %" JSON_INTEGER_FORMAT " recorded, %" JSON_INTEGER_FORMAT " now", at, key, json_integer_value(value),
					       json_integer_value(now));
	}
	json_object_foreach ((json_t *)is, key, value) {
		if (!json_object_get(was, key))
			return g_strdup_printf("%s: %s: not recorded, and there now", at, key);
	}
	return NULL;
}

static char *first_of(const json_t *recorded, const json_t *now, const char *list, const char *counts)
{
	const json_t *was = json_object_get(recorded, list), *is = json_object_get(now, list);
	size_t count = MIN(json_array_size(was), json_array_size(is));

	for (size_t i = 0; i < count; i++) {
		const json_t *a = json_array_get(was, i), *b = json_array_get(is, i);
		char *words;

		if (strcmp(text_of(a, "at"), text_of(b, "at")))
			return g_strdup_printf("%s recorded, %s now", text_of(a, "at"), text_of(b, "at"));
		words = first_count(text_of(a, "at"), json_object_get(a, counts), json_object_get(b, counts));
		if (words)
			return words;
	}
	if (json_array_size(was) != json_array_size(is))
		return g_strdup_printf("%zu %s recorded, %zu now", json_array_size(was), list, json_array_size(is));
	return NULL;
}

char *pn_recording_differs(const json_t *recorded, const json_t *now)
{
	char *words = first_of(recorded, now, "steps", "insns");

	if (!words)
		words = first_of(recorded, now, "marks", "guest");
	if (!words && strcmp(text_of(recorded, "console"), text_of(now, "console")))
		words = g_strdup_printf("console: %.12s recorded, %.12s now", text_of(recorded, "console"), text_of(now, "console"));
	return words;
}
