// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads in the guest: what they need is made ready, they are started and waited for. outcome.c ends them.
 *
 * Nothing is kept between start and stop: the agent knows what runs, the load's file says how it is read. So a load can be stopped by
 * whoever comes later, and after a reset it is simply started again.
 */
#include "loads.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../guest/guest.h"
#include "job.h"
#include "ready.h"
#include "timeline.h"

static int put(const struct pn_timeline *timeline, const char *from, const char *path, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:s,s:s,s:i}", "from", from, "path", path, "mode", 0755);
	int r = pn_guest_act(timeline->guest, &(struct pn_action){.verb = "put", .args = args, .timeout_ns = PN_JOB_ANSWER_NS}, NULL, diag);

	json_decref(args);
	return r;
}

/* The load's declaration: for a person with a shell in the guest, and it makes the load's directory. */
static int push_declaration(const struct pn_timeline *timeline, const struct pn_job *job, struct pn_diag *diag)
{
	g_autofree char *base = g_strconcat(job->load->name, ".yaml", NULL);
	g_autofree char *from = g_build_filename(timeline->workloads_dir, "loads", base, NULL);
	g_autofree char *path = g_build_filename(job->dir, "load.yaml", NULL);

	return put(timeline, from, path, diag);
}

/* One file: expanded, kept in the case directory as it went to the guest, put there. */
static int push_file(const struct pn_timeline *timeline, const struct pn_job *job, const char *file, struct pn_diag *diag)
{
	g_autofree char *from = g_build_filename(timeline->workloads_dir, file, NULL);
	g_autofree char *base = g_path_get_basename(file);
	g_autofree char *kept_name = g_strdup_printf("load-%s-%s", job->load->name, base);
	g_autofree char *kept = g_build_filename(timeline->case_dir, kept_name, NULL);
	g_autofree char *path = g_strdup_printf("%s/%s", job->dir, base);
	g_autofree char *content = NULL, *expanded = NULL;
	int r;

	r = pn_fs_read(from, &content, NULL, diag);
	if (r < 0)
		return r;
	r = pn_load_expand(content, &job->context, &expanded, diag);
	if (r < 0)
		return r;
	r = pn_fs_write(kept, expanded, strlen(expanded), diag);
	if (r < 0)
		return r;
	return put(timeline, kept, path, diag);
}

static int prepare(const struct pn_timeline *timeline, const struct pn_job *job, struct pn_diag *diag)
{
	int r;

	for (char **need = job->load->needs; need && *need; need++) {
		r = pn_fixture_need(timeline, *need, diag);
		if (r < 0)
			return r;
	}
	r = push_declaration(timeline, job, diag);
	if (r < 0)
		return r;
	for (char **file = job->load->files; file && *file; file++) {
		r = push_file(timeline, job, *file, diag);
		if (r < 0)
			return r;
	}
	return 0;
}

static json_t *strings(char **words)
{
	json_t *array = json_array();

	for (; words && *words; words++)
		json_array_append_new(array, json_string(*words));
	return array;
}

static int start(const struct pn_timeline *timeline, const struct pn_job *job, struct pn_diag *diag)
{
	const struct pn_load *load = job->load;
	struct pn_ready *ready = NULL;
	json_t *request;
	int r;

	r = pn_ready_new(timeline, load, &ready, diag);
	if (r < 0)
		return r;
	request = json_pack("{s:s,s:s,s:o,s:s,s:i,s:I}", "op", "load.start", "id", load->name, "argv", strings(job->argv), "cwd", job->dir,
			    "oom_score_adj", load->oom_score_adj, "capture_bytes", (json_int_t)PN_JOB_CAPTURE_BYTES);
	r = pn_guest_agent(timeline->guest, request, 0, NULL, diag);
	if (r == 0) {
		pn_job_journal(timeline, load->name, "started");
		r = pn_ready_wait(ready, diag);
	}
	if (r == 0)
		pn_job_journal(timeline, load->name, "ready");
	pn_ready_free(ready);
	return r;
}

int pn_load_start(const struct pn_timeline *timeline, const char *name, struct pn_diag *diag)
{
	struct pn_job job;
	int r;

	r = pn_job_init(&job, timeline, name, diag);
	if (r < 0)
		return r;
	r = prepare(timeline, &job, diag);
	if (r == 0)
		r = start(timeline, &job, diag);
	pn_job_deinit(&job);
	return r;
}
