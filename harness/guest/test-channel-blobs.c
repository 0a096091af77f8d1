// SPDX-License-Identifier: GPL-2.0-only
/* Files over the channel, in both directions, whole or not at all. The test is the peer. */

#include "test-channel.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_blob_goes_to_the_file),
		CASE(test_blob_nobody_asked_for),
		CASE(test_file_is_sent_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
