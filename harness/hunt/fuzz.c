// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzzing loop: draw or vary, run, keep what was new. Invariant: everything is drawn from one seed, in an order that does not depend on time; but
 * which cases are kept depends on what guests executed, so two runs of one seed part ways where a live guest does, or where of two trials at once the other
 * one ends first.
 */
#include "fuzz.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/texts.h"
#include "../base/units.h"
#include "../observe/record.h"
#include "../scenario/scenario.h"
#include "../scenario/seed.h"
#include "lab.h"

#define FRESH_OF 2 /* one case of so many is drawn, even where there is a corpus */
#define SAY_EVERY_NS (30 * PN_NS_PER_S)
#define REFUSED_MAX 1000 /* in a row: the grammar and the bases do not go together */

/** struct fuzzing - a run under way */
struct fuzzing {
	struct pn_lab *lab;
	const struct pn_fuzz_config *config;
	struct pn_fuzz_result *result;
	struct pn_grammar grammar; /* the configured one, with the driver's functions once they are known */
	GPtrArray *functions;
	GHashTable *known;  /* signature ids -> how often */
	GHashTable *broken; /* why cases showed nothing -> how often */
	GPtrArray *waiting; /* genomes of the corpus to begin with */
	GArray *turn;	    /* of unsigned int: shapes still to be drawn from in this round */
	uint64_t random, began_ns, said_ns;
	unsigned int refused_in_row;
	int err;
	struct pn_diag *diag;
};

/** struct attempt - a genome and its trial */
struct attempt {
	struct pn_trial trial; /* first: the lab knows it by this */
	struct pn_genome *genome;
	char *yaml;
};

/*
 * Each shape in turn and one long case, in an order drawn anew each time round: by chance alone one of ten would often not be seen in the first twenty.
 * Return: number of a base; that of all for the long case.
 */
static unsigned int next_turn(struct fuzzing *self)
{
	unsigned int turn;

	if (!self->turn->len)
		for (guint i = 0; i <= self->grammar.bases->count; i++)
			g_array_insert_val(self->turn, (guint)pn_seed_below(&self->random, i + 1), i);
	turn = g_array_index(self->turn, unsigned int, 0);
	g_array_remove_index(self->turn, 0);
	return turn;
}

static struct pn_genome *draw(struct fuzzing *self)
{
	unsigned int turn = next_turn(self);

	return turn < self->grammar.bases->count ? pn_genome_draw(&self->grammar, turn, &self->random) :
						   pn_genome_draw_cycles(&self->grammar, &self->random);
}

static struct pn_genome *next_genome(struct fuzzing *self)
{
	const GPtrArray *entries = self->result->corpus.entries;
	const struct pn_corpus_entry *one, *other;

	if (self->waiting->len)
		return g_ptr_array_steal_index(self->waiting, 0);
	if (!entries || !entries->len || !pn_seed_below(&self->random, FRESH_OF))
		return draw(self);
	one = entries->pdata[pn_seed_below(&self->random, entries->len)];
	other = entries->pdata[pn_seed_below(&self->random, entries->len)];
	return pn_genome_vary(&self->grammar, &self->random, one->genome, other->genome);
}

static void say(struct fuzzing *self)
{
	struct pn_fuzz_result *result = self->result;
	guint blocks = result->cover.blocks ? g_hash_table_size(result->cover.blocks) : 0;

	result->seconds = (double)(pn_clock_now_ns() - self->began_ns) / PN_NS_PER_S;
	fprintf(self->config->out, "%6.0f s: %u cases (%.1f a minute), %u blocks, corpus %u, %u failed in %u ways, %u broken\n", result->seconds,
		result->cases, result->cases * 60 / MAX(result->seconds, 1), blocks, result->corpus.entries ? result->corpus.entries->len : 0,
		result->failures, result->findings, result->broken);
	fflush(self->config->out);
	self->said_ns = pn_clock_now_ns();
}

/* a failure that was not seen before: its directory is kept */
static int keep_finding(struct fuzzing *self, const struct pn_trial *trial, const struct pn_signature *signature)
{
	g_autofree char *findings = g_build_filename(self->config->dir, "findings", NULL);
	g_autofree char *dir = g_build_filename(findings, signature->id, NULL), *text = pn_signature_text(signature);
	int err = pn_fs_mkdir_p(findings, self->diag);

	if (!err)
		err = pn_fs_remove_tree(dir, self->diag);
	if (!err && g_rename(trial->dir, dir))
		err = pn_diag_set(self->diag, -errno, "%s: %s", dir, g_strerror(errno));
	if (err)
		return err;
	if (self->config->found)
		self->config->found(dir);
	self->result->findings++;
	fprintf(self->config->out, "found after %u cases, %.0f s: %s\n  %s\n", self->result->cases,
		(double)(pn_clock_now_ns() - self->began_ns) / PN_NS_PER_S, text, dir);
	fflush(self->config->out);
	return 0;
}

/* Return: how often it has been seen, this time included */
static guint count(GHashTable *seen, const char *what)
{
	guint times = GPOINTER_TO_UINT(g_hash_table_lookup(seen, what)) + 1;

	g_hash_table_insert(seen, g_strdup(what), GUINT_TO_POINTER(times));
	return times;
}

/* it accuses nobody, but who fuzzes wants to know what the time went into */
static void take_broken(struct fuzzing *self, const struct pn_trial *trial)
{
	const char *reason = pn_text(trial->verdict, "reason");
	g_autofree char *masked = pn_signature_mask(reason);

	self->result->broken++;
	self->result->cases--;
	if (count(self->broken, masked) == 1)
		fprintf(self->config->out, "showed nothing: %s\n", reason);
}

/* Return: 1 when its directory was taken, 0 when not, or a negative errno. */
static int take_failure(struct fuzzing *self, const struct pn_trial *trial)
{
	struct pn_signature signature;
	int taken = 0;

	if (pn_trial_signature(trial, &signature))
		return 0;
	if (strcmp(signature.verdict, "FAIL")) {
		take_broken(self, trial);
	} else {
		self->result->failures++;
		if (count(self->known, signature.id) == 1)
			taken = keep_finding(self, trial, &signature) ?: 1;
	}
	pn_signature_deinit(&signature);
	return taken;
}

/* those that the first case entered; what the compiler made for tracing never is */
static void learn_functions(struct fuzzing *self)
{
	const json_t *function;
	size_t i;

	if (self->functions->len || !self->result->cover.functions)
		return;
	json_array_foreach (self->result->cover.functions, i, function)
		if (pn_field_or(function, "entries", 0) > 2)
			g_ptr_array_add(self->functions, g_strdup(pn_text(function, "name")));
	g_ptr_array_add(self->functions, NULL);
	self->grammar.functions = (char **)self->functions->pdata;
}

/*
 * Return: 0 or a negative errno; the trial is cleared and @genome gone or in the corpus. There only what passed is: what varies a case that showed nothing
 * shows nothing for the same reason, and what varies a failure finds it again.
 */
static int take(struct fuzzing *self, struct pn_trial *trial, struct pn_genome *genome)
{
	bool ran = trial->verdict && trial->dir, passed = ran && pn_is(trial->verdict, "verdict", "PASS");
	int taken = 0;

	if (ran)
		pn_cover_add(&self->result->cover, trial->dir);
	if (passed)
		pn_corpus_add(&self->result->corpus, genome, pn_cover_read(trial->dir));
	else
		pn_genome_free(genome);
	learn_functions(self);
	self->result->refused += trial->refused != NULL;
	self->refused_in_row = trial->refused ? self->refused_in_row + 1 : 0;
	self->result->cases += ran;
	if (ran)
		taken = take_failure(self, trial);
	pn_trial_clear(trial, taken != 1);
	return MIN(taken, 0);
}

static int read_corpus(struct fuzzing *self)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = self->config->corpus_dir ? g_dir_open(self->config->corpus_dir, 0, NULL) : NULL;
	const char *name;

	if (self->config->corpus_dir && !dir)
		return pn_diag_set(self->diag, -ENOENT, "%s: can't be read; expected the corpus/ of a fuzzing run", self->config->corpus_dir);
	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".yaml"))
			g_ptr_array_add(names, g_build_filename(self->config->corpus_dir, name, NULL));
	g_ptr_array_sort(names, pn_texts_compare);
	for (guint i = 0; i < names->len; i++) {
		struct pn_genome *genome;
		int err = pn_genome_read(&self->grammar, names->pdata[i], self->lab->workloads_dir, &genome, self->diag);

		if (err)
			return err;
		g_ptr_array_add(self->waiting, genome);
	}
	return 0;
}

static bool over(const struct fuzzing *self)
{
	const struct pn_fuzz_config *config = self->config;

	return (config->for_ns && pn_clock_now_ns() - self->began_ns >= config->for_ns) ||
	       (config->findings_max && self->result->findings >= config->findings_max);
}

static struct pn_trial *next_attempt(void *data)
{
	struct fuzzing *self = data;
	struct attempt *attempt;

	if (self->err || over(self))
		return NULL;
	attempt = g_new0(struct attempt, 1);
	attempt->genome = next_genome(self);
	attempt->yaml = pn_genome_write(&self->grammar, attempt->genome);
	attempt->trial.yaml = attempt->yaml;
	return &attempt->trial;
}

static void attempt_ended(struct pn_trial *trial, void *data)
{
	struct fuzzing *self = data;
	struct attempt *attempt = (struct attempt *)trial;
	int err = take(self, trial, attempt->genome);

	if (!err && self->refused_in_row >= REFUSED_MAX)
		err = pn_diag_set(self->diag, -EINVAL, "none of %u drawn cases was a scenario", REFUSED_MAX);
	self->err = self->err ? self->err : err;
	g_free(attempt->yaml);
	g_free(attempt);
	if (pn_clock_now_ns() - self->said_ns >= SAY_EVERY_NS)
		say(self);
}

static int write_summary(struct fuzzing *self)
{
	g_autofree char *path = g_build_filename(self->config->dir, "fuzz.json", NULL), *corpus = g_build_filename(self->config->dir, "corpus", NULL);
	const struct pn_fuzz_result *result = self->result;
	GHashTableIter iter;
	gpointer id, times;
	json_t *found = json_object(), *summary;
	char *text;
	int err;

	g_hash_table_iter_init(&iter, self->known);
	while (g_hash_table_iter_next(&iter, &id, &times))
		json_object_set_new(found, id, json_integer(GPOINTER_TO_UINT(times)));
	summary = json_pack("{s:i, s:I, s:f, s:i, s:i, s:i, s:i, s:i, s:I, s:o}", "schema", 1, "seed", (json_int_t)self->config->seed, "seconds", result->seconds,
			    "cases", (int)result->cases, "refused", (int)result->refused, "broken", (int)result->broken, "failures",
			    (int)result->failures, "blocks", (int)(result->cover.blocks ? g_hash_table_size(result->cover.blocks) : 0),
			    "blocks_executed", (json_int_t)result->cover.executed, "findings", found);
	text = json_dumps(summary, JSON_INDENT(1));
	err = pn_fs_write(path, text, strlen(text), self->diag);
	free(text);
	json_decref(summary);
	return err ? err : pn_corpus_save(&result->corpus, &self->grammar, corpus, self->diag);
}

int pn_fuzz_run(struct pn_lab *lab, const struct pn_fuzz_config *config, struct pn_fuzz_result *ret_result, struct pn_diag *diag)
{
	struct fuzzing self = {
		.lab = lab,
		.config = config,
		.result = ret_result,
		.grammar = config->grammar,
		.functions = g_ptr_array_new_with_free_func(g_free),
		.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.broken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.waiting = g_ptr_array_new_with_free_func((GDestroyNotify)pn_genome_free),
		.turn = g_array_new(FALSE, FALSE, sizeof(unsigned int)),
		.random = config->seed,
		.began_ns = pn_clock_now_ns(),
		.said_ns = pn_clock_now_ns(),
		.diag = diag,
	};
	static const struct pn_lab_source source = {next_attempt, attempt_ended};
	int err, written;

	*ret_result = (struct pn_fuzz_result){0};
	err = read_corpus(&self);
	if (!err)
		err = pn_lab_stream(lab, &source, &self, diag);
	err = self.err ? self.err : err;
	pn_corpus_minimise(&ret_result->corpus);
	say(&self);
	written = err && err != -EINTR ? 0 : write_summary(&self);
	g_hash_table_destroy(self.known);
	g_hash_table_destroy(self.broken);
	g_ptr_array_unref(self.waiting);
	g_array_unref(self.turn);
	g_ptr_array_unref(self.functions);
	return err ? err : written;
}

void pn_fuzz_result_deinit(struct pn_fuzz_result *result)
{
	pn_cover_deinit(&result->cover);
	pn_corpus_deinit(&result->corpus);
}
