// SPDX-License-Identifier: GPL-2.0-only
/* `puncture gate`: an exit code for CI. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../../guests/images/paths.h"
#include "../../reports/compare/class.h"
#include "../../reports/compare/pairs.h"
#include "../../reports/gate/baseline.h"
#include "../../reports/gate/forms.h"
#include "../../reports/history/history.h"
#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"

#define HISTORY_PREFIX "history:"
#define HISTORY_RUNS 10

/* one option per form of pn_gate_forms */
static const struct pn_option options[] = {
    {"baseline", "REF", "FILE, another RUN, or history:BRANCH; default: reports/baselines, by class of machine", false, "FILE"},
    {"update-baseline", NULL, "make this run the baseline of its cases, in the file it would be held against", false, NULL},
    {"history", "FILE", "history for history:BRANCH; default: the user's", false, "FILE"},
    {"github", "FILE", "annotations of GitHub (workflow commands); - for standard output", false, "FILE"},
    {"gitlab", "FILE", "annotations of GitLab (code quality report)", false, "FILE"},
    {"junit", "FILE", "JUnit XML", false, "FILE"},
    {0},
};

static const char description[] = "Holds a run against a baseline: a line for each metric that moved, and an exit\n"
				  "code: 0 as good or better, 6 regression, 7 cannot tell. A run of `puncture\n"
				  "compare` is judged by its own pairs and needs no baseline.\n\n"
				  "Invariants and counts block from one run; wall time against figures of another\n"
				  "time is advisory. Figures of unlike machines (accelerator, CPU model, number of\n"
				  "CPUs) are never compared: that is 7. reports/gate/README.md has the rules.\n\n"
				  "history:main is the newest 10 runs of that branch on this class of machine.";

static char *default_path(const struct pn_rundir *run, struct pn_diag *diag)
{
	g_autofree char *class = pn_class_of(run->host), *slug = class ? pn_class_slug(class) : NULL, *file = NULL;

	if (!slug) {
		pn_diag_set(diag, -EINVAL, "%s: host.json does not say accelerator, CPU model and CPUs: figures of an unknown machine",
			    run->dir);
		return NULL;
	}
	file = g_strconcat(slug, ".json", NULL);
	return g_build_filename(pn_paths_share(), "reports", "baselines", file, NULL);
}

static int from_run(const char *dir, json_t **ret_baseline, struct pn_diag *diag)
{
	struct pn_rundir *run = NULL;
	int err = pn_rundir_read(dir, &run, diag);

	if (!err)
		err = pn_baseline_of_run(run, ret_baseline, diag);
	pn_rundir_free(run);
	return err;
}

static int from_history(const char *path, const char *branch, const struct pn_rundir *run, json_t **ret_baseline, struct pn_diag *diag)
{
	g_autofree char *file = path ? g_strdup(path) : pn_history_path(), *class = pn_class_of(run->host);
	struct pn_history *history = NULL;
	int err;

	if (!class)
		return pn_diag_set(diag, -EINVAL, "%s: host.json does not say on what machine the run was made", run->dir);
	err = pn_history_open(file, &history, diag);
	if (!err)
		err = pn_history_baseline(history, branch, class, HISTORY_RUNS, run, ret_baseline, diag);
	pn_history_close(history);
	return err;
}

/* a file that is not there is no mistake of the command line: this machine has no baseline yet, so nothing can be told */
static int judge(const struct pn_opts *args, const struct pn_rundir *run, struct pn_gate **ret_gate, struct pn_diag *diag)
{
	const char *ref = pn_opts_get(args, "baseline");
	g_autofree char *path = NULL;
	json_t *baseline = NULL;
	int err;

	if (!ref && pn_pairs_present(run))
		return pn_gate_of_pairs(run, ret_gate, diag);
	path = ref ? g_strdup(ref) : default_path(run, diag);
	if (!path)
		return -EINVAL;
	if (g_str_has_prefix(path, HISTORY_PREFIX))
		err = from_history(pn_opts_get(args, "history"), path + strlen(HISTORY_PREFIX), run, &baseline, diag);
	else if (g_file_test(path, G_FILE_TEST_IS_DIR))
		err = from_run(path, &baseline, diag);
	else
		err = pn_baseline_read(path, &baseline, diag);
	if (err == -ENOENT && !ref) {
		printf("%s: no baseline of this class of machine yet; make one of a good run:\n  puncture gate %s --update-baseline\n",
		       path, run->dir);
		return PN_EXIT_CANNOT_TELL;
	}
	if (!err)
		*ret_gate = pn_gate_of_run(run, baseline, path);
	json_decref(baseline);
	return err;
}

static int write_form(const struct pn_gate_form *form, const char *path, const struct pn_gate *gate, const char *dir, struct pn_diag *diag)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	int err;

	if (!strcmp(path, "-"))
		return form->write(gate, dir, stdout);
	out = open_memstream(&text, &size);
	err = form->write(gate, dir, out);
	fclose(out);
	if (!err)
		err = pn_fs_write(path, text, size, diag);
	free(text);
	return err;
}

static int report(const struct pn_opts *args, const struct pn_gate *gate, const char *dir, struct pn_diag *diag)
{
	int err = pn_gate_text(gate, dir, stdout);

	for (const struct pn_gate_form *form = pn_gate_forms; !err && form->name; form++) {
		const char *path = pn_opts_get(args, form->name);

		if (path)
			err = write_form(form, path, gate, dir, diag);
	}
	return err ? err : pn_judgement_exit(gate->verdict);
}

static int update(const struct pn_opts *args, const struct pn_rundir *run, struct pn_diag *diag)
{
	const char *ref = pn_opts_get(args, "baseline");
	g_autofree char *path = ref ? g_strdup(ref) : default_path(run, diag);
	int count;

	if (!path)
		return -EINVAL;
	if (g_str_has_prefix(path, HISTORY_PREFIX) || g_file_test(path, G_FILE_TEST_IS_DIR))
		return pn_diag_value(diag, "command line", "--baseline", path, "a file, to be updated");
	if (pn_pairs_present(run))
		return pn_diag_set(diag, -EINVAL, "%s: a run of pairs has two variants; a baseline is made of a plain run", run->dir);
	count = pn_baseline_update(path, run, diag);
	if (count < 0)
		return count;
	printf("%s: %d case%s of %s; review and commit it\n", path, count, count == 1 ? "" : "s", run->dir);
	return PN_EXIT_PASS;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	struct pn_rundir *rundir = NULL;
	struct pn_gate *gate = NULL;
	int result = pn_rundir_read(pn_opts_operands(args)[0], &rundir, diag);

	if (result)
		return result;
	if (pn_opts_has(args, "update-baseline")) {
		result = update(args, rundir, diag);
	} else {
		result = judge(args, rundir, &gate, diag);
		if (gate)
			result = report(args, gate, rundir->dir, diag);
	}
	pn_gate_free(gate);
	pn_rundir_free(rundir);
	return result;
}

const struct pn_command pn_command_gate = {
    .name = "gate",
    .summary = "hold a run against a baseline, with an exit code for CI",
    .usage = "[OPTION]... RUN",
    .description = description,
    .options = options,
    .operands = "DIR",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
