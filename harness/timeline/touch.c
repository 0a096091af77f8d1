// SPDX-License-Identifier: GPL-2.0-only
/* The guest writes its free memory: what the host has behind it afterwards is what the balloon's oracles and metrics start from. */
#include "timeline.h"

#include <jansson.h>

#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"

#define TOUCH_TIMEOUT_NS (60 * PN_NS_PER_S)
#define AGENT_TIMEOUT_NS (10 * PN_NS_PER_S)

int pn_timeline_touch(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	json_t *reply = NULL;
	int r;

	r = pn_guest_agent(timeline->guest, json_pack("{s:s, s:I}", "op", "touch_free", "timeout_ms", (json_int_t)(TOUCH_TIMEOUT_NS / PN_NS_PER_MS)),
			   TOUCH_TIMEOUT_NS + AGENT_TIMEOUT_NS, &reply, diag);
	if (r < 0)
		return r;
	r = pn_journal_add(timeline->journal, "touched", json_pack("{s:O}", "bytes", json_object_get(reply, "touched_bytes")));
	json_decref(reply);
	if (r < 0)
		return pn_diag_set(diag, r, "journal: a touch of the guest's free memory could not be recorded");
	if (timeline->on_touched)
		timeline->on_touched(timeline->data);
	return 0;
}
