// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads in the guest: what they need is made ready, they are started and waited for, and in the end stopped, fetched and read.
 *
 * Nothing is kept here between start and stop: the agent knows what runs, the load's file says how it is read, and expansion of its
 * words is the same both times. So a load can be stopped by whoever comes later, and after a reset it is simply started again.
 *
 * A load that ended by itself before it was stopped has not loaded what it should have: that is an error, unless the kernel's OOM killer
 * ended it, which is a result.
 */
#include "loads.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/load.h"
#include "../scenario/scenario.h"
#include "ready.h"
#include "results.h"
#include "timeline.h"

#define GUEST_DIR "/run/puncture/loads"
#define CAPTURE_BYTES (4 * PN_MIB)
#define FETCH_TIMEOUT_NS (60 * PN_NS_PER_S)

/** struct job - a load as it is in this guest */
struct job {
	struct pn_load *load;
	char *dir;   /* its own, in the guest */
	char **argv; /* expanded */
	struct pn_load_context context;
};

static void job_deinit(struct job *job)
{
	pn_load_free(job->load);
	g_strfreev(job->argv);
	g_free(job->dir);
}

static int job_init(struct job *job, const struct pn_timeline *timeline, const char *name, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	const struct pn_machine *machine = pn_guest_machine(timeline->guest);
	int r;

	*job = (struct job){.dir = g_strdup_printf("%s/%s", GUEST_DIR, name)};
	r = pn_load_read(timeline->workloads_dir, name, &job->load, diag);
	if (r < 0) {
		g_clear_pointer(&job->dir, g_free);
		return r;
	}
	job->context = (struct pn_load_context){.memory_bytes = machine->memory_bytes, .vcpus = machine->vcpus, .seed = timeline->scenario->seed,
						.disk = PN_FIXTURE_DISK, .dir = job->dir};
	for (char **word = job->load->argv; *word; word++) {
		char *text;

		r = pn_load_expand(*word, &job->context, &text, diag);
		if (r < 0) {
			job_deinit(job);
			return r;
		}
		g_ptr_array_add(argv, text);
	}
	g_ptr_array_add(argv, NULL);
	job->argv = (char **)g_ptr_array_steal(argv, NULL);
	return 0;
}

static void journal(const struct pn_timeline *timeline, const char *name, const char *state)
{
	pn_journal_add(timeline->journal, "load", json_pack("{s:s,s:s}", "load", name, "state", state));
}

/* One file: expanded, kept in the case directory as it went to the guest, put there. */
static int push_file(const struct pn_timeline *timeline, const struct job *job, const char *file, struct pn_diag *diag)
{
	g_autofree char *from = g_build_filename(timeline->workloads_dir, file, NULL);
	g_autofree char *base = g_path_get_basename(file);
	g_autofree char *kept_name = g_strdup_printf("load-%s-%s", job->load->name, base);
	g_autofree char *kept = g_build_filename(timeline->case_dir, kept_name, NULL);
	g_autofree char *path = g_strdup_printf("%s/%s", job->dir, base);
	g_autofree char *content = NULL, *expanded = NULL;
	json_t *args;
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
	args = json_pack("{s:s,s:s,s:i}", "from", kept, "path", path, "mode", 0755);
	r = pn_guest_act(timeline->guest, &(struct pn_action){.verb = "put", .args = args, .timeout_ns = FETCH_TIMEOUT_NS}, NULL, diag);
	json_decref(args);
	return r;
}

static int prepare(const struct pn_timeline *timeline, const struct job *job, struct pn_diag *diag)
{
	int r;

	for (char **need = job->load->needs; need && *need; need++) {
		r = pn_fixture_need(timeline, *need, diag);
		if (r < 0)
			return r;
	}
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

static int start(const struct pn_timeline *timeline, const struct job *job, struct pn_diag *diag)
{
	const struct pn_load *load = job->load;
	struct pn_ready *ready = NULL;
	json_t *request;
	int r;

	r = pn_ready_new(timeline, load, &ready, diag);
	if (r < 0)
		return r;
	request = json_pack("{s:s,s:s,s:o,s:o,s:s,s:i,s:I}", "op", "load.start", "id", load->name, "argv", strings(job->argv), "env", json_array(),
			    "cwd", job->dir, "oom_score_adj", load->oom_score_adj, "capture_bytes", (json_int_t)CAPTURE_BYTES);
	r = pn_guest_agent(timeline->guest, request, 0, NULL, diag);
	if (r == 0) {
		journal(timeline, load->name, "started");
		r = pn_ready_wait(ready, diag);
	}
	if (r == 0)
		journal(timeline, load->name, "ready");
	pn_ready_free(ready);
	return r;
}

int pn_load_start(const struct pn_timeline *timeline, const char *name, struct pn_diag *diag)
{
	struct job job;
	int r;

	r = job_init(&job, timeline, name, diag);
	if (r < 0)
		return r;
	r = prepare(timeline, &job, diag);
	if (r == 0)
		r = start(timeline, &job, diag);
	job_deinit(&job);
	return r;
}

/* Bring a stream or file of the load to the case directory. */
static int fetch(const struct pn_timeline *timeline, json_t *request, const char *suffix, const char *name, char **ret_text, size_t *ret_len,
		 struct pn_diag *diag)
{
	g_autofree char *base = g_strdup_printf("load-%s.%s", name, suffix);
	g_autofree char *path = g_build_filename(timeline->case_dir, base, NULL);
	int r;

	json_object_set_new(request, "to", json_string(path));
	r = pn_guest_agent(timeline->guest, request, FETCH_TIMEOUT_NS, NULL, diag);
	if (r < 0)
		return r;
	return pn_fs_read(path, ret_text, ret_len, diag);
}

static json_t *output_request(const char *name, const char *stream)
{
	return json_pack("{s:s,s:s,s:s,s:i}", "op", "load.output", "id", name, "stream", stream, "offset", 0);
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

static int read_result(const struct pn_timeline *timeline, const struct job *job, const char *out, size_t out_len, json_t *result,
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
	request = json_pack("{s:s,s:s,s:i,s:I}", "op", "get", "path", yaml, "offset", 0, "max_bytes", (json_int_t)CAPTURE_BYTES);
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
static int judge_exit(const struct job *job, bool was_running, const json_t *stopped, const char *err, struct pn_diag *diag)
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

static int stop(const struct pn_timeline *timeline, const struct job *job, json_t *result, struct pn_diag *diag)
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
	journal(timeline, name, "stopped");
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
	if (r == 0)
		r = read_result(timeline, job, out, out_len, result, diag);
	/* Whoever the OOM killer ended may have nothing to tell: then that is the result. */
	if (oom_killed && (r == -EREMOTEIO || r == -EPROTO))
		r = 0;
	json_decref(stopped);
	return r;
}

int pn_load_stop(const struct pn_timeline *timeline, const char *name, json_t **ret_result, struct pn_diag *diag)
{
	json_t *result;
	struct job job;
	int r;

	r = job_init(&job, timeline, name, diag);
	if (r < 0)
		return r;
	result = json_pack("{s:s,s:b}", "load", name, "must_swap", job.load->must_swap);
	r = stop(timeline, &job, result, diag);
	job_deinit(&job);
	if (r < 0) {
		json_decref(result);
		return r;
	}
	*ret_result = result;
	return 0;
}
