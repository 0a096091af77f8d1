// SPDX-License-Identifier: GPL-2.0-only
/*
 * One case: a list of steps to get it going, the timeline, and the way back, in which every mark that the ledger needs is taken.
 * Invariant: on every way out the sampler and the guest have been stopped and what was owned is released, in that order; judging
 * comes last, when nothing runs any more and the record is complete.
 */
#include "case.h"

#include <errno.h>
#include <glib.h>

#include "../../guests/images/image.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../observe/observe.h"
#include "../scenario/scenario.h"
#include "../timeline/loads.h"
#include "../timeline/timeline.h"
#include "outcome.h"
#include "run.h"
#include "workdir.h"

#define AGENT_TIMEOUT_NS (10 * PN_NS_PER_S)
#define TOUCH_TIMEOUT_NS (60 * PN_NS_PER_S)

/** struct course - a case under way */
struct course {
	const struct pn_job *job;
	const struct pn_scenario *scenario;
	struct pn_outcome outcome;
	struct pn_journal *journal;
	struct pn_host *host;
	struct pn_image *image;
	struct pn_module *module;
	struct pn_guest *guest;
	struct pn_sampler *sampler;
	struct pn_timeline timeline;
	int workdir; /* id of what is owned */
	unsigned int loads_started;
	unsigned int settled; /* "settled" records so far */
	bool measuring;	      /* the mark "start" has been taken */
	int mark_error;	      /* the first mark that could not be written */
};

/** struct step - one step; the first that fails ends the list and breaks the case */
struct step {
	const char *name;
	int (*run)(struct course *course, struct pn_diag *diag);
};

static int open_journal(struct course *course, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(course->job->case_dir, "journal.jsonl", NULL);
	int err = pn_journal_open(path, &course->journal, diag);

	if (err)
		return err;
	err = pn_journal_add(course->journal, "case", json_pack("{s:s, s:I}", "id", course->job->id, "seed", (json_int_t)course->scenario->seed));
	return err ? pn_diag_set(diag, err, "%s: %s", path, g_strerror(-err)) : 0;
}

static int open_host(struct course *course, struct pn_diag *diag)
{
	g_autofree char *dir = NULL;
	struct pn_host_config config = {.uri = course->job->uri};

	course->workdir = pn_workdir_make(&dir, diag);
	config.run_dir = dir;
	return course->workdir < 0 ? course->workdir : pn_host_open(&config, &course->host, diag);
}

static int get_driver(struct course *course, struct pn_diag *diag)
{
	const struct pn_machine *machine = &course->scenario->guest;
	int err = pn_image_get(machine->image ? machine->image : "cloud", machine->kernel, machine->modules, &course->image, diag);

	return err ? err : pn_module_get(course->scenario->driver.name, course->image, &course->module, diag);
}

static int start_guest(struct course *course, struct pn_diag *diag)
{
	g_autofree char *name = g_strdup_printf("%04u", course->job->index);
	struct pn_guest_config config = {
		.name = name,
		.machine = &course->scenario->guest,
		.dir = course->job->case_dir,
		.journal = course->journal,
	};

	return pn_guest_start(course->host, &config, &course->guest, diag);
}

static void mark(struct course *course, const char *label)
{
	int err = pn_sampler_mark(course->sampler, label, NULL);

	if (err && !course->mark_error)
		course->mark_error = err;
}

static void on_settled(void *data, uint64_t balloon_bytes)
{
	struct course *course = data;
	g_autofree char *label = g_strdup_printf("settled:%u", ++course->settled);

	mark(course, label);
}

/* The guest is sampled slowly: its counters must be exact at both ends of what is measured. */
static void begin_measuring(struct course *course)
{
	course->measuring = true;
	mark(course, "start");
}

static void on_phase(void *data, const char *phase)
{
	struct course *course = data;

	if (!course->measuring && pn_phase_measured(phase))
		begin_measuring(course);
}

static int start_sampler(struct course *course, struct pn_diag *diag)
{
	struct pn_sampler_config config = {
		.guest = course->guest,
		.scenario = course->scenario,
		.journal = course->journal,
		.case_dir = course->job->case_dir,
	};

	course->timeline.guest = course->guest;
	course->timeline.driver = course->module;
	course->timeline.journal = course->journal;
	return pn_sampler_start(&config, &course->sampler, diag);
}

/* a guest that has a swap disk swaps, whatever runs in it; the data disk costs seconds to format and waits for a load that wants it */
static int use_swap(struct course *course, struct pn_diag *diag)
{
	return course->scenario->guest.swap_bytes ? pn_fixture_need(&course->timeline, "swap", diag) : 0;
}

static int load_driver(struct course *course, struct pn_diag *diag)
{
	int err;

	mark(course, "boot");
	if (course->scenario->guest.balloon.absent)
		return 0;
	err = pn_driver_load(&course->timeline, diag);
	if (!err)
		mark(course, "driver");
	return err;
}

/*
 * A guest started from a snapshot has no host memory behind its free pages: a balloon of them would give nothing back, and nobody could tell a
 * driver whose discards do nothing. Never-touched memory is also what no guest in service has.
 */
static int touch_memory(struct course *course, struct pn_diag *diag)
{
	json_t *reply = NULL;
	int err = pn_guest_agent(course->guest, json_pack("{s:s, s:I}", "op", "touch_free", "timeout_ms", (json_int_t)(TOUCH_TIMEOUT_NS / PN_NS_PER_MS)),
				 TOUCH_TIMEOUT_NS + AGENT_TIMEOUT_NS, &reply, diag);

	if (!err)
		err = pn_journal_add(course->journal, "touched", json_pack("{s:O}", "bytes", json_object_get(reply, "touched_bytes")));
	json_decref(reply);
	if (!err)
		mark(course, "touched"); /* before any phase: a setup takes the balloon's pages out again */
	return err;
}

static int start_loads(struct course *course, struct pn_diag *diag)
{
	int err = 0;

	for (char **name = course->scenario->loads; !err && name && *name; name++) {
		err = pn_load_start(&course->timeline, *name, diag);
		course->loads_started += !err;
	}
	return err;
}

static int conduct(struct course *course, struct pn_diag *diag)
{
	if (!pn_scenario_measured_late(course->scenario))
		begin_measuring(course);
	return pn_timeline_run(&course->timeline, diag);
}

/* all that follows asks the agent: one that is silent is said so at once, not by the case's timeout */
static int hear_agent(struct course *course, struct pn_diag *diag)
{
	int err = pn_guest_agent(course->guest, json_pack("{s:s}", "op", "clock"), AGENT_TIMEOUT_NS, NULL, NULL);

	return err == -ETIMEDOUT ? pn_diag_set(diag, err, "the agent does not answer any more") : 0;
}

static int end_measuring(struct course *course, struct pn_diag *diag)
{
	int err = pn_loads_end(&course->timeline, diag);

	if (!err)
		mark(course, "end");
	return err;
}

static int stop_loads(struct course *course, struct pn_diag *diag)
{
	int first = 0;

	while (course->loads_started) {
		json_t *result = NULL;
		int err = pn_load_stop(&course->timeline, course->scenario->loads[--course->loads_started], &result, first ? NULL : diag);

		first = first ? first : err;
		if (result)
			json_array_append_new(course->outcome.loads, result);
	}
	return first;
}

/* whatever the timeline left in the balloon goes back to the guest: the ledger wants all of it */
static int deflate(struct course *course, struct pn_diag *diag)
{
	uint64_t bytes = 0;
	int result;

	if (course->scenario->guest.balloon.absent)
		return 0;
	result = pn_guest_balloon(course->guest, 0, diag);
	if (!result)
		result = pn_timeline_settle(&course->timeline, 0, course->scenario->settle_timeout_ns, &bytes, diag);
	if (result < 0 && result != -ETIMEDOUT)
		return result;
	mark(course, "rest"); /* also when it did not settle: the journal says so, and the ledger judges what there is */
	return 0;
}

static int unload_driver(struct course *course, struct pn_diag *diag)
{
	int err;

	if (course->scenario->guest.balloon.absent)
		return 0;
	err = pn_driver_unload(&course->timeline, diag);
	if (!err)
		mark(course, "unloaded");
	return err;
}

/* in this order, and in none other: each needs what stands before it */
static const struct step steps[] = {
	{"journal", open_journal},  {"host", open_host},      {"build", get_driver},	 {"guest", start_guest},
	{"sampler", start_sampler}, {"swap", use_swap},	      {"driver", load_driver},	 {"touch memory", touch_memory},
	{"loads", start_loads},	    {"timeline", conduct},    {"agent", hear_agent},	 {"end", end_measuring},
	{"stop loads", stop_loads}, {"deflate", deflate},     {"unload", unload_driver},
};

static int run_steps(struct course *course, const int *stop, struct pn_diag *diag)
{
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		int err = *stop ? -EINTR : steps[i].run(course, diag);

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
static int take_down(struct course *course, struct pn_diag *diag)
{
	int sampler = course->sampler ? pn_sampler_stop(course->sampler, diag) : 0;
	uint64_t began_ns = pn_clock_now_ns();
	int guest = pn_guest_stop(course->guest, sampler ? NULL : diag);
	int first = sampler ? sampler : guest;

	if (course->guest && course->journal)
		pn_journal_add(course->journal, "guest",
			       json_pack("{s:s, s:I}", "state", "stopped", "duration_ns", (json_int_t)(pn_clock_now_ns() - began_ns)));
	if (course->host)
		pn_host_close(course->host);
	if (course->workdir > 0)
		pn_owned_release(course->workdir, NULL);
	if (!first && course->mark_error)
		first = pn_diag_set(diag, course->mark_error, "a mark could not be written: %s", g_strerror(-course->mark_error));
	course->outcome.host = pn_owned_left();
	pn_owned_release_all(NULL);
	pn_module_free(course->module);
	pn_image_free(course->image);
	pn_journal_free(course->journal);
	return first;
}

int pn_case_run(const struct pn_job *job, const int *stop, struct pn_diag *diag)
{
	struct course course = {
		.job = job,
		.scenario = job->scenario,
		.outcome = {.scenario = job->scenario, .case_dir = job->case_dir, .loads = json_array()},
	};
	struct pn_diag broken = {0}, down = {0};
	uint64_t began_ns = pn_clock_now_ns();
	int err, down_err;

	course.outcome.start_s = (double)pn_clock_real_ns() / PN_NS_PER_S;
	course.timeline = (struct pn_timeline){
		.scenario = job->scenario,
		.workloads_dir = job->workloads_dir,
		.case_dir = job->case_dir,
		.stop = stop,
		.on_settled = on_settled,
		.on_phase = on_phase,
		.data = &course,
		.load_results = course.outcome.loads,
	};
	err = run_steps(&course, stop, &broken);
	down_err = take_down(&course, &down);
	if (!err && down_err) {
		err = down_err;
		broken = down;
	}
	course.outcome.interrupted = err && *stop;
	course.outcome.err = err;
	course.outcome.reason = broken.text[0] ? broken.text : err ? g_strerror(-err) : "";
	course.outcome.duration_ns = pn_clock_now_ns() - began_ns;
	err = pn_outcome_write(&course.outcome, diag);
	json_decref(course.outcome.loads);
	json_decref(course.outcome.host);
	return err;
}
