// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a technique: its mechanisms are entered, prepared, stepped until the host has what was asked for, given back, ended.
 *
 * The loop is closed: a step is told what is still missing of what the host really holds less, never what somebody claims. It is over when all is back, when
 * nothing has moved for a while, or when the time is up; which of these is part of the result. Invariant: on every way out the mechanisms' ends have run.
 */
#include "reclaim.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "../timeline/exact.h"
#include "mechanism.h"

#define ENOUGH 0.995		      /* of what was asked for: a page or two are always in motion */
#define REST_NS (3 * PN_NS_PER_S)     /* without movement for so long, steps left out: nothing more comes */
#define LAZY_REST_NS (6 * PN_NS_PER_S) /* of what works in periods (reporting every 2 s, ksmd by scans), or begins with what is not the guest's (swap) */
#define MOVE_BYTES (1 * PN_MIB)
#define POLL_US 20000
#define POINTS_MAX 400

static const struct pn_mechanism_ops *const mechanisms[] = {
    &pn_mechanism_zswap, &pn_mechanism_swap_v1, &pn_mechanism_swap_v2,	    &pn_mechanism_ksm,
    &pn_mechanism_vmem,	 &pn_mechanism_zram,	&pn_mechanism_guest_zswap, &pn_mechanism_reclaim,
};

static const struct pn_mechanism_ops *mechanism(const struct pn_reclaim *reclaim, size_t i)
{
	return reclaim->info->mechanisms & mechanisms[i]->mechanism ? mechanisms[i] : NULL;
}

static void journal(struct pn_reclaim *reclaim, json_t *fields)
{
	pn_journal_add(reclaim->journal, "reclaim", fields);
}

static int begin(void *data, uint64_t asked_bytes, struct pn_diag *diag)
{
	struct pn_reclaim *reclaim = data;

	reclaim->asked_bytes = asked_bytes;
	journal(reclaim, json_pack("{s:s, s:s, s:b, s:I}", "state", "begin", "technique", reclaim->info->name, "unaware", reclaim->scenario->unaware, "asked_bytes",
				   (json_int_t)asked_bytes));
	pn_reclaim_look(reclaim, "begin");
	if (reclaim->scenario->guest.exact) {
		int r = pn_meter_sample(&reclaim->meter, 0);

		return r < 0 ? pn_diag_set(diag, r, "technique '%s': what the guest holds of the host can't be read", reclaim->info->name) : 0;
	}
	pn_meter_start(&reclaim->meter);
	while (!pn_meter_latest(&reclaim->meter))
		g_usleep(1000);
	reclaim->began_ns = pn_clock_now_ns();
	return 0;
}

/* The clock of the curve: the host's, in exact mode the guest's own. */
static uint64_t clock_ns(const struct pn_reclaim *reclaim)
{
	return reclaim->scenario->guest.exact ? reclaim->guest_ns : pn_clock_now_ns();
}

/* Until the next look. A guest in exact mode stands but for this, so what it holds is looked at here. */
static int pass_time(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	uint64_t step_ns = pn_exact_step_ns(reclaim->guest_ns);
	int r;

	if (!reclaim->scenario->guest.exact) {
		g_usleep(POLL_US);
		return 0;
	}
	r = pn_exact_run(reclaim->guest, step_ns, diag);
	reclaim->guest_ns += step_ns;
	if (r == 0)
		pn_meter_sample(&reclaim->meter, reclaim->guest_ns);
	return r;
}

static uint64_t returned(struct pn_reclaim *reclaim, uint64_t before_bytes)
{
	uint64_t now_bytes = pn_meter_latest(&reclaim->meter);

	return before_bytes > now_bytes ? before_bytes - now_bytes : 0;
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * PN_NS_PER_S + (uint64_t)used.tv_nsec;
}

static int step_all(struct pn_reclaim *reclaim, uint64_t missing_bytes, struct pn_diag *diag)
{
	uint64_t cpu_ns = thread_cpu_ns();
	int r = 0;

	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(mechanisms); i++)
		if (mechanism(reclaim, i) && mechanisms[i]->step)
			r = mechanisms[i]->step(reclaim, missing_bytes, diag);
	reclaim->own_cpu_ns += thread_cpu_ns() - cpu_ns;
	return r;
}

/* The balloon has the first word where it has a part: the others make up for what it does not bring. */
static uint64_t for_others(const struct pn_reclaim *reclaim, uint64_t back_bytes)
{
	uint64_t missing_bytes = reclaim->asked_bytes - MIN(reclaim->asked_bytes, back_bytes);

	return MIN(missing_bytes, reclaim->asked_bytes / 100 * (100 - reclaim->info->balloon_percent));
}

static json_t *curve(struct pn_reclaim *reclaim, uint64_t before_bytes)
{
	const GArray *points = reclaim->meter.points;
	guint every = points->len / POINTS_MAX + 1;
	json_t *list = json_array();

	for (guint i = 0; i < points->len; i++) {
		const struct pn_point_held *point = &g_array_index(points, struct pn_point_held, i);

		/* the quick beginning is kept whole */
		if (point->t_ns >= reclaim->began_ns && (i % every == 0 || i < POINTS_MAX / 2 || i + 1 == points->len))
			json_array_append_new(list, json_pack("[I, I]", (json_int_t)(point->t_ns - reclaim->began_ns),
							      (json_int_t)before_bytes - (json_int_t)point->held_bytes));
	}
	return list;
}

/* Why less came back than was asked for, as far as it can be seen. */
static char *why_short(struct pn_reclaim *reclaim)
{
	struct pn_held held;

	if (reclaim->scenario->unaware && reclaim->info->mechanisms & PN_TECHNIQUE_GUEST)
		return g_strdup("nothing in the guest plays along");
	if (!reclaim->info->mechanisms)
		return g_strdup("nothing was done");
	if (pn_meter_read(&reclaim->meter, &held) == 0 && held.holes_bytes > reclaim->asked_bytes / 20)
		return g_strdup_printf("%" G_GUINT64_FORMAT " MiB are given back, but held by huge pages of which the rest is in use", (guint64)(held.holes_bytes / PN_MIB));
	if (reclaim->info->mechanisms & PN_MECHANISM_KSM)
		return g_strdup("there are no more pages that are alike");
	if (reclaim->info->mechanisms & PN_MECHANISM_ZSWAP && held.pool_bytes > reclaim->asked_bytes / 20)
		return g_strdup_printf("%" G_GUINT64_FORMAT " MiB are taken by the compressed copies", (guint64)(held.pool_bytes / PN_MIB));
	if (reclaim->info->mechanisms & PN_MECHANISM_VMEM)
		return pn_vmem_why(reclaim);
	if (reclaim->info->mechanisms & PN_MECHANISM_REPORTING)
		return g_strdup("the guest has no more free memory in blocks large enough to report");
	return NULL;
}

static void finish(struct pn_reclaim *reclaim, const char *outcome, uint64_t before_bytes, uint64_t back_bytes)
{
	json_t *fields;

	pn_meter_stop(&reclaim->meter);
	fields = json_pack("{s:s, s:s, s:I, s:I, s:o}", "state", "end", "outcome", outcome, "returned_bytes", (json_int_t)back_bytes, "own_cpu_ns",
			   (json_int_t)reclaim->own_cpu_ns, "points", curve(reclaim, before_bytes));
	if (strcmp(outcome, "all")) {
		g_autofree char *why = why_short(reclaim);

		if (why)
			json_object_set_new(fields, "why", json_string(why));
	}
	pn_reclaim_look(reclaim, "end-of-reclaim");
	journal(reclaim, fields);
}

static bool any_busy(struct pn_reclaim *reclaim)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++)
		if (mechanism(reclaim, i) && mechanisms[i]->busy && mechanisms[i]->busy(reclaim))
			return true;
	return false;
}

static int reclaim_all(void *data, uint64_t within_ns, struct pn_diag *diag)
{
	struct pn_reclaim *reclaim = data;
	const uint64_t before_bytes = g_array_index(reclaim->meter.points, struct pn_point_held, 0).held_bytes;
	const unsigned int lazy = PN_MECHANISM_REPORTING | PN_MECHANISM_KSM | PN_MECHANISM_VMEM | PN_MECHANISM_SWAP_V1 | PN_MECHANISM_SWAP_V2;
	const uint64_t rest_ns = reclaim->info->mechanisms & lazy ? LAZY_REST_NS : REST_NS;
	uint64_t moved_ns = reclaim->began_ns, best_bytes = 0, back_bytes = 0;
	const char *outcome = NULL;
	int r = 0;

	while (r >= 0 && !outcome) {
		uint64_t now_ns = clock_ns(reclaim);

		back_bytes = returned(reclaim, before_bytes);
		if (back_bytes >= best_bytes + MOVE_BYTES) {
			best_bytes = back_bytes;
			moved_ns = now_ns;
		}
		if ((double)back_bytes >= ENOUGH * (double)reclaim->asked_bytes)
			outcome = "all";
		else if (now_ns - moved_ns >= rest_ns && !any_busy(reclaim))
			outcome = "rest";
		else if (now_ns - reclaim->began_ns >= within_ns)
			outcome = "late";
		if (outcome)
			break;
		r = step_all(reclaim, for_others(reclaim, back_bytes), diag);
		moved_ns += clock_ns(reclaim) - now_ns; /* a step may block for seconds; only what follows it is a wait */
		if (pn_guest_state(reclaim->guest) == PN_GUEST_GONE)
			r = pn_diag_set(diag, -EHOSTDOWN, "the guest has gone while memory was taken from it");
		if (r >= 0)
			r = pass_time(reclaim, diag);
	}
	finish(reclaim, outcome ? outcome : "late", before_bytes, back_bytes);
	return r;
}

static int give_back(void *data, struct pn_diag *diag)
{
	struct pn_reclaim *reclaim = data;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(mechanisms); i++)
		if (mechanism(reclaim, i) && mechanisms[i]->give_back)
			r = mechanisms[i]->give_back(reclaim, diag);
	return r;
}

static void look(void *data, const char *when)
{
	pn_reclaim_look(data, when);
}

int pn_reclaim_new(const struct pn_scenario *scenario, struct pn_journal *journal_to, const char *case_dir, struct pn_reclaim **ret_reclaim, struct pn_diag *diag)
{
	const struct pn_technique_info *info = pn_technique_find(scenario->technique);
	struct pn_reclaim *reclaim;

	if (!info)
		return pn_diag_set(diag, -EINVAL, "technique '%s' is not known", scenario->technique ? scenario->technique : "");
	reclaim = g_new0(struct pn_reclaim, 1);
	*reclaim = (struct pn_reclaim){.info = info, .scenario = scenario, .journal = journal_to, .case_dir = case_dir};
	reclaim->technique = (struct pn_timeline_technique){
	    .balloon = info->mechanisms & PN_MECHANISM_BALLOON,
	    .late = info->mechanisms & PN_MECHANISM_REPORTING && !scenario->unaware,
	    .balloon_percent = info->balloon_percent,
	    .begin = begin,
	    .reclaim = reclaim_all,
	    .give_back = give_back,
	    .look = look,
	    .data = reclaim,
	};
	*ret_reclaim = reclaim;
	return 0;
}

int pn_reclaim_enter(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(mechanisms); i++)
		if (mechanism(reclaim, i) && mechanisms[i]->enter)
			r = mechanisms[i]->enter(reclaim, diag);
	if (r >= 0 && reclaim->cgroup.dir)
		r = pn_cgroup_enter(&reclaim->cgroup, reclaim->cgroup.v2 ? getpid() : (pid_t)syscall(SYS_gettid), true, diag);
	return MIN(r, 0);
}

int pn_reclaim_leave(struct pn_reclaim *reclaim, struct pn_guest *guest, struct pn_diag *diag)
{
	g_autofree char *path = NULL, *text = NULL, *name = NULL;
	int r;

	if (!reclaim->cgroup.dir)
		return 0;
	r = pn_cgroup_leave(&reclaim->cgroup, reclaim->cgroup.v2 ? getpid() : (pid_t)syscall(SYS_gettid), true, diag);
	if (r < 0 || !guest)
		return r;
	path = g_strdup_printf("/proc/%d/cgroup", (int)pn_guest_pid(guest));
	name = g_path_get_basename(reclaim->cgroup.dir);
	r = pn_fs_read(path, &text, NULL, diag);
	if (r < 0 || strstr(text, name))
		return r;
	return pn_diag_set(diag, -EOPNOTSUPP, "technique '%s': QEMU is not in the control group: another libvirtd has started it; run without --connect",
			   reclaim->info->name);
}

int pn_reclaim_prepare(struct pn_reclaim *reclaim, struct pn_guest *guest, struct pn_diag *diag)
{
	bool thp = reclaim->scenario->guest.backing == PN_BACKING_THP;
	int r;

	reclaim->guest = guest;
	r = pn_meter_open(&reclaim->meter, guest, reclaim->info->mechanisms & PN_MECHANISM_ZSWAP, thp);
	if (r < 0)
		return pn_diag_set(diag, r, "technique '%s': this guest has no process whose memory could be read", reclaim->info->name);
	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(mechanisms); i++)
		if (mechanism(reclaim, i) && mechanisms[i]->prepare)
			r = mechanisms[i]->prepare(reclaim, diag);
	return r;
}

void pn_reclaim_look(struct pn_reclaim *reclaim, const char *when)
{
	json_t *figures;

	if (!reclaim->guest)
		return;
	figures = pn_meter_figures(&reclaim->meter, reclaim->guest, &reclaim->cgroup, reclaim->swap.path);
	json_object_set_new(figures, "state", json_string("look"));
	json_object_set_new(figures, "when", json_string(when));
	journal(reclaim, figures);
}

const struct pn_timeline_technique *pn_reclaim_technique(struct pn_reclaim *reclaim)
{
	return &reclaim->technique;
}

int pn_reclaim_free(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	int first = 0;

	if (!reclaim)
		return 0;
	pn_meter_close(&reclaim->meter);
	for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
		int r = mechanism(reclaim, i) && mechanisms[i]->end ? mechanisms[i]->end(reclaim, first ? NULL : diag) : 0;

		first = first ? first : r;
	}
	g_free(reclaim);
	return first;
}
