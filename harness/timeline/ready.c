// SPDX-License-Identifier: GPL-2.0-only
/*
 * What loads say of themselves: READY when their warm-up begins, MARK when it is over, or that they have ended. The listener is there
 * before the load is started or told, so nothing can be missed; nothing here sleeps and hopes.
 */
#include "ready.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/load.h"
#include "exact.h"
#include "loads.h"
#include "timeline.h"

#define POLL_MIN_NS (20 * PN_NS_PER_MS)
#define POLL_MAX_NS (500 * PN_NS_PER_MS)
#define MARK_TIMEOUT_NS (30 * PN_NS_PER_S) /* a guest that swaps may take long to hear a signal */

struct pn_ready {
	const struct pn_timeline *timeline;
	char *id;
	enum pn_load_ready how;
	uint64_t cpu_ns;
	uint64_t timeout_ns;
	GMutex lock; /* all below: filled on the connection's thread */
	GCond heard;
	bool ready;
	bool marked;
	bool ended;
};

static void on_event(const json_t *event, uint64_t host_ns, void *data)
{
	struct pn_ready *ready = data;
	const char *ev = json_string_value(json_object_get(event, "ev"));
	const char *id = json_string_value(json_object_get(event, "id"));

	if (!ev || !id || strcmp(id, ready->id) != 0)
		return;
	g_mutex_lock(&ready->lock);
	if (strcmp(ev, "load.mark") == 0)
		ready->marked = true;
	else if (strcmp(ev, "load.ready") == 0)
		ready->ready = true;
	else if (strcmp(ev, "load.exit") == 0)
		ready->ended = true;
	g_cond_signal(&ready->heard);
	g_mutex_unlock(&ready->lock);
}

static int listener_new(const struct pn_timeline *timeline, const char *id, struct pn_ready **ret_ready, struct pn_diag *diag)
{
	struct pn_ready *ready = g_new0(struct pn_ready, 1);
	int r;

	ready->timeline = timeline;
	ready->id = g_strdup(id);
	g_mutex_init(&ready->lock);
	g_cond_init(&ready->heard);
	r = pn_guest_subscribe(timeline->guest, on_event, ready);
	if (r < 0) {
		ready->timeline = NULL;
		pn_ready_free(ready);
		return pn_diag_set(diag, r, "load '%s': can't listen for its events", id);
	}
	*ret_ready = ready;
	return 0;
}

int pn_ready_new(const struct pn_timeline *timeline, const struct pn_load *load, struct pn_ready **ret_ready, struct pn_diag *diag)
{
	struct pn_ready *ready;
	int r;

	r = listener_new(timeline, load->name, &ready, diag);
	if (r < 0)
		return r;
	ready->how = load->ready;
	ready->cpu_ns = load->ready_cpu_ns;
	ready->timeout_ns = load->ready_timeout_ns;
	*ret_ready = ready;
	return 0;
}

void pn_ready_free(struct pn_ready *ready)
{
	if (!ready)
		return;
	if (ready->timeline)
		pn_guest_unsubscribe(ready->timeline->guest, on_event, ready);
	g_cond_clear(&ready->heard);
	g_mutex_clear(&ready->lock);
	g_free(ready->id);
	g_free(ready);
}

/* Return: 1 when @flag is set, 0, -EREMOTEIO when the load has ended, -EINTR. Waits for news for @gap_ns of the host's time. */
static int listen_for(struct pn_ready *ready, const bool *flag, uint64_t gap_ns)
{
	const int *stop = ready->timeline->stop;
	int r = 0;

	g_mutex_lock(&ready->lock);
	if (gap_ns && !*flag && !ready->ended)
		g_cond_wait_until(&ready->heard, &ready->lock, g_get_monotonic_time() + (gint64)(gap_ns / PN_NS_PER_US));
	if (*flag)
		r = 1;
	else if (ready->ended)
		r = -EREMOTEIO;
	else if (stop && __atomic_load_n(stop, __ATOMIC_RELAXED))
		r = -EINTR;
	g_mutex_unlock(&ready->lock);
	return r;
}

/* One wait for news; adds to @waited_ns what passed of the time that counts: the host's, or in exact mode the guest's, which is let pass here. */
static int hear(struct pn_ready *ready, const bool *flag, uint64_t gap_ns, uint64_t *waited_ns, struct pn_diag *diag)
{
	uint64_t began_ns = pn_clock_now_ns();
	int r;

	if (!pn_guest_machine(ready->timeline->guest)->exact) {
		r = listen_for(ready, flag, gap_ns);
		*waited_ns += pn_clock_now_ns() - began_ns;
		return r;
	}
	r = listen_for(ready, flag, 0);
	if (r != 0)
		return r;
	*waited_ns += gap_ns;
	r = pn_exact_run(ready->timeline->guest, gap_ns, diag);
	return r < 0 ? r : listen_for(ready, flag, 0);
}

/* Its CPU time, when that is how it shows. Return: 1 when it is enough, 0, -EREMOTEIO when it does not run, or another negative errno. */
static int look(struct pn_ready *ready, struct pn_diag *diag)
{
	bool running = false;
	uint64_t cpu_ns = 0;
	int r;

	if (ready->how != PN_READY_CPU)
		return 0;
	r = pn_load_state(ready->timeline, ready->id, &running, NULL, &cpu_ns, diag);
	if (r < 0)
		return r;
	return cpu_ns >= ready->cpu_ns ? 1 : running ? 0 : -EREMOTEIO;
}

int pn_ready_wait(struct pn_ready *ready, struct pn_diag *diag)
{
	uint64_t waited_ns = 0, gap_ns = POLL_MIN_NS;
	char timeout[16];
	int r = 0;

	for (;;) {
		/* A READY line counts for a load that is judged by CPU time too: it knows better. */
		r = hear(ready, &ready->ready, gap_ns, &waited_ns, diag);
		if (r == 0)
			r = look(ready, diag);
		if (r != 0 || waited_ns >= ready->timeout_ns)
			break;
		gap_ns = MIN(gap_ns * 3 / 2, POLL_MAX_NS);
	}
	switch (r) {
	case 1:
		return 0;
	case 0:
		return pn_diag_set(diag, -ETIMEDOUT, "load '%s': not ready within %s", ready->id,
				   pn_duration_format(ready->timeout_ns, timeout, sizeof(timeout)));
	case -EREMOTEIO:
		return pn_diag_set(diag, r, "load '%s': ended before it was ready", ready->id);
	case -EINTR:
		return pn_diag_set(diag, r, "interrupted while load '%s' was getting ready", ready->id);
	default:
		return r;
	}
}

/** struct edge - where what is measured begins or ends, as a native load is told it */
struct edge {
	int signal;
	const char *state; /* in the journal */
	const char *what;  /* for a person */
};

/* The load `mix` alone knows it: it uses all of its memory, and answers when it has. */
static const struct edge walk = {SIGHUP, "walked", "to use all of its memory"};

static const struct edge begin = {SIGUSR1, "marked", "the end of its warm-up"}, end = {SIGUSR2, "measured", "the end of what is measured"};

/* All are answered with MARK. */
static int mark(const struct pn_timeline *timeline, const char *id, const struct edge *edge, uint64_t timeout_ns, struct pn_diag *diag)
{
	uint64_t waited_ns = 0, gap_ns = pn_guest_machine(timeline->guest)->exact ? POLL_MIN_NS : POLL_MAX_NS;
	struct pn_ready *ready;
	int r;

	r = listener_new(timeline, id, &ready, diag);
	if (r < 0)
		return r;
	r = pn_guest_agent(timeline->guest, json_pack("{s:s,s:s,s:i,s:b}", "op", "load.signal", "id", id, "signal", edge->signal, "leader", 1), 0, NULL, diag);
	while (r == 0) {
		r = hear(ready, &ready->marked, gap_ns, &waited_ns, diag);
		if (r == 0 && waited_ns >= timeout_ns)
			r = pn_diag_set(diag, -ETIMEDOUT, "load '%s': was told %s and did not hear", id, edge->what);
		else if (r == -EREMOTEIO)
			pn_diag_set(diag, r, "load '%s': ended before %s", id, edge->what);
		else if (r == -EINTR)
			pn_diag_set(diag, r, "interrupted before load '%s' heard of %s", id, edge->what);
	}
	pn_ready_free(ready);
	if (r < 0)
		return r;
	pn_journal_add(timeline->journal, "load", json_pack("{s:s,s:s}", "load", id, "state", edge->state));
	return 0;
}

static int mark_all(const struct pn_timeline *timeline, const struct edge *edge, struct pn_diag *diag)
{
	g_auto(GStrv) names = NULL;
	int r;

	r = pn_loads_running(timeline, &names, diag);
	for (char **name = names; r == 0 && *name; name++) {
		struct pn_load *load;

		r = pn_load_read(timeline->workloads_dir, *name, &load, diag);
		if (r < 0)
			break;
		if (load->kind == PN_LOAD_NATIVE)
			r = mark(timeline, *name, edge, MARK_TIMEOUT_NS, diag);
		pn_load_free(load);
	}
	return r;
}

int pn_load_walk(const struct pn_timeline *timeline, const char *id, uint64_t timeout_ns, struct pn_diag *diag)
{
	return mark(timeline, id, &walk, timeout_ns, diag);
}

int pn_loads_mark(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	return mark_all(timeline, &begin, diag);
}

int pn_loads_end(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	return mark_all(timeline, &end, diag);
}
