// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a fault, on a thread of its own: wait for the moment, arm, see it fire, let it last, disarm.
 *
 * Invariant: what was armed, or half armed, is disarmed before the thread ends, on every way out; and a fault that did not fire is an error
 * of the timeline unless the timeline had to end early. The journal has each step.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"

#define POLL_MIN_NS (20 * PN_NS_PER_MS)
#define POLL_MAX_NS (250 * PN_NS_PER_MS)
#define FATAL_NS (5 * PN_NS_PER_S) /* from the blow to the news that the guest has gone */

static const struct pn_fault_ops *const table[] = {
	&pn_fault_oom,	  &pn_fault_vcpu_pause, &pn_fault_qemu_stop, &pn_fault_qemu_kill,
	&pn_fault_unbind, &pn_fault_unload,	&pn_fault_reset,     &pn_fault_agent_wedge,
	&pn_fault_panic,  &pn_fault_migration,	&pn_fault_migrate_cancel, &pn_fault_unplug,
	&pn_fault_save_restore, &pn_fault_migrate,	&pn_fault_throttle,  &pn_fault_host_pressure,
	&pn_fault_host_oom, &pn_fault_main_loop_stop, &pn_fault_iothread_stop, &pn_fault_discard_fail,
	&pn_fault_discard_slow, &pn_fault_compaction, &pn_fault_offline,    &pn_fault_thp,
	&pn_fault_suspend, &pn_fault_hibernate, &pn_fault_flap,	&pn_fault_swap_fail, &pn_fault_swap_slow,
	&pn_fault_swap_hang, &pn_fault_swap_full, &pn_fault_alloc_fail, &pn_fault_alloc_nth, &pn_fault_interrupts, &pn_fault_used_ring,
	&pn_fault_config_space, &pn_fault_driver_output, &pn_fault_memory_plug, &pn_fault_postcopy,
};

const struct pn_fault_ops *pn_fault_ops_find(const char *name)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(table); i++)
		if (strcmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}

static void journal(struct pn_fault_run *run, const char *state, const char *reason)
{
	json_t *fields = json_pack("{s:s,s:i,s:s}", "name", run->info->name, "event", (int)run->event, "state", state);

	if (strcmp(state, "fired") == 0)
		json_object_set(fields, "evidence", run->evidence);
	if (reason)
		json_object_set_new(fields, "reason", json_string(reason));
	pn_journal_add(run->conductor->timeline->journal, "fault", fields);
}

/* The timeline ends early (failure, interrupt): a fault that has not fired yet is nobody's fault. */
static bool cut_short(struct pn_fault_run *run)
{
	return pn_conductor_check(run->conductor, NULL) < 0;
}

static int missed(struct pn_fault_run *run, const char *why, struct pn_diag *diag)
{
	if (cut_short(run)) {
		journal(run, "missed", "the timeline ended early");
		return 0;
	}
	journal(run, "missed", why);
	if (run->conductor->timeline->scenario->events[run->event].may_miss)
		return 0;
	return pn_diag_set(diag, -ENODATA, "fault '%s' (timeline event %u) never fired: %s", run->info->name, run->event, why);
}

static bool is_ending(struct pn_fault_run *run)
{
	bool ending;

	g_mutex_lock(&run->conductor->lock);
	ending = run->conductor->ending;
	g_mutex_unlock(&run->conductor->lock);
	return ending;
}

/*
 * How long it may take to show itself: a slow machine takes its time to run out of memory. One that kills the guest may be what has ended the timeline: whoever
 * speaks to QEMU can hear of its end before it is known that it has gone.
 */
static bool may_still_fire(struct pn_fault_run *run, uint64_t armed_ns)
{
	uint64_t patience_ns = MAX(run->for_ns, run->conductor->timeline->scenario->settle_timeout_ns);

	if (cut_short(run))
		patience_ns = run->info->span == PN_FAULT_FATAL ? FATAL_NS : 0;
	return pn_clock_now_ns() - armed_ns < patience_ns;
}

/* Return: 1 fired, 0 not, or a negative errno. */
static int watch_fire(struct pn_fault_run *run, uint64_t armed_ns, struct pn_diag *diag)
{
	uint64_t gap_ns = POLL_MIN_NS;
	int r;

	if (!run->ops->fired)
		return 1;
	for (;;) {
		r = run->ops->fired(run, diag);
		if (r != 0)
			return r;
		/* What ended the timeline may be what it was to do. */
		if (!may_still_fire(run, armed_ns))
			return run->ops->fired(run, diag);
		if (pn_conductor_wait(run->conductor, pn_clock_now_ns() + gap_ns, NULL) < 0)
			pn_clock_sleep_until(pn_clock_now_ns() + gap_ns);
		gap_ns = MIN(gap_ns * 3 / 2, POLL_MAX_NS);
	}
}

static void tell(struct pn_fault_run *run, bool lasting)
{
	g_mutex_lock(&run->conductor->lock);
	run->told = true;
	run->lasting = lasting;
	g_mutex_unlock(&run->conductor->lock);
}

static bool is_told(struct pn_fault_run *run)
{
	bool told;

	g_mutex_lock(&run->conductor->lock);
	told = run->told;
	g_mutex_unlock(&run->conductor->lock);
	return told;
}

/* Let it last: its time from now on, or to the end of the timeline. Whatever ends the timeline early ends this too. */
static void last(struct pn_fault_run *run)
{
	if (run->info->span != PN_FAULT_LASTS)
		return;
	if (run->for_ns > 0) {
		pn_conductor_wait(run->conductor, pn_clock_now_ns() + run->for_ns, NULL);
		return;
	}
	while (!is_ending(run) && pn_conductor_wait(run->conductor, pn_clock_now_ns() + POLL_MIN_NS, NULL) == 0)
		;
}

/*
 * A guest may go, boot again or move while it is asked to undo something. One that has gone has nothing left to undo; the others begin their conversation
 * anew, and are asked again: what a boot has ended they don't know any more, what has moved along they have still.
 */
static int undo(struct pn_fault_run *run, struct pn_diag *diag)
{
	int r = run->ops->disarm ? run->ops->disarm(run, diag) : 0;

	if (r == -ECONNRESET)
		r = run->ops->disarm(run, diag);
	return r == -ENOTCONN && pn_guest_state(run->conductor->timeline->guest) == PN_GUEST_GONE ? 0 : r;
}

static int disarm(struct pn_fault_run *run, bool armed, struct pn_diag *diag)
{
	int r = undo(run, diag);

	if (r < 0) {
		g_autofree char *words = g_strdup(diag->text);

		journal(run, "stuck", words);
		return pn_diag_set(diag, r, "fault '%s' (timeline event %u) could not be disarmed: %s", run->info->name, run->event, words);
	}
	if (armed)
		journal(run, "disarmed", NULL);
	return 0;
}

/* From the blow to its evidence. Return: 1 fired, 0 missed with @ret_why, or a negative errno. */
static int strike(struct pn_fault_run *run, uint64_t *ret_armed_ns, const char **ret_why, struct pn_diag *diag)
{
	const unsigned int flags = run->ops->flags;
	uint64_t sent_ns = pn_clock_now_ns();
	int r;

	/* From here on it may strike at any moment: readers of the journal take the guest for held until it is disarmed. */
	journal(run, "armed", NULL);
	r = run->ops->arm(run, diag);
	*ret_armed_ns = pn_clock_now_ns();
	*ret_why = "the guest refused it";
	if (r == -EBUSY && run->conductor->timeline->scenario->events[run->event].may_miss)
		return 0;
	if (r < 0) {
		g_autofree char *words = g_strdup(diag->text);

		pn_diag_set(diag, r, "fault '%s' (timeline event %u) could not be armed: %s", run->info->name, run->event, words);
		journal(run, "missed", diag->text);
		return r;
	}
	if (run->info->moving)
		tell(run, false); /* it fires by what the timeline does next */
	r = pn_strike_held(&run->strike, run->conductor, sent_ns, !(flags & (PN_FAULT_DEAF | PN_FAULT_OWN_ACTUAL)), run->evidence, diag);
	*ret_why = "the balloon was no longer moving when it struck";
	if (r > 0) {
		r = watch_fire(run, *ret_armed_ns, diag);
		*ret_why = "nothing showed that it had any effect in the time it had";
	}
	return r;
}

static int live(struct pn_fault_run *run, struct pn_diag *diag)
{
	const bool holds = run->ops->flags & PN_FAULT_HOLDS, endless = run->info->span == PN_FAULT_LASTS && run->for_ns == 0;
	struct pn_diag words = {0};
	uint64_t armed_ns = 0;
	const char *why = "";
	int r, undone;

	if (run->ops->prepare) {
		r = run->ops->prepare(run, diag);
		if (r < 0)
			return r;
	}
	r = pn_strike_wait(&run->strike, run->conductor, run->evidence, diag);
	if (r < 0 && cut_short(run))
		r = 0;
	if (r <= 0)
		return r < 0 ? r : missed(run, "its moment never came: the balloon was not seen moving as asked", diag);
	if (holds)
		pn_conductor_hold(run->conductor, endless);
	r = strike(run, &armed_ns, &why, diag);
	if (r > 0) {
		journal(run, "fired", NULL);
		if (run->info->span == PN_FAULT_FATAL && json_is_true(json_object_get(run->args, "planned")))
			pn_conductor_end_by(run->conductor, run->info->name);
		tell(run, true);
		last(run);
		tell(run, false);
	}
	undone = disarm(run, armed_ns > 0, &words);
	if (holds)
		pn_conductor_release(run->conductor, endless);
	else
		pn_conductor_disturb(run->conductor);
	if (r < 0)
		return r;
	if (undone < 0)
		return pn_diag_set(diag, undone, "%s", words.text);
	return r > 0 ? 0 : missed(run, why, diag);
}

static gpointer thread(gpointer data)
{
	struct pn_fault_run *run = data;
	struct pn_diag diag = {0};
	int r = live(run, &diag);

	if (r < 0)
		pn_conductor_fail(run->conductor, r, &diag);
	tell(run, false);
	return NULL;
}

static void run_free(struct pn_fault_run *run)
{
	json_decref(run->args);
	json_decref(run->evidence);
	g_free(run->data);
	g_free(run);
}

/* Agent's round trip: how much later than sent a fault armed through it strikes. */
static int measure_delay(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct pn_guest_clock clock;
	int r;

	if (!(run->ops->flags & PN_FAULT_BY_AGENT))
		return 0;
	r = pn_guest_clock(run->conductor->timeline->guest, 3, &clock, diag);
	if (r == 0)
		run->strike.delay_ns = 4 * clock.error_ns; /* twice the best round trip */
	return r;
}

int pn_faults_ahead(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	int r = 0;

	for (unsigned int i = 0; i < timeline->scenario->event_count && r == 0; i++) {
		const struct pn_event *event = &timeline->scenario->events[i];
		const struct pn_fault_ops *ops = event->action == PN_DO_FAULT ? pn_fault_ops_find(event->name) : NULL;

		if (ops && ops->ahead)
			r = ops->ahead(timeline->guest, diag);
	}
	return r;
}

int pn_faults_start(struct pn_conductor *conductor, unsigned int event, struct pn_diag *diag)
{
	const struct pn_event *declared = &conductor->timeline->scenario->events[event];
	const struct pn_fault_info *info = pn_fault_find(declared->name);
	const struct pn_fault_ops *ops = info ? pn_fault_ops_find(info->name) : NULL;
	struct pn_fault_run *run;
	int r;

	if (!ops)
		return pn_diag_set(diag, -ENOSYS, "timeline event %u: fault '%s' has no mechanism", event, declared->name);
	run = g_new0(struct pn_fault_run, 1);
	*run = (struct pn_fault_run){.conductor = conductor, .info = info, .ops = ops, .event = event, .for_ns = declared->for_ns,
				     .args = json_loads(declared->fault_args ? declared->fault_args : "{}", 0, NULL), .evidence = json_object()};
	if (!run->args)
		r = pn_diag_set(diag, -EINVAL, "timeline event %u: arguments of fault '%s' are not a JSON object", event, info->name);
	else
		r = pn_strike_init(&run->strike, run->args, diag);
	if (r == 0)
		r = measure_delay(run, diag);
	if (r < 0) {
		run_free(run);
		return r;
	}
	g_mutex_lock(&conductor->lock);
	g_ptr_array_add(conductor->faults, run);
	g_mutex_unlock(&conductor->lock);
	run->thread = g_thread_new("fault", thread, run);
	if (declared->after == PN_AFTER_TIME || !pn_strike_at_once(&run->strike))
		return 0;
	while (r == 0 && !is_told(run))
		r = pn_conductor_wait(conductor, pn_clock_now_ns() + POLL_MIN_NS, diag);
	return r;
}

/* All lanes have ended, so no fault is added any more. */
void pn_faults_end(struct pn_conductor *conductor)
{
	g_mutex_lock(&conductor->lock);
	conductor->ending = true;
	g_cond_broadcast(&conductor->wake);
	g_mutex_unlock(&conductor->lock);
	for (guint i = 0; i < conductor->faults->len; i++) {
		struct pn_fault_run *run = g_ptr_array_index(conductor->faults, i);

		g_thread_join(run->thread);
		run_free(run);
	}
	g_ptr_array_set_size(conductor->faults, 0);
}
