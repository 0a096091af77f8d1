// SPDX-License-Identifier: GPL-2.0-only
/*
 * One case: its guests, each on a course of its own, then the host closed and everything judged. With one guest its files are the case's; with
 * several each has a directory below it and the case's files are made of theirs.
 * Invariant: judging comes last, when nothing runs any more and the record is complete.
 */
#include "case.h"

#include <errno.h>
#include <glib.h>
#include <stddef.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../guest/libvirtd.h"
#include "../scenario/scenario.h"
#include "controlled.h"
#include "course.h"
#include "merge.h"
#include "outcome.h"
#include "run.h"

/** struct entrant - one guest of the case: its course, its thread, its end */
struct entrant {
	struct pn_course course;
	char *dir;
	GThread *thread;
	int err;
	struct pn_diag diag;
};

/** struct whole - the case */
struct whole {
	struct pn_case_shared shared;
	struct entrant *entrants;
	unsigned int count;
	bool several; /* the scenario has a list of guests, be it of one */
	GMutex control_lock;
	struct pn_libvirtd *libvirtd;	  /* of the case; NULL: none */
	int libvirtd_dir;		  /* owner record */
	struct pn_controlled *controlled; /* NULL: nobody sets targets but the timelines */
	struct pn_journal *journal; /* of the case with several guests; NULL: the guest's is the case's */
	double start_s;
	uint64_t began_ns;
	json_t *left; /* on the host */
	int err;
	struct pn_diag diag;
};

static void enter(struct whole *whole, const struct pn_job *job, unsigned int index)
{
	struct entrant *entrant = &whole->entrants[index];

	entrant->course = (struct pn_course){
		.shared = &whole->shared,
		.scenario = pn_scenario_guest((struct pn_scenario *)job->scenario, index),
		.loads = json_array(),
	};
	entrant->dir = whole->several ? g_build_filename(job->case_dir, "guests", entrant->course.scenario->guest_name, NULL) : g_strdup(job->case_dir);
	entrant->course.dir = entrant->dir;
}

static int open_journal(struct whole *whole, const struct pn_job *job)
{
	g_autofree char *path = g_build_filename(job->case_dir, "journal.jsonl", NULL);
	json_t *names = json_array();
	int err = pn_journal_open(path, &whole->journal, &whole->diag);

	for (unsigned int i = 0; i < whole->count; i++)
		json_array_append_new(names, json_string(whole->entrants[i].course.scenario->guest_name));
	if (!err)
		err = pn_journal_add(whole->journal, "case",
				     json_pack("{s:s, s:I, s:O}", "id", job->id, "seed", (json_int_t)job->scenario->seed, "guests", names));
	json_decref(names);
	for (unsigned int i = 0; !err && i < whole->count; i++)
		err = pn_fs_mkdir_p(whole->entrants[i].dir, &whole->diag);
	return err;
}

/* all guests are ready: from here to the end of the timelines a controller has them, if there is to be one */
static int begin_control(void *data, struct pn_diag *diag)
{
	struct whole *whole = data;
	const struct pn_job *job = whole->shared.job;
	g_autofree struct pn_guest **guests = g_new0(struct pn_guest *, whole->count + 1);

	if (!job->scenario->controller.law)
		return 0;
	for (unsigned int i = 0; i < whole->count; i++)
		guests[i] = whole->entrants[i].course.guest;
	return pn_controlled_start(&(struct pn_controlled_config){.scenario = job->scenario,
								  .guests = guests,
								  .host = whole->shared.host,
								  .libvirtd = whole->libvirtd,
								  .case_dir = job->case_dir},
				   &whole->controlled, diag);
}

static int stop_control(struct whole *whole, struct pn_diag *diag)
{
	int err;

	g_mutex_lock(&whole->control_lock);
	err = pn_controlled_stop(whole->controlled, diag);
	whole->controlled = NULL;
	g_mutex_unlock(&whole->control_lock);
	return err;
}

static int end_control(void *data, struct pn_diag *diag)
{
	return stop_control(data, diag);
}

static void on_broke(struct pn_case_shared *shared)
{
	stop_control((struct whole *)((char *)shared - offsetof(struct whole, shared)), NULL);
}

static void *run_entrant(void *data)
{
	struct entrant *entrant = data;

	entrant->err = pn_course_run(&entrant->course, &entrant->diag);
	return NULL;
}

/* what broke first is what a person must read: the guests that ended because of it say less */
static void blame(struct whole *whole)
{
	for (unsigned int i = 0; i < whole->count; i++) {
		const struct entrant *entrant = &whole->entrants[i];
		const char *name = entrant->course.scenario->guest_name;

		if (!entrant->err || (whole->err && whole->err != -ECANCELED))
			continue;
		whole->err = entrant->err;
		if (name && entrant->diag.text[0])
			pn_diag_set(&whole->diag, entrant->err, "guest %s: %s", name, entrant->diag.text);
		else
			whole->diag = entrant->diag;
	}
}

static void run_guests(struct whole *whole)
{
	for (unsigned int i = 1; i < whole->count; i++)
		whole->entrants[i].thread = g_thread_new("pn-guest", run_entrant, &whole->entrants[i]);
	run_entrant(&whole->entrants[0]);
	for (unsigned int i = 1; i < whole->count; i++)
		g_thread_join(whole->entrants[i].thread);
	blame(whole);
}

/* no guest has begun: each is judged by the reason */
static void refuse_all(struct whole *whole)
{
	for (unsigned int i = 0; i < whole->count; i++) {
		whole->entrants[i].err = whole->err;
		whole->entrants[i].diag = whole->diag;
	}
}

static void close_host(struct whole *whole)
{
	if (whole->shared.host)
		pn_host_close(whole->shared.host);
	pn_libvirtd_stop(whole->libvirtd, NULL);
	if (whole->libvirtd_dir > 0)
		pn_owned_release(whole->libvirtd_dir, NULL);
	if (whole->shared.workdir > 0)
		pn_owned_release(whole->shared.workdir, NULL);
	whole->left = pn_owned_left();
	pn_owned_release_all(NULL);
}

/* A daemon that controls the guests wants a libvirtd between them, which can be killed: one of the case's own. */
static int start_libvirtd(struct whole *whole)
{
	const struct pn_job *job = whole->shared.job;
	g_autofree char *dir = NULL;
	int err;

	if (!job->scenario->controller.daemon)
		return 0;
	if (job->uri)
		return pn_diag_set(&whole->diag, -EINVAL, "controller.daemon brings its own libvirtd: run it without --connect");
	dir = g_strdup_printf("%s/l%d", pn_owned_state_dir(), (int)getpid());
	whole->libvirtd_dir = pn_owned_add("tree", json_pack("{s:s}", "path", dir), &whole->diag);
	err = whole->libvirtd_dir < 0 ? whole->libvirtd_dir : pn_fs_mkdir_p(dir, &whole->diag);
	err = err ? err : pn_libvirtd_start(dir, &whole->libvirtd, &whole->diag);
	if (!err)
		whole->shared.uri = pn_libvirtd_uri(whole->libvirtd);
	return err;
}

static int judge(struct whole *whole, struct entrant *entrant, struct pn_diag *diag)
{
	const int err = whole->several ? entrant->err : whole->err;
	const struct pn_diag *why = whole->several ? &entrant->diag : &whole->diag;
	struct pn_outcome outcome = {
		.scenario = entrant->course.scenario,
		.case_dir = entrant->dir,
		.loads = entrant->course.loads,
		.host = whole->left,
		.err = err,
		.reason = why->text[0] ? why->text : err ? g_strerror(-err) : "",
		.interrupted = err && *whole->shared.stop,
		.start_s = whole->start_s,
		.duration_ns = pn_clock_now_ns() - whole->began_ns,
	};

	return pn_outcome_write(&outcome, diag);
}

static int judge_all(struct whole *whole, struct pn_diag *diag)
{
	const struct pn_job *job = whole->shared.job;
	int err = 0;

	for (unsigned int i = 0; !err && i < whole->count; i++)
		err = judge(whole, &whole->entrants[i], diag);
	return err || !whole->several ? err : pn_outcome_merge(job->scenario, job->case_dir, diag);
}

static void clear(struct whole *whole)
{
	for (unsigned int i = 0; i < whole->count; i++) {
		json_decref(whole->entrants[i].course.loads);
		g_free(whole->entrants[i].dir);
	}
	g_free(whole->entrants);
	pn_meeting_clear(&whole->shared.begin);
	pn_meeting_clear(&whole->shared.end);
	g_mutex_clear(&whole->shared.lock);
	g_mutex_clear(&whole->control_lock);
	pn_journal_free(whole->journal);
	json_decref(whole->left);
}

int pn_case_run(const struct pn_job *job, const int *stop, struct pn_diag *diag)
{
	struct whole whole = {
		.shared = {.job = job, .stop = stop, .uri = job->uri},
		.count = pn_scenario_guests(job->scenario),
		.several = job->scenario->member_count > 0,
		.start_s = (double)pn_clock_real_ns() / PN_NS_PER_S,
		.began_ns = pn_clock_now_ns(),
	};
	int err;

	whole.entrants = g_new0(struct entrant, whole.count);
	g_mutex_init(&whole.shared.lock);
	g_mutex_init(&whole.control_lock);
	whole.shared.broke = on_broke;
	pn_meeting_init(&whole.shared.begin, whole.count, begin_control, &whole);
	pn_meeting_init(&whole.shared.end, whole.count, end_control, &whole);
	for (unsigned int i = 0; i < whole.count; i++)
		enter(&whole, job, i);
	err = whole.several ? open_journal(&whole, job) : 0;
	whole.err = err ? 0 : start_libvirtd(&whole);
	if (!err && !whole.err)
		run_guests(&whole);
	else if (!err)
		refuse_all(&whole);
	close_host(&whole);
	if (err) {
		*diag = whole.diag;
	} else {
		err = judge_all(&whole, diag);
	}
	clear(&whole);
	return err;
}
