// SPDX-License-Identifier: GPL-2.0-only
/* Two variants of the same scenarios: what `puncture compare` and `puncture calibrate` have in common. */
#include "variants.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../guests/images/paths.h"
#include "../../reports/rundir.h"
#include "../base/diag.h"

#define TROUBLES_MAX 5

/* what the user calls by a short name; everything else is a key of scenarios */
static const char **short_name(struct pn_plan_config *plan, const char *key, size_t length)
{
	const struct {
		const char *name;
		const char **value;
	} names[] = {
	    {"driver", &plan->driver}, {"kernel", &plan->kernel}, {"modules", &plan->modules},
	    {"qemu", &plan->qemu},     {"image", &plan->image},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strlen(names[i].name) == length && !strncmp(names[i].name, key, length))
			return names[i].value;
	return NULL;
}

static int read_side(const char *option, const char *const *words, const char *const *common, struct pn_plan_config *plan, GPtrArray *sets,
		     struct pn_diag *diag)
{
	for (; *common; common++)
		g_ptr_array_add(sets, (char *)*common);
	for (; *words; words++) {
		const char *equals = strchr(*words, '=');
		const char **value;

		if (!equals || equals == *words || !equals[1])
			return pn_diag_value(diag, "command line", option, *words,
					     "KEY=VALUE, such as driver=stock, qemu=FILE or guest.backing=thp");
		value = short_name(plan, *words, (size_t)(equals - *words));
		if (value)
			*value = equals + 1;
		else
			g_ptr_array_add(sets, (char *)*words);
	}
	g_ptr_array_add(sets, NULL);
	plan->sets = (const char *const *)sets->pdata;
	if (!plan->kernel != !plan->modules)
		return pn_diag_set(diag, -EINVAL, "%s: kernel= and modules= go together", option);
	return 0;
}

static json_t *list_of(const char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, json_string(*words));
	return list;
}

int variants_read(const struct pn_opts *args, const char *const *a, const char *const *b, unsigned int pairs, struct variants *ret_variants,
		  struct pn_diag *diag)
{
	const char *self = getenv("PUNCTURE_SELF");
	struct variants *v = ret_variants;
	uint64_t seed = 0;
	int err = pn_opts_uint(args, "seed", 1, INT64_MAX, &seed, diag);

	*v = (struct variants){.sets_a = g_ptr_array_new(), .sets_b = g_ptr_array_new()};
	v->workloads = g_build_filename(pn_paths_share(), "workloads", NULL);
	v->b = (struct pn_plan_config){.names = pn_opts_operands(args), .seed = seed, .workloads_dir = v->workloads};
	v->config = (struct pn_run_config){
	    .plan = v->b,
	    .uri = pn_opts_get(args, "connect"),
	    .out_dir = pn_opts_get(args, "out"),
	    .jobs = 1, /* what is compared is not measured beside other work */
	    .argv = pn_opts_words(args),
	    .again = self && *self ? self : "puncture run",
	};
	if (!err)
		err = pn_opts_duration(args, "fit-within", &v->config.fit_within_ns, diag);
	v->config.fit_only = pn_opts_has(args, "fit-within");
	if (!err)
		err = read_side("--a", a, pn_opts_all(args, "set"), &v->config.plan, v->sets_a, diag);
	if (!err)
		err = read_side("--b", b, pn_opts_all(args, "set"), &v->b, v->sets_b, diag);
	v->pairs = (struct pn_run_pairs){.b = &v->b, .seed = seed ? seed : 1, .pairs = pairs};
	v->head = json_pack("{s:o, s:o, s:i, s:I, s:o}", "a", list_of(a), "b", list_of(b), "pairs", (int)pairs, "seed",
			    (json_int_t)v->pairs.seed, "metrics", list_of(pn_opts_all(args, "metric")));
	v->pairs.head = v->head;
	v->config.pairs = &v->pairs;
	return err;
}

void variants_clear(struct variants *variants)
{
	g_ptr_array_free(variants->sets_a, TRUE);
	g_ptr_array_free(variants->sets_b, TRUE);
	g_free(variants->workloads);
	json_decref(variants->head);
}

void variants_put_troubles(const char *dir)
{
	struct pn_rundir *run = NULL;
	unsigned int troubles = 0;

	if (pn_rundir_read(dir, &run, NULL))
		return;
	for (size_t i = 0; i < run->count; i++) {
		const char *verdict = pn_rundir_verdict(run, i);

		if (!verdict || !strcmp(verdict, "PASS") || ++troubles > TROUBLES_MAX)
			continue;
		printf("\n%s %s\n   %s\n", verdict, pn_rundir_string(run, i, "id"), pn_rundir_reason(run, i));
		if (*pn_rundir_string(run, i, "repro"))
			printf("   again: %s\n", pn_rundir_string(run, i, "repro"));
	}
	if (troubles > TROUBLES_MAX)
		printf("\n%u more did not pass: puncture report %s\n", troubles - TROUBLES_MAX, dir);
	pn_rundir_free(run);
}
