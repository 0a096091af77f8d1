// SPDX-License-Identifier: GPL-2.0-only
/* The channel against peers that answer, answer badly, do not answer, flood and leave. The test is the peer. */

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

static void on_event(const json_t *event, uint64_t host_ns, void *data)
{
	struct fixture *fixture = data;

	g_atomic_int_inc(&fixture->events);
}

static void on_gone(void *data)
{
	struct fixture *fixture = data;

	g_atomic_int_inc(&fixture->gone);
}

static int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return -1;
	fixture->peer = fds[1];
	*state = fixture;
	return pn_channel_new(fds[0], on_event, on_gone, fixture, &fixture->channel);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	pn_channel_free(fixture->channel);
	if (fixture->peer >= 0)
		close(fixture->peer);
	g_free(fixture);
	return 0;
}

static void must_read(int fd, void *buf, size_t len)
{
	for (char *p = buf; len;) {
		ssize_t n = read(fd, p, len);

		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

/* Read one frame that the host sent; the body is terminated and freed by the caller. */
static char *next_frame(int fd, struct pn_proto_header *ret_header)
{
	char *body;

	must_read(fd, ret_header, sizeof(*ret_header));
	assert_int_equal(ret_header->magic, PN_PROTO_MAGIC);
	body = g_malloc0(ret_header->length + 1);
	must_read(fd, body, ret_header->length);
	return body;
}

static void send_frame(int fd, uint8_t kind, uint32_t id, const char *body, size_t len)
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

static void *call(void *data)
{
	struct calling *calling = data;
	json_t *request = json_pack("{s:s}", "op", "clock");

	calling->err = pn_channel_call(calling->channel, request, &calling->blobs, calling->timeout_ns, &calling->reply, &calling->diag);
	json_decref(request);
	return NULL;
}

static void begin(struct calling *calling, struct fixture *fixture)
{
	*calling = (struct calling){ .channel = fixture->channel, .timeout_ns = LONG_NS, .blobs = { .from_fd = -1, .to_fd = -1 } };
	calling->thread = g_thread_new("call", call, calling);
}

static int end(struct calling *calling)
{
	g_thread_join(calling->thread);
	json_decref(calling->reply);
	return calling->err;
}

static uint32_t take_request(struct fixture *fixture)
{
	struct pn_proto_header header;

	g_free(next_frame(fixture->peer, &header));
	assert_int_equal(header.kind, PN_PROTO_REQUEST);
	return header.id;
}

/* The parser takes what cannot begin a frame as garbage only when more follows: a good frame behind it flushes it out. */
static void send_event(struct fixture *fixture)
{
	send_frame(fixture->peer, PN_PROTO_EVENT, 0, "{\"ev\":\"x\"}", 10);
}

static void wait_events(struct fixture *fixture, int count)
{
	while (g_atomic_int_get(&fixture->events) < count)
		g_thread_yield();
}

static void test_reply(void **state)
{
	struct calling calling;
	uint32_t id;

	begin(&calling, *state);
	id = take_request(*state);
	send_frame(((struct fixture *)*state)->peer, PN_PROTO_REPLY, id, "{\"ok\":true,\"mono_ns\":7}", 23);
	g_thread_join(calling.thread);
	assert_int_equal(calling.err, 0);
	assert_int_equal(json_integer_value(json_object_get(calling.reply, "mono_ns")), 7);
	json_decref(calling.reply);
}

static void test_reply_in_two_halves(void **state)
{
	struct fixture *fixture = *state;
	struct pn_proto_header header;
	struct calling calling;
	char frame[sizeof(header) + 11];

	begin(&calling, fixture);
	pn_proto_header_fill(&header, PN_PROTO_REPLY, take_request(fixture), 11);
	memcpy(frame, &header, sizeof(header));
	memcpy(frame + sizeof(header), "{\"ok\":true}", 11);
	for (size_t i = 0; i < sizeof(frame); i++)
		assert_int_equal(write(fixture->peer, frame + i, 1), 1);
	assert_int_equal(end(&calling), 0);
}

static void test_refusal_has_the_words(void **state)
{
	static const char body[] = "{\"ok\":false,\"error\":\"no such module\",\"errno\":2}";
	struct calling calling;

	begin(&calling, *state);
	send_frame(((struct fixture *)*state)->peer, PN_PROTO_REPLY, take_request(*state), body, strlen(body));
	assert_int_equal(end(&calling), -EREMOTEIO);
	assert_non_null(strstr(calling.diag.text, "no such module"));
}

static void test_silence_times_out(void **state)
{
	struct fixture *fixture = *state;
	json_t *request = json_pack("{s:s}", "op", "clock");
	struct pn_diag diag = { 0 };

	assert_int_equal(pn_channel_call(fixture->channel, request, NULL, SHORT_NS, NULL, &diag), -ETIMEDOUT);
	assert_non_null(strstr(diag.text, "clock"));
	/* The late reply is nobody's; the next call gets its own. */
	send_frame(fixture->peer, PN_PROTO_REPLY, take_request(fixture), "{\"ok\":true}", 11);
	json_decref(request);
	test_reply(state);
}

static void test_garbage_fails_the_call(void **state)
{
	struct fixture *fixture = *state;
	struct calling calling;

	send_event(fixture);
	wait_events(fixture, 1);
	begin(&calling, fixture);
	take_request(fixture);
	assert_int_equal(write(fixture->peer, "garbage garbage garbage garbage", 31), 31);
	send_event(fixture);
	assert_int_equal(end(&calling), -EPROTO);
	wait_events(fixture, 2);
	assert_true(pn_channel_dropped_bytes(fixture->channel) >= 31);
	test_reply(state);
}

static void test_garbage_before_the_first_frame_is_skipped(void **state)
{
	struct fixture *fixture = *state;
	struct calling calling;
	uint32_t id;

	begin(&calling, fixture);
	id = take_request(fixture);
	assert_int_equal(write(fixture->peer, "the tail of a frame from before", 31), 31);
	send_frame(fixture->peer, PN_PROTO_REPLY, id, "{\"ok\":true}", 11);
	assert_int_equal(end(&calling), 0);
}

static void test_reply_that_is_no_object(void **state)
{
	struct calling calling;

	begin(&calling, *state);
	send_frame(((struct fixture *)*state)->peer, PN_PROTO_REPLY, take_request(*state), "[1,2", 4);
	assert_int_equal(end(&calling), -EPROTO);
}

static void test_flood_of_events_hides_no_reply(void **state)
{
	struct fixture *fixture = *state;
	struct calling calling;
	uint32_t id;

	begin(&calling, fixture);
	id = take_request(fixture);
	for (int i = 0; i < 20000; i++)
		send_event(fixture);
	send_frame(fixture->peer, PN_PROTO_REPLY, id, "{\"ok\":true}", 11);
	assert_int_equal(end(&calling), 0);
	assert_int_equal(g_atomic_int_get(&fixture->events), 20000);
}

static void test_hang_up_ends_calls(void **state)
{
	struct fixture *fixture = *state;
	json_t *request = json_pack("{s:s}", "op", "clock");
	struct calling calling;

	begin(&calling, fixture);
	take_request(fixture);
	close(fixture->peer);
	fixture->peer = -1;
	assert_int_equal(end(&calling), -ENOTCONN);
	assert_int_equal(pn_channel_call(fixture->channel, request, NULL, LONG_NS, NULL, NULL), -ENOTCONN);
	while (!g_atomic_int_get(&fixture->gone))
		g_thread_yield();
	json_decref(request);
}

static void test_host_that_is_not_read_does_not_hang(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *text = g_strnfill(200 * 1024, 'x');
	json_t *request = json_pack("{s:s,s:s}", "op", "write", "text", text);
	int err = 0;

	/* The peer reads nothing: the socket fills, then the queue, then posting is refused instead of waiting. */
	for (int i = 0; i < 200 && !err; i++)
		err = pn_channel_post(fixture->channel, request);
	assert_int_equal(err, -ENOBUFS);
	assert_int_equal(pn_channel_call(fixture->channel, request, NULL, SHORT_NS, NULL, NULL), -ETIMEDOUT);
	json_decref(request);
}

static void test_request_too_large(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *text = g_strnfill(PN_PROTO_BODY_MAX, 'x');
	json_t *request = json_pack("{s:s,s:s}", "op", "write", "text", text);

	assert_int_equal(pn_channel_call(fixture->channel, request, NULL, LONG_NS, NULL, NULL), -EMSGSIZE);
	json_decref(request);
}

static void test_blob_goes_to_the_file(void **state)
{
	struct fixture *fixture = *state;
	int fd = memfd_create("blob", 0);
	struct calling calling = { .channel = fixture->channel, .timeout_ns = LONG_NS, .blobs = { .from_fd = -1, .to_fd = fd } };
	char got[8] = "";
	uint32_t id;

	calling.thread = g_thread_new("call", call, &calling);
	id = take_request(fixture);
	send_frame(fixture->peer, PN_PROTO_BLOB, id, "bal", 3);
	send_frame(fixture->peer, PN_PROTO_BLOB, id, "loon", 4);
	send_frame(fixture->peer, PN_PROTO_BLOB, id, NULL, 0);
	send_frame(fixture->peer, PN_PROTO_REPLY, id, "{\"ok\":true,\"size\":7}", 20);
	assert_int_equal(end(&calling), 0);
	assert_int_equal(pread(fd, got, 7, 0), 7);
	assert_string_equal(got, "balloon");
	close(fd);
}

static void test_blob_nobody_asked_for(void **state)
{
	struct fixture *fixture = *state;
	struct calling calling;

	begin(&calling, fixture);
	send_frame(fixture->peer, PN_PROTO_BLOB, take_request(fixture), "x", 1);
	assert_int_equal(end(&calling), -EPROTO);
}

static void test_file_is_sent_whole(void **state)
{
	struct fixture *fixture = *state;
	int fd = memfd_create("blob", 0);
	struct calling calling = { .channel = fixture->channel, .timeout_ns = LONG_NS, .blobs = { .from_fd = fd, .to_fd = -1 } };
	size_t left = 3 * PN_MIB + 17;
	struct pn_proto_header header;
	uint32_t id;

	assert_int_equal(ftruncate(fd, (off_t)left), 0);
	calling.thread = g_thread_new("call", call, &calling);
	id = take_request(fixture);
	do {
		g_free(next_frame(fixture->peer, &header));
		assert_int_equal(header.kind, PN_PROTO_BLOB);
		assert_int_equal(header.id, id);
		assert_true(header.length <= left);
		left -= header.length;
	} while (header.length);
	assert_int_equal(left, 0);
	send_frame(fixture->peer, PN_PROTO_REPLY, id, "{\"ok\":true}", 11);
	assert_int_equal(end(&calling), 0);
	close(fd);
}

static void test_abort(void **state)
{
	struct fixture *fixture = *state;
	struct calling calling;

	begin(&calling, fixture);
	take_request(fixture);
	pn_channel_abort(fixture->channel, -ECONNRESET, "the guest was reset");
	assert_int_equal(end(&calling), -ECONNRESET);
	assert_non_null(strstr(calling.diag.text, "was reset"));
}

static void test_path_too_long(void **state)
{
	g_autofree char *path = g_strnfill(300, 'a');
	struct pn_diag diag = { 0 };

	assert_int_equal(pn_channel_dial(path, &diag), -ENAMETOOLONG);
	assert_int_equal(pn_channel_dial("/nowhere/at/all", &diag), -ENOENT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_reply),
		CASE(test_reply_in_two_halves),
		CASE(test_refusal_has_the_words),
		CASE(test_silence_times_out),
		CASE(test_garbage_fails_the_call),
		CASE(test_garbage_before_the_first_frame_is_skipped),
		CASE(test_reply_that_is_no_object),
		CASE(test_flood_of_events_hides_no_reply),
		CASE(test_hang_up_ends_calls),
		CASE(test_host_that_is_not_read_does_not_hang),
		CASE(test_request_too_large),
		CASE(test_blob_goes_to_the_file),
		CASE(test_blob_nobody_asked_for),
		CASE(test_file_is_sent_whole),
		CASE(test_abort),
		CASE(test_path_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
