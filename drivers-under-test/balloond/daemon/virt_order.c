// SPDX-License-Identifier: GPL-2.0-only
/* Carrying out orders. One at a time a guest: an order that hangs is not overtaken by the next. */
#include "virt_private.h"

#include <errno.h>

#include "../../../harness/base/units.h"

#define BOUND_STEP_BYTES PN_MIB

void pn_virt_ordered(struct pn_virt_host *host, struct pn_work *work)
{
	struct known *known = g_hash_table_lookup(host->known, work->uuid);

	if (!known)
		return;
	known->ordering = false;
	if (work->bound_refused)
		pn_virt_say(host, "bound", known->name, work->words);
	else if (work->bound_bytes != PN_UNSET)
		known->bound_bytes = work->bound_bytes;
	if (work->err || (work->bound_refused && work->bound_first)) {
		pn_virt_say(host, "refused", known->name, work->words);
		if (host->controller)
			pn_controller_refused(host->controller, known->uuid);
	}
}

static struct pn_work *make_order(struct pn_virt_host *host, const struct pn_daemon_config *config, const struct known *known,
				  const struct pn_order *order)
{
	uint64_t bound = config->cgroups && known->controlled && !config->dry_run ? order->bound_bytes : PN_UNSET;
	bool rises = bound != PN_UNSET && bound > known->bound_bytes;
	struct pn_work *work;

	if (bound != PN_UNSET && known->bound_bytes && (rises ? bound - known->bound_bytes : known->bound_bytes - bound) < BOUND_STEP_BYTES)
		bound = PN_UNSET;
	if (!order->send && bound == PN_UNSET)
		return NULL;
	work = pn_work_new(PN_WORK_ORDER, host->conn, host->done, host->serial);
	work->target_bytes = order->send ? order->target_bytes : PN_UNSET;
	work->bound_bytes = bound;
	work->bound_first = rises;
	return work;
}

/* One after the other a guest: an order that hangs is not overtaken by the next. */
static unsigned int order_some(struct pn_virt_host *host, const struct pn_daemon_config *config, const GArray *views, const struct pn_order *orders,
			       bool lowering)
{
	unsigned int begun = 0;

	for (guint i = 0; i < views->len; i++) {
		const struct pn_view *view = &g_array_index(views, struct pn_view, i);
		struct known *known = g_hash_table_lookup(host->known, view->uuid);
		uint64_t actual = view->observation.actual_bytes;
		struct pn_work *work;

		if (!known || !known->domain || (actual != PN_UNSET && orders[i].target_bytes < actual) != lowering)
			continue;
		work = known->ordering ? NULL : make_order(host, config, known, &orders[i]);
		if (!work) {
			if (known->ordering && orders[i].send)
				pn_controller_refused(host->controller, known->uuid);
			continue;
		}
		known->ordering = true;
		begun++;
		pn_virt_begin(work, known);
	}
	return begun;
}

void pn_virt_host_apply(struct pn_virt_host *host, const struct pn_daemon_config *config, const GArray *views, const struct pn_order *orders,
			struct pn_controller *controller)
{
	unsigned int begun;

	host->controller = controller;
	host->serial++;
	begun = order_some(host, config, views, orders, true);
	begun += order_some(host, config, views, orders, false);
	pn_virt_wait(host, begun, host->serial, config->timeout_ns);
	host->controller = NULL;
}

bool pn_virt_host_bounded(const struct pn_virt_host *host)
{
	GHashTableIter iter;
	struct known *known;
	unsigned int bounded = 0;

	g_hash_table_iter_init(&iter, host->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (known->controlled && !known->bound_bytes)
			return false;
		bounded += known->controlled;
	}
	return bounded > 0;
}
