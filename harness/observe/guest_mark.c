// SPDX-License-Identifier: GPL-2.0-only
/* A mark of the guest: one sample at this instant, with what is too dear to read at each beat. */
#include "guest_feed_private.h"

#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "procfs.h"

#define MARK_PATIENCE_NS (30 * PN_NS_PER_S) /* a debug kernel on a busy host answers in time one time in ten */
#define MARK_PAUSE_NS (50 * PN_NS_PER_MS)

/* The zones are dear to read, and only the ledger wants them. */
static const char *const mark_sets[] = {"mem", "zones", "vmstat", "psi", "balloon", "cpu", "touch", NULL};

/* What only marks look at: it needs a request of its own, and for all of it one, since the agent forks for each. */
static void ask_files(struct pn_feed *feed, json_t *into)
{
	static const struct {
		const char *path, *name;
	} wanted[] = {
	    {"/proc/sys/kernel/tainted", "guest.kernel.tainted"}, {"/proc/meminfo", "guest.mem.unaccounted"}, {"/proc/zoneinfo", "guest.mem.unaccounted"}};
	const char *texts[G_N_ELEMENTS(wanted)];
	struct pn_diag diag = {""};
	json_t *reply = NULL, *paths = json_array();
	uint64_t bytes;

	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
		json_array_append_new(paths, json_string(wanted[i].path));
	pn_guest_agent(feed->context->guest, json_pack("{s:s, s:o}", "op", "read", "paths", paths), AGENT_TIMEOUT_NS, &reply, &diag);
	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		const json_t *file = json_array_get(json_object_get(reply, "files"), i);
		const char *why = reply ? json_string_value(json_object_get(file, "error")) : diag.text;

		texts[i] = json_string_value(json_object_get(file, "text"));
		if (!texts[i])
			pn_probe_unsupported(feed->context, wanted[i].name, "can't read %s in the guest: %s", wanted[i].path, why ? why : "no text");
	}
	if (texts[0] && g_ascii_isdigit(*texts[0]))
		pn_probe_set(into, g_ascii_strtoull(texts[0], NULL, 10), "%s", wanted[0].name);
	if (texts[1] && texts[2] && pn_procfs_unaccounted(texts[1], texts[2], &bytes))
		pn_probe_set(into, bytes, "%s", wanted[1].name);
	json_decref(reply);
}

/*
 * One sample. The agent waits for the driver's counters only for a moment, so that a wedged driver costs it nothing; a busy guest may be
 * late with them, and a mark without them is worth nothing: it is asked again.
 */
static int ask_sample(struct pn_feed *feed, json_t **ret_reply)
{
	uint64_t deadline_ns = pn_clock_now_ns() + MARK_PATIENCE_NS;
	struct pn_diag diag = {""};
	json_t *reply = NULL;

	for (;;) {
		const char *why;
		int err;

		json_decref(reply);
		reply = NULL;
		err = pn_guest_agent(feed->context->guest, json_pack("{s:s, s:o}", "op", "sample", "sets", pn_feed_set_names(mark_sets)), AGENT_TIMEOUT_NS,
				     &reply, &diag);
		if (err) {
			pn_probe_unsupported(feed->context, "guest mark", "the agent did not answer: %s", diag.text);
			return err;
		}
		why = json_string_value(json_object_get(json_object_get(reply, "missing"), "driver.held_pages"));
		if (!why || !strstr(why, "do not answer") || pn_clock_now_ns() >= deadline_ns)
			break;
		pn_clock_sleep_until(pn_clock_now_ns() + MARK_PAUSE_NS);
	}
	*ret_reply = reply;
	return 0;
}

int pn_feed_ask(struct pn_feed *feed, json_t *into, uint64_t *ret_guest_ns)
{
	json_t *reply = NULL;
	uint64_t guest_ns, t_ns;
	int err = ask_sample(feed, &reply);

	if (err)
		return err;
	guest_ns = (uint64_t)json_integer_value(json_object_get(reply, "mono_ns"));
	/* in exact mode the guest's clock stands while the host works, and leaps while the guest idles: its values are of the instant of its answer */
	t_ns = pn_clock_now_ns();
	if (!pn_guest_machine(feed->context->guest)->exact) {
		g_mutex_lock(&feed->lock);
		t_ns = MIN((uint64_t)((int64_t)guest_ns + feed->clock.offset_ns), t_ns);
		g_mutex_unlock(&feed->lock);
	}
	pn_probe_set(into, t_ns, "guest_t_ns");
	pn_probe_set(into, guest_ns, "guest_ns");
	pn_feed_take_keys(feed, reply, into);
	json_decref(reply);
	ask_files(feed, into);
	if (ret_guest_ns)
		*ret_guest_ns = guest_ns;
	return 0;
}
