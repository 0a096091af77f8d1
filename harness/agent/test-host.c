/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent itself for tests, served a Unix socket in place of its port. Whatever does not come in time fails the test. */
#include "test-host.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../base/test-dir.h"

#define PATIENCE_MS 20000 /* a bound on hanging, no timing that is asserted */

static const char *agent_path;

int agent_setup(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	host->dir = test_dir_make();
	if (!host->dir || pn_proto_parser_init(&host->parser) < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/port", host->dir);
	host->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(host->listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(host->listener, 1) < 0)
		return -1;
	host->agent = fork();
	if (host->agent == 0) {
		execl(agent_path, agent_path, "--connect", address.sun_path, NULL);
		_exit(127);
	}
	host->fd = accept(host->listener, NULL, NULL);
	*state = host;
	return host->fd < 0 ? -1 : 0;
}

int agent_teardown(void **state)
{
	struct host *host = *state;
	int status;

	close(host->fd);
	/* It ends when its host goes, whatever the test did to it. */
	waitpid(host->agent, &status, 0);
	close(host->listener);
	pn_fs_remove_tree(host->dir, NULL);
	g_free(host->dir);
	json_decref(host->event);
	pn_proto_parser_deinit(&host->parser);
	free(host);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

void agent_send_bytes(struct host *host, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(host->fd, at, len);

		assert_true(n > 0);
		at += n;
		len -= n;
	}
}

void agent_send_frame(struct host *host, uint8_t kind, uint32_t id, const void *body, size_t len)
{
	struct pn_proto_header header;

	assert_int_equal(pn_proto_header_fill(&header, kind, id, len), 0);
	agent_send_bytes(host, &header, sizeof(header));
	agent_send_bytes(host, body, len);
}

uint32_t agent_ask(struct host *host, const char *request)
{
	agent_send_frame(host, PN_PROTO_REQUEST, ++host->id, request, strlen(request));
	return host->id;
}

struct pn_proto_frame agent_receive(struct host *host)
{
	struct pn_proto_frame frame;
	int r;

	while ((r = pn_proto_parser_next(&host->parser, &frame)) != 1) {
		struct pollfd in = {.fd = host->fd, .events = POLLIN};
		size_t room;
		void *space;
		ssize_t n;

		assert_int_equal(r, 0);
		assert_int_equal(poll(&in, 1, PATIENCE_MS), 1);
		space = pn_proto_parser_space(&host->parser, &room);
		n = read(host->fd, space, room);
		assert_true(n > 0);
		pn_proto_parser_commit(&host->parser, n);
	}
	return frame;
}

static void take_blob(struct host *host, const struct pn_proto_frame *frame)
{
	size_t room = sizeof(host->blob) - host->blob_bytes, len = frame->length < room ? frame->length : room;

	memcpy(host->blob + host->blob_bytes, frame->body, len);
	host->blob_bytes += frame->length;
}

json_t *agent_wait_reply(struct host *host, uint32_t id, const char *ev)
{
	host->blob_bytes = 0;
	for (;;) {
		struct pn_proto_frame frame = agent_receive(host);
		json_t *body;

		if (frame.kind == PN_PROTO_BLOB) {
			assert_int_equal(frame.id, id);
			take_blob(host, &frame);
			continue;
		}
		body = json_loadb((const char *)frame.body, frame.length, 0, NULL);
		assert_non_null(body);
		if (frame.kind == PN_PROTO_REPLY && frame.id == id)
			return body;
		if (frame.kind == PN_PROTO_EVENT && ev && strcmp(json_string_value(json_object_get(body, "ev")), ev) == 0) {
			json_decref(host->event);
			host->event = json_incref(body);
		}
		json_decref(body);
	}
}

void agent_wait_event(struct host *host, const char *ev)
{
	for (;;) {
		struct pn_proto_frame frame = agent_receive(host);
		json_t *body = frame.kind == PN_PROTO_EVENT ? json_loadb((const char *)frame.body, frame.length, 0, NULL) : NULL;

		if (body && strcmp(json_string_value(json_object_get(body, "ev")), ev) == 0) {
			json_decref(host->event);
			host->event = body;
			return;
		}
		json_decref(body);
	}
}

json_int_t agent_number(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

json_t *agent_call(struct host *host, const char *request)
{
	json_t *reply = agent_wait_reply(host, agent_ask(host, request), NULL);

	assert_true(json_is_true(json_object_get(reply, "ok")));
	return reply;
}

void agent_refused(struct host *host, const char *request, int err, const char *words)
{
	json_t *reply = agent_wait_reply(host, agent_ask(host, request), NULL);

	assert_true(json_is_false(json_object_get(reply, "ok")));
	assert_int_equal(agent_number(reply, "errno"), err);
	if (!strstr(json_string_value(json_object_get(reply, "error")), words))
		fail_msg("'%s' does not say '%s'", json_string_value(json_object_get(reply, "error")), words);
	json_decref(reply);
}

int agent_test_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s PUNCTURE-AGENT\n", argv[0]);
		return 2;
	}
	agent_path = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return _cmocka_run_group_tests("agent", tests, count, NULL, NULL);
}
