// SPDX-License-Identifier: GPL-2.0-only
/* Looking for a failure again: the same scenario with the same seed, until its signature shows or the tries are used up. */
#include "repro.h"

#include <errno.h>
#include <glib.h>

#include "../../reports/stats/stats.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "bundle.h"
#include "lab.h"
#include "recording.h"

#define LEVEL 0.95

/** struct looking - a repro under way */
struct looking {
	const struct pn_repro_config *config;
	struct pn_repro_tally tally;
	unsigned int ended;
	json_t *recording; /* of the case, in exact mode */
};

static const char *what_came(struct looking *looking, const struct pn_trial *trial, char **ret_other)
{
	struct pn_signature signature;

	*ret_other = NULL;
	if (pn_trial_failed(trial, &looking->config->bundle->signature)) {
		looking->tally.same++;
		return "failed the same way";
	}
	if (pn_trial_signature(trial, &signature))
		return "passed";
	*ret_other = pn_signature_text(&signature);
	if (!g_strcmp0(signature.verdict, "BROK"))
		looking->tally.broken++;
	else
		looking->tally.other++;
	pn_signature_deinit(&signature);
	return !g_str_has_prefix(*ret_other, "BROK") ? "failed another way" : "shows nothing";
}

/* In exact mode the try is compared with the recording, whatever it came to. Return: whether they are the same. */
static bool replayed(const struct looking *looking, const struct pn_trial *trial)
{
	json_t *now = trial->dir ? pn_recording_of(trial->dir) : NULL;
	g_autofree char *digest = now ? pn_recording_digest(now) : NULL;
	g_autofree char *differs = now ? pn_recording_differs(looking->recording, now) : g_strdup("no instruction counts now");

	if (differs)
		fprintf(looking->config->out, "    not bit for bit: %s\n", differs);
	else
		fprintf(looking->config->out, "    bit for bit: %zu steps, %zu marks, console; digest %.16s\n",
			json_array_size(json_object_get(now, "steps")), json_array_size(json_object_get(now, "marks")), digest);
	json_decref(now);
	return !differs;
}

static bool ended(const struct pn_trial *trial, void *data)
{
	struct looking *looking = data;
	g_autofree char *other = NULL;
	unsigned int same = looking->tally.same;
	const char *came = what_came(looking, trial, &other);

	fprintf(looking->config->out, "try %u: %s, %.1f s%s%s: %s\n", ++looking->ended, came, trial->duration_s, other ? ": " : "",
		other ? other : "", trial->dir);
	if (looking->recording && replayed(looking, trial))
		looking->tally.identical += looking->tally.same > same;
	fflush(looking->config->out);
	return looking->tally.same && !looking->config->all;
}

/* and where it is not the same to the bit, what that may come from */
static void put_identity(const struct looking *looking)
{
	const struct pn_repro_tally *tally = &looking->tally;
	char **differences = looking->config->bundle->differences;

	fprintf(looking->config->out, "bit for bit: %u of %u\n", tally->identical, tally->same);
	if (tally->identical == tally->same)
		return;
	if (!differences || !*differences)
		fprintf(looking->config->out, "nothing that it is made of is known to differ from what was recorded\n");
	for (; differences && *differences; differences++)
		fprintf(looking->config->out, "it was recorded with another %s\n", *differences);
}

static void put_result(const struct looking *looking)
{
	const struct pn_repro_tally *tally = &looking->tally;
	struct pn_interval interval;
	FILE *out = looking->config->out;
	bool until = !looking->config->all && tally->same;

	if (tally->made && !pn_stats_proportion(tally->same, tally->made, until, LEVEL, &interval))
		fprintf(out, "hit rate %u/%u = %.0f %%, 95 %% interval %.1f %% to %.1f %%%s\n", tally->same, tally->made, interval.estimate * 100,
			interval.low * 100, interval.high * 100, until ? " (tries that ended at the first hit)" : "");
	if (looking->recording && tally->same)
		put_identity(looking);
	if (tally->other)
		fprintf(out, "failed another way: %u\n", tally->other);
	if (tally->broken)
		fprintf(out, "broken, and not counted: %u\n", tally->broken);
}

int pn_repro_run(struct pn_lab *lab, const struct pn_repro_config *config, struct pn_repro_tally *ret_tally, struct pn_diag *diag)
{
	struct looking looking = {.config = config};
	struct pn_trial *trials = g_new0(struct pn_trial, config->tries);
	int err;

	/* whoever looks in asks the guest for more than the recording has */
	looking.recording = config->bundle->exact && !config->visit ? pn_recording_of(config->bundle->dir) : NULL;
	for (unsigned int i = 0; i < config->tries; i++) {
		trials[i].yaml = config->bundle->yaml;
		trials[i].driver = config->driver;
		trials[i].visit = config->visit;
	}
	err = pn_lab_run(lab, trials, config->tries, ended, &looking, diag);
	if (!err && trials[0].refused)
		err = pn_diag_set(diag, -ENOTSUP, "this host can't run the case: %s", trials[0].refused);
	looking.tally.made = looking.ended - looking.tally.broken;
	if (!err)
		put_result(&looking);
	for (unsigned int i = 0; i < config->tries; i++)
		pn_trial_clear(&trials[i], false);
	g_free(trials);
	json_decref(looking.recording);
	*ret_tally = looking.tally;
	return err;
}

int pn_repro_exit(const struct pn_repro_tally *tally, bool exact)
{
	if (tally->same)
		return exact && !tally->identical ? PN_EXIT_CANNOT_TELL : PN_EXIT_FAIL;
	if (!tally->made)
		return PN_EXIT_BROKEN;
	return tally->other ? PN_EXIT_CANNOT_TELL : PN_EXIT_PASS;
}
