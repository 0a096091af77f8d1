/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From frames to operations. A request is checked for form here; the tables of the op_*.c files hold what can be asked. A second request
 * never waits for the first: what takes long is a job (job.h) or is answered by an event of its own.
 */
#include "ops.h"

#include "agent.h"
#include "exact.h"
#include "hello.h"
#include "job.h"
#include "kmsg.h"
#include "link.h"
#include "sample.h"

#include <errno.h>
#include <string.h>

static int run_hello(const struct pn_request *request, json_t **ret_reply)
{
	struct pn_request again = *request;
	int64_t seq;
	int r = pn_arg_integer(request, "kmsg_seq", -1, INT64_MAX, 0, &seq);

	if (r < 0)
		return r;
	/* Whoever says hello is a host that knows nothing of what was under way. */
	pn_link_restart();
	pn_file_abort();
	pn_sample_stop();
	again.generation = pn_link_generation();
	pn_reply(&again, pn_hello());
	pn_kmsg_start(seq);
	return 1;
}

static int run_clock(const struct pn_request *request, json_t **ret_reply)
{
	*ret_reply = json_pack("{s:I,s:I}", "mono_ns", (json_int_t)pn_now_ns(), "real_ns", (json_int_t)pn_real_ns());
	return 0;
}

static const struct pn_op ops_self[] = {
	{"hello", "begin a conversation", run_hello},
	{"clock", "the guest's clocks", run_clock},
	{0},
};

static const struct pn_op *const tables[] = {
	ops_self, pn_ops_file, pn_ops_driver, pn_ops_load, pn_ops_sample, pn_ops_disk, pn_ops_lifecycle, pn_ops_warm, pn_ops_symbols, pn_ops_exact, pn_ops_leaks,
};

static const struct pn_op *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct pn_op *op = tables[i]; op->name; op++) {
			if (strcmp(op->name, name) == 0)
				return op;
		}
	}
	return NULL;
}

static int run(struct pn_request *request, json_t **ret_reply)
{
	const json_t *name = json_object_get(request->args, "op");
	const struct pn_op *op;

	if (!json_is_object(request->args))
		return pn_fail(-EBADMSG, "a request is a JSON object");
	if (!json_is_string(name))
		return pn_fail(-EBADMSG, "a request has a string \"op\"");
	op = find(json_string_value(name));
	if (!op)
		return pn_fail(-EOPNOTSUPP, "op: '%.100s' is not known to protocol version %d", json_string_value(name), PN_PROTO_VERSION);
	request->op = op->name;
	return op->run(request, ret_reply);
}

static void take_request(const struct pn_proto_frame *frame)
{
	struct pn_request request = {.id = frame->id, .generation = pn_link_generation(), .op = "request"};
	json_t *args, *reply = NULL;
	json_error_t error;
	int r;

	pn_exact_awake();
	/* jansson bounds the nesting itself; the length is bounded by the frame. */
	args = json_loadb((const char *)frame->body, frame->length, JSON_REJECT_DUPLICATES, &error);
	if (!args) {
		pn_fail(-EBADMSG, "not JSON: %s (byte %d)", error.text, error.position);
		pn_reply_error(&request, -EBADMSG);
		return;
	}
	request.args = args;
	r = run(&request, &reply);
	if (r < 0)
		pn_reply_error(&request, r);
	else if (r == 0)
		pn_reply(&request, reply);
	json_decref(args);
}

int pn_ops_job(const struct pn_request *request, pn_job_fn *fn, int64_t fallback_ms)
{
	uint64_t timeout_ns;
	int r = pn_arg_timeout(request, fallback_ms, &timeout_ns);

	if (r == 0)
		r = pn_job_start(request, fn, timeout_ns);
	return r < 0 ? r : 1;
}

void pn_ops_frame(const struct pn_proto_frame *frame)
{
	if (frame->kind == PN_PROTO_REQUEST)
		take_request(frame);
	else if (frame->kind == PN_PROTO_BLOB)
		pn_file_blob(frame->id, frame->body, frame->length);
	else
		pn_link_event(json_pack("{s:s,s:s,s:i}", "ev", "protocol", "error", "a frame of a kind that only the guest sends", "dropped_bytes",
					(int)frame->length));
}

void pn_ops_connected(void)
{
	json_t *event = pn_hello();

	pn_file_abort();
	pn_sample_stop();
	pn_kmsg_stop();
	json_object_set_new(event, "ev", json_string("hello"));
	pn_link_event(event);
}

void pn_ops_garbage(int error, uint64_t dropped_bytes)
{
	pn_link_event(json_pack("{s:s,s:s,s:I}", "ev", "protocol", "error",
				error == -EPROTONOSUPPORT ? "a frame of another protocol version" : "bytes that are no frame", "dropped_bytes",
				(json_int_t)dropped_bytes));
}

void pn_ops_drained(void)
{
	pn_job_pull();
	pn_output_pump();
	pn_sample_drained();
	pn_kmsg_pump();
}
