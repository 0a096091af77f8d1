// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a load: stopped, its output brought to the case directory, read.
 *
 * A load that ended by itself before it was stopped has not loaded what it should have: that is an error, unless the kernel's OOM killer
 * ended it, which is a result. Output comes in pieces, since a guest under pressure gives little at once.
 */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../guest/guest.h"
#include "job.h"
#include "ready.h"
#include "results.h"
#include "timeline.h"

/* One piece, at most what the agent gives at once. Return: 1 when there may be more, 0, or a negative errno. */
static int fetch_piece(const struct pn_timeline *timeline, json_t *request, const char *part, GString *text, struct pn_diag *diag)
{
	g_autofree char *piece = NULL;
	bool eof;
	size_t len;
	json_t *reply;
	int r;

	json_object_set_new(request, "offset", json_integer((json_int_t)text->len));
	json_object_set_new(request, "to", json_string(part));
	r = pn_guest_agent(timeline->guest, json_incref(request), PN_JOB_ANSWER_NS, &reply, diag);
	if (r < 0)
		return r;
	eof = json_is_true(json_object_get(reply, "eof"));
	json_decref(reply);
	r = pn_fs_read(part, &piece, &len, diag);
	if (r < 0)
		return r;
	g_string_append_len(text, piece, (gssize)len);
	if (text->len > PN_JOB_CAPTURE_BYTES)
		return pn_diag_set(diag, -EFBIG, "%s: more than %llu bytes", part, (unsigned long long)PN_JOB_CAPTURE_BYTES);
	return !eof && len > 0;
}

/* Bring a stream or file of the load to the case directory. @request is stolen. */
static int fetch(const struct pn_timeline *timeline, json_t *request, const char *suffix, const char *name, char **ret_text, size_t *ret_len,
		 struct pn_diag *diag)
{
	g_autofree char *base = g_strdup_printf("load-%s.%s", name, suffix);
	g_autofree char *path = g_build_filename(timeline->case_dir, base, NULL);
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	GString *text = g_string_new("");
	int r;

	do
		r = fetch_piece(timeline, request, part, text, diag);
	while (r > 0);
	json_decref(request);
	pn_fs_remove_tree(part, NULL);
	if (r == 0)
		r = pn_fs_write(path, text->str, text->len, diag);
	if (r < 0) {
		g_string_free(text, TRUE);
		return r;
	}
	if (ret_len)
		*ret_len = text->len;
	*ret_text = g_string_free(text, FALSE);
	return 0;
}

static json_t *output_request(const char *name, const char *stream)
{
	return json_pack("{s:s,s:s,s:s}", "op", "load.output", "id", name, "stream", stream);
}

/* stress-ng writes its metrics to the file named after --yaml. */
static const char *yaml_path(char **argv)
{
	for (; *argv; argv++) {
		if (strcmp(*argv, "--yaml") == 0 || strcmp(*argv, "-Y") == 0)
			return argv[1];
		if (g_str_has_prefix(*argv, "--yaml="))
			return *argv + strlen("--yaml=");
	}
	return NULL;
}

static int read_result(const struct pn_timeline *timeline, const struct pn_job *job, const char *out, size_t out_len, json_t *result,
		       struct pn_diag *diag)
{
	const char *yaml = yaml_path(job->argv);
	g_autofree char *base = g_path_get_basename(job->argv[0]);
	g_autofree char *text = NULL;
	json_t *request;
	size_t len;
	int r;

	switch (job->load->kind) {
	case PN_LOAD_FIO:
		return pn_result_fio(out, out_len, result, diag);
	case PN_LOAD_NATIVE:
		return pn_result_native(g_str_has_prefix(base, "pn-") ? base + 3 : base, out, out_len, result, diag);
	case PN_LOAD_STRESS_NG:
		break;
	}
	if (!yaml || strcmp(yaml, "/dev/stdout") == 0)
		return pn_result_stress(out, out_len, result, diag);
	request = json_pack("{s:s,s:s,s:I}", "op", "get", "path", yaml, "max_bytes", (json_int_t)PN_JOB_CAPTURE_BYTES);
	r = fetch(timeline, request, "yaml", job->load->name, &text, &len, diag);
	return r < 0 ? r : pn_result_stress(text, len, result, diag);
}

/* The last line that says anything, for error texts. */
static char *last_words(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (guint i = g_strv_length(lines); i-- > 0;)
		if (*g_strstrip(lines[i]))
			return g_strdup(lines[i]);
	return g_strdup("it said nothing");
}

/*
 * How it ended. fio says 128 when a signal ends it early, which is what was asked of it; stress-ng and ours say 0. One that died of the
 * signal itself had no time to tell its figures.
 */
static int judge_exit(const struct pn_job *job, bool was_running, const json_t *stopped, const char *err, struct pn_diag *diag)
{
	const json_t *exit_code = json_object_get(stopped, "exit_code");
	json_int_t code = json_integer_value(exit_code);
	g_autofree char *words = last_words(err);

	if (!was_running)
		return pn_diag_set(diag, -EREMOTEIO, "load '%s' ended by itself before it was stopped (%s %lld): %s", job->load->name,
				   exit_code ? "exit code" : "signal",
				   exit_code ? (long long)code : (long long)json_integer_value(json_object_get(stopped, "signal")), words);
	if (!exit_code)
		return pn_diag_set(diag, -EREMOTEIO, "load '%s' died of signal %lld before it told its figures: %s", job->load->name,
				   (long long)json_integer_value(json_object_get(stopped, "signal")), words);
	if (code != 0 && !(job->load->kind == PN_LOAD_FIO && code == 128))
		return pn_diag_set(diag, -EREMOTEIO, "load '%s' failed with exit code %lld: %s", job->load->name, (long long)code, words);
	return 0;
}

/* A native load that found corrupted memory says so in its result and exits 1: a finding about the guest, not a failure of the load. */
static bool may_tell_corruption(const struct pn_job *job, bool was_running, const json_t *stopped)
{
	return job->load->kind == PN_LOAD_NATIVE && was_running && json_integer_value(json_object_get(stopped, "exit_code")) == 1;
}

static bool tells_corruption(const json_t *result)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)result, key, value) {
		if (json_integer_value(json_object_get(value, "corrupt")) > 0 || json_integer_value(json_object_get(value, "dirty")) > 0)
			return true;
	}
	return false;
}

static int stop(const struct pn_timeline *timeline, const struct pn_job *job, json_t *result, struct pn_diag *diag)
{
	const char *name = job->load->name;
	bool running = false, oom_killed = false;
	g_autofree char *out = NULL, *err = NULL;
	uint64_t grace_ns = job->load->grace_ns;
	json_t *stopped;
	size_t out_len;
	int r;

	r = pn_load_state(timeline, name, &running, NULL, NULL, diag);
	if (r < 0)
		return r;
	r = pn_guest_agent(timeline->guest,
			   json_pack("{s:s,s:s,s:I}", "op", "load.stop", "id", name, "grace_ms", (json_int_t)(grace_ns / PN_NS_PER_MS)),
			   grace_ns + 15 * PN_NS_PER_S, &stopped, diag);
	if (r < 0)
		return r;
	pn_job_journal(timeline, name, "stopped");
	json_object_update(result, stopped);
	json_object_del(result, "ok");
	r = pn_load_state(timeline, name, NULL, &oom_killed, NULL, diag);
	json_object_set_new(result, "oom_killed", json_boolean(oom_killed));
	if (r == 0)
		r = fetch(timeline, output_request(name, "stderr"), "err", name, &err, NULL, diag);
	if (r == 0)
		r = fetch(timeline, output_request(name, "stdout"), "out", name, &out, &out_len, diag);
	if (r == 0)
		r = judge_exit(job, running, stopped, err, diag);
	if (r == 0 || (r == -EREMOTEIO && may_tell_corruption(job, running, stopped))) {
		int told = read_result(timeline, job, out, out_len, result, r == 0 ? diag : NULL);

		r = r == 0 ? told : told == 0 && tells_corruption(result) ? 0 : r;
	}
	/* Whoever the OOM killer ended may have nothing to tell: then that is the result. */
	if (oom_killed && (r == -EREMOTEIO || r == -EPROTO))
		r = 0;
	json_decref(stopped);
	return r;
}

int pn_load_stop(const struct pn_timeline *timeline, const char *name, json_t **ret_result, struct pn_diag *diag)
{
	json_t *result;
	struct pn_job job;
	int r;

	r = pn_job_init(&job, timeline, name, diag);
	if (r < 0)
		return r;
	result = json_pack("{s:s,s:b}", "load", name, "must_swap", job.load->must_swap);
	r = stop(timeline, &job, result, diag);
	pn_job_deinit(&job);
	if (r < 0) {
		json_decref(result);
		return r;
	}
	*ret_result = result;
	return 0;
}
