// SPDX-License-Identifier: GPL-2.0-only
/* The channel against peers that answer, answer badly, do not answer, flood and leave. The test is the peer. */

#include "test-channel.h"

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

static void test_a_move_waits_for_calls_and_calls_wait_for_it(void **state)
{
	struct fixture *fixture = *state;
	struct calling under_way, late, waiting;
	uint32_t id;
	int fds[2];
	char byte;

	begin(&under_way, fixture);
	id = take_request(fixture);
	assert_int_equal(pn_channel_hold(fixture->channel, SHORT_NS), -ETIMEDOUT);
	send_frame(fixture->peer, PN_PROTO_REPLY, id, "{\"ok\":true}", 11);
	assert_int_equal(pn_channel_hold(fixture->channel, LONG_NS), 0);
	assert_int_equal(end(&under_way), 0);

	late = (struct calling){ .channel = fixture->channel, .timeout_ns = SHORT_NS, .blobs = { .from_fd = -1, .to_fd = -1 } };
	call(&late);
	assert_int_equal(late.err, -ETIMEDOUT);
	assert_int_equal(recv(fixture->peer, &byte, 1, MSG_DONTWAIT), -1);

	begin(&waiting, fixture);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(pn_channel_redial(fixture->channel, fds[0]), 0);
	close(fixture->peer);
	fixture->peer = fds[1];
	send_frame(fixture->peer, PN_PROTO_REPLY, take_request(fixture), "{\"ok\":true}", 11);
	assert_int_equal(end(&waiting), 0);
}

static void test_path_too_long(void **state)
{
	g_autofree char *path = g_strnfill(300, 'a');
	struct pn_diag diag = { 0 };

	assert_int_equal(pn_channel_dial(path, &diag), -ENAMETOOLONG);
	assert_int_equal(pn_channel_dial("/nowhere/at/all", &diag), -ENOENT);
}

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
		CASE(test_abort),
		CASE(test_a_move_waits_for_calls_and_calls_wait_for_it),
		CASE(test_path_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
