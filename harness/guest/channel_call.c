// SPDX-License-Identifier: GPL-2.0-only
/*
 * The callers' side of the channel: frames are queued whole, so that a guest that is stopped in the middle of one tears nothing, and
 * nobody waits past its deadline: not for room in the queue (OUT_MAX), not for the reply.
 */

#include "channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "channel_private.h"

#define FLUSH_POLL_US 50
#define OUT_MAX (4 * PN_MIB)
#define BLOB_FRAME (32 * PN_KIB)

/* Lock held; room has been made sure of. */
static int queue_frame(struct pn_channel *channel, uint8_t kind, uint32_t id, const void *body, size_t len)
{
	struct pn_proto_header header;
	int err = pn_proto_header_fill(&header, kind, id, len);

	if (err)
		return err;
	if (channel->out_sent) {
		g_byte_array_remove_range(channel->out, 0, (guint)channel->out_sent);
		channel->out_sent = 0;
	}
	g_byte_array_append(channel->out, (const guint8 *)&header, sizeof(header));
	if (len)
		g_byte_array_append(channel->out, body, (guint)len);
	eventfd_write(channel->wake_fd, 1);
	return 0;
}

static uint32_t next_id(struct pn_channel *channel)
{
	do {
		channel->last_id++;
	} while (channel->last_id == 0 || g_hash_table_contains(channel->calls, GUINT_TO_POINTER(channel->last_id)));
	return channel->last_id;
}

/* Lock held. Return: false when the deadline has passed. */
static bool wait_until(struct pn_channel *channel, uint64_t deadline_ns)
{
	uint64_t now_ns = pn_clock_now_ns();

	if (now_ns >= deadline_ns)
		return false;
	/* GLib's monotonic time is CLOCK_MONOTONIC in microseconds, rounded up here so that the deadline is never early. */
	g_cond_wait_until(&channel->moved, &channel->lock, (gint64)(deadline_ns / PN_NS_PER_US) + 1);
	return true;
}

/* Lock held. Wait for room for one frame while @call is not settled. */
static int wait_for_room(struct pn_channel *channel, const struct pending *call, size_t len, uint64_t deadline_ns)
{
	while (!channel->gone && !call->done && channel->out->len - channel->out_sent + len > OUT_MAX) {
		if (!wait_until(channel, deadline_ns))
			return -ETIMEDOUT;
	}
	return channel->gone ? -ENOTCONN : 0;
}

/* Lock held. Wait until calls are let in (pn_channel_hold()). */
static int wait_for_entry(struct pn_channel *channel, uint64_t deadline_ns)
{
	while (channel->held && !channel->gone) {
		if (!wait_until(channel, deadline_ns))
			return -ETIMEDOUT;
	}
	return channel->gone ? -ENOTCONN : 0;
}

static int send_file(struct pn_channel *channel, struct pending *call, int from_fd, uint64_t deadline_ns)
{
	g_autofree uint8_t *buf = g_malloc(BLOB_FRAME);
	uint64_t offset = 0;
	bool over;
	ssize_t n;
	int err = 0;

	do {
		n = pread(from_fd, buf, BLOB_FRAME, (off_t)offset);
		if (n < 0)
			return -errno;
		g_mutex_lock(&channel->lock);
		err = wait_for_room(channel, call, (size_t)n + sizeof(struct pn_proto_header), deadline_ns);
		if (!err && !call->done)
			err = queue_frame(channel, PN_PROTO_BLOB, call->id, buf, (size_t)n);
		over = call->done; /* refused before all of it was sent */
		g_mutex_unlock(&channel->lock);
		offset += (uint64_t)n;
	} while (!err && !over && n > 0);
	return err;
}

static int explain(struct pending *call, const char *op, json_t **ret_reply, struct pn_diag *diag)
{
	const char *words;

	if (call->err)
		return pn_diag_set(diag, call->err, "agent: %s: %s", op, call->why ? call->why : g_strerror(-call->err));
	if (json_is_true(json_object_get(call->reply, "ok"))) {
		if (ret_reply)
			*ret_reply = json_incref(call->reply);
		return 0;
	}
	words = json_string_value(json_object_get(call->reply, "error"));
	return pn_diag_set(diag, -EREMOTEIO, "agent: %s: %s (errno %lld)", op, words ? words : "refused without a reason",
			   (long long)json_integer_value(json_object_get(call->reply, "errno")));
}

static void uncork(struct pn_channel *channel)
{
	g_mutex_lock(&channel->lock);
	channel->corked = false;
	if (channel->out->len > channel->out_sent)
		eventfd_write(channel->wake_fd, 1);
	g_mutex_unlock(&channel->lock);
}

int pn_channel_call(struct pn_channel *channel, const json_t *request, const struct pn_channel_blobs *blobs, uint64_t timeout_ns,
		    json_t **ret_reply, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + timeout_ns;
	const char *op = json_string_value(json_object_get(request, "op"));
	char *text = json_dumps(request, JSON_COMPACT);
	struct pending call = { .to_fd = blobs ? blobs->to_fd : -1 };
	int err;

	if (!text || !op) {
		free(text);
		return pn_diag_set(diag, -EINVAL, "agent: the request is not an object with \"op\"");
	}
	g_mutex_lock(&channel->lock);
	err = wait_for_entry(channel, deadline_ns);
	channel->corked = channel->gate;
	call.id = next_id(channel);
	if (!err)
		err = wait_for_room(channel, &call, strlen(text) + sizeof(struct pn_proto_header), deadline_ns);
	if (!err)
		err = queue_frame(channel, PN_PROTO_REQUEST, call.id, text, strlen(text));
	if (!err)
		g_hash_table_insert(channel->calls, GUINT_TO_POINTER(call.id), &call);
	g_mutex_unlock(&channel->lock);
	free(text);
	if (!err && blobs && blobs->from_fd >= 0)
		err = send_file(channel, &call, blobs->from_fd, deadline_ns);
	uncork(channel);
	if (!err && channel->gate)
		err = channel->gate(false, channel->gate_data);

	g_mutex_lock(&channel->lock);
	while (!err && !call.done) {
		if (!wait_until(channel, deadline_ns))
			err = -ETIMEDOUT;
	}
	if (!call.done) {
		g_hash_table_remove(channel->calls, GUINT_TO_POINTER(call.id));
		g_cond_broadcast(&channel->moved);
		call.err = err;
	}
	g_mutex_unlock(&channel->lock);
	if (call.err == -ETIMEDOUT && !call.why)
		call.why = g_strdup_printf("no answer within %llu ms", (unsigned long long)(timeout_ns / PN_NS_PER_MS));
	if (!call.err && channel->gate)
		call.err = channel->gate(true, channel->gate_data);
	err = explain(&call, op, ret_reply, diag);
	json_decref(call.reply);
	g_free(call.why);
	return err;
}

int pn_channel_hold(struct pn_channel *channel, uint64_t timeout_ns)
{
	uint64_t deadline_ns = pn_clock_now_ns() + timeout_ns;
	int err = 0;

	g_mutex_lock(&channel->lock);
	channel->held = true;
	while (!err && !channel->gone && g_hash_table_size(channel->calls) > 0) {
		if (!wait_until(channel, deadline_ns))
			err = -ETIMEDOUT;
	}
	g_mutex_unlock(&channel->lock);
	return err;
}

void pn_channel_release(struct pn_channel *channel)
{
	g_mutex_lock(&channel->lock);
	channel->held = false;
	g_cond_broadcast(&channel->moved);
	g_mutex_unlock(&channel->lock);
}

void pn_channel_gate(struct pn_channel *channel, pn_channel_gate_fn *gate, void *data)
{
	channel->gate = gate;
	channel->gate_data = data;
}

int pn_channel_flush(struct pn_channel *channel, uint64_t timeout_ns)
{
	uint64_t deadline_ns = pn_clock_now_ns() + timeout_ns;
	int unread = 1, err = 0;

	while (!err && unread) {
		g_mutex_lock(&channel->lock);
		unread = channel->out->len > channel->out_sent;
		err = channel->gone ? -ENOTCONN : pn_clock_now_ns() >= deadline_ns ? -ETIMEDOUT : 0;
		g_mutex_unlock(&channel->lock);
		/* Of a unix socket: what the peer has not read yet (unix(7)). */
		if (!err && !unread && ioctl(channel->fd, SIOCOUTQ, &unread) < 0)
			err = -errno;
		if (!err && unread)
			g_usleep(FLUSH_POLL_US);
	}
	return err;
}

int pn_channel_post(struct pn_channel *channel, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int err = -ENOBUFS;

	if (!text)
		return -EINVAL;
	g_mutex_lock(&channel->lock);
	if (channel->gone)
		err = -ENOTCONN;
	else if (channel->out->len - channel->out_sent + strlen(text) < OUT_MAX)
		err = queue_frame(channel, PN_PROTO_REQUEST, next_id(channel), text, strlen(text));
	g_mutex_unlock(&channel->lock);
	free(text);
	return err;
}
