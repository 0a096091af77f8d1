// SPDX-License-Identifier: GPL-2.0-only
/* Several laws through the same simulation, side by side. They share nothing but the configuration, so threads need no order. */
#include "compare.h"

#include <glib.h>

#include "../../../harness/base/diag.h"
#include "../laws/law.h"

/** struct comparison - what the threads share */
struct comparison {
	const struct pn_sim_config *config;
	const struct pn_law *const *laws;
	const volatile int *stop;
	void (*done)(const struct pn_sim_result *result);
	struct pn_sim_result *results;
	int *errors;
	struct pn_diag *diags;
	GMutex lock;
};

static void run_one(gpointer data, gpointer user)
{
	struct comparison *all = user;
	size_t i = GPOINTER_TO_SIZE(data) - 1;

	all->errors[i] = pn_sim_run(all->config, all->laws[i], all->stop, &all->results[i], &all->diags[i]);
	if (all->errors[i] || !all->done)
		return;
	g_mutex_lock(&all->lock);
	all->done(&all->results[i]);
	g_mutex_unlock(&all->lock);
}

int pn_sim_compare(const struct pn_sim_config *config, const struct pn_law *const *laws, unsigned int jobs, const volatile int *stop,
		   void (*done)(const struct pn_sim_result *result), struct pn_sim_result *ret_results, struct pn_diag *diag)
{
	struct comparison all = { .config = config, .laws = laws, .stop = stop, .done = done, .results = ret_results };
	size_t count = 0;
	GThreadPool *pool;
	int err = 0;

	while (laws[count])
		count++;
	all.errors = g_new0(int, count + 1);
	all.diags = g_new0(struct pn_diag, count + 1);
	g_mutex_init(&all.lock);
	pool = g_thread_pool_new(run_one, &all, (int)jobs, FALSE, NULL);
	for (size_t i = 0; i < count; i++)
		g_thread_pool_push(pool, GSIZE_TO_POINTER(i + 1), NULL);
	g_thread_pool_free(pool, FALSE, TRUE);
	for (size_t i = 0; i < count && !err; i++)
		if (all.errors[i])
			err = pn_diag_set(diag, all.errors[i], "%s", all.diags[i].text);
	g_mutex_clear(&all.lock);
	g_free(all.errors);
	g_free(all.diags);
	return err;
}
