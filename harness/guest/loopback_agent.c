// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scripted peer's agent: frames in, replies out, on a thread of its own. It knows enough of PROTOCOL.md for timelines, samplers
 * and runs to be tested; an operation that it does not know is refused as the real agent refuses it.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "../agent/proto.h"
#include "../base/clock.h"
#include "../base/units.h"
#include "loopback_private.h"

#define FLOOD_EVENTS 64
#define SEND_TIMEOUT_MS 1000

/* Whole or not at all as far as the host reads; a host that does not is the host's fault and ends the frame. */
static void send_bytes(struct pn_loopback *peer, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(peer->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd room = { .fd = peer->fd, .events = POLLOUT };

			if (poll(&room, 1, SEND_TIMEOUT_MS) == 1)
				continue;
		}
		if (n <= 0)
			return;
		p += n;
		len -= (size_t)n;
	}
}

static void send_frame(struct pn_loopback *peer, uint8_t kind, uint32_t id, const void *body, size_t len)
{
	struct pn_proto_header header;
	g_autoptr(GByteArray) frame = g_byte_array_new();

	if (pn_proto_header_fill(&header, kind, id, len))
		return;
	g_byte_array_append(frame, (const guint8 *)&header, sizeof(header));
	if (len)
		g_byte_array_append(frame, body, (guint)len);
	send_bytes(peer, frame->data, frame->len);
}

static void send_object(struct pn_loopback *peer, uint8_t kind, uint32_t id, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (text)
		send_frame(peer, kind, id, text, strlen(text));
	free(text);
}

void pn_loopback_send_event(struct pn_loopback *peer, json_t *event)
{
	/* Frames of two threads must not mix; the channel's own lock is not ours to take. */
	static GMutex sending;

	g_mutex_lock(&sending);
	send_object(peer, PN_PROTO_EVENT, 0, event);
	g_mutex_unlock(&sending);
}

json_t *pn_loopback_hello(struct pn_loopback *peer)
{
	g_autofree char *boot_id = g_strdup_printf("loopback-%u", peer->boots);

	return json_pack("{s:i,s:s,s:s,s:i,s:i,s:I,s:I,s:I,s:i}", "version", PN_PROTO_VERSION, "kernel", "6.1.0-loopback", "boot_id", boot_id,
			 "page_size", 4096, "cpus", 1, "mono_ns", (json_int_t)pn_clock_now_ns(), "real_ns", (json_int_t)pn_clock_real_ns(),
			 "memtotal_bytes", (json_int_t)peer->memory_bytes, "stuck_children", 0);
}

static json_t *op_hello(struct pn_loopback *peer, const json_t *request)
{
	return pn_loopback_hello(peer);
}

static json_t *op_clock(struct pn_loopback *peer, const json_t *request)
{
	return json_pack("{s:I,s:I}", "mono_ns", (json_int_t)pn_clock_now_ns(), "real_ns", (json_int_t)pn_clock_real_ns());
}

static json_t *op_load_module(struct pn_loopback *peer, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "name"));
	const char *path = json_string_value(json_object_get(request, "path"));

	pn_loopback_rebase(peer);
	peer->bound = true;
	g_free(peer->driver);
	peer->driver = name ? g_strdup(name) : g_path_get_basename(path ? path : "?");
	if (g_str_has_suffix(peer->driver, ".ko"))
		peer->driver[strlen(peer->driver) - 3] = '\0';
	return json_pack("{s:[s]}", "loaded", peer->driver);
}

static json_t *op_unload_module(struct pn_loopback *peer, const json_t *request)
{
	peer->bound = false;
	peer->from_bytes = 0;
	return json_object();
}

static json_t *op_bound(struct pn_loopback *peer, const json_t *request)
{
	return json_pack("{s:b,s:s,s:s,s:s,s:i}", "bound", peer->bound, "driver", peer->bound ? peer->driver : "", "device", "virtio1", "features",
			 "1100000000000000000000000000000010000000000000000000000000000000", "status", peer->bound ? 15 : 1);
}

static json_t *op_unbind(struct pn_loopback *peer, const json_t *request)
{
	return op_unload_module(peer, request);
}

static json_t *op_bind(struct pn_loopback *peer, const json_t *request)
{
	pn_loopback_rebase(peer);
	peer->bound = true;
	if (!peer->driver)
		peer->driver = g_strdup("virtio_balloon");
	return json_object();
}

static json_t *op_load_start(struct pn_loopback *peer, const json_t *request)
{
	const char *id = json_string_value(json_object_get(request, "id"));

	g_hash_table_add(peer->loads, g_strdup(id ? id : ""));
	return json_pack("{s:i}", "pid", 1000 + (int)g_hash_table_size(peer->loads));
}

static json_t *op_load_stop(struct pn_loopback *peer, const json_t *request)
{
	const char *id = json_string_value(json_object_get(request, "id"));

	g_hash_table_remove(peer->loads, id ? id : "");
	return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "exit_code", 0, "user_ns", 0, "system_ns", 0, "maxrss_bytes", 0, "stdout_bytes", 0,
			 "stderr_bytes", 0);
}

static json_t *op_load_list(struct pn_loopback *peer, const json_t *request)
{
	json_t *list = json_array();
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, peer->loads);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		json_array_append_new(list, json_pack("{s:s,s:i,s:b,s:b,s:i}", "id", id, "pid", 1000, "running", 1, "oom_killed", 0, "cpu_ns", 0));
	return json_pack("{s:o}", "loads", list);
}

static json_t *op_sample(struct pn_loopback *peer, const json_t *request)
{
	uint64_t inside = pn_loopback_balloon(peer), kept = peer->memory_bytes - MIN(inside, peer->memory_bytes);

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i}", "mono_ns", (json_int_t)pn_clock_now_ns(), "mem.total", (json_int_t)kept,
			 "mem.free", (json_int_t)(kept / 2), "mem.available", (json_int_t)(kept / 2), "zone.DMA32.managed_pages",
			 (json_int_t)(kept / PN_PAGE_BYTES), "zone.DMA32.free_pages", (json_int_t)(kept / 2 / PN_PAGE_BYTES), "driver.held_pages",
			 (json_int_t)(inside / PN_PAGE_BYTES), "vm.balloon_inflate", (json_int_t)(inside / PN_PAGE_BYTES), "agent_cpu_ns", 0);
}

static json_t *op_nothing(struct pn_loopback *peer, const json_t *request)
{
	return json_object();
}

static json_t *op_read(struct pn_loopback *peer, const json_t *request)
{
	json_t *files = json_array();

	for (size_t i = 0; i < json_array_size(json_object_get(request, "paths")); i++)
		json_array_append_new(files, json_pack("{s:s,s:b}", "text", "", "truncated", 0));
	if (json_array_size(files))
		return json_pack("{s:o}", "files", files);
	json_decref(files);
	return json_pack("{s:s,s:b}", "text", "", "truncated", 0);
}

static const struct {
	const char *name;
	json_t *(*answer)(struct pn_loopback *peer, const json_t *request);
} ops[] = {
	{ "hello", op_hello },
	{ "clock", op_clock },
	{ "module.load", op_load_module },
	{ "module.unload", op_unload_module },
	{ "driver.bound", op_bound },
	{ "driver.unbind", op_unbind },
	{ "driver.bind", op_bind },
	{ "load.start", op_load_start },
	{ "load.signal", op_nothing },
	{ "load.stop", op_load_stop },
	{ "load.list", op_load_list },
	{ "sample", op_sample },
	{ "sample.start", op_nothing },
	{ "sample.stop", op_nothing },
	{ "swap.on", op_nothing },
	{ "swap.off", op_nothing },
	{ "disk.mount", op_nothing },
	{ "disk.unmount", op_nothing },
	{ "drop_caches", op_nothing },
	{ "lifecycle", op_nothing },
	{ "read", op_read },
	{ "write", op_nothing },
};

/* Lock held. */
static json_t *answer(struct pn_loopback *peer, const json_t *request)
{
	const char *op = json_string_value(json_object_get(request, "op"));
	json_t *reply = NULL;

	if (op && peer->script.refuse_op && strcmp(op, peer->script.refuse_op) == 0)
		return json_pack("{s:b,s:s,s:i}", "ok", 0, "error", "scripted refusal", "errno", EIO);
	for (size_t i = 0; op && !reply && i < G_N_ELEMENTS(ops); i++) {
		if (strcmp(ops[i].name, op) == 0)
			reply = ops[i].answer(peer, request);
	}
	if (!reply)
		return json_pack("{s:b,s:s,s:i}", "ok", 0, "error", "no such operation", "errno", EOPNOTSUPP);
	if (!json_object_get(reply, "ok"))
		json_object_set_new(reply, "ok", json_true());
	return reply;
}

/* An upload ends with its empty blob; what it says is what came. A download is one blob of the name asked for. */
static bool take_transfer(struct pn_loopback *peer, const struct pn_proto_frame *frame, const char *op, uint64_t *upload_bytes)
{
	if (frame->kind == PN_PROTO_BLOB) {
		*upload_bytes += frame->length;
		if (frame->length == 0) {
			send_object(peer, PN_PROTO_REPLY, frame->id, json_pack("{s:b,s:I}", "ok", 1, "size", (json_int_t)*upload_bytes));
			*upload_bytes = 0;
		}
		return true;
	}
	if (op && strcmp(op, "put") == 0)
		return true;
	if (op && (strcmp(op, "get") == 0 || strcmp(op, "load.output") == 0)) {
		send_frame(peer, PN_PROTO_BLOB, frame->id, op, strlen(op));
		send_frame(peer, PN_PROTO_BLOB, frame->id, NULL, 0);
		send_object(peer, PN_PROTO_REPLY, frame->id, json_pack("{s:b,s:i,s:b}", "ok", 1, "size", (int)strlen(op), "eof", 1));
		return true;
	}
	return false;
}

static void take_frame(struct pn_loopback *peer, const struct pn_proto_frame *frame, uint64_t *upload_bytes)
{
	json_t *request = frame->kind == PN_PROTO_REQUEST ? json_loadb((const char *)frame->body, frame->length, 0, NULL) : NULL;
	const char *op = json_string_value(json_object_get(request, "op"));
	struct pn_loopback_script script;
	json_t *reply = NULL;

	g_mutex_lock(&peer->lock);
	while ((peer->stopped || !peer->running) && !peer->dead)
		g_cond_wait(&peer->changed, &peer->lock);
	script = peer->script;
	if (!script.agent_silent && !script.no_hello && !script.agent_garbage && !take_transfer(peer, frame, op, upload_bytes))
		reply = answer(peer, request);
	g_mutex_unlock(&peer->lock);
	for (int i = 0; script.agent_flood && i < FLOOD_EVENTS; i++)
		pn_loopback_send_event(peer, json_pack("{s:s,s:s}", "ev", "flood", "text", "more and more and more"));
	if (script.agent_garbage)
		send_bytes(peer, "this is not a frame at all, whatever it may look like", 54);
	if (reply)
		send_object(peer, PN_PROTO_REPLY, frame->id, reply);
	json_decref(request);
}

void *pn_loopback_agent(void *data)
{
	struct pn_loopback *peer = data;
	struct pn_proto_parser parser;
	uint64_t upload_bytes = 0;

	if (pn_proto_parser_init(&parser) < 0)
		return NULL;
	for (;;) {
		struct pn_proto_frame frame;
		size_t len;
		void *space = pn_proto_parser_space(&parser, &len);
		ssize_t n = recv(peer->fd, space, len, 0);
		int r;

		if (n <= 0)
			break;
		pn_proto_parser_commit(&parser, (size_t)n);
		while ((r = pn_proto_parser_next(&parser, &frame)) != 0) {
			if (r > 0)
				take_frame(peer, &frame, &upload_bytes);
		}
	}
	pn_proto_parser_deinit(&parser);
	return NULL;
}
