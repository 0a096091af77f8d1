// SPDX-License-Identifier: GPL-2.0-only
/*
 * `puncture doctor`: every piece that a run may need, what it costs to be without it, and the one command that mends it. A table of
 * checks (doctor.c); what a scenario can ask of the host comes from the planner's own table of requirements, so the two can't disagree.
 */
#include "commands.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/units.h"
#include "../run/progress.h"
#include "../run/run.h"
#include "../scenario/require.h"
#include "doctor.h"
#include "text.h"

#define COLUMN 24
#define USUAL_GUEST_BYTES (512 * PN_MIB)

/** struct tally - what has been seen */
struct tally {
	unsigned int musts; /* missing */
	unsigned int wants;
	bool colour;
};

static void print(struct tally *tally, const char *name, bool there, bool must, const char *what, const char *cost, const char *mend)
{
	const char *word = there ? "ok" : must ? "MISSING" : "without";
	const char *colour = there ? "\033[32m" : must ? "\033[31m" : "\033[33m";
	g_autofree char *term = g_strdup_printf("%s%-8s%s%s", tally->colour ? colour : "", word, tally->colour ? "\033[0m" : "", name);
	g_autofree char *mending = mend ? g_strconcat(g_str_has_prefix(mend, "advice: ") ? "" : "mend: ", mend, NULL) : NULL;

	pn_text_item(stdout, 0, term, COLUMN, what);
	if (there)
		return;
	tally->musts += must;
	tally->wants += !must;
	pn_text_item(stdout, COLUMN - 1, "", COLUMN, cost);
	if (mending)
		printf("%*s%s\n", COLUMN, "", mending); /* not wrapped: to be copied */
}

/** struct mend - how the host can be made to meet a requirement of the planner's table */
static const struct mend {
	const char *requirement;
	const char *command;
} mends[] = {
	{"thp", "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"},
	{"zswap", "advice: boot a host kernel with CONFIG_ZSWAP"},
	{"ksm", "advice: boot a host kernel with CONFIG_KSM"},
	{"pmu", "advice: run on a host that has a PMU, or give the virtual machine one"},
};

/* a requirement that no entry of its own above covers */
static void check_requirement(struct tally *tally, const struct pn_requirement *requirement)
{
	struct pn_scenario usual = {.guest.memory_bytes = USUAL_GUEST_BYTES};
	g_autofree char *why = pn_require_check(requirement->name, &usual);
	const char *mend = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(mends); i++)
		if (!strcmp(mends[i].requirement, requirement->name))
			mend = mends[i].command;
	print(tally, requirement->name, !why, false, why ? why : requirement->help, "cases that require it are skipped", mend);
}

static bool covered(const char *requirement)
{
	static const char *const above[] = {"kvm", "root", "memory", NULL};

	return g_strv_contains(above, requirement);
}

static int run(const struct pn_opts *opts, struct pn_diag *diag)
{
	struct tally tally = {.colour = pn_progress_colour(STDOUT_FILENO)};

	pn_run_init();
	for (const struct pn_doctor_check *check = pn_doctor_checks; check->name; check++) {
		g_autofree char *what = NULL;
		bool there = check->look(&what);

		print(&tally, check->name, there, check->must, what, check->cost, check->mend);
	}
	for (const struct pn_requirement *requirement = pn_requirements; requirement->name; requirement++)
		if (!covered(requirement->name))
			check_requirement(&tally, requirement);
	if (tally.musts)
		printf("\n%u missing: the main job can't run\n", tally.musts);
	else
		printf("\nthe main job can run%s\n", tally.wants ? "; what stands as 'without' is optional" : "");
	return tally.musts ? PN_EXIT_BROKEN : PN_EXIT_PASS;
}

const struct pn_command pn_command_doctor = {
	.name = "doctor",
	.summary = "what this host can do, what is missing, and what mends it",
	.usage = "",
	.description = "Looks at everything a run may need: says what is there, what it costs to be\n"
		       "without the rest, and the command that mends it. KVM is judged by booting a\n"
		       "guest, once per host and kernel. Exits with 3 when the main job can't run.",
	.run = run,
};
