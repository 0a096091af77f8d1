// SPDX-License-Identifier: GPL-2.0-only
/* Nothing of ours left behind. The runner has looked at what the case owned (base/owned.h) after it was released. */

#include "oracle.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX 3

void pn_judge_host(const struct pn_record *record, struct pn_finding *finding)
{
	char list[256] = "";
	size_t i, left;
	const json_t *thing;

	if (!json_is_array(record->host)) {
		pn_finding_set(finding, PN_BROK, "nobody looked at what the case left on the host");
		return;
	}
	left = json_array_size(record->host);
	json_array_foreach(record->host, i, thing) {
		const json_t *what = json_object_get(thing, "what");
		char *text = json_is_string(what) ? strdup(json_string_value(what)) : json_dumps(what, JSON_COMPACT | JSON_ENCODE_ANY);
		size_t used = strlen(list);

		if (i < NAMED_MAX)
			g_snprintf(list + used, sizeof(list) - used, "%s%s %s", i ? "; " : "", pn_text(thing, "kind"), text ? text : "?");
		free(text);
	}
	if (left)
		pn_finding_set(finding, PN_FAIL, "%zu left behind on the host: %s%s", left, list, left > NAMED_MAX ? "; ..." : "");
	else
		pn_finding_set(finding, PN_PASS, "nothing left behind");
}
