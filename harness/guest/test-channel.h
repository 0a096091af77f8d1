/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A channel whose other end is the test: the fixture of test-channel.c and test-channel-blobs.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../agent/proto.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "channel.h"

#define LONG_NS (20 * PN_NS_PER_S)
#define SHORT_NS (50 * PN_NS_PER_MS)

struct fixture {
	struct pn_channel *channel;
	int peer;
	int events; /* atomic */
	int gone;   /* atomic */
};

static inline void on_event(const json_t *event, uint64_t host_ns, void *data)
{
	struct fixture *fixture = data;

	g_atomic_int_inc(&fixture->events);
}

static inline void on_gone(void *data)
{
	struct fixture *fixture = data;

	g_atomic_int_inc(&fixture->gone);
}

static inline int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return -1;
	fixture->peer = fds[1];
	*state = fixture;
	return pn_channel_new(fds[0], on_event, on_gone, fixture, &fixture->channel);
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	pn_channel_free(fixture->channel);
	if (fixture->peer >= 0)
		close(fixture->peer);
	g_free(fixture);
	return 0;
}

static inline void must_read(int fd, void *buf, size_t len)
{
	for (char *p = buf; len;) {
		ssize_t n = read(fd, p, len);

		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

/* Read one frame that the host sent; the body is terminated and freed by the caller. */
static inline char *next_frame(int fd, struct pn_proto_header *ret_header)
{
	char *body;

	must_read(fd, ret_header, sizeof(*ret_header));
	assert_int_equal(ret_header->magic, PN_PROTO_MAGIC);
	body = g_malloc0(ret_header->length + 1);
	must_read(fd, body, ret_header->length);
	return body;
}

static inline void send_frame(int fd, uint8_t kind, uint32_t id, const char *body, size_t len)
{
	struct pn_proto_header header;

	assert_int_equal(pn_proto_header_fill(&header, kind, id, len), 0);
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	if (len)
		assert_int_equal(write(fd, body, len), len);
}

/* A call on a thread of its own, so that the test can play the peer. */
struct calling {
	GThread *thread;
	struct pn_channel *channel;
	struct pn_channel_blobs blobs;
	uint64_t timeout_ns;
	json_t *reply;
	struct pn_diag diag;
	int err;
};

static inline void *call(void *data)
{
	struct calling *calling = data;
	json_t *request = json_pack("{s:s}", "op", "clock");

	calling->err = pn_channel_call(calling->channel, request, &calling->blobs, calling->timeout_ns, &calling->reply, &calling->diag);
	json_decref(request);
	return NULL;
}

static inline void begin(struct calling *calling, struct fixture *fixture)
{
	*calling = (struct calling){ .channel = fixture->channel, .timeout_ns = LONG_NS, .blobs = { .from_fd = -1, .to_fd = -1 } };
	calling->thread = g_thread_new("call", call, calling);
}

static inline int end(struct calling *calling)
{
	g_thread_join(calling->thread);
	json_decref(calling->reply);
	return calling->err;
}

static inline uint32_t take_request(struct fixture *fixture)
{
	struct pn_proto_header header;

	g_free(next_frame(fixture->peer, &header));
	assert_int_equal(header.kind, PN_PROTO_REQUEST);
	return header.id;
}

/* The parser takes what cannot begin a frame as garbage only when more follows: a good frame behind it flushes it out. */
static inline void send_event(struct fixture *fixture)
{
	send_frame(fixture->peer, PN_PROTO_EVENT, 0, "{\"ev\":\"x\"}", 10);
}

static inline void wait_events(struct fixture *fixture, int count)
{
	while (g_atomic_int_get(&fixture->events) < count)
		g_thread_yield();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
