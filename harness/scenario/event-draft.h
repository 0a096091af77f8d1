/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

#include "doc.h"
#include "event.h"

/** struct pn_draft - an event and the place in the document that asked for it, for error texts */
struct pn_draft {
	struct pn_event event;
	int node;
	char *path; /* "timeline[2]", "faults[0]", "pattern" */
};

/**
 * pn_drafts_check() - refuse a timeline that can't happen
 * @drafts: array of struct pn_draft in their final order
 * @length_ns: planned length without the time that targets take to settle
 *
 * Return: 0 or -EINVAL with one line.
 */
int pn_drafts_check(struct pn_doc *doc, GArray *drafts, const struct pn_scenario *scenario, uint64_t length_ns, struct pn_diag *diag);
