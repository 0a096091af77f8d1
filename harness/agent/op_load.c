/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads as the host asks for them; task.c does the work. */
#include "ops.h"

#include "link.h"
#include "program.h"
#include "task.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGV_MAX 256
#define ENV_MAX 64
#define OUTPUT_CHUNK (64u * 1024u)
#define STREAMS_MAX 4

static int find(const struct pn_request *request, struct pn_task **ret_task)
{
	const char *id;
	int r = pn_arg_name(request, "id", &id);

	if (r < 0)
		return r;
	*ret_task = pn_task_find(id);
	return *ret_task ? 0 : pn_fail(-ENOENT, "%s: id: there is no load '%s'", request->op, id);
}

/* An array of strings as execve() wants it; the strings stay the request's. */
static int words(const struct pn_request *request, const char *key, const char **ret_words, size_t max)
{
	const json_t *array = json_object_get(request->args, key), *word;
	size_t i;

	if (!json_is_array(array) || json_array_size(array) == 0 || json_array_size(array) >= max)
		return pn_fail(-EINVAL, "%s: %s: expected an array of 1 to %zu strings", request->op, key, max - 1);
	json_array_foreach(array, i, word) {
		if (!json_is_string(word))
			return pn_fail(-EINVAL, "%s: %s[%zu]: expected a string", request->op, key, i);
		ret_words[i] = json_string_value(word);
	}
	ret_words[i] = NULL;
	return 0;
}

/* "env" is an array of "NAME=VALUE"; PATH, HOME and LC_ALL are given unless it has them. */
static int environment(const struct pn_request *request, const char **ret_env)
{
	static char path[128];
	const char *const defaults[] = {path, "HOME=/tmp", "LC_ALL=C"};
	const json_t *array = json_object_get(request->args, "env"), *word;
	size_t count = 0, i;

	snprintf(path, sizeof(path), "PATH=%s", pn_program_path);
	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		ret_env[count++] = defaults[i];
	if (array && (!json_is_array(array) || json_array_size(array) > ENV_MAX - 4))
		return pn_fail(-EINVAL, "%s: env: expected an array of at most %d strings NAME=VALUE", request->op, ENV_MAX - 4);
	json_array_foreach(array, i, word) {
		const char *text = json_string_value(word);
		size_t name_len, j;

		if (!text || !strchr(text, '='))
			return pn_fail(-EINVAL, "%s: env[%zu]: expected NAME=VALUE", request->op, i);
		name_len = strchr(text, '=') - text + 1;
		for (j = 0; j < count && strncmp(ret_env[j], text, name_len) != 0; j++)
			;
		ret_env[j] = text;
		count += j == count;
	}
	ret_env[count] = NULL;
	return 0;
}

static int run_start(const struct pn_request *request, json_t **ret_reply)
{
	const char *argv[ARGV_MAX], *env[ENV_MAX];
	struct pn_task_config config = {.argv = (char *const *)argv, .envp = (char *const *)env};
	int64_t adj, capture;
	int r = pn_arg_name(request, "id", &config.id);

	if (r == 0)
		r = words(request, "argv", argv, ARGV_MAX);
	if (r == 0)
		r = environment(request, env);
	if (r == 0)
		r = pn_arg_string(request, "cwd", "/", &config.cwd);
	if (r == 0)
		r = pn_arg_integer(request, "oom_score_adj", -1000, 1000, 0, &adj);
	if (r == 0)
		r = pn_arg_integer(request, "capture_bytes", 0, 8 << 20, 65536, &capture);
	if (r < 0)
		return r;
	config.oom_score_adj = adj;
	config.capture_bytes = capture;
	r = pn_task_start(&config, request);
	return r < 0 ? r : 1;
}

static int run_signal(const struct pn_request *request, json_t **ret_reply)
{
	struct pn_task *task;
	int64_t number;
	int r = find(request, &task);

	if (r == 0)
		r = pn_arg_integer(request, "signal", 1, SIGRTMAX, 0, &number);
	if (r < 0)
		return r;
	if (task->state == PN_TASK_ENDED)
		return pn_fail(-ESRCH, "load.signal: '%s' has ended", task->id);
	if (json_is_true(json_object_get(request->args, "leader")) ? kill(task->pid, number) < 0 : kill(-task->pid, number) < 0)
		return pn_fail(-errno, "load.signal: '%s': %m", task->id);
	return 0;
}

static int run_stop(const struct pn_request *request, json_t **ret_reply)
{
	struct pn_task *task;
	int64_t number, grace_ms;
	int r = find(request, &task);

	if (r == 0)
		r = pn_arg_integer(request, "signal", 1, SIGRTMAX, SIGINT, &number);
	if (r == 0)
		r = pn_arg_integer(request, "grace_ms", 0, 600000, 5000, &grace_ms);
	if (r == 0)
		r = pn_task_stop(task, number, grace_ms * 1000000ull, request);
	return r < 0 ? r : 1;
}

/** struct stream - output on its way to the host, as fast as that reads */
static struct stream {
	struct pn_request request; /* op NULL: free */
	const struct pn_task *task;
	unsigned int start; /* of the task: another load in its slot ends the stream */
	const struct pn_capture *capture;
	size_t from, at, end;
} streams[STREAMS_MAX];

static void pump(struct stream *stream)
{
	const struct pn_capture *capture = stream->capture;
	bool same = stream->task->start == stream->start;

	if (stream->request.generation != pn_link_generation()) {
		stream->request.op = NULL;
		return;
	}
	while (same && stream->at < stream->end) {
		size_t size = stream->end - stream->at < OUTPUT_CHUNK ? stream->end - stream->at : OUTPUT_CHUNK;

		if (!pn_link_roomy() || pn_link_send(PN_PROTO_BLOB, stream->request.id, capture->bytes + stream->at, size) < 0)
			return;
		stream->at += size;
	}
	if (same) {
		pn_reply(&stream->request, json_pack("{s:I,s:b,s:I}", "size", (json_int_t)(stream->at - stream->from), "eof",
						     capture->source.fd < 0 && stream->at >= capture->kept, "total", (json_int_t)capture->total));
	} else {
		pn_fail(-ESTALE, "load.output: another load was started meanwhile");
		pn_reply_error(&stream->request, -ESTALE);
	}
	stream->request.op = NULL;
}

void pn_output_pump(void)
{
	for (unsigned int i = 0; i < STREAMS_MAX; i++) {
		if (streams[i].request.op)
			pump(&streams[i]);
	}
}

static int run_output(const struct pn_request *request, json_t **ret_reply)
{
	const struct pn_capture *capture;
	struct pn_task *task;
	const char *name;
	int64_t offset;
	int r = find(request, &task);

	if (r == 0)
		r = pn_arg_string(request, "stream", "stdout", &name);
	if (r == 0)
		r = pn_arg_integer(request, "offset", 0, INT64_MAX, 0, &offset);
	if (r < 0)
		return r;
	if (strcmp(name, "stdout") != 0 && strcmp(name, "stderr") != 0)
		return pn_fail(-EINVAL, "load.output: stream: '%.50s' is not accepted; expected stdout or stderr", name);
	capture = strcmp(name, "stdout") == 0 ? &task->out : &task->err;
	if ((uint64_t)offset > capture->kept)
		offset = capture->kept;
	for (unsigned int i = 0; i < STREAMS_MAX; i++) {
		if (streams[i].request.op)
			continue;
		streams[i] = (struct stream){.request = *request, .task = task, .start = task->start, .capture = capture, .from = offset,
					     .at = offset, .end = capture->kept};
		streams[i].request.args = NULL;
		pump(&streams[i]);
		return 1;
	}
	return pn_fail(-EAGAIN, "load.output: %d are under way already", STREAMS_MAX);
}

static int run_list(const struct pn_request *request, json_t **ret_reply)
{
	*ret_reply = json_pack("{s:o}", "loads", pn_task_list());
	return 0;
}

const struct pn_op pn_ops_load[] = {
	{"load.start", "start a program as a load", run_start},
	{"load.signal", "a signal to a load's process group", run_signal},
	{"load.stop", "end a load and get what it used", run_stop},
	{"load.output", "what a load printed", run_output},
	{"load.list", "the loads", run_list},
	{0},
};
