/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz target of requests: the input is the body of a request frame (and with a leading NUL that of a blob). Everything that reads a request is the
 * agent's own; everything that would act on the machine (children, loads, the link) is replaced here. Checked: at most one reply at once, a
 * well-formed one, with an error line and errno where it is not ok.
 */
#include "balloon_cpu.h"
#include "job.h"
#include "kmsg.h"
#include "link.h"
#include "loop.h"
#include "ops.h"
#include "reader.h"
#include "task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int replies, generation = 1;

unsigned int pn_link_generation(void)
{
	return generation;
}

void pn_link_restart(void)
{
	generation++;
}

bool pn_link_roomy(void)
{
	return true;
}

bool pn_link_empty(void)
{
	return true;
}

void pn_link_pause(bool paused)
{
}

int pn_link_send(uint8_t kind, uint32_t id, const void *body, size_t length)
{
	json_t *reply;

	if (kind != PN_PROTO_REPLY)
		return 0;
	reply = json_loadb(body, length, 0, NULL);
	if (!json_is_boolean(json_object_get(reply, "ok")) || id != 7)
		abort();
	if (json_is_false(json_object_get(reply, "ok")) &&
	    (!json_string_length(json_object_get(reply, "error")) || json_integer_value(json_object_get(reply, "errno")) <= 0))
		abort();
	json_decref(reply);
	replies++;
	return 0;
}

int pn_link_send_json(uint8_t kind, uint32_t id, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	if (!text)
		abort();
	pn_link_send(kind, id, text, strlen(text));
	free(text);
	json_decref(body);
	return 0;
}

int pn_link_event(json_t *event)
{
	json_decref(event);
	return 0;
}

int pn_job_start(const struct pn_request *request, pn_job_fn *fn, uint64_t timeout_ns)
{
	return timeout_ns == 0 ? abort(), 0 : 0;
}

int pn_job_start_fed(const struct pn_request *request, pn_job_fn *fn, uint64_t timeout_ns, int *ret_feed_fd)
{
	return pn_fail(-EAGAIN, "not here");
}

int pn_job_blob(const struct pn_request *request, const void *bytes, size_t len)
{
	return 0;
}

void pn_job_pull(void)
{
}

json_t *pn_job_stuck(void)
{
	return json_array();
}

int pn_task_start(const struct pn_task_config *config, const struct pn_request *request)
{
	for (char *const *word = config->argv; *word; word++)
		(void)strlen(*word);
	for (char *const *word = config->envp; *word; word++)
		(void)strlen(*word);
	return 0;
}

struct pn_task *pn_task_find(const char *id)
{
	return NULL;
}

int pn_task_stop(struct pn_task *task, int signal, uint64_t grace_ns, const struct pn_request *request)
{
	return 0;
}

json_t *pn_task_list(void)
{
	return json_array();
}

int pn_loop_add(struct pn_loop_source *source, uint32_t events)
{
	return 0;
}

int pn_loop_change(struct pn_loop_source *source, uint32_t events)
{
	return 0;
}

void pn_loop_remove(struct pn_loop_source *source)
{
}

void pn_loop_arm(struct pn_loop_timer *timer, uint64_t due_ns)
{
}

void pn_loop_disarm(struct pn_loop_timer *timer)
{
}

void pn_kmsg_start(int64_t seq)
{
}

void pn_kmsg_stop(void)
{
}

void pn_kmsg_pump(void)
{
}

int pn_reader_ask(const char *module, void (*done)(const struct pn_reader_answer *answer))
{
	return -EBUSY;
}

pid_t pn_reader_stuck(uint64_t *ret_since_ns)
{
	return 0;
}

const char *const pn_balloon_perf_keys[PN_BALLOON_PERF_COUNT];

void pn_balloon_cpu_refresh(void)
{
}

const char *pn_balloon_cpu_module(void)
{
	return "";
}

unsigned int pn_balloon_cpu_epoch(void)
{
	return 0;
}

void pn_balloon_cpu_read(struct pn_balloon_cpu *ret_cpu)
{
	*ret_cpu = (struct pn_balloon_cpu){0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pn_proto_frame frame = {.kind = PN_PROTO_REQUEST, .id = 7, .length = size, .body = data};

	if (size > 0 && data[0] == 0)
		frame.kind = PN_PROTO_BLOB;
	replies = 0;
	pn_ops_frame(&frame);
	if (replies > 1)
		abort();
	return 0;
}
