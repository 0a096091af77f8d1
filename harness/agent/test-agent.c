/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent itself, served a Unix socket in place of its port: what it answers, and what it survives. Argument: path of puncture-agent. */
#include "proto.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define PATIENCE_MS 20000 /* a bound on hanging, no timing that is asserted */

static const char *agent_path;

struct host {
	char dir[64];
	int listener, fd;
	pid_t agent;
	struct pn_proto_parser parser;
	uint32_t id;
	json_t *event; /* the last one seen by wait_reply() of the kind looked for */
	size_t blob_bytes;
	char blob[65536];
};

static int setup(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(host->dir, "/tmp/pn-test-agent-XXXXXX");
	if (!mkdtemp(host->dir) || pn_proto_parser_init(&host->parser) < 0)
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

static int teardown(void **state)
{
	struct host *host = *state;
	char path[128];
	int status;

	close(host->fd);
	/* It ends when its host goes, whatever the test did to it. */
	waitpid(host->agent, &status, 0);
	close(host->listener);
	snprintf(path, sizeof(path), "%s/port", host->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/file", host->dir);
	unlink(path);
	rmdir(host->dir);
	json_decref(host->event);
	pn_proto_parser_deinit(&host->parser);
	free(host);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void send_bytes(struct host *host, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(host->fd, at, len);

		assert_true(n > 0);
		at += n;
		len -= n;
	}
}

static void send_frame(struct host *host, uint8_t kind, uint32_t id, const void *body, size_t len)
{
	struct pn_proto_header header;

	assert_int_equal(pn_proto_header_fill(&header, kind, id, len), 0);
	send_bytes(host, &header, sizeof(header));
	send_bytes(host, body, len);
}

static uint32_t ask(struct host *host, const char *request)
{
	send_frame(host, PN_PROTO_REQUEST, ++host->id, request, strlen(request));
	return host->id;
}

/* The next frame. */
static struct pn_proto_frame receive(struct host *host)
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

/* The reply to @id; blobs of that id are gathered, the last event named @ev is kept. */
static json_t *wait_reply(struct host *host, uint32_t id, const char *ev)
{
	host->blob_bytes = 0;
	for (;;) {
		struct pn_proto_frame frame = receive(host);
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

static void wait_event(struct host *host, const char *ev)
{
	for (;;) {
		struct pn_proto_frame frame = receive(host);
		json_t *body = frame.kind == PN_PROTO_EVENT ? json_loadb((const char *)frame.body, frame.length, 0, NULL) : NULL;

		if (body && strcmp(json_string_value(json_object_get(body, "ev")), ev) == 0) {
			json_decref(host->event);
			host->event = body;
			return;
		}
		json_decref(body);
	}
}

static json_int_t number(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static json_t *call(struct host *host, const char *request)
{
	json_t *reply = wait_reply(host, ask(host, request), NULL);

	assert_true(json_is_true(json_object_get(reply, "ok")));
	return reply;
}

static void refused(struct host *host, const char *request, int err, const char *words)
{
	json_t *reply = wait_reply(host, ask(host, request), NULL);

	assert_true(json_is_false(json_object_get(reply, "ok")));
	assert_int_equal(number(reply, "errno"), err);
	if (!strstr(json_string_value(json_object_get(reply, "error")), words))
		fail_msg("'%s' does not say '%s'", json_string_value(json_object_get(reply, "error")), words);
	json_decref(reply);
}

static void it_says_hello(void **state)
{
	struct host *host = *state;
	json_t *reply;

	wait_event(host, "hello");
	reply = call(host, "{\"op\":\"hello\",\"host_version\":1,\"kmsg_seq\":-1}");
	assert_int_equal(number(reply, "version"), PN_PROTO_VERSION);
	assert_int_equal(number(reply, "stuck_children"), 0);
	assert_true(number(reply, "memtotal_bytes") > 0);
	json_decref(reply);
}

static void bad_requests_get_one_clear_line(void **state)
{
	struct host *host = *state;

	refused(host, "{\"op\":", EBADMSG, "not JSON");
	refused(host, "[]", EBADMSG, "JSON object");
	refused(host, "{}", EBADMSG, "\"op\"");
	refused(host, "{\"op\":5}", EBADMSG, "\"op\"");
	refused(host, "{\"op\":\"nonsense\"}", EOPNOTSUPP, "nonsense");
	refused(host, "{\"op\":\"read\"}", EINVAL, "read: path: expected a string");
	refused(host, "{\"op\":\"read\",\"path\":\"etc/passwd\"}", EINVAL, "absolute path");
	refused(host, "{\"op\":\"read\",\"path\":\"/nosuch\"}", ENOENT, "/nosuch");
	refused(host, "{\"op\":\"read\",\"path\":\"/nosuch\",\"timeout_ms\":0}", EINVAL, "timeout_ms: expected an integer from 1");
	refused(host, "{\"op\":\"sample\",\"sets\":[\"mem\",\"nope\"]}", EINVAL, "sets[1]: 'nope'");
	refused(host, "{\"op\":\"sample.start\",\"sets\":[\"mem\"],\"interval_ms\":9}", EINVAL, "from 10 to 60000");
	refused(host, "{\"op\":\"load.start\",\"id\":\"../x\",\"argv\":[\"true\"]}", EINVAL, "id: '../x'");
	refused(host, "{\"op\":\"load.start\",\"id\":\"x\",\"argv\":[]}", EINVAL, "argv");
	refused(host, "{\"op\":\"load.start\",\"id\":\"x\",\"argv\":[\"/nosuch\"]}", ENOENT, "x");
	refused(host, "{\"op\":\"load.stop\",\"id\":\"x\"}", ENOENT, "no load 'x'");
	refused(host, "{\"op\":\"lifecycle\",\"do\":\"poweroff\"}", EPERM, "not PID 1");
	refused(host, "{\"op\":\"module.load\",\"name\":\"a/b\"}", EINVAL, "a/b");
	json_decref(call(host, "{\"op\":\"clock\"}"));
}

static void garbage_costs_only_itself(void **state)
{
	struct host *host = *state;
	char noise[5000];

	wait_event(host, "hello");
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 31 + i / 7);
	send_bytes(host, noise, sizeof(noise));
	wait_event(host, "protocol");
	json_decref(call(host, "{\"op\":\"clock\"}"));
}

static void a_frame_that_was_cut_off_is_given_up(void **state)
{
	struct host *host = *state;
	struct pn_proto_header header;

	pn_proto_header_fill(&header, PN_PROTO_REQUEST, 99, 5000);
	send_bytes(host, &header, sizeof(header));
	send_bytes(host, "{\"op\":\"wr", 9);
	json_decref(call(host, "{\"op\":\"hello\",\"kmsg_seq\":-1}"));
	/* A blob can hold anything, so only time shows that its writer is gone. */
	pn_proto_header_fill(&header, PN_PROTO_BLOB, 99, 5000);
	send_bytes(host, &header, sizeof(header));
	json_decref(call(host, "{\"op\":\"hello\",\"kmsg_seq\":-1}"));
}

static void files_go_in_and_out(void **state)
{
	struct host *host = *state;
	static char data[200000];
	char request[256], path[128];
	struct stat st;
	json_t *reply;
	uint32_t id;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 251);
	snprintf(path, sizeof(path), "%s/file", host->dir);
	snprintf(request, sizeof(request), "{\"op\":\"put\",\"path\":\"%s\",\"mode\":448,\"size\":%zu}", path, sizeof(data));
	id = ask(host, request);
	refused(host, request, EBUSY, "another one");
	send_frame(host, PN_PROTO_BLOB, id, data, 150000);
	assert_int_equal(stat(path, &st), -1); /* not under its name before it is whole */
	send_frame(host, PN_PROTO_BLOB, id, data + 150000, 50000);
	send_frame(host, PN_PROTO_BLOB, id, "", 0);
	reply = wait_reply(host, id, NULL);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, sizeof(data));
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(request, sizeof(request), "{\"op\":\"get\",\"path\":\"%s\",\"offset\":100000,\"max_bytes\":60000}", path);
	reply = wait_reply(host, ask(host, request), NULL);
	assert_int_equal(number(reply, "size"), 60000);
	assert_int_equal(host->blob_bytes, 60000);
	assert_memory_equal(host->blob, data + 100000, 60000);
	json_decref(reply);
}

static void a_put_that_is_too_short_leaves_nothing(void **state)
{
	struct host *host = *state;
	char request[256], path[128];
	struct stat st;
	json_t *reply;
	uint32_t id;

	snprintf(path, sizeof(path), "%s/file", host->dir);
	snprintf(request, sizeof(request), "{\"op\":\"put\",\"path\":\"%s\",\"size\":10}", path);
	id = ask(host, request);
	send_frame(host, PN_PROTO_BLOB, id, "12345", 5);
	send_frame(host, PN_PROTO_BLOB, id, "", 0);
	reply = wait_reply(host, id, NULL);
	assert_int_equal(number(reply, "errno"), EBADMSG);
	json_decref(reply);
	assert_int_equal(stat(path, &st), -1);
}

static void a_load_is_started_watched_and_stopped(void **state)
{
	struct host *host = *state;
	json_t *reply;

	reply = call(host, "{\"op\":\"load.start\",\"id\":\"l\",\"env\":[\"A=b\"],\"argv\":[\"sh\",\"-c\",\"trap 'echo bye; exit 3' INT; echo $A; echo READY; "
			   "while :; do sleep 0.01; done\"]}");
	assert_true(number(reply, "pid") > 1);
	json_decref(reply);
	wait_event(host, "load.ready");
	assert_string_equal(json_string_value(json_object_get(host->event, "id")), "l");
	refused(host, "{\"op\":\"load.start\",\"id\":\"l\",\"argv\":[\"true\"]}", EEXIST, "is running");
	reply = call(host, "{\"op\":\"load.list\"}");
	assert_true(json_is_true(json_object_get(json_array_get(json_object_get(reply, "loads"), 0), "running")));
	json_decref(reply);
	reply = wait_reply(host, ask(host, "{\"op\":\"load.stop\",\"id\":\"l\",\"grace_ms\":20000}"), "load.exit");
	assert_int_equal(number(reply, "exit_code"), 3);
	assert_int_equal(number(reply, "stdout_bytes"), 12);
	json_decref(reply);
	assert_int_equal(number(host->event, "exit_code"), 3);
	reply = call(host, "{\"op\":\"load.output\",\"id\":\"l\",\"stream\":\"stdout\"}");
	assert_int_equal(host->blob_bytes, 12);
	assert_memory_equal(host->blob, "b\nREADY\nbye\n", 12);
	assert_true(json_is_true(json_object_get(reply, "eof")));
	json_decref(reply);
}

static void a_load_that_does_not_listen_is_killed(void **state)
{
	struct host *host = *state;
	json_t *reply;

	json_decref(call(host, "{\"op\":\"load.start\",\"id\":\"l\",\"argv\":[\"sh\",\"-c\",\"trap '' INT; echo READY; while :; do sleep 0.01; done\"]}"));
	wait_event(host, "load.ready");
	reply = call(host, "{\"op\":\"load.stop\",\"id\":\"l\",\"grace_ms\":50}");
	assert_int_equal(number(reply, "signal"), SIGKILL);
	json_decref(reply);
}

static void output_beyond_the_bound_is_counted_not_kept(void **state)
{
	struct host *host = *state;
	json_t *reply;

	json_decref(call(host, "{\"op\":\"load.start\",\"id\":\"l\",\"capture_bytes\":1000,\"argv\":[\"head\",\"-c\",\"3000000\",\"/dev/zero\"]}"));
	wait_event(host, "load.exit");
	reply = call(host, "{\"op\":\"load.stop\",\"id\":\"l\"}");
	assert_int_equal(number(reply, "stdout_bytes"), 3000000);
	json_decref(reply);
	reply = call(host, "{\"op\":\"load.output\",\"id\":\"l\"}");
	assert_int_equal(host->blob_bytes, 1000);
	json_decref(reply);
}

static void an_operation_that_hangs_times_out(void **state)
{
	struct host *host = *state;
	char request[256], path[128];
	json_t *reply;

	snprintf(path, sizeof(path), "%s/file", host->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	/* Nobody ever writes to it, so opening it hangs. */
	snprintf(request, sizeof(request), "{\"op\":\"read\",\"path\":\"%s\",\"timeout_ms\":100}", path);
	reply = wait_reply(host, ask(host, request), NULL);
	assert_int_equal(number(reply, "errno"), ETIMEDOUT);
	json_decref(reply);
	json_decref(call(host, "{\"op\":\"clock\"}"));
}

static void too_many_hanging_operations_are_refused(void **state)
{
	struct host *host = *state;
	char request[256], path[128];
	unsigned int refusals = 0;

	snprintf(path, sizeof(path), "%s/file", host->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(request, sizeof(request), "{\"op\":\"read\",\"path\":\"%s\",\"timeout_ms\":300}", path);
	for (int i = 0; i < 40; i++)
		ask(host, request);
	for (int i = 0; i < 40;) {
		struct pn_proto_frame frame = receive(host);
		json_t *body = json_loadb((const char *)frame.body, frame.length, 0, NULL);

		if (frame.kind == PN_PROTO_REPLY) {
			i++;
			refusals += number(body, "errno") == EAGAIN;
		}
		json_decref(body);
	}
	assert_int_equal(refusals, 8);
	json_decref(call(host, "{\"op\":\"clock\"}"));
}

static void a_host_that_floods_and_does_not_read_gets_all_its_replies(void **state)
{
	struct host *host = *state;
	enum { REQUESTS = 30000 };
	uint32_t last = 0;
	pid_t writer;
	int status;

	wait_event(host, "hello");
	json_decref(call(host, "{\"op\":\"sample.start\",\"interval_ms\":10,\"sets\":[\"mem\"]}"));
	/* Far more than socket and queue hold: the writer stands still until the replies are read. */
	writer = fork();
	if (writer == 0) {
		for (uint32_t i = 0; i < REQUESTS; i++)
			send_frame(host, PN_PROTO_REQUEST, 1000 + i, "{\"op\":\"clock\"}", 14);
		_exit(0);
	}
	usleep(300000); /* the flood only gets deeper meanwhile; nothing below depends on it */
	for (uint32_t replies = 0; replies < REQUESTS;) {
		struct pn_proto_frame frame = receive(host);

		if (frame.kind != PN_PROTO_REPLY)
			continue;
		assert_int_equal(frame.id, 1000 + replies);
		last = frame.id;
		replies++;
	}
	assert_int_equal(last, 1000 + REQUESTS - 1);
	waitpid(writer, &status, 0);
	assert_int_equal(status, 0);
	json_decref(call(host, "{\"op\":\"sample.stop\"}"));
}

static void samples_come_on_the_beat(void **state)
{
	struct host *host = *state;
	json_t *reply;

	json_decref(call(host, "{\"op\":\"sample.start\",\"interval_ms\":10,\"sets\":[\"mem\",\"vmstat\",\"zones\",\"cpu\",\"balloon\",\"touch\"]}"));
	for (int i = 0; i < 5; i++) {
		wait_event(host, "sample");
		assert_true(number(host->event, "mem.total") > 0);
		assert_true(number(host->event, "vm.pswpin") >= 0);
		assert_null(json_object_get(host->event, "driver.held_pages"));
		assert_non_null(json_object_get(json_object_get(host->event, "missing"), "driver.held_pages"));
	}
	reply = wait_reply(host, ask(host, "{\"op\":\"sample.stop\"}"), NULL);
	assert_true(number(reply, "samples") >= 5);
	assert_true(number(reply, "cpu_ns") > 0);
	json_decref(reply);
	refused(host, "{\"op\":\"sample.stop\"}", EALREADY, "no sampling");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(it_says_hello),
		T(bad_requests_get_one_clear_line),
		T(garbage_costs_only_itself),
		T(a_frame_that_was_cut_off_is_given_up),
		T(files_go_in_and_out),
		T(a_put_that_is_too_short_leaves_nothing),
		T(a_load_is_started_watched_and_stopped),
		T(a_load_that_does_not_listen_is_killed),
		T(output_beyond_the_bound_is_counted_not_kept),
		T(an_operation_that_hangs_times_out),
		T(too_many_hanging_operations_are_refused),
		T(a_host_that_floods_and_does_not_read_gets_all_its_replies),
		T(samples_come_on_the_beat),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test-agent PUNCTURE-AGENT\n");
		return 2;
	}
	agent_path = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
