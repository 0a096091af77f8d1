// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thread owns the socket: it reads frames, hands replies to the calls that wait for them and events to the owner, and writes
 * what is queued. Callers only queue whole frames and wait, so a guest that is stopped in the middle of a frame tears nothing.
 *
 * Bounded: the parser's buffer, the output queue (channel_call.c), the bytes of one answer (BLOB_MAX). A reply that nobody waits for any
 * more is dropped. Garbage fails the calls under way, since any of them may have been the one that was lost; before the first good
 * frame it is only skipped: a snapshot can begin inside a frame that the agent was sending when it was taken.
 */

#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "channel_private.h"

#define BLOB_MAX (256 * PN_MIB)

static void settle(struct pn_channel *channel, struct pending *call, int err, const char *why)
{
	call->done = true;
	call->err = err;
	call->why = g_strdup(why);
	g_hash_table_remove(channel->calls, GUINT_TO_POINTER(call->id));
	g_cond_broadcast(&channel->moved);
}

static void settle_all(struct pn_channel *channel, int err, const char *why)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, channel->calls);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct pending *call = value;

		call->done = true;
		call->err = err;
		call->why = g_strdup(why);
		g_hash_table_iter_remove(&iter);
	}
	g_cond_broadcast(&channel->moved);
}

void pn_channel_abort(struct pn_channel *channel, int err, const char *why)
{
	g_mutex_lock(&channel->lock);
	settle_all(channel, err, why);
	g_mutex_unlock(&channel->lock);
}

static void take_reply(struct pn_channel *channel, const struct pn_proto_frame *frame)
{
	struct pending *call = g_hash_table_lookup(channel->calls, GUINT_TO_POINTER(frame->id));
	json_t *reply;

	if (!call)
		return;
	reply = json_loadb((const char *)frame->body, frame->length, 0, NULL);
	if (!json_is_object(reply) || !json_is_boolean(json_object_get(reply, "ok"))) {
		settle(channel, call, -EPROTO, "the reply is not an object with \"ok\"");
		json_decref(reply);
		return;
	}
	call->reply = reply;
	settle(channel, call, 0, NULL);
}

static void take_blob(struct pn_channel *channel, const struct pn_proto_frame *frame)
{
	struct pending *call = g_hash_table_lookup(channel->calls, GUINT_TO_POINTER(frame->id));
	uint32_t done = 0;

	if (!call)
		return;
	if (call->to_fd < 0)
		return settle(channel, call, -EPROTO, "bytes came that were not asked for");
	call->got_bytes += frame->length;
	if (call->got_bytes > BLOB_MAX)
		return settle(channel, call, -EMSGSIZE, "the answer has more bytes than are accepted (256 MiB)");
	while (done < frame->length) {
		ssize_t n = write(call->to_fd, frame->body + done, frame->length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return settle(channel, call, n < 0 ? -errno : -EIO, "can't write what the agent sent");
		done += (uint32_t)n;
	}
}

static void take_event(struct pn_channel *channel, const struct pn_proto_frame *frame, uint64_t now_ns)
{
	json_t *event = json_loadb((const char *)frame->body, frame->length, 0, NULL);

	if (json_is_string(json_object_get(event, "ev")))
		channel->on_event(event, now_ns, channel->data);
	json_decref(event);
}

static void take_frame(struct pn_channel *channel, const struct pn_proto_frame *frame)
{
	uint64_t now_ns = pn_clock_now_ns();

	g_mutex_lock(&channel->lock);
	channel->heard_ns = now_ns;
	channel->dropped_bytes = channel->parser.dropped_bytes; /* who hears of the frame hears of what was dropped before it */
	if (frame->kind == PN_PROTO_REPLY)
		take_reply(channel, frame);
	else if (frame->kind == PN_PROTO_BLOB)
		take_blob(channel, frame);
	g_mutex_unlock(&channel->lock);
	if (frame->kind == PN_PROTO_EVENT)
		take_event(channel, frame, now_ns);
}

static void take_garbage(struct pn_channel *channel, int err)
{
	g_mutex_lock(&channel->lock);
	if (channel->heard_ns)
		settle_all(channel, err,
			   err == -EPROTONOSUPPORT ? "a frame of another protocol version came" : "bytes came that are no frame");
	g_mutex_unlock(&channel->lock);
}

static bool read_some(struct pn_channel *channel)
{
	struct pn_proto_frame frame;
	size_t len;
	void *space = pn_proto_parser_space(&channel->parser, &len);
	ssize_t n = recv(channel->fd, space, len, MSG_DONTWAIT);
	int r;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	pn_proto_parser_commit(&channel->parser, (size_t)n);
	while ((r = pn_proto_parser_next(&channel->parser, &frame)) != 0) {
		if (r > 0)
			take_frame(channel, &frame);
		else
			take_garbage(channel, r);
	}
	g_mutex_lock(&channel->lock);
	channel->dropped_bytes = channel->parser.dropped_bytes;
	g_mutex_unlock(&channel->lock);
	return true;
}

/* Lock held. */
static bool write_some(struct pn_channel *channel)
{
	ssize_t n = send(channel->fd, channel->out->data + channel->out_sent, channel->out->len - channel->out_sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	channel->out_sent += (size_t)n;
	if (channel->out_sent == channel->out->len) {
		g_byte_array_set_size(channel->out, 0);
		channel->out_sent = 0;
	}
	g_cond_broadcast(&channel->moved);
	return true;
}

/* Lock held. Under the old number, so that nobody else has to know; half a frame of the old connection is none of the new one's. */
static void take_next(struct pn_channel *channel)
{
	dup2(channel->next_fd, channel->fd);
	close(channel->next_fd);
	channel->next_fd = -1;
	pn_proto_parser_deinit(&channel->parser);
	if (pn_proto_parser_init(&channel->parser) < 0)
		channel->quit = true;
	g_byte_array_set_size(channel->out, 0);
	channel->out_sent = 0;
	channel->held = false;
	settle_all(channel, -ECONNRESET, "the guest has moved");
	g_cond_broadcast(&channel->moved);
}

static void *run(void *data)
{
	struct pn_channel *channel = data;
	bool alive = true;

	while (alive) {
		struct pollfd fds[2] = { { .fd = channel->fd, .events = POLLIN }, { .fd = channel->wake_fd, .events = POLLIN } };
		eventfd_t dummy;

		g_mutex_lock(&channel->lock);
		if (channel->next_fd >= 0)
			take_next(channel);
		if (channel->quit) {
			g_mutex_unlock(&channel->lock);
			break;
		}
		if (channel->out->len > channel->out_sent && !channel->corked)
			fds[0].events |= POLLOUT;
		g_mutex_unlock(&channel->lock);
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents & POLLIN)
			eventfd_read(channel->wake_fd, &dummy);
		if (fds[0].revents & POLLOUT) {
			g_mutex_lock(&channel->lock);
			alive = write_some(channel);
			g_mutex_unlock(&channel->lock);
		}
		if (alive && fds[0].revents & (POLLIN | POLLHUP | POLLERR))
			alive = read_some(channel);
	}
	g_mutex_lock(&channel->lock);
	channel->gone = true;
	g_cond_broadcast(&channel->moved);
	settle_all(channel, -ENOTCONN, "the connection to the agent has gone");
	alive = channel->quit;
	g_mutex_unlock(&channel->lock);
	if (!alive && channel->on_gone)
		channel->on_gone(channel->data);
	return NULL;
}

int pn_channel_new(int fd, pn_channel_event_fn *on_event, pn_channel_gone_fn *on_gone, void *data, struct pn_channel **ret_channel)
{
	struct pn_channel *channel = g_new0(struct pn_channel, 1);

	channel->fd = fd;
	channel->next_fd = -1;
	channel->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (channel->wake_fd < 0 || pn_proto_parser_init(&channel->parser) < 0) {
		int err = channel->wake_fd < 0 ? -errno : -ENOMEM;

		if (channel->wake_fd >= 0)
			close(channel->wake_fd);
		close(fd);
		g_free(channel);
		return err;
	}
	channel->on_event = on_event;
	channel->on_gone = on_gone;
	channel->data = data;
	g_mutex_init(&channel->lock);
	g_cond_init(&channel->moved);
	channel->calls = g_hash_table_new(NULL, NULL);
	channel->out = g_byte_array_new();
	channel->thread = g_thread_new("pn-channel", run, channel);
	*ret_channel = channel;
	return 0;
}

int pn_channel_redial(struct pn_channel *channel, int fd)
{
	int err;

	g_mutex_lock(&channel->lock);
	channel->next_fd = fd;
	eventfd_write(channel->wake_fd, 1);
	while (channel->next_fd >= 0 && !channel->gone)
		g_cond_wait(&channel->moved, &channel->lock);
	err = channel->gone ? -ENOTCONN : 0;
	if (err && channel->next_fd >= 0)
		close(channel->next_fd);
	channel->next_fd = -1;
	g_mutex_unlock(&channel->lock);
	return err;
}

void pn_channel_free(struct pn_channel *channel)
{
	if (!channel)
		return;
	g_mutex_lock(&channel->lock);
	channel->quit = true;
	g_mutex_unlock(&channel->lock);
	eventfd_write(channel->wake_fd, 1);
	g_thread_join(channel->thread);
	close(channel->fd);
	close(channel->wake_fd);
	pn_proto_parser_deinit(&channel->parser);
	g_hash_table_unref(channel->calls);
	g_byte_array_unref(channel->out);
	g_cond_clear(&channel->moved);
	g_mutex_clear(&channel->lock);
	g_free(channel);
}

uint64_t pn_channel_heard_ns(struct pn_channel *channel)
{
	uint64_t ns;

	g_mutex_lock(&channel->lock);
	ns = channel->heard_ns;
	g_mutex_unlock(&channel->lock);
	return ns;
}

uint64_t pn_channel_dropped_bytes(struct pn_channel *channel)
{
	uint64_t bytes;

	g_mutex_lock(&channel->lock);
	bytes = channel->dropped_bytes;
	g_mutex_unlock(&channel->lock);
	return bytes;
}

int pn_channel_dial(const char *path, struct pn_diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return pn_diag_set(diag, -ENAMETOOLONG, "%s: too long for a unix socket (%zu bytes, at most %zu)", path, strlen(path),
				   sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err = pn_diag_set(diag, -errno, "%s: can't connect: %s", path, g_strerror(errno));
		close(fd);
		return err;
	}
	return fd;
}
