// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a smaller scenario still fail the same way? Invariant: the current document has been seen to fail, in the directory that is kept; every
 * other directory is removed. A candidate that no scenario can be (a target out of reach, a timeline without events) passes.
 */
#include "shrinking.h"

#include <errno.h>
#include <stdarg.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "lab.h"

static bool out_of_time(struct shrinking *self)
{
	self->over |= self->config->budget_ns && pn_clock_now_ns() - self->began_ns >= self->config->budget_ns;
	return self->over || self->err;
}

static bool hit(const struct pn_trial *trial, void *data)
{
	const struct shrinking *self = data;

	return pn_trial_failed(trial, self->config->signature);
}

static void drop(char *dir)
{
	if (dir)
		pn_fs_remove_tree(dir, NULL);
	g_free(dir);
}

/* @dir: stolen */
static void keep(struct shrinking *self, char *dir)
{
	drop(self->dir);
	self->dir = dir;
}

/* One run of each text. Return: index of the one that failed, with @ret_dir, or -1. */
static int run_once(struct shrinking *self, char **texts, unsigned int count, char **ret_dir)
{
	struct pn_trial *trials = g_new0(struct pn_trial, count);
	int found = -1;

	for (unsigned int i = 0; i < count; i++)
		trials[i] = (struct pn_trial){.yaml = texts[i], .driver = self->config->driver};
	self->err = pn_lab_run(self->lab, trials, count, hit, self, self->diag);
	for (unsigned int i = 0; i < count; i++) {
		bool failed = found < 0 && hit(&trials[i], self);

		if (failed) {
			found = (int)i;
			*ret_dir = g_strdup(trials[i].dir);
		}
		if (trials[i].refused) {
			g_hash_table_add(self->passed, g_strdup(texts[i]));
			g_free(self->refused);
			self->refused = g_strdup(trials[i].refused);
		}
		pn_trial_clear(&trials[i], !failed);
	}
	g_free(trials);
	return found;
}

/*
 * Of a case that failed each time a candidate must, too: one that failed once by luck would be all that is left, and hardly fail again. Return: whether @text
 * is kept; @dir of its first failure is stolen.
 */
static bool confirm(struct shrinking *self, char *text, char *dir)
{
	char *again = NULL;

	if (self->repeats > 1 || out_of_time(self)) {
		keep(self, dir);
		return true;
	}
	drop(dir);
	if (run_once(self, &text, 1, &again) < 0) {
		g_hash_table_add(self->passed, g_strdup(text));
		return false;
	}
	keep(self, again);
	return true;
}

/* @repeats runs of each, all side by side; those that no scenario can be only once */
static int run_repeatedly(struct shrinking *self, char **texts, unsigned int count)
{
	int found = -1;

	for (unsigned int repeat = 0; found < 0 && repeat < self->repeats && !out_of_time(self);) {
		g_autoptr(GPtrArray) left = g_ptr_array_new();
		char *dir = NULL;

		for (unsigned int i = 0; i < count; i++)
			if (!g_hash_table_contains(self->passed, texts[i]))
				g_ptr_array_add(left, texts[i]);
		found = left->len ? run_once(self, (char **)left->pdata, left->len, &dir) : -1;
		if (found >= 0 && !confirm(self, left->pdata[found], dir)) {
			found = -1; /* and the others have their turn once more */
			continue;
		}
		repeat++;
		for (unsigned int i = 0; found >= 0 && i < count; i++) {
			if (texts[i] == left->pdata[found])
				return (int)i;
		}
	}
	for (unsigned int i = 0; !out_of_time(self) && i < count; i++)
		g_hash_table_add(self->passed, g_strdup(texts[i]));
	return -1;
}

int shrinking_try(struct shrinking *self, struct pn_doc **docs, unsigned int count)
{
	g_auto(GStrv) texts = g_new0(char *, count + 1);
	int found = -1;

	for (unsigned int i = 0; i < count; i++)
		texts[i] = pn_doc_emit(docs[i]);
	for (unsigned int from = 0; found < 0 && from < count && !out_of_time(self); from += self->lab->jobs) {
		found = run_repeatedly(self, texts + from, MIN(self->lab->jobs, count - from));
		found = found < 0 ? -1 : found + (int)from;
	}
	for (unsigned int i = 0; i < count; i++) {
		if ((int)i == found) {
			pn_doc_free(self->doc);
			self->doc = docs[i];
		} else {
			pn_doc_free(docs[i]);
		}
	}
	return found;
}

unsigned int shrinking_measure(struct shrinking *self, unsigned int runs, unsigned int until, unsigned int *ret_made)
{
	g_autofree char *text = pn_doc_emit(self->doc);
	unsigned int hits = 0, made = 0;

	while (made < runs && hits < until && !self->err) {
		char *dir = NULL;

		if (run_once(self, &text, 1, &dir) >= 0) {
			keep(self, dir);
			hits++;
		}
		made++;
	}
	*ret_made = made;
	return hits;
}

void shrinking_say(const struct shrinking *self, const char *fmt, ...)
{
	double seconds = (double)(pn_clock_now_ns() - self->began_ns) / PN_NS_PER_S;
	va_list args;

	fprintf(self->config->out, "%4u trials, %5.0f s: ", self->lab->made - self->first_trial, seconds);
	va_start(args, fmt);
	vfprintf(self->config->out, fmt, args);
	va_end(args);
	fputc('\n', self->config->out);
	fflush(self->config->out);
}
