/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <cmocka.h>

#include "proto.h"

/** struct host - the host's end of a conversation with an agent of this test's own */
struct host {
	char *dir;
	int listener, fd;
	pid_t agent;
	struct pn_proto_parser parser;
	uint32_t id;
	json_t *event; /* the last one seen by agent_wait_reply() of the kind looked for */
	size_t blob_bytes;
	char blob[65536];
};

/** agent_setup() - start an agent and take its call; for each test */
int agent_setup(void **state);

/** agent_teardown() - hang up; the agent must then end by itself, and well */
int agent_teardown(void **state);

void agent_send_bytes(struct host *host, const void *bytes, size_t len);
void agent_send_frame(struct host *host, uint8_t kind, uint32_t id, const void *body, size_t len);

/** agent_ask() - send a request. Return: its id. */
uint32_t agent_ask(struct host *host, const char *request);

/** agent_receive() - the next frame; its body is good until the next call */
struct pn_proto_frame agent_receive(struct host *host);

/** agent_wait_reply() - the reply to @id; blobs of that id are gathered, the last event named @ev (may be NULL) is kept */
json_t *agent_wait_reply(struct host *host, uint32_t id, const char *ev);

/** agent_wait_event() - the next event of that name, into @host->event */
void agent_wait_event(struct host *host, const char *ev);

/** agent_number() - an integer that must be there */
json_int_t agent_number(const json_t *object, const char *key);

/** agent_call() - a request that must be answered well. Return: the answer. */
json_t *agent_call(struct host *host, const char *request);

/** agent_refused() - a request that must be refused with @err (positive) and a line that has @words */
void agent_refused(struct host *host, const char *request, int err, const char *words);

/** agent_test_main() - main() of a test: its argument is the path of puncture-agent */
int agent_test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count);

#define AGENT_TEST(fn) cmocka_unit_test_setup_teardown(fn, agent_setup, agent_teardown)
