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
#include "coverage.h"
#include "parts.h"
#include "run.h"
#include "workdir.h"

#define AGENT_TIMEOUT_NS (10 * PN_NS_PER_S)
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

static void mark(struct pn_course *course, const char *label)
{
	int err = pn_sampler_mark(course->sampler, label, NULL);

	if (err && !course->mark_error)
		course->mark_error = err;
}

static void on_settled(void *data, uint64_t balloon_bytes)
{
	struct pn_course *course = data;
	g_autofree char *label = g_strdup_printf("settled:%u", ++course->settled);

	mark(course, label);
}

static void on_touched(void *data)
{
	struct pn_course *course = data;
	g_autofree char *label = g_strdup_printf("touched:%u", ++course->touched);

	mark(course, label);
}

static void on_driver(void *data)
{
	mark(data, "driver");
}

/* The guest is sampled slowly: its counters must be exact at both ends of what is measured. */
static void begin_measuring(struct pn_course *course)
{
	course->measuring = true;
	mark(course, "start");
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

/* is there no driver at any time? */
static bool driverless(const struct pn_course *course)
{
	return course->scenario->guest.balloon.absent || course->scenario->unaware;
}

static int load_driver(struct pn_course *course, struct pn_diag *diag)
{
	int err;

	mark(course, "boot");
	if (course->reclaim && (err = pn_reclaim_prepare(course->reclaim, course->guest, diag)) < 0)
		return err;
	if (driverless(course) || (course->timeline.technique && course->timeline.technique->late))
		return 0;
	err = pn_driver_load(&course->timeline, diag);
	if (!err)
		mark(course, "driver");
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

/* all that follows asks the agent: one that is silent is said so at once, not by the case's timeout */
static int hear_agent(struct pn_course *course, struct pn_diag *diag)
{
	int err = pn_guest_agent(course->guest, json_pack("{s:s}", "op", "clock"), AGENT_TIMEOUT_NS, NULL, NULL);

	return err == -ETIMEDOUT ? pn_diag_set(diag, err, "the agent does not answer any more") : 0;
}

static int end_measuring(struct pn_course *course, struct pn_diag *diag)
{
	int err = pn_loads_end(&course->timeline, diag);

	if (!err)
		mark(course, "end");
	return err;
}

static int stop_loads(struct pn_course *course, struct pn_diag *diag)
{
	int first = 0;

	while (course->loads_started) {
		json_t *result = NULL;
		int err = pn_load_stop(&course->timeline, course->scenario->loads[--course->loads_started], &result, first ? NULL : diag);

		first = first ? first : err;
		if (result)
			json_array_append_new(course->loads, result);
	}
	return first;
}

/* whatever the timeline left in the balloon goes back to the guest: the ledger wants all of it */
static int deflate(struct pn_course *course, struct pn_diag *diag)
{
	uint64_t bytes = 0;
	int result;

	if (driverless(course))
		return 0;
	result = pn_guest_balloon(course->guest, 0, diag);
	if (!result)
		result = pn_timeline_settle(&course->timeline, 0, course->scenario->settle_timeout_ns, &bytes, diag);
	if (result < 0 && result != -ETIMEDOUT)
		return result;
	mark(course, "rest"); /* also when it did not settle: the journal says so, and the ledger judges what there is */
	return 0;
}

static int unload_driver(struct pn_course *course, struct pn_diag *diag)
{
	int err;

	if (driverless(course))
		return 0;
	err = pn_driver_unload(&course->timeline, diag);
	if (!err)
		mark(course, "unloaded");
	return err;
}

/* in this order, and in none other: each needs what stands before it */
static const struct step steps[] = {
	{"journal", open_journal},  {"host", open_host},      {"build", get_driver},	 {"technique", pn_course_technique}, {"guest", start_guest},
	{"sampler", start_sampler}, {"swap", use_swap},	      {"driver", load_driver},	 {"loads", start_loads},
	{"begin", begin},	    {"timeline", conduct},    {"other guests", end},	 {"agent", hear_agent},
	{"end", end_measuring},	    {"stop loads", stop_loads}, {"deflate", deflate},	 {"unload", unload_driver},
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
			stop_loads(course, NULL);
		return err;
	}
	return 0;
}

/* the way back; what fails here breaks a case that was well so far */
static int take_down(struct pn_course *course, struct pn_diag *diag)
{
	int sampler = course->sampler ? pn_sampler_stop(course->sampler, diag) : 0;
	int covered = course->guest && course->module ? pn_coverage_write(course->guest, course->dir, course->module->name, sampler ? NULL : diag) : 0;
	uint64_t began_ns = pn_clock_now_ns();
	int guest = pn_guest_stop(course->guest, sampler || covered ? NULL : diag);
	int reclaim = pn_reclaim_free(course->reclaim, sampler || covered || guest ? NULL : diag);
	int first = sampler ? sampler : covered ? covered : guest ? guest : reclaim;

	if (course->guest && course->journal)
		pn_journal_add(course->journal, "guest",
			       json_pack("{s:s, s:I}", "state", "stopped", "duration_ns", (json_int_t)(pn_clock_now_ns() - began_ns)));
	if (!first && course->mark_error)
		first = pn_diag_set(diag, course->mark_error, "a mark could not be written: %s", g_strerror(-course->mark_error));
	course->guest = NULL;
	course->reclaim = NULL;
	course->sampler = NULL;
	pn_module_free(course->module);
	pn_image_free(course->image);
	pn_journal_free(course->journal);
	return first;
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
	down_err = take_down(course, &down);
	if (!err && down_err) {
		err = down_err;
		*diag = down;
	}
	return err;
}
