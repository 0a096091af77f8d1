// SPDX-License-Identifier: GPL-2.0-only
/* `puncture list`: everything that has a name, out of the very tables that the program works by. One kind is one record and one function. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../../drivers-under-test/balloond/laws/law.h"
#include "../../guests/images/mutants.h"
#include "../../guests/images/paths.h"
#include "../../guests/images/recipe.h"
#include "../../reports/report.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/owned_kinds.h"
#include "../guest/machine.h"
#include "../observe/observe.h"
#include "../observe/probe.h"
#include "../run/run.h"
#include "../scenario/event.h"
#include "../scenario/fault.h"
#include "../scenario/load.h"
#include "../scenario/names.h"
#include "../scenario/pattern.h"
#include "../scenario/peers.h"
#include "../scenario/require.h"
#include "../scenario/scenario.h"
#include "../scenario/schema.h"
#include "../scenario/technique.h"
#include "text.h"

/** struct lister - where entries go */
struct lister {
	bool names_only;
	unsigned int indent;
	char *workloads;
};

#define ENTRY_COLUMN 26

static void emit(const struct lister *lister, const char *name, const char *help)
{
	if (lister->names_only)
		puts(name);
	else
		pn_text_item(stdout, lister->indent, name, ENTRY_COLUMN, help ? help : "");
}

static void list_commands(const struct lister *lister)
{
	for (unsigned int i = 0; pn_command_table[i]; i++)
		emit(lister, pn_command_table[i]->name, pn_command_table[i]->summary);
}

static void list_planned(const struct lister *lister, const char *folder, bool suites)
{
	g_auto(GStrv) names = pn_names_list(lister->workloads, folder);

	for (char **name = names; *name; name++) {
		const char *const one[] = {*name, NULL};
		struct pn_plan_config config = {.names = one, .workloads_dir = lister->workloads};
		struct pn_diag diag = {0};
		struct pn_plan *plan = NULL;
		g_autofree char *help = NULL;

		if (lister->names_only) {
			puts(*name);
			continue;
		}
		if (pn_plan_build(&config, &plan, &diag)) {
			emit(lister, *name, diag.text);
			continue;
		}
		if (suites)
			help = g_strdup_printf("%u case%s", plan->count, plan->count == 1 ? "" : "s");
		else
			help = g_strdup(plan->count ? plan->cases[0].scenario->summary : "");
		emit(lister, *name, help);
		pn_plan_free(plan);
	}
}

static void list_scenarios(const struct lister *lister)
{
	list_planned(lister, "scenarios", false);
}

static void list_suites(const struct lister *lister)
{
	list_planned(lister, "suites", true);
}

static void list_peers(const struct lister *lister)
{
	struct pn_peers peers = {};
	struct pn_diag diag = {0};

	if (pn_peers_read(lister->workloads, &peers, &diag)) {
		emit(lister, "(peers)", diag.text);
		return;
	}
	for (unsigned int i = 0; i < peers.count; i++) {
		const struct pn_peer_case *one = &peers.list[i];
		g_autofree char *name = g_strdup_printf("%s: %s", one->peer, one->name), *scenarios = g_strjoinv(", ", one->scenarios);
		g_autofree char *help = g_strdup_printf("%s%s%s%s%s", scenarios, *scenarios && one->elsewhere ? "; " : "", one->elsewhere ? one->elsewhere : "",
							one->exact ? ": " : "", one->exact ? one->exact : "");

		emit(lister, name, help);
	}
	pn_peers_free(&peers);
}

static void list_runnable(const struct lister *lister)
{
	list_suites(lister);
	list_scenarios(lister);
}

static void list_loads(const struct lister *lister)
{
	g_auto(GStrv) names = pn_names_list(lister->workloads, "loads");

	for (char **name = names; *name; name++) {
		struct pn_diag diag = {0};
		struct pn_load *load = NULL;

		if (pn_load_read(lister->workloads, *name, &load, &diag)) {
			emit(lister, *name, diag.text);
			continue;
		}
		emit(lister, *name, load->summary);
		pn_load_free(load);
	}
}

/* @said: keys that have been shown already, for all that take them; may be NULL */
static void emit_keys(const struct lister *lister, const struct pn_key_info *key, const struct pn_key_info *said)
{
	for (; key && key->name; key++) {
		if (said && pn_key_find(said, key->name))
			continue;
		g_autofree char *accepted = pn_key_accepted(key);
		g_autofree char *help = g_strdup_printf("%s: %s%s%s", key->help, accepted, key->fallback ? "; default " : "",
							key->fallback ? key->fallback : "");

		emit(lister, key->name, help);
	}
}

/* what a pattern, an event or a fault takes stands below it */
static void emit_with_keys(const struct lister *lister, const char *name, const char *help, const struct pn_key_info *keys,
			   const struct pn_key_info *said)
{
	struct lister below = *lister;

	emit(lister, name, help);
	below.indent += 2;
	if (!lister->names_only)
		emit_keys(&below, keys, said);
}

static void list_patterns(const struct lister *lister)
{
	for (const struct pn_pattern *pattern = pn_patterns; pattern->name; pattern++)
		emit_with_keys(lister, pattern->name, pattern->help, pattern->params, NULL);
}

static void list_events(const struct lister *lister)
{
	for (const struct pn_event_kind *kind = pn_event_kinds; kind->name; kind++)
		emit_with_keys(lister, kind->name, kind->help, kind->args, NULL);
}

static void list_faults(const struct lister *lister)
{
	if (!lister->names_only)
		emit_with_keys(lister, "(each)", "what every fault takes:", pn_fault_strike_args, NULL);
	for (const struct pn_fault_info *fault = pn_fault_infos; fault->name; fault++) {
		g_autofree char *help = fault->undo ? g_strdup_printf("%s; disarmed: %s", fault->help, fault->undo) : g_strdup(fault->help);

		emit_with_keys(lister, fault->name, help, fault->args, pn_fault_strike_args);
	}
}

static void list_techniques(const struct lister *lister)
{
	for (const struct pn_technique_info *technique = pn_techniques; technique->name; technique++)
		emit(lister, technique->name, technique->help);
}

static void list_probes(const struct lister *lister)
{
	for (unsigned int i = 0; pn_probe_table[i]; i++) {
		struct lister below = *lister;

		emit(lister, pn_probe_table[i]->name, pn_probe_table[i]->help);
		below.indent += 2;
		for (const struct pn_probe_key *key = pn_probe_table[i]->keys; !lister->names_only && key && key->name; key++) {
			g_autofree char *help = g_strdup_printf("%s [%s]", key->help, key->unit);

			emit(&below, key->name, help);
		}
	}
}

static void list_oracles(const struct lister *lister)
{
	for (const struct pn_oracle *oracle = pn_oracle_table; oracle->name; oracle++)
		emit(lister, oracle->name, oracle->help);
}

static void list_requirements(const struct lister *lister)
{
	for (const struct pn_requirement *requirement = pn_requirements; requirement->name; requirement++)
		emit(lister, requirement->name, requirement->help);
}

static void list_drivers(const struct lister *lister)
{
	struct pn_mutants mutants = {0};
	struct pn_diag diag = {0};

	emit(lister, "vballoon", "our own driver, written from the specification");
	emit(lister, "stock", "virtio_balloon of the guest's kernel");
	if (pn_mutants_read(&mutants, &diag) && !lister->names_only)
		emit(lister, "(mutants)", diag.text);
	for (unsigned int i = 0; i < mutants.count; i++)
		emit(lister, mutants.list[i].name, mutants.list[i].summary);
	pn_mutants_free(&mutants);
	if (!lister->names_only)
		emit(lister, "PATH.ko", "any module built for the guest's kernel");
}

static void list_laws(const struct lister *lister)
{
	for (const struct pn_law *const *law = pn_laws; *law; law++)
		emit(lister, (*law)->name, (*law)->help);
}

static void list_images(const struct lister *lister)
{
	g_auto(GStrv) names = pn_recipe_names();

	for (char **name = names; name && *name; name++) {
		struct pn_recipe *recipe = NULL;
		struct pn_diag diag = {0};

		if (pn_recipe_read(*name, &recipe, NULL, &diag)) {
			emit(lister, *name, diag.text);
			continue;
		}
		emit(lister, *name, recipe->summary);
		pn_recipe_free(recipe);
	}
}

static void list_keys(const struct lister *lister)
{
	emit_keys(lister, pn_scenario_schema.keys, NULL);
}

static void list_suite_keys(const struct lister *lister)
{
	emit_keys(lister, pn_suite_schema.keys, NULL);
}

static void list_load_keys(const struct lister *lister)
{
	emit_keys(lister, pn_load_schema.keys, NULL);
}

static void list_backings(const struct lister *lister)
{
	static const char *const help[PN_BACKING_COUNT] = {
		[PN_BACKING_4K] = "private anonymous memory, transparent huge pages off",
		[PN_BACKING_THP] = "private anonymous memory, transparent huge pages advised",
		[PN_BACKING_MEMFD] = "shared memfd",
		[PN_BACKING_HUGETLB] = "hugetlbfs, 2 MiB pages",
	};

	for (unsigned int i = 0; i < PN_BACKING_COUNT; i++)
		emit(lister, pn_backing_names[i], help[i]);
}

static void list_formats(const struct lister *lister)
{
	for (const struct pn_report_format *format = pn_report_formats; format->name; format++)
		emit(lister, format->name, format->help);
}

static void list_owned(const struct lister *lister)
{
	for (const struct pn_owned_kind *kind = pn_owned_kinds; kind->name; kind++)
		emit(lister, kind->name, kind->help);
}

static void list_kinds(const struct lister *lister);

/** struct list_kind - one kind of named things */
static const struct list_kind {
	const char *name;
	const char *help;
	void (*list)(const struct lister *lister);
} kinds[] = {
	{"suites", "what `puncture run` takes: sets of scenarios", list_suites},
	{"scenarios", "what `puncture run` takes: one scenario each", list_scenarios},
	{"runnable", "suites and scenarios", list_runnable},
	{"peers", "what other balloon tests check, and the scenarios that check it here", list_peers},
	{"drivers", "drivers under test", list_drivers},
	{"laws", "laws of memory control that `puncture simulate` compares", list_laws},
	{"images", "guest images", list_images},
	{"loads", "loads that run in the guest", list_loads},
	{"patterns", "shapes of balloon targets over time, with their parameters", list_patterns},
	{"events", "steps of a timeline, with their arguments", list_events},
	{"faults", "what can be broken, with its arguments", list_faults},
	{"techniques", "ways to get memory back from guests", list_techniques},
	{"backings", "host memory that a guest's memory is made of", list_backings},
	{"probes", "what is measured, with its keys", list_probes},
	{"oracles", "what must hold", list_oracles},
	{"requirements", "what a scenario may ask of the host", list_requirements},
	{"keys", "keys of a scenario", list_keys},
	{"suite-keys", "keys of a suite", list_suite_keys},
	{"load-keys", "keys of a load", list_load_keys},
	{"formats", "forms of a report", list_formats},
	{"owned", "what the harness records and undoes on the host", list_owned},
	{"commands", "subcommands of puncture", list_commands},
	{"kinds", "this list", list_kinds},
	{NULL, NULL, NULL},
};

static void list_kinds(const struct lister *lister)
{
	for (const struct list_kind *kind = kinds; kind->name; kind++)
		emit(lister, kind->name, kind->help);
}

static int run(const struct pn_opts *opts, struct pn_diag *diag)
{
	g_autofree char *workloads = g_build_filename(pn_paths_share(), "workloads", NULL);
	struct lister lister = {.names_only = pn_opts_has(opts, "names"), .indent = 2, .workloads = workloads};
	const char *wanted = pn_opts_has(opts, "peers") ? "peers" : pn_opts_operands(opts)[0];

	pn_run_init();
	if (!wanted) {
		puts("Suites:");
		list_suites(&lister);
		puts("\nScenarios:");
		list_scenarios(&lister);
		puts("\nMore with `puncture list KIND`:");
		list_kinds(&lister);
		return PN_EXIT_PASS;
	}
	for (const struct list_kind *kind = kinds; kind->name; kind++) {
		if (strcmp(kind->name, wanted))
			continue;
		kind->list(&lister);
		return PN_EXIT_PASS;
	}
	return pn_diag_value(diag, "command line", "KIND", wanted, "a name that `puncture list kinds` shows");
}

static const struct pn_option options[] = {
	{"names", NULL, "names only, one a line", false, NULL},
	{"peers", NULL, "the same as `puncture list peers`", false, NULL},
	{0},
};

const struct pn_command pn_command_list = {
	.name = "list",
	.summary = "show scenarios, suites, patterns, faults, probes, oracles, drivers, ...",
	.usage = "[--names] [KIND]",
	.description = "Shows what there is of a kind (`puncture list kinds`), each with a line of\n"
		       "help; without KIND suites, scenarios and the kinds.",
	.options = options,
	.operands = "kinds",
	.operands_max = 1,
	.run = run,
};
