// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bisection over builds of which a run tells only with some chance whether they are bad. What is known is written down after every run, so that
 * an interrupted bisection goes on where it was.
 */
#include "bisect.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "../observe/record.h"
#include "lab.h"

#define BUILD_TIMEOUT_NS (4ULL * 3600 * PN_NS_PER_S)
#define MEASURE_RUNS 5
#define MEASURE_RUNS_MAX 20
#define BROKEN_MAX 3 /* runs in a row that show nothing: the build can't be judged */
#define RUNS_MAX 500

static const char *const state_names[] = {"unknown", "good", "bad", "skipped"};

/** struct bisecting - a bisection under way */
struct bisecting {
	struct pn_lab *lab;
	const struct pn_bisect_config *config;
	struct pn_build *builds;
	unsigned int count;
	double p1; /* 0: not measured yet */
	struct pn_diag *diag;
};

static int newest_good(const struct pn_build *builds, unsigned int count)
{
	int good = -1;

	for (unsigned int i = 0; i < count; i++)
		if (builds[i].state == PN_BUILD_GOOD)
			good = (int)i;
	return good;
}

static int oldest_bad(const struct pn_build *builds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (builds[i].state == PN_BUILD_BAD)
			return (int)i;
	return (int)count;
}

int pn_bisect_next(const struct pn_build *builds, unsigned int count)
{
	int good = newest_good(builds, count), bad = oldest_bad(builds, count), middle = (good + bad) / 2, next = -1;

	if (bad == (int)count)
		return builds[count - 1].state == PN_BUILD_UNKNOWN ? (int)count - 1 : -1;
	if (good < 0)
		return builds[0].state == PN_BUILD_UNKNOWN ? 0 : -1;
	for (int i = good + 1; i < bad; i++)
		if (builds[i].state == PN_BUILD_UNKNOWN && (next < 0 || abs(i - middle) < abs(next - middle)))
			next = i;
	return next;
}

bool pn_bisect_found(const struct pn_build *builds, unsigned int count, unsigned int *ret_from, unsigned int *ret_to)
{
	int good = newest_good(builds, count), bad = oldest_bad(builds, count);

	if (good < 0 || bad == (int)count || good > bad || pn_bisect_next(builds, count) >= 0)
		return false;
	*ret_from = (unsigned int)good + 1;
	*ret_to = (unsigned int)bad;
	return true;
}

void pn_builds_free(struct pn_build *builds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		g_free(builds[i].id);
		g_free(builds[i].why);
	}
	g_free(builds);
}

static int save(const struct bisecting *self)
{
	json_t *all = json_array(), *state;
	char *text;
	int err;

	for (unsigned int i = 0; i < self->count; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:i, s:i, s:s*}", "id", self->builds[i].id, "state", state_names[self->builds[i].state],
						     "runs", (int)self->builds[i].runs, "hits", (int)self->builds[i].hits, "why", self->builds[i].why));
	state = json_pack("{s:i, s:f, s:o}", "schema", 1, "hit_rate", self->p1, "builds", all);
	text = json_dumps(state, JSON_INDENT(1));
	err = pn_fs_write(self->config->state_path, text, strlen(text), self->diag);
	free(text);
	json_decref(state);
	return err;
}

/* What an earlier run of the same bisection found out; of other builds nothing is taken. */
static void load(struct bisecting *self)
{
	json_t *state = json_load_file(self->config->state_path, 0, NULL), *all = json_object_get(state, "builds");

	for (unsigned int i = 0; i < self->count && json_array_size(all) == self->count; i++) {
		const json_t *known = json_array_get(all, i);

		if (!pn_is(known, "id", self->builds[i].id))
			break;
		for (unsigned int s = 0; s < G_N_ELEMENTS(state_names); s++)
			if (pn_is(known, "state", state_names[s]))
				self->builds[i].state = s;
		self->builds[i].runs = (unsigned int)pn_field_or(known, "runs", 0);
		self->builds[i].hits = (unsigned int)pn_field_or(known, "hits", 0);
		self->builds[i].why = *pn_text(known, "why") ? g_strdup(pn_text(known, "why")) : NULL;
		self->p1 = json_number_value(json_object_get(state, "hit_rate"));
	}
	json_decref(state);
}

static int run_command(const struct bisecting *self, const char *id, const char *command, struct pn_diag *diag)
{
	g_autofree char *build = g_strdup_printf("PN_BUILD=%s", id), *log = g_strconcat(self->config->tree, ".log", NULL);
	const char *const argv[] = {"env", build, "sh", "-c", "exec >\"$0\" 2>&1; eval \"$1\"", log, command, NULL};
	int err = pn_spawn_run(argv, self->config->tree, BUILD_TIMEOUT_NS, NULL, diag);

	return err == -EIO ? pn_diag_set(diag, err, "it does not build: see %s", log) : err;
}

static int make(const struct bisecting *self, const struct pn_build *build, struct pn_diag *diag)
{
	const struct pn_bisect_config *config = self->config;
	const char *const checkout[] = {"git", "checkout", "--quiet", "--force", "--detach", build->id, NULL};
	int err = config->git ? pn_spawn_run(checkout, config->tree, BUILD_TIMEOUT_NS, NULL, diag) : 0;

	if (!err && config->command)
		err = run_command(self, build->id, config->command, diag);
	return err;
}

/* One run. Return: 1 it failed the same way, 0 it did not, -ENODATA it showed nothing (@ret_why), or another negative errno. */
static int run_once(struct bisecting *self, char **ret_why)
{
	const struct pn_bisect_config *config = self->config;
	struct pn_trial trial = {.yaml = config->yaml, .driver = config->driver, .kernel = config->kernel, .modules = config->modules, .qemu = config->qemu};
	int result = pn_lab_run(self->lab, &trial, 1, NULL, NULL, self->diag);

	if (!result)
		result = pn_trial_failed(&trial, config->signature);
	if (!result && (!trial.verdict || pn_is(trial.verdict, "verdict", "BROK"))) {
		g_free(*ret_why);
		*ret_why = g_strdup(trial.refused ? trial.refused : pn_text(trial.verdict, "reason"));
		result = -ENODATA;
	}
	pn_trial_clear(&trial, true);
	return result;
}

static int skip(struct bisecting *self, struct pn_build *build, const char *why)
{
	build->state = PN_BUILD_SKIPPED;
	g_free(build->why);
	build->why = g_strdup(why);
	fprintf(self->config->out, "%s: skipped: %s\n", build->id, why);
	fflush(self->config->out);
	return save(self);
}

/* how often the failure shows where it is for sure: the other builds are judged by that */
static int measure(struct bisecting *self, struct pn_build *build)
{
	g_autofree char *why = NULL;
	unsigned int broken = 0;

	while (build->runs < MEASURE_RUNS || (!build->hits && build->runs < MEASURE_RUNS_MAX)) {
		int result = run_once(self, &why);

		if (result == -ENODATA && ++broken >= BROKEN_MAX)
			return pn_diag_set(self->diag, -ENODATA, "%s shows nothing: %s", build->id, why);
		if (result < 0 && result != -ENODATA)
			return result;
		build->hits += result == 1;
		build->runs += result >= 0;
		if (save(self))
			return -EIO;
	}
	if (!build->hits)
		return pn_diag_set(self->diag, -ENODATA, "%s, the newest build, does not fail this way in %u runs", build->id, build->runs);
	build->state = PN_BUILD_BAD;
	/* half a run against certainty: five hits of five do not make a chance of one */
	self->p1 = MIN((double)build->hits / build->runs, 1 - 0.5 / build->runs);
	self->p1 = MAX(self->p1, 2 * self->config->noise);
	fprintf(self->config->out, "%s: bad: %u of %u runs fail this way\n", build->id, build->hits, build->runs);
	fflush(self->config->out);
	return save(self);
}

static double error_of_each(const struct bisecting *self)
{
	/* both ends, then one a halving */
	return self->config->error / (2 + ceil(log2(self->count)));
}

static int judge(struct bisecting *self, struct pn_build *build)
{
	struct pn_sprt test = {.p0 = self->config->noise, .p1 = self->p1, .alpha = error_of_each(self), .beta = error_of_each(self)};
	g_autofree char *why = NULL;
	unsigned int broken = 0;
	enum pn_sprt_answer answer;

	for (;;) {
		int result;

		test.runs = build->runs;
		test.hits = build->hits;
		answer = pn_sprt_answer(&test);
		if (answer != PN_SPRT_OPEN)
			break;
		if (build->runs >= RUNS_MAX)
			return skip(self, build, "no answer in " G_STRINGIFY(RUNS_MAX) " runs");
		result = run_once(self, &why);
		if (result == -ENODATA && ++broken >= BROKEN_MAX)
			return skip(self, build, why);
		if (result < 0 && result != -ENODATA)
			return result;
		broken = result < 0 ? broken : 0;
		build->hits += result == 1;
		build->runs += result >= 0;
		if (save(self))
			return -EIO;
	}
	build->state = answer == PN_SPRT_BAD ? PN_BUILD_BAD : PN_BUILD_GOOD;
	fprintf(self->config->out, "%s: %s: %u of %u runs fail this way\n", build->id, state_names[build->state], build->hits, build->runs);
	fflush(self->config->out);
	return save(self);
}

static int look_at(struct bisecting *self, unsigned int index)
{
	struct pn_build *build = &self->builds[index];
	struct pn_diag words = {0};
	int err = make(self, build, &words);

	pn_lab_deinit(self->lab); /* what could not be prepared of the build before, maybe can of this one */
	if (err == -EINTR)
		return err;
	if (err && index == self->count - 1)
		return pn_diag_set(self->diag, -ENODATA, "%s, the newest build: %s", build->id, words.text);
	if (err)
		return skip(self, build, words.text);
	return index == self->count - 1 ? measure(self, build) : judge(self, build);
}

int pn_bisect_run(struct pn_lab *lab, const struct pn_bisect_config *config, struct pn_build *builds, unsigned int count, struct pn_diag *diag)
{
	struct bisecting self = {.lab = lab, .config = config, .builds = builds, .count = count, .diag = diag};
	int err = 0, next;

	load(&self);
	if (self.p1 > 0) {
		struct pn_sprt test = {.p0 = config->noise, .p1 = self.p1, .alpha = error_of_each(&self), .beta = error_of_each(&self)};

		fprintf(config->out, "going on: a build is good after %u runs without a failure\n", pn_sprt_runs_to_good(&test));
	}
	while (!err && (next = pn_bisect_next(builds, count)) >= 0)
		err = look_at(&self, (unsigned int)next);
	return err;
}
