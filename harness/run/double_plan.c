// SPDX-License-Identifier: GPL-2.0-only
/* Double of the plan: what any case needs to be run by the supervisor. */
#include "double_plan.h"

#include <glib.h>

#include "../base/units.h"
#include "run.h"

void double_case(struct pn_case *planned, unsigned int index, const char *name, const char *driver, uint64_t seed)
{
	struct pn_scenario *scenario = g_new0(struct pn_scenario, 1);

	scenario->name = g_strdup(name);
	scenario->expect = g_strdup("pass");
	scenario->driver.name = g_strdup(driver);
	scenario->guest.vcpus = 1;
	scenario->guest.memory_bytes = PN_MIB;
	scenario->timeout_ns = 60 * PN_NS_PER_S;
	scenario->seed = seed;
	planned->index = index;
	planned->yaml = g_strdup(name);
	planned->scenario = scenario;
}

void pn_plan_free(struct pn_plan *plan)
{
	for (unsigned int i = 0; plan && i < plan->count; i++) {
		struct pn_case *planned = &plan->cases[i];

		g_free(planned->scenario->name);
		g_free(planned->scenario->expect);
		g_free(planned->scenario->driver.name);
		g_free(planned->scenario);
		g_free(planned->id);
		g_free(planned->yaml);
		g_free(planned->params_json);
		g_free(planned->skip_reason);
	}
	if (plan)
		g_free(plan->cases);
	g_free(plan);
}
