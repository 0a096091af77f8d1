/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

struct pn_scenario;

/**
 * struct pn_requirement - something a host must have for a case
 * @name: in `requires`
 * @help: one line
 * @check: looks at the host for this scenario; takes microseconds, changes nothing. Return: NULL when it is there, or why not, freed with
 * g_free().
 * @implied: does the scenario need it without saying so? NULL: never
 */
struct pn_requirement {
	const char *name;
	const char *help;
	char *(*check)(const struct pn_scenario *scenario);
	bool (*implied)(const struct pn_scenario *scenario);
};

/** pn_requirements - all of them; ends with a NULL name */
extern const struct pn_requirement pn_requirements[];

/** pn_require_names() - their names for error texts, NULL-terminated; freed with g_free() (not the names) */
const char **pn_require_names(void);

/**
 * pn_require_hook() - put another check in the place of one's own
 *
 * For what only upper layers know: whether KVM works is found out by a boot probe (doctor). Not thread-safe; call before planning.
 */
void pn_require_hook(const char *name, char *(*check)(const struct pn_scenario *scenario));

/** pn_require_check() - why one named requirement is not met; NULL: met. Freed with g_free(). */
char *pn_require_check(const char *name, const struct pn_scenario *scenario);

/**
 * pn_require_scenario() - why a scenario can't run: its first unmet requirement, said or implied, or a driver that can't drive its device
 *
 * Return: a skip reason, freed with g_free(), or NULL.
 */
char *pn_require_scenario(const struct pn_scenario *scenario);
