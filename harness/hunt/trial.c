// SPDX-License-Identifier: GPL-2.0-only
/* One trial: from the text of its scenario to a case that this host can run, and what can be said of it afterwards. */
#include "trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../run/run.h"
#include "../scenario/scenario.h"
#include "caselog.h"
#include "lab.h"

static int plan(struct pn_lab *lab, struct pn_trial *trial, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(trial->dir, "scenario.yaml", NULL);
	const char *names[] = {path, NULL}, *live[] = {"guest.exact=false", NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = lab->workloads_dir, .driver = trial->driver, .sets = trial->live ? live : NULL,
					.kernel = trial->kernel, .modules = trial->modules, .qemu = trial->qemu};
	int err = pn_fs_mkdir_p(trial->dir, diag);

	if (!err)
		err = pn_fs_write(path, trial->yaml, strlen(trial->yaml), diag);
	if (!err)
		err = pn_plan_build(&config, &trial->plan, diag);
	if (!err && trial->plan->count != 1)
		err = pn_diag_set(diag, -EINVAL, "%s: %u cases; expected a scenario of one, without a matrix", path, trial->plan->count);
	if (err)
		return err;
	/* what is kept is what was run: drivers and kernels of the command line included */
	return pn_fs_write(path, trial->plan->cases[0].yaml, strlen(trial->plan->cases[0].yaml), diag);
}

static void refuse(struct pn_trial *trial, const char *why)
{
	trial->refused = g_strdup(why);
	pn_fs_remove_tree(trial->dir, NULL);
	g_clear_pointer(&trial->dir, g_free);
}

int pn_trial_admit(struct pn_lab *lab, struct pn_trial *trial, struct pn_diag *diag)
{
	struct pn_diag words = {0};
	g_autofree char *lacks = NULL;
	struct pn_case *one;
	int err;

	trial->number = ++lab->made;
	trial->dir = g_strdup_printf("%s/%04u", lab->dir, trial->number);
	err = plan(lab, trial, &words);
	if (err == -EINVAL || err == -ENOENT || err == -ERANGE) {
		refuse(trial, words.text);
		return 0;
	}
	if (err)
		return pn_diag_set(diag, err, "%s", words.text);
	one = &trial->plan->cases[0];
	lacks = one->skip_reason ? g_strdup(one->skip_reason) : lab->ops->fit(one->scenario);
	if (lacks)
		refuse(trial, lacks);
	return 0;
}

void pn_trial_settle(struct pn_trial *trial, json_t *verdict)
{
	g_autofree char *path = g_build_filename(trial->dir, "verdict.json", NULL);
	char *text = json_dumps(verdict, JSON_INDENT(1));

	trial->verdict = verdict;
	trial->duration_s = json_number_value(json_object_get(verdict, "duration_s"));
	pn_fs_write(path, text, strlen(text), NULL);
	free(text);
}

bool pn_trial_failed(const struct pn_trial *trial, const struct pn_signature *signature)
{
	json_t *kmsg = trial->verdict ? pn_caselog_read(trial->dir, "kmsg.jsonl") : NULL;
	bool failed = trial->verdict && pn_signature_holds(signature, trial->verdict, kmsg);

	json_decref(kmsg);
	return failed;
}

int pn_trial_signature(const struct pn_trial *trial, struct pn_signature *ret_signature)
{
	json_t *kmsg = trial->verdict ? pn_caselog_read(trial->dir, "kmsg.jsonl") : NULL;
	int err = trial->verdict ? pn_signature_of(trial->verdict, kmsg, ret_signature) : -ENODATA;

	json_decref(kmsg);
	return err;
}

void pn_trial_clear(struct pn_trial *trial, bool remove)
{
	if (remove && trial->dir)
		pn_fs_remove_tree(trial->dir, NULL);
	pn_plan_free(trial->plan);
	json_decref(trial->verdict);
	g_free(trial->refused);
	g_free(trial->dir);
	trial->plan = NULL;
	trial->verdict = NULL;
	trial->refused = trial->dir = NULL;
}
