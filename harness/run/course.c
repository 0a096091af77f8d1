// SPDX-License-Identifier: GPL-2.0-only
/*
 * One guest of a case: a list of steps to get it going, its timeline, and the way back, in which every mark that the ledger needs is taken.
 * Guests of one case go through the same steps side by side and wait for each other where the timelines begin and where they have ended.
 * Invariant: on every way out the sampler and the guest have been stopped, in that order, and the other guests are not left waiting.
 */
#include "course.h"

#include <errno.h>
#include <string.h>

#include "../../guests/images/image.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../observe/observe.h"
#include "../scenario/scenario.h"
#include "../technique/reclaim.h"
#include "../timeline/loads.h"
#include "parts.h"
#include "run.h"
#include "workdir.h"

#define POLL_NS (100 * PN_NS_PER_MS)

/** struct step - one step; the first that fails ends the list and breaks the case */
struct step {
	const char *name;
	int (*run)(struct pn_course *course, struct pn_diag *diag);
};

static int open_journal(struct pn_course *course, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(course->dir, "journal.jsonl", NULL);
	int err = pn_journal_open(path, &course->journal, diag);

	if (err)
		return err;
	err = pn_journal_add(course->journal, "case", json_pack("{s:s, s:I, s:s}", "id", course->shared->job->id, "seed", (json_int_t)course->scenario->seed,
								"mode", course->scenario->guest.exact ? "exact" : "live"));
	return err ? pn_diag_set(diag, err, "%s: %s", path, g_strerror(-err)) : 0;
}

static int open_host(struct pn_course *course, struct pn_diag *diag)
{
	struct pn_case_shared *shared = course->shared;
	g_autofree char *dir = NULL;
	struct pn_host_config config = {.uri = shared->uri};
	int err = 0;

	g_mutex_lock(&shared->lock);
	if (!shared->host) {
		shared->workdir = pn_workdir_make(&dir, diag);
		config.run_dir = dir;
		err = shared->workdir < 0 ? shared->workdir : pn_host_open(&config, &shared->host, diag);
	}
	g_mutex_unlock(&shared->lock);
	return err;
}

/* in the record, so that whoever runs the case again elsewhere can tell what differs */
static int note_parts(struct pn_course *course, struct pn_diag *diag)
{
	json_t *parts = NULL;
	int err = pn_parts_get(course->scenario, course->image, course->module, course->shared->job->workloads_dir, &parts, diag);

	return err ? err : pn_journal_add(course->journal, "parts", parts);
}

static int get_driver(struct pn_course *course, struct pn_diag *diag)
{
	const struct pn_machine *machine = &course->scenario->guest;
	int err = pn_image_get(machine->image ? machine->image : "cloud", machine->kernel, machine->modules, &course->image, diag);

	if (!err)
		err = pn_module_get(course->scenario->driver.name, course->image, &course->module, diag);
	return err ? err : note_parts(course, diag);
}

void pn_course_preload(struct pn_machine *machine, const struct pn_module *module)
{
	machine->preload = module->path;
	machine->preload_name = module->name;
}

static int start_guest(struct pn_course *course, struct pn_diag *diag)
{
	struct pn_machine machine = course->scenario->guest;
	const struct pn_visit *visit = course->shared->job->visit;
	const char *own = course->scenario->guest_name;
	g_autofree char *name = g_strdup_printf("%04u%s%s", course->shared->job->index, own ? "-" : "", own ? own : "");
	struct pn_guest_config config = {
		.name = name,
		.machine = &machine,
		.dir = course->dir,
		.journal = course->journal,
		/* a case that is not judged by it is one that wants to be disturbed by nothing */
		.watch = !pn_oracle_waived(course->scenario, "protocol"),
		.loaded = visit ? visit->loaded : NULL,
		.data = visit ? visit->data : NULL,
	};
	int err;

	if (machine.exact)
		pn_course_preload(&machine, course->module);
	g_mutex_lock(&course->shared->lock); /* one by one: each start wants the cores for itself */
	err = pn_course_start_within(course, &config, diag);
	g_mutex_unlock(&course->shared->lock);
	return err;
}

static void on_settled(void *data, uint64_t balloon_bytes)
{
	struct pn_course *course = data;
	g_autofree char *label = g_strdup_printf("settled:%u", ++course->settled);

	pn_course_mark(course, label);
}

static void on_touched(void *data)
{
	struct pn_course *course = data;
	g_autofree char *label = g_strdup_printf("touched:%u", ++course->touched);

	pn_course_mark(course, label);
}

static void on_driver(void *data)
{
	pn_course_mark(data, "driver");
}

/* The guest is sampled slowly: its counters must be exact at both ends of what is measured. */
static void begin_measuring(struct pn_course *course)
{
	course->measuring = true;
	pn_course_mark(course, "start");
}

static void on_phase(void *data, const char *phase)
{
	struct pn_course *course = data;

	if (!course->measuring && pn_phase_measured(phase))
		begin_measuring(course);
	if (course->reclaim && !strcmp(phase, "warm"))
		pn_reclaim_look(course->reclaim, phase);
}

static int start_sampler(struct pn_course *course, struct pn_diag *diag)
{
	struct pn_sampler_config config = {
		.guest = course->guest,
		.scenario = course->scenario,
		.journal = course->journal,
		.case_dir = course->dir,
	};

	course->timeline.guest = course->guest;
	course->timeline.driver = course->module;
	course->timeline.journal = course->journal;
	return pn_sampler_start(&config, &course->sampler, diag);
}

/* a guest that has a swap disk swaps, whatever runs in it; the data disk costs seconds to format and waits for a load that wants it */
static int use_swap(struct pn_course *course, struct pn_diag *diag)
{
	return course->scenario->guest.swap_bytes ? pn_fixture_need(&course->timeline, "swap", diag) : 0;
}

static int load_driver(struct pn_course *course, struct pn_diag *diag)
{
	int err;

	pn_course_mark(course, "boot");
	if (course->reclaim && (err = pn_reclaim_prepare(course->reclaim, course->guest, diag)) < 0)
		return err;
	if (pn_course_driverless(course) || (course->timeline.technique && course->timeline.technique->late))
		return 0;
	err = pn_driver_load(&course->timeline, diag);
	if (!err)
		pn_course_mark(course, "driver");
	return err;
}

static int start_loads(struct pn_course *course, struct pn_diag *diag)
{
	int err = 0;

	for (char **name = course->scenario->loads; !err && name && *name; name++) {
		err = pn_load_start(&course->timeline, *name, diag);
		course->loads_started += !err;
	}
	return err;
}

static int begin(struct pn_course *course, struct pn_diag *diag)
{
	return pn_meeting_wait(&course->shared->begin, course->shared->stop, diag);
}

static int end(struct pn_course *course, struct pn_diag *diag)
{
	return pn_meeting_wait(&course->shared->end, course->shared->stop, diag);
}

/* on absolute instants: what one guest was late at the meeting the others are not */
static int delay(struct pn_course *course, struct pn_diag *diag)
{
	uint64_t due_ns = course->shared->begin.over_ns + course->scenario->delay_ns, now_ns;

	while (course->scenario->delay_ns && (now_ns = pn_clock_now_ns()) < due_ns) {
		if (*course->shared->stop || course->shared->end.broken)
			return -EINTR;
		g_usleep(MIN(due_ns - now_ns, POLL_NS) / 1000 + 1);
	}
	return 0;
}

static int conduct(struct pn_course *course, struct pn_diag *diag)
{
	const struct pn_visit *visit = course->shared->job->visit;
	int err = delay(course, diag);

	if (err)
		return err;
	if (!pn_scenario_measured_late(course->scenario))
		begin_measuring(course);
	if (visit && visit->start)
		err = visit->start(course->guest, course->module, visit->data, diag);
	if (err)
		return err;
	err = pn_timeline_run(&course->timeline, diag);
	if (visit && visit->end)
		visit->end(course->guest, course->module, MIN(err, 0), visit->data);
	course->ended = err > 0;
	return MIN(err, 0);
}

/* in this order, and in none other: each needs what stands before it */
static const struct step steps[] = {
	{"journal", open_journal},
	{"host", open_host},
	{"build", get_driver},
	{"technique", pn_course_technique},
	{"guest", start_guest},
	{"sampler", start_sampler},
	{"swap", use_swap},
	{"driver", load_driver},
	{"loads", start_loads},
	{"begin", begin},
	{"timeline", conduct},
	{"other guests", end},
	{"agent", pn_course_hear_agent},
	{"end", pn_course_end_measuring},
	{"stop loads", pn_course_stop_loads},
	{"deflate", pn_course_deflate},
	{"unload", pn_course_unload_driver},
	{"leaks", pn_course_find_leaks},
};

static int run_steps(struct pn_course *course, struct pn_diag *diag)
{
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		int err;

		if (course->ended && steps[i].run != end)
			continue;
		err = *course->shared->stop ? -EINTR : steps[i].run(course, diag);
		if (!err)
			continue;
		if (course->journal)
			pn_journal_add(course->journal, "failed",
				       json_pack("{s:s, s:i, s:s}", "name", steps[i].name, "error", -err, "reason", diag->text));
		/* what the loads have measured is kept, as far as they still answer */
		if (course->loads_started && err != -EHOSTDOWN && err != -ENOTCONN && err != -ETIMEDOUT)
			pn_course_stop_loads(course, NULL);
		return err;
	}
	return 0;
}

int pn_course_run(struct pn_course *course, struct pn_diag *diag)
{
	struct pn_diag down = {0};
	int err, down_err;

	course->timeline = (struct pn_timeline){
		.scenario = course->scenario,
		.workloads_dir = course->shared->job->workloads_dir,
		.case_dir = course->dir,
		.stop = course->shared->stop,
		.on_settled = on_settled,
		.on_phase = on_phase,
		.on_touched = on_touched,
		.on_driver = on_driver,
		.data = course,
		.load_results = course->loads,
	};
	err = run_steps(course, diag);
	pn_meeting_break(&course->shared->begin, err);
	pn_meeting_break(&course->shared->end, err);
	if (err && course->shared->broke)
		course->shared->broke(course->shared);
	down_err = pn_course_take_down(course, &down);
	if (!err && down_err) {
		err = down_err;
		*diag = down;
	}
	return err;
}
