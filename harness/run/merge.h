/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_scenario;

/**
 * pn_outcome_merge() - the outcome of a case with several guests, from those of its guests
 * @scenario: of the case, with members
 * @case_dir: guests/NAME/outcome.json and loads.json, and controller.json where there is one, are read; outcome.json and loads.json are written
 *
 * The verdict is the worst of the guests'. Findings and loads say which guest they are of ("guest"). Metrics: "guests.NAME.METRIC" of each;
 * and METRIC, the sum over the guests, of those that add up (bytes, counts and CPU or stall time), where every guest has it: a sum with one left out
 * would be a wrong number.
 * Return: 0 or a negative errno.
 */
int pn_outcome_merge(const struct pn_scenario *scenario, const char *case_dir, struct pn_diag *diag);
