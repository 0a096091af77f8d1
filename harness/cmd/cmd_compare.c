// SPDX-License-Identifier: GPL-2.0-only
/* `puncture compare`: is B worse than A? Whole cases in random pairs, more of them while the answer is open. */
#include "commands.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../reports/compare/compare.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../run/progress.h"
#include "variants.h"

#define PAIRS_DEFAULT 24
#define BUDGET_DEFAULT_NS (5 * 60 * PN_NS_PER_S)

static const struct pn_option options[] = {
    {"a", "KEY=VALUE", "what A is: driver, kernel, modules, qemu, image or a key of `puncture list keys`", true, "keys"},
    {"b", "KEY=VALUE", "what B is", true, "keys"},
    {"pairs", "N", "at most so many pairs of each case; default 24", false, NULL},
    {"budget", "DURATION", "start no pair that would not end within it; default 5min", false, NULL},
    VARIANTS_OPTIONS,
    {"resume", "RUN", "go on with a comparison that was interrupted or killed, as its command line said", false, "DIR"},
    {"judge", "RUN", "judge a comparison that has been run; nothing is started", false, "DIR"},
    {0},
};

static const char description[] = "Runs each case in two variants, in pairs of random order, one case at a time,\n"
				  "and says with numbers whether B is worse than A. The first pair is warm-up. More\n"
				  "pairs are run while the answer is open, up to --pairs and --budget; how that and\n"
				  "the number of metrics are corrected for: reports/compare/README.md.\n\n"
				  "The run directory gets compare.json:\n"
				  "{\"verdict\",\"metrics\":[{\"name\",\"ratio\",\"ci\":[LOW,HIGH],\"p\",\"detectable\",\"verdict\"}]}\n"
				  "with verdicts SAME, IMPROVED, REGRESSED, CANNOT-TELL; ratio is B / A.";

static bool still_open(const char *dir, unsigned int pairs, void *data)
{
	const struct variants *variants = data;
	struct pn_comparison *comparison = NULL;
	bool open = true;

	if (!pn_judge_is_look(variants->pairs.pairs, pairs))
		return true;
	if (!pn_comparison_read(dir, &comparison, NULL))
		open = comparison->verdict == PN_CANNOT_TELL;
	pn_comparison_free(comparison);
	return open;
}

static int write_json(const char *dir, const struct pn_comparison *comparison, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "compare.json", NULL);
	json_t *json = pn_comparison_json(comparison);
	char *text = json_dumps(json, JSON_INDENT(1));
	int err = pn_fs_write(path, text, strlen(text), diag);

	free(text);
	json_decref(json);
	return err;
}

static int report(const char *dir, bool interrupted, void *data, struct pn_diag *diag)
{
	struct pn_comparison *comparison = NULL;
	int err = pn_comparison_read(dir, &comparison, diag);

	if (err)
		return err;
	err = write_json(dir, comparison, diag);
	if (!err) {
		pn_comparison_text(comparison, pn_progress_colour(STDOUT_FILENO), stdout);
		variants_put_troubles(dir);
		printf("\nrun directory: %s\n", dir);
		err = interrupted ? PN_EXIT_INTERRUPTED : pn_judgement_exit(comparison->verdict);
		if (!interrupted && !comparison->pairs->series->len && !comparison->pairs->lost)
			err = PN_EXIT_NOTHING_RAN;
	}
	pn_comparison_free(comparison);
	return err;
}

static bool alike(const char *const *a, const char *const *b)
{
	return g_strv_equal(a, b);
}

static int check(const struct pn_opts *args, struct pn_diag *diag)
{
	bool named = pn_opts_operands(args)[0];

	if (pn_opts_has(args, "judge") && (named || pn_opts_has(args, "a") || pn_opts_has(args, "b")))
		return pn_diag_set(diag, -EINVAL, "--judge takes a comparison as it was run: no --a, no --b, no NAME");
	if (pn_opts_has(args, "resume") &&
	    (named || pn_opts_has(args, "a") || pn_opts_has(args, "b") || pn_opts_has(args, "judge") || pn_opts_has(args, "out")))
		return pn_diag_set(diag, -EINVAL, "--resume goes on as the comparison began: no --a, no --b, no --out, no NAME");
	if (pn_opts_has(args, "judge") || pn_opts_has(args, "resume"))
		return 0;
	if (!named)
		return pn_diag_set(diag, -EINVAL, "nothing to compare; usage: puncture compare --a KEY=VALUE --b KEY=VALUE NAME|FILE...");
	if (alike(pn_opts_all(args, "a"), pn_opts_all(args, "b")))
		return pn_diag_set(diag, -EINVAL, "--a and --b say the same; for A/A runs see `puncture calibrate --help`");
	return 0;
}

static int compare(const struct pn_opts *args, const char *resume_dir, struct pn_diag *diag)
{
	struct variants variants;
	uint64_t pairs = PAIRS_DEFAULT, budget_ns = BUDGET_DEFAULT_NS;
	int err = pn_opts_uint(args, "pairs", 1, 1000, &pairs, diag);

	if (!err)
		err = pn_opts_duration(args, "budget", &budget_ns, diag);
	if (err)
		return err;
	err = variants_read(args, pn_opts_all(args, "a"), pn_opts_all(args, "b"), (unsigned int)pairs, &variants, diag);
	variants.pairs.budget_ns = budget_ns;
	variants.pairs.open = still_open;
	variants.pairs.report = report;
	variants.pairs.data = &variants;
	variants.config.resume_dir = resume_dir;
	if (!err) {
		pn_run_init();
		err = pn_run(&variants.config, &pn_run_ops_real, diag);
	}
	variants_clear(&variants);
	return err;
}

/* by the command line that plan.json has kept: further pairs are planned as the first were */
static int resume(const char *dir, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "plan.json", NULL);
	json_t *plan = json_load_file(path, 0, NULL);
	const json_t *words = json_object_get(plan, "argv"), *word;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	struct pn_opts *args = NULL;
	size_t i;
	int err;

	json_array_foreach(words, i, word)
	    g_ptr_array_add(argv, (char *)(json_string_value(word) ? json_string_value(word) : ""));
	if (!argv->len || strcmp(argv->pdata[0], pn_command_compare.name)) {
		json_decref(plan);
		return pn_diag_set(diag, -EINVAL, "%s: no run of `puncture compare`", dir);
	}
	err = pn_opts_parse(&pn_command_compare, (int)argv->len, (char **)argv->pdata, &args, diag);
	if (!err)
		err = compare(args, dir, diag);
	pn_opts_free(args);
	json_decref(plan);
	return err;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	int err = check(args, diag);

	if (err)
		return err;
	if (pn_opts_has(args, "judge"))
		return report(pn_opts_get(args, "judge"), false, NULL, diag);
	if (pn_opts_has(args, "resume"))
		return resume(pn_opts_get(args, "resume"), diag);
	return compare(args, NULL, diag);
}

const struct pn_command pn_command_compare = {
    .name = "compare",
    .summary = "say with numbers whether one variant is worse than another",
    .usage = "--a KEY=VALUE... --b KEY=VALUE... [OPTION]... NAME|FILE... | --resume RUN | --judge RUN",
    .description = description,
    .options = options,
    .operands = "runnable",
    .operands_max = UINT_MAX,
    .run = run,
};
