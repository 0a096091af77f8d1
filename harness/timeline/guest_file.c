// SPDX-License-Identifier: GPL-2.0-only
#include "guest_file.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "timeline.h"

#define ANSWER_NS (30 * PN_NS_PER_S)
#define SLACK_NS (5 * PN_NS_PER_S) /* for the agent to say that the guest has not answered */

int pn_guest_file_read(const struct pn_timeline *timeline, const char *path, char **ret_text, struct pn_diag *diag)
{
	json_t *reply;
	int r = pn_guest_agent(timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", path), ANSWER_NS, &reply, diag);

	if (r < 0)
		return r;
	*ret_text = g_strdup(json_string_value(json_object_get(reply, "text")) ?: "");
	json_decref(reply);
	return 0;
}

int pn_guest_file_write(const struct pn_timeline *timeline, const char *path, const char *text, uint64_t timeout_ns, struct pn_diag *diag)
{
	uint64_t patience_ns = timeout_ns ? timeout_ns : ANSWER_NS;
	json_t *request = json_pack("{s:s, s:s, s:s, s:I}", "op", "write", "path", path, "text", text, "timeout_ms",
				    (json_int_t)(patience_ns / PN_NS_PER_MS));

	return pn_guest_agent(timeline->guest, request, patience_ns + SLACK_NS, NULL, diag);
}

int pn_guest_vmstat(const struct pn_timeline *timeline, const char *prefix, uint64_t *ret_count, struct pn_diag *diag)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	bool found = false;
	int r = pn_guest_file_read(timeline, "/proc/vmstat", &text, diag);

	if (r < 0)
		return r;
	*ret_count = 0;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *value = g_str_has_prefix(*line, prefix) ? strchr(*line, ' ') : NULL;

		if (value)
			*ret_count += g_ascii_strtoull(value, NULL, 10);
		found |= value != NULL;
	}
	return found ? 0 : pn_diag_set(diag, -ENOTSUP, "this kernel counts no '%s' in /proc/vmstat", prefix);
}
