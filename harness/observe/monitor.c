// SPDX-License-Identifier: GPL-2.0-only
/* Asking the monitor with the sampler's patience: shorter than a case's, for a held monitor costs samples. */

#include "monitor.h"

#include "../base/units.h"
#include "probe.h"

#define QUERY_TIMEOUT_NS (2 * PN_NS_PER_S)

int pn_monitor_query(struct pn_probe_context *context, const char *command, json_t *arguments, json_t **ret_reply, uint64_t *ret_latency_ns,
		     struct pn_diag *diag)
{
	int err = pn_guest_query(context->guest, command, arguments, QUERY_TIMEOUT_NS, ret_reply, ret_latency_ns, diag);

	json_decref(arguments);
	return err;
}
