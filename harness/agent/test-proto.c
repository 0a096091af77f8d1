/* SPDX-License-Identifier: GPL-2.0-only */
#include "proto.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct pn_proto_parser parser;

static int setup(void **state)
{
	return pn_proto_parser_init(&parser);
}

static int teardown(void **state)
{
	pn_proto_parser_deinit(&parser);
	return 0;
}

static void feed(const void *bytes, size_t len)
{
	size_t room;
	void *space = pn_proto_parser_space(&parser, &room);

	assert_true(room >= len);
	memcpy(space, bytes, len);
	pn_proto_parser_commit(&parser, len);
}

static void feed_header(uint8_t version, uint8_t kind, uint32_t id, uint32_t length)
{
	struct pn_proto_header header;

	assert_int_equal(pn_proto_header_fill(&header, kind, id, 0), 0);
	header.version = version;
	header.length = length; /* this test runs on little-endian machines only */
	feed(&header, sizeof(header));
}

static void feed_frame(uint8_t kind, uint32_t id, const char *body)
{
	feed_header(PN_PROTO_VERSION, kind, id, strlen(body));
	feed(body, strlen(body));
}

static void expect_frame(uint8_t kind, uint32_t id, const char *body)
{
	struct pn_proto_frame frame;

	assert_int_equal(pn_proto_parser_next(&parser, &frame), 1);
	assert_int_equal(frame.kind, kind);
	assert_int_equal(frame.id, id);
	assert_int_equal(frame.length, strlen(body));
	assert_memory_equal(frame.body, body, frame.length);
}

static void expect(int r)
{
	struct pn_proto_frame frame;

	assert_int_equal(pn_proto_parser_next(&parser, &frame), r);
}

static void frames_come_back_whole(void **state)
{
	feed_frame(PN_PROTO_REQUEST, 7, "{\"op\":\"hello\"}");
	feed_frame(PN_PROTO_BLOB, 8, "");
	expect_frame(PN_PROTO_REQUEST, 7, "{\"op\":\"hello\"}");
	expect_frame(PN_PROTO_BLOB, 8, "");
	expect(0);
	assert_false(pn_proto_parser_partial(&parser));
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	static const char body[] = "{\"op\":\"clock\"}";
	struct pn_proto_header header;

	assert_int_equal(pn_proto_header_fill(&header, PN_PROTO_REQUEST, 3, strlen(body)), 0);
	for (size_t i = 0; i < sizeof(header); i++) {
		feed((const char *)&header + i, 1);
		expect(0);
		assert_true(pn_proto_parser_partial(&parser));
	}
	for (size_t i = 0; i + 1 < strlen(body); i++) {
		feed(body + i, 1);
		expect(0);
	}
	feed("}", 1);
	expect_frame(PN_PROTO_REQUEST, 3, body);
	assert_int_equal(parser.dropped_bytes, 0);
}

static void garbage_is_told_once_and_counted(void **state)
{
	feed("no frame at all", 15);
	expect(-EPROTO);
	expect(0);
	feed("and still not", 13);
	expect(0);
	feed_frame(PN_PROTO_REQUEST, 1, "{}");
	expect_frame(PN_PROTO_REQUEST, 1, "{}");
	assert_int_equal(parser.dropped_bytes, 28);
	feed("again", 5);
	expect(-EPROTO);
}

static void the_beginning_of_a_magic_is_kept(void **state)
{
	struct pn_proto_header header;

	pn_proto_header_fill(&header, PN_PROTO_REQUEST, 2, 2);
	feed("xxPN", 4);
	expect(-EPROTO);
	assert_int_equal(parser.dropped_bytes, 2);
	feed((const char *)&header + 2, sizeof(header) - 2);
	feed("{}", 2);
	expect_frame(PN_PROTO_REQUEST, 2, "{}");
}

static void a_length_beyond_the_bound_is_garbage(void **state)
{
	feed_header(PN_PROTO_VERSION, PN_PROTO_REQUEST, 1, PN_PROTO_BODY_MAX + 1);
	expect(-EPROTO);
	feed_header(PN_PROTO_VERSION, PN_PROTO_REQUEST, 1, UINT32_MAX);
	feed_frame(PN_PROTO_REQUEST, 5, "[]");
	expect_frame(PN_PROTO_REQUEST, 5, "[]");
}

static void an_unknown_kind_is_garbage(void **state)
{
	feed_header(PN_PROTO_VERSION, 9, 1, 0);
	expect(-EPROTO);
	expect(0);
}

static void another_version_is_dropped_whole(void **state)
{
	feed_header(2, PN_PROTO_REQUEST, 1, 4);
	expect(0);
	feed("PNCT", 4);
	expect(-EPROTONOSUPPORT);
	feed_frame(PN_PROTO_REQUEST, 6, "{}");
	expect_frame(PN_PROTO_REQUEST, 6, "{}");
}

static void the_largest_frame_fits(void **state)
{
	char *body = calloc(1, PN_PROTO_BODY_MAX);
	struct pn_proto_frame frame;
	size_t room;

	feed_header(PN_PROTO_VERSION, PN_PROTO_BLOB, 1, PN_PROTO_BODY_MAX);
	feed(body, PN_PROTO_BODY_MAX);
	pn_proto_parser_space(&parser, &room);
	assert_int_equal(room, 0);
	assert_int_equal(pn_proto_parser_next(&parser, &frame), 1);
	assert_int_equal(frame.length, PN_PROTO_BODY_MAX);
	pn_proto_parser_space(&parser, &room);
	assert_int_not_equal(room, 0);
	free(body);
}

static void json_cut_short_by_a_new_peer_is_dropped(void **state)
{
	feed_header(PN_PROTO_VERSION, PN_PROTO_REQUEST, 1, 1000);
	feed("{\"op\":\"wri", 10);
	expect(0);
	feed_frame(PN_PROTO_REQUEST, 2, "{\"op\":\"hello\"}");
	expect(-EPROTO);
	expect_frame(PN_PROTO_REQUEST, 2, "{\"op\":\"hello\"}");
}

static void json_cut_just_before_its_end_is_dropped_too(void **state)
{
	for (uint32_t missing = 1; missing < 40; missing++) {
		feed_header(PN_PROTO_VERSION, PN_PROTO_REQUEST, 1, 5 + missing);
		feed("{\"op\"", 5);
		feed_frame(PN_PROTO_REQUEST, 2, "{\"op\":\"hello PNCT\"}");
		expect(-EPROTO);
		expect_frame(PN_PROTO_REQUEST, 2, "{\"op\":\"hello PNCT\"}");
		expect(0);
	}
}

static void a_cut_blob_needs_the_callers_clock(void **state)
{
	feed_header(PN_PROTO_VERSION, PN_PROTO_BLOB, 1, 5000);
	feed("data", 4);
	feed_frame(PN_PROTO_REQUEST, 2, "{\"op\":\"hello\"}");
	expect(0);
	assert_true(pn_proto_parser_partial(&parser));
	pn_proto_parser_resync(&parser);
	expect_frame(PN_PROTO_REQUEST, 2, "{\"op\":\"hello\"}");
}

static void a_new_connection_starts_clean(void **state)
{
	feed_header(PN_PROTO_VERSION, PN_PROTO_REQUEST, 1, 1000);
	expect(0);
	pn_proto_parser_reset(&parser);
	feed_frame(PN_PROTO_REQUEST, 2, "{}");
	expect_frame(PN_PROTO_REQUEST, 2, "{}");
	assert_int_equal(parser.dropped_bytes, 0);
}

static void too_long_a_body_gets_no_header(void **state)
{
	struct pn_proto_header header;

	assert_int_equal(pn_proto_header_fill(&header, PN_PROTO_EVENT, 0, PN_PROTO_BODY_MAX), 0);
	assert_int_equal(pn_proto_header_fill(&header, PN_PROTO_EVENT, 0, PN_PROTO_BODY_MAX + 1), -EMSGSIZE);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frames_come_back_whole),
		T(a_frame_may_come_byte_by_byte),
		T(garbage_is_told_once_and_counted),
		T(the_beginning_of_a_magic_is_kept),
		T(a_length_beyond_the_bound_is_garbage),
		T(an_unknown_kind_is_garbage),
		T(another_version_is_dropped_whole),
		T(the_largest_frame_fits),
		T(json_cut_short_by_a_new_peer_is_dropped),
		T(json_cut_just_before_its_end_is_dropped_too),
		T(a_cut_blob_needs_the_callers_clock),
		T(a_new_connection_starts_clean),
		T(too_long_a_body_gets_no_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
