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
#define OUTPUT_MAX (128 * 1024)

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

/* "env" is an object; PATH and HOME are given unless it says otherwise. The texts live until the next call. */
static int environment(const struct pn_request *request, const char **ret_env)
{
	static char texts[16384];
	json_t *env = json_object_get(request->args, "env"), *value;
	size_t used = 0, count = 0;
	const char *key;

	used += snprintf(texts, sizeof(texts), "PATH=%s", pn_program_path) + 1;
	if (!json_object_get(env, "PATH"))
		ret_env[count++] = texts;
	ret_env[count++] = "HOME=/tmp";
	ret_env[count++] = "LC_ALL=C";
	if (env && !json_is_object(env))
		return pn_fail(-EINVAL, "%s: env: expected an object of strings", request->op);
	json_object_foreach(env, key, value) {
		int n;

		if (!json_is_string(value) || count + 1 == ENV_MAX)
			return pn_fail(-EINVAL, "%s: env.%.50s: expected a string, and at most %d of them", request->op, key, ENV_MAX - 4);
		n = snprintf(texts + used, sizeof(texts) - used, "%s=%s", key, json_string_value(value));
		if (n < 0 || used + n >= sizeof(texts))
			return pn_fail(-E2BIG, "%s: env: larger than %zu bytes", request->op, sizeof(texts));
		ret_env[count++] = texts + used;
		used += n + 1;
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

static int run_output(const struct pn_request *request, json_t **ret_reply)
{
	const struct pn_capture *capture;
	struct pn_task *task;
	const char *stream;
	int64_t offset;
	size_t size;
	int r = find(request, &task);

	if (r == 0)
		r = pn_arg_string(request, "stream", "stdout", &stream);
	if (r == 0)
		r = pn_arg_integer(request, "offset", 0, INT64_MAX, 0, &offset);
	if (r < 0)
		return r;
	if (strcmp(stream, "stdout") != 0 && strcmp(stream, "stderr") != 0)
		return pn_fail(-EINVAL, "load.output: stream: '%.50s' is not accepted; expected stdout or stderr", stream);
	capture = strcmp(stream, "stdout") == 0 ? &task->out : &task->err;
	size = (uint64_t)offset < capture->kept ? capture->kept - offset : 0;
	if (size > OUTPUT_MAX)
		size = OUTPUT_MAX;
	if (size > 0)
		pn_link_send(PN_PROTO_BLOB, request->id, capture->bytes + offset, size);
	*ret_reply = json_pack("{s:I,s:b,s:I}", "size", (json_int_t)size, "eof",
			       capture->source.fd < 0 && (uint64_t)offset + size >= capture->kept, "total", (json_int_t)capture->total);
	return 0;
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
