// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at all guests. All domains are asked in one call; when that is late one of them hangs, and nobody knows which: then each is asked by itself,
 * and who answers is back in the common call at the next look.
 */
#include "virt_private.h"

#include <errno.h>
#include <string.h>

#include "../../../harness/base/diag.h"
#include "pressure.h"

#define PRESSURE_LOOKS 5 /* a file that is older says nothing */

/* a guest that was listed, as far as this look knows it */
static struct known *take_sample(struct pn_virt_host *host, const struct pn_sample *sample)
{
	struct known *known = g_hash_table_lookup(host->known, sample->uuid);

	if (!known) {
		known = g_new0(struct known, 1);
		g_strlcpy(known->uuid, sample->uuid, sizeof(known->uuid));
		g_mutex_lock(&host->lock);
		g_hash_table_insert(host->known, known->uuid, known);
		g_mutex_unlock(&host->lock);
	}
	if (!known->domain) {
		known->domain = sample->domain;
		virDomainRef(known->domain);
	}
	if (g_strcmp0(known->name, sample->name) != 0) {
		g_free(known->name);
		known->name = g_strdup(sample->name);
	}
	known->listed = true;
	if (sample->answered) {
		known->answered = true;
		known->max_bytes = sample->max_bytes;
		known->observation = sample->observation;
	}
	return known;
}

void pn_virt_looked(struct pn_virt_host *host, struct pn_work *work)
{
	if (!work->domain && work->serial != host->serial)
		return; /* given up: each has been asked by itself since */
	if (!work->domain && work->err)
		pn_virt_say(host, "libvirt", NULL, work->words);
	host->common_done |= !work->domain && !work->err;
	for (guint i = 0; i < work->samples->len; i++) {
		struct known *known = take_sample(host, &g_array_index(work->samples, struct pn_sample, i));

		if (work->domain) {
			known->looking = false;
			known->suspect = !known->answered;
		}
	}
}

void pn_virt_greeted(struct pn_virt_host *host, struct pn_work *work)
{
	struct known *known = g_hash_table_lookup(host->known, work->uuid);
	struct pn_diag diag = {0};

	if (!known)
		return;
	known->greeting = false;
	known->greeted = true;
	if (work->err)
		pn_virt_say(host, "statistics", known->name, work->words);
	if (!work->metadata)
		pn_limits_clear(&known->limits);
	else if (pn_limits_read_xml(&known->limits, work->metadata, known->name, &diag))
		pn_virt_say(host, "metadata", known->name, diag.text);
}

static void ask_all(struct pn_virt_host *host, uint64_t timeout_ns)
{
	struct pn_work *work = pn_work_new(PN_WORK_LOOK, host->conn, host->done, ++host->serial);
	GHashTableIter iter;
	struct known *known;
	unsigned int count = 1;

	host->common_done = false;
	work->skip = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_iter_init(&iter, host->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		known->listed = known->answered = false;
		/* an order under way has its monitor: it would only be in the way */
		if (known->suspect || known->ordering)
			g_hash_table_add(work->skip, g_strdup(known->uuid));
		if (!known->suspect || known->looking || !known->domain)
			continue;
		known->looking = true;
		count++;
		pn_virt_begin(pn_work_new(PN_WORK_LOOK, host->conn, host->done, host->serial), known);
	}
	pn_virt_begin(work, NULL);
	pn_virt_wait(host, count, host->serial, timeout_ns);
}

/* the common call is late: somebody in it hangs */
static void ask_each(struct pn_virt_host *host, uint64_t timeout_ns)
{
	GHashTableIter iter;
	struct known *known;
	unsigned int count = 0;

	host->serial++;
	g_hash_table_iter_init(&iter, host->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		known->listed = true; /* as far as anybody knows */
		if (known->suspect || known->looking || !known->domain)
			continue;
		known->suspect = known->looking = true;
		count++;
		pn_virt_begin(pn_work_new(PN_WORK_LOOK, host->conn, host->done, host->serial), known);
	}
	pn_virt_wait(host, count, host->serial, timeout_ns);
}

static void greet(struct pn_virt_host *host, const struct pn_daemon_config *config, struct known *known)
{
	struct pn_work *work;

	if (known->greeting || known->suspect || !known->domain || (known->greeted && !g_atomic_int_get(&known->metadata_stale)))
		return;
	g_atomic_int_set(&known->metadata_stale, 0);
	work = pn_work_new(PN_WORK_GREET, host->conn, host->done, host->serial);
	work->period_s = config->dry_run ? 0 : (int)config->stats_period_s;
	known->greeting = true;
	pn_virt_begin(work, known);
}

static const struct pn_observation nothing = {
	.resident_bytes = PN_UNSET, .actual_bytes = PN_UNSET,  .total_bytes = PN_UNSET,	 .available_bytes = PN_UNSET,
	.free_bytes = PN_UNSET,	    .swap_in_bytes = PN_UNSET, .major_faults = PN_UNSET, .psi_some_ns = PN_UNSET,
};

static void add_view(GArray *views, const struct pn_daemon_config *config, struct known *known)
{
	struct pn_view view = {.uuid = known->uuid, .name = known->name, .observation = known->answered ? known->observation : nothing};

	if (config->pressure)
		view.observation.psi_some_ns = pn_pressure_read(config->pressure, known->name, known->uuid, PRESSURE_LOOKS * config->interval_ns);
	view.observation.boots = (unsigned int)g_atomic_int_get(&known->boots);
	view.limits = pn_limits_resolve(&known->limits, &config->limits, known->max_bytes, &view.control);
	/* until its metadata is known nothing is done to it */
	view.control = view.control && known->greeted && pn_daemon_config_wants(config, known->name, known->uuid);
	known->controlled = view.control;
	g_array_append_val(views, view);
}

static gint by_uuid(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct pn_view *)a)->uuid, ((const struct pn_view *)b)->uuid);
}

int pn_virt_host_look(struct pn_virt_host *host, const struct pn_daemon_config *config, GArray **ret_views, struct pn_diag *diag)
{
	GArray *views;
	GHashTableIter iter;
	struct known *known;

	if (!host->conn || g_atomic_int_get(host->lost))
		return pn_diag_set(diag, -ENOTCONN, "libvirtd has gone");
	ask_all(host, config->timeout_ns);
	if (!host->common_done)
		ask_each(host, config->timeout_ns);
	if (g_atomic_int_get(host->lost))
		return pn_diag_set(diag, -ENOTCONN, "libvirtd has gone");
	views = g_array_new(FALSE, TRUE, sizeof(struct pn_view));
	g_mutex_lock(&host->lock);
	g_hash_table_iter_init(&iter, host->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known))
		if (!known->listed)
			g_hash_table_iter_remove(&iter);
	g_mutex_unlock(&host->lock);
	g_hash_table_iter_init(&iter, host->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		greet(host, config, known);
		if (known->max_bytes)
			add_view(views, config, known);
	}
	g_array_sort(views, by_uuid);
	*ret_views = views;
	return 0;
}
