// SPDX-License-Identifier: GPL-2.0-only
/* The checks one after the other, each with a QEMU of its own: what one has done to it can not excuse the next. */

#include "device.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "checks.h"

static json_t *row_of(const struct pn_device_check *check, const char *verdict, unsigned int broken, const char *first)
{
	static const char *const kinds[] = { "checked", "permission", "unseen" };
	unsigned int checked = check->kind == PN_DEVICE_CHECKED;
	json_t *row = json_pack("{s:s, s:i, s:s, s:b, s:s, s:{s:{s:s, s:i, s:i}}}", "side", "device", "rule", (int)check->rule, "kind",
				kinds[check->kind], "must", !g_strrstr(check->text, "SHOULD") && checked, "text", check->text, "results", "qemu",
				"verdict", verdict, "checked", (int)checked, "broken", (int)broken);

	if (check->why)
		json_object_set_new(row, "why", json_string(check->why));
	if (broken)
		json_object_set_new(json_object_get(json_object_get(row, "results"), "qemu"), "first", json_string(first));
	return row;
}

void pn_device_excuse(const struct pn_device_check *check, bool holds, const char *today, json_t *result)
{
	g_autofree char *first = NULL;

	if (holds)
		json_object_set_new(result, "surprise", json_true());
	if (strcmp(today, check->until) < 0) {
		json_object_set_new(result, "known", json_string(check->known));
		return;
	}
	json_object_set_new(result, "expired", json_string(check->until));
	if (holds)
		return;
	first = g_strdup_printf("known, and let stand until %s only: look again; %s", check->until, json_string_value(json_object_get(result, "first")));
	json_object_set_new(result, "first", json_string(first));
}

static int judge(const struct pn_device_check *check, const char *emulator, json_t *rows, struct pn_diag *diag)
{
	static const char *const verdicts[] = { [PN_DEVICE_PERMISSION] = "permitted", [PN_DEVICE_UNSEEN] = "not observable" };
	struct pn_device_words words = { "the device could not be set up" };
	struct pn_qtest *qtest = NULL;
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *today = g_date_time_format(now, "%Y-%m-%d");
	json_t *row;
	bool holds;
	int err;

	if (check->kind != PN_DEVICE_CHECKED) {
		json_array_append_new(rows, row_of(check, verdicts[check->kind], 0, ""));
		return 0;
	}
	err = pn_qtest_start(emulator, check->device, &qtest, diag);
	if (err)
		return err;
	holds = check->check(qtest, &words);
	/* a QEMU that died under a check of the specification has not kept it, whatever was read of it last */
	if (holds && !pn_qtest_alive(qtest)) {
		holds = false;
		g_strlcpy(words.text, "QEMU has died or does not answer", sizeof(words.text));
	}
	pn_qtest_stop(qtest);
	row = row_of(check, holds ? "PASS" : "FAIL", !holds, words.text);
	if (check->known)
		pn_device_excuse(check, holds, today, json_object_get(json_object_get(row, "results"), "qemu"));
	json_array_append_new(rows, row);
	return 0;
}

int pn_device_judge(const char *emulator, json_t **ret_result, struct pn_diag *diag)
{
	const struct pn_device_check *const tables[] = { pn_device_checks, pn_device_hostile, pn_device_bugs };
	json_t *rows = json_array();
	int err = 0;

	for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
		for (const struct pn_device_check *check = tables[t]; !err && check->text; check++)
			err = judge(check, emulator, rows, diag);
	}
	if (err)
		json_decref(rows);
	else
		*ret_result = json_pack("{s:i, s:o}", "schema", 1, "rows", rows);
	return err;
}
