/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_doc;
struct pn_event;
struct pn_scenario;

/**
 * pn_explicit_event() - an event as a mapping of a timeline
 * @doc: gets the nodes
 *
 * Return: number of the new node; read back it is the same event.
 */
int pn_explicit_event(struct pn_doc *doc, const struct pn_event *event);

/**
 * pn_explicit_timeline() - replace pattern and faults by the events that they make, one by one
 * @doc: resolved scenario of one case; edited
 * @scenario: what was built of it; of one with several guests each that has a timeline of its own gets it, the others share the case's
 *
 * The scenario built of the result has the same events.
 */
void pn_explicit_timeline(struct pn_doc *doc, const struct pn_scenario *scenario);
