// SPDX-License-Identifier: GPL-2.0-only
/* Packets of gdb's protocol: whole, in pieces, broken, and the other end's going. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rsp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** struct pair - an end of ours, and a socket that plays the other */
struct pair {
	struct pn_rsp rsp;
	int peer;
	GString *body;
};

static int pair_setup(void **state)
{
	struct pair *pair = g_new0(struct pair, 1);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	pn_rsp_init(&pair->rsp, fds[0]);
	pair->peer = fds[1];
	pair->body = g_string_new(NULL);
	*state = pair;
	return 0;
}

static int pair_teardown(void **state)
{
	struct pair *pair = *state;

	pn_rsp_deinit(&pair->rsp);
	if (pair->peer >= 0)
		close(pair->peer);
	g_string_free(pair->body, TRUE);
	g_free(pair);
	return 0;
}

static void play(const struct pair *pair, const char *bytes)
{
	assert_int_equal(write(pair->peer, bytes, strlen(bytes)), strlen(bytes));
}

static void hear(const struct pair *pair, const char *expected)
{
	char bytes[64] = "";

	assert_int_equal(read(pair->peer, bytes, sizeof(bytes) - 1), strlen(expected));
	assert_string_equal(bytes, expected);
}

static void test_packet_is_acknowledged(void **state)
{
	struct pair *pair = *state;

	play(pair, "+$OK#9a$T05");
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), PN_RSP_PACKET);
	assert_string_equal(pair->body->str, "OK");
	hear(pair, "+");
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), PN_RSP_NOTHING);
	play(pair, "#b9");
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), PN_RSP_PACKET);
	assert_string_equal(pair->body->str, "T05");
}

static void test_ctrl_c_between_packets(void **state)
{
	struct pair *pair = *state;

	play(pair, "$OK#9a\003+");
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), PN_RSP_PACKET);
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), PN_RSP_BREAK);
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), PN_RSP_NOTHING);
}

static void test_sent_with_its_sum(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(pn_rsp_send(&pair->rsp, "bc", 2), 0);
	hear(pair, "$bc#c5");
	assert_int_equal(pn_rsp_break(&pair->rsp), 0);
	hear(pair, "\003");
	play(pair, "+$QC01#f5");
	assert_int_equal(pn_rsp_ask(&pair->rsp, "qC", pair->body), 0);
	assert_string_equal(pair->body->str, "QC01");
	hear(pair, "$qC#b4+");
}

static void test_wrong_sum_and_nobody(void **state)
{
	struct pair *pair = *state;

	play(pair, "$OK#9b");
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), -EPROTO);
	close(pair->peer);
	pair->peer = -1;
	pair->rsp.in->len = 0;
	assert_int_equal(pn_rsp_next(&pair->rsp, 0, pair->body), -ECONNRESET);
	assert_int_equal(pn_rsp_ask(&pair->rsp, "?", pair->body), -ECONNRESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_packet_is_acknowledged, pair_setup, pair_teardown),
		cmocka_unit_test_setup_teardown(test_ctrl_c_between_packets, pair_setup, pair_teardown),
		cmocka_unit_test_setup_teardown(test_sent_with_its_sum, pair_setup, pair_teardown),
		cmocka_unit_test_setup_teardown(test_wrong_sum_and_nobody, pair_setup, pair_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
