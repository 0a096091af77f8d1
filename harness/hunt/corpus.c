// SPDX-License-Identifier: GPL-2.0-only
/* The corpus of a fuzzing run, kept small. */
#include "corpus.h"

#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"

static void free_entry(gpointer data)
{
	struct pn_corpus_entry *entry = data;

	pn_genome_free(entry->genome);
	g_hash_table_unref(entry->blocks);
	g_free(entry);
}

static unsigned int gain(const struct pn_corpus_entry *entry, GHashTable *covered)
{
	GHashTableIter iter;
	unsigned int gained = 0;
	gpointer block;

	g_hash_table_iter_init(&iter, entry->blocks);
	while (g_hash_table_iter_next(&iter, &block, NULL))
		gained += !g_hash_table_contains(covered, block);
	return gained;
}

static void cover(const struct pn_corpus_entry *entry, GHashTable *covered)
{
	GHashTableIter iter;
	gpointer block;

	g_hash_table_iter_init(&iter, entry->blocks);
	while (g_hash_table_iter_next(&iter, &block, NULL))
		g_hash_table_add(covered, block);
}

bool pn_corpus_add(struct pn_corpus *corpus, struct pn_genome *genome, GHashTable *blocks)
{
	struct pn_corpus_entry *entry = g_new0(struct pn_corpus_entry, 1);
	GHashTable *covered = g_hash_table_new(NULL, NULL);
	bool fresh;

	*entry = (struct pn_corpus_entry){.genome = genome, .blocks = blocks};
	if (!corpus->entries)
		corpus->entries = g_ptr_array_new_with_free_func(free_entry);
	for (guint i = 0; i < corpus->entries->len; i++)
		cover(corpus->entries->pdata[i], covered);
	fresh = gain(entry, covered) > 0;
	if (fresh)
		g_ptr_array_add(corpus->entries, entry);
	else
		free_entry(entry);
	g_hash_table_unref(covered);
	return fresh;
}

static int best(const GPtrArray *entries, GHashTable *covered)
{
	unsigned int most = 0;
	int chosen = -1;

	for (guint i = 0; i < entries->len; i++) {
		const struct pn_corpus_entry *entry = entries->pdata[i];
		unsigned int gained = gain(entry, covered);
		const struct pn_corpus_entry *other = chosen < 0 ? NULL : entries->pdata[chosen];

		if (gained > most || (gained && gained == most && entry->genome->events->len < other->genome->events->len)) {
			most = gained;
			chosen = (int)i;
		}
	}
	return chosen;
}

void pn_corpus_minimise(struct pn_corpus *corpus)
{
	GPtrArray *kept = g_ptr_array_new_with_free_func(free_entry);
	GHashTable *covered = g_hash_table_new(NULL, NULL);
	int next;

	while (corpus->entries && (next = best(corpus->entries, covered)) >= 0) {
		struct pn_corpus_entry *entry = g_ptr_array_steal_index(corpus->entries, (guint)next);

		cover(entry, covered);
		g_ptr_array_add(kept, entry);
	}
	g_hash_table_unref(covered);
	if (corpus->entries)
		g_ptr_array_unref(corpus->entries);
	corpus->entries = kept;
}

int pn_corpus_save(const struct pn_corpus *corpus, const struct pn_grammar *grammar, const char *dir, struct pn_diag *diag)
{
	int err = pn_fs_remove_tree(dir, diag);

	if (!err)
		err = pn_fs_mkdir_p(dir, diag);
	for (guint i = 0; !err && corpus->entries && i < corpus->entries->len; i++) {
		const struct pn_corpus_entry *entry = corpus->entries->pdata[i];
		g_autofree char *name = g_strdup_printf("%04u.yaml", i + 1), *path = g_build_filename(dir, name, NULL);
		g_autofree char *text = pn_genome_write(grammar, entry->genome);

		err = pn_fs_write(path, text, strlen(text), diag);
	}
	return err;
}

void pn_corpus_deinit(struct pn_corpus *corpus)
{
	if (corpus->entries)
		g_ptr_array_unref(corpus->entries);
	corpus->entries = NULL;
}
