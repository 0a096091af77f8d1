// SPDX-License-Identifier: GPL-2.0-only
/*
 * `puncture submit`: a run on many machines, as a job array of Slurm. A task runs one shard into a directory of its own attempt, so a task
 * that runs twice (its node was lost, or only seemed so) never writes where another one does; the merge takes each case once. What an earlier attempt
 * has ended is left out of the next. Limit: the directory must be seen by all nodes under the same path.
 */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "merged.h"

#define SBATCH_TIMEOUT_NS (60 * PN_NS_PER_S)
#define PLAN_TIMEOUT_NS (60 * PN_NS_PER_S)
#define TASKS_MAX 1000

static const struct pn_option options[] = {
	{"slurm", NULL, "as a job array of Slurm; the only way there is", false, NULL},
	{"tasks", "N", "at most so many tasks; default 4", false, NULL},
	{"out", "DIR", "directory that all nodes see under this path; default: runs/TIMESTAMP-slurm", false, "DIR"},
	{"sbatch", "OPTION", "passed on to sbatch for the tasks, such as --partition=big or --time=60", true, NULL},
	{"wait", NULL, "wait for the end, print the merged report, exit as the run", false, NULL},
	{0},
};

static const char description[] = "Plans what `puncture run` would, cuts it into shards, one task each, and submits\n"
				  "them with a last job that merges. The words after -- are those of `puncture run`:\n\n"
				  "    puncture submit --slurm --tasks 8 --wait -- smoke --repeat 5\n\n"
				  "A task whose node fails is requeued and goes on with the cases that had not ended;\n"
				  "nothing is lost or counted twice. Results: DIR/merged (and `puncture merge`).";

/** struct submission - what is submitted */
struct submission {
	char *dir, *id, *self;
	unsigned int tasks;
	const char *const *words; /* of puncture run */
	const char *const *sbatch;
	char *job;
};

static char *quoted(const char *const *words)
{
	GString *line = g_string_new(NULL);

	for (; *words; words++) {
		g_autofree char *word = g_shell_quote(*words);

		g_string_append_printf(line, " %s", word);
	}
	return g_string_free(line, FALSE);
}

/* how many cases there are: asked of puncture run itself, so a mistake is told before anything is submitted */
static int count_cases(const struct submission *s, unsigned int *ret_cases, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *out = NULL;
	const char *last;
	int err;

	g_ptr_array_add(argv, s->self);
	g_ptr_array_add(argv, (char *)"run");
	g_ptr_array_add(argv, (char *)"--dry-run");
	for (const char *const *word = s->words; *word; word++)
		g_ptr_array_add(argv, (char *)*word);
	g_ptr_array_add(argv, NULL);
	err = pn_spawn_run((const char *const *)argv->pdata, NULL, PLAN_TIMEOUT_NS, &out, diag);
	if (err)
		return err;
	g_strchomp(out);
	last = strrchr(out, '\n');
	if (sscanf(last ? last + 1 : out, "%u cases", ret_cases) != 1 || !*ret_cases)
		return pn_diag_set(diag, -EINVAL, "nothing to submit: there are no cases");
	return 0;
}

static int write_script(const struct submission *s, const char *name, char *text, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(s->dir, name, NULL);
	int err = pn_fs_write(path, text, strlen(text), diag);

	if (!err && g_chmod(path, 0755))
		err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	g_free(text);
	return err;
}

static int write_scripts(const struct submission *s, struct pn_diag *diag)
{
	g_autofree char *words = quoted(s->words), *self = g_shell_quote(s->self), *dir = g_shell_quote(s->dir), *id = g_shell_quote(s->id);
	int err = write_script(s, "task.sh",
			       g_strdup_printf("#!/bin/sh\n"
					       "# one shard, one attempt: what an earlier attempt has ended is left out\n"
					       "k=$SLURM_ARRAY_TASK_ID\n"
					       "tasks=%s/tasks/$k\n"
					       "mkdir -p \"$tasks\"\n"
					       "set --%s\n"
					       "for earlier in \"$tasks\"/attempt-*; do\n"
					       "\t[ -f \"$earlier/plan.json\" ] && set -- --except \"$earlier\" \"$@\"\n"
					       "done\n"
					       "n=0\n"
					       "until mkdir \"$tasks/attempt-$n\" 2>/dev/null; do n=$((n + 1)); done\n"
					       "echo \"attempt $n on ${SLURMD_NODENAME:-?}\"\n"
					       "%s run --shard \"$k/%u\" --run-id %s --out \"$tasks/attempt-$n\" \"$@\"\n"
					       "code=$?\n"
					       "# a node on which not even the plan could be made: another one may do\n"
					       "if [ ! -f \"$tasks/attempt-$n/plan.json\" ] && [ \"${SLURM_RESTART_COUNT:-0}\" -lt 3 ]; then\n"
					       "\tscontrol requeue \"$SLURM_JOB_ID\"\n"
					       "fi\n"
					       "case $code in 0 | 1 | 3 | 77) exit 0 ;; *) exit \"$code\" ;; esac\n",
					       dir, words, self, s->tasks, id),
			       diag);

	if (!err)
		err = write_script(s, "merge.sh",
				   g_strdup_printf("#!/bin/sh\nexec %s merge --out %s/merged %s/tasks/*/attempt-*\n", self, dir, dir), diag);
	return err;
}

static char *sbatch_answer(char *out)
{
	out[strcspn(out, ";\n")] = '\0'; /* --parsable: JOB[;CLUSTER] */
	return out;
}

static int submit_tasks(struct submission *s, struct pn_diag *diag)
{
	g_autofree char *array = g_strdup_printf("--array=1-%u", s->tasks), *name = g_strdup_printf("--job-name=%s", s->id);
	g_autofree char *log = g_strdup_printf("--output=%s/tasks/%%a.log", s->dir), *script = g_build_filename(s->dir, "task.sh", NULL);
	g_autofree char *logs = g_build_filename(s->dir, "tasks", NULL), *chdir = NULL, *here = g_get_current_dir();
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const char *const fixed[] = {"sbatch", "--parsable", "--requeue", "--open-mode=append", array, name, log, NULL};
	char *out = NULL;
	int err = pn_fs_mkdir_p(logs, diag);

	chdir = g_strdup_printf("--chdir=%s", here);
	for (const char *const *word = fixed; *word; word++)
		g_ptr_array_add(argv, (char *)*word);
	g_ptr_array_add(argv, chdir);
	for (const char *const *word = s->sbatch; *word; word++)
		g_ptr_array_add(argv, (char *)*word);
	g_ptr_array_add(argv, script);
	g_ptr_array_add(argv, NULL);
	if (!err)
		err = pn_spawn_run((const char *const *)argv->pdata, NULL, SBATCH_TIMEOUT_NS, &out, diag);
	if (!err)
		s->job = sbatch_answer(out);
	return err;
}

static int submit_merge(const struct submission *s, bool wait, struct pn_diag *diag)
{
	g_autofree char *after = g_strdup_printf("--dependency=afterany:%s", s->job), *log = g_strdup_printf("--output=%s/merge.log", s->dir);
	g_autofree char *script = g_build_filename(s->dir, "merge.sh", NULL), *out = NULL;
	const char *const argv[] = {"sbatch", "--parsable", after, log, wait ? "--wait" : "--requeue", script, NULL};
	int err = pn_spawn_run(argv, NULL, wait ? 0 : SBATCH_TIMEOUT_NS, &out, diag);

	/* with --wait it exits as the merge does: its report is printed anew */
	return wait && err == -EIO ? 0 : err;
}

static int note(const struct submission *s, unsigned int cases, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(s->dir, "submit.json", NULL);
	json_t *json = json_pack("{s:s, s:i, s:i, s:s}", "run", s->id, "tasks", (int)s->tasks, "cases", (int)cases, "job", s->job);
	char *text = json_dumps(json, JSON_INDENT(1));
	int err = pn_fs_write(path, text, strlen(text), diag);

	free(text);
	json_decref(json);
	return err;
}

static int report(const struct submission *s, struct pn_diag *diag)
{
	g_autofree char *merged = g_build_filename(s->dir, "merged", NULL), *tasks = g_build_filename(s->dir, "tasks", NULL);
	g_autoptr(GPtrArray) dirs = g_ptr_array_new_with_free_func(g_free);

	for (unsigned int k = 1; k <= s->tasks; k++)
		for (unsigned int n = 0;; n++) {
			char *dir = g_strdup_printf("%s/%u/attempt-%u", tasks, k, n);

			if (!g_file_test(dir, G_FILE_TEST_IS_DIR)) {
				g_free(dir);
				break;
			}
			g_ptr_array_add(dirs, dir);
		}
	g_ptr_array_add(dirs, NULL);
	if (!dirs->pdata[0])
		return pn_diag_set(diag, -EIO, "no task has left anything; see %s", tasks);
	return merged_report(merged, (const char *const *)dirs->pdata, NULL, diag);
}

static int submit(struct submission *s, bool wait, struct pn_diag *diag)
{
	unsigned int cases = 0;
	int err = count_cases(s, &cases, diag);

	if (err)
		return err;
	if (g_file_test(s->dir, G_FILE_TEST_EXISTS))
		return pn_diag_set(diag, -EEXIST, "%s is there already; choose another --out", s->dir);
	s->tasks = MIN(s->tasks, cases);
	err = pn_fs_mkdir_p(s->dir, diag);
	if (!err)
		err = write_scripts(s, diag);
	if (!err)
		err = submit_tasks(s, diag);
	if (!err)
		err = note(s, cases, diag);
	if (err)
		return err;
	printf("%u cases as %u tasks of job %s, into %s\n", cases, s->tasks, s->job, s->dir);
	fflush(stdout);
	err = submit_merge(s, wait, diag);
	if (!err && wait)
		return report(s, diag);
	if (!err)
		printf("when it has ended: puncture report %s/merged\n", s->dir);
	return err;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *stamp = g_date_time_format(now, "runs/%Y%m%d-%H%M%S-slurm");
	const char *out = pn_opts_get(args, "out");
	struct submission s = {.words = pn_opts_operands(args), .sbatch = pn_opts_all(args, "sbatch")};
	uint64_t tasks = 4;
	int err = pn_opts_uint(args, "tasks", 1, TASKS_MAX, &tasks, diag);

	if (err)
		return err;
	if (!pn_opts_has(args, "slurm"))
		return pn_diag_set(diag, -EINVAL, "submit where? expected --slurm");
	s.tasks = (unsigned int)tasks;
	s.dir = g_canonicalize_filename(out ? out : stamp, NULL);
	s.id = g_path_get_basename(s.dir);
	s.self = g_file_read_link("/proc/self/exe", NULL);
	err = submit(&s, pn_opts_has(args, "wait"), diag);
	g_free(s.dir);
	g_free(s.id);
	g_free(s.self);
	g_free(s.job);
	return err;
}

const struct pn_command pn_command_submit = {
	.name = "submit",
	.summary = "run scenarios and suites on many machines",
	.usage = "--slurm [OPTION]... -- [RUN-OPTION]... NAME|FILE...",
	.description = description,
	.options = options,
	.operands = "runnable",
	.operands_min = 1,
	.operands_max = UINT_MAX,
	.run = run,
};
