/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's manners: what it answers to requests good, bad, hanging and too many. Argument: path of puncture-agent. */
#include "test-host.h"

#include <errno.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void it_says_hello(void **state)
{
	struct host *host = *state;
	json_t *reply;

	agent_wait_event(host, "hello");
	reply = agent_call(host, "{\"op\":\"hello\",\"host_version\":1,\"kmsg_seq\":-1}");
	assert_int_equal(agent_number(reply, "version"), PN_PROTO_VERSION);
	assert_int_equal(agent_number(reply, "stuck_children"), 0);
	assert_true(agent_number(reply, "memtotal_bytes") > 0);
	json_decref(reply);
}

static void bad_requests_get_one_clear_line(void **state)
{
	struct host *host = *state;

	agent_refused(host, "{\"op\":", EBADMSG, "not JSON");
	agent_refused(host, "[]", EBADMSG, "JSON object");
	agent_refused(host, "{}", EBADMSG, "\"op\"");
	agent_refused(host, "{\"op\":5}", EBADMSG, "\"op\"");
	agent_refused(host, "{\"op\":\"nonsense\"}", EOPNOTSUPP, "nonsense");
	agent_refused(host, "{\"op\":\"read\"}", EINVAL, "read: path: expected a string");
	agent_refused(host, "{\"op\":\"read\",\"path\":\"etc/passwd\"}", EINVAL, "absolute path");
	agent_refused(host, "{\"op\":\"read\",\"path\":\"/nosuch\"}", ENOENT, "/nosuch");
	agent_refused(host, "{\"op\":\"read\",\"path\":\"/nosuch\",\"timeout_ms\":0}", EINVAL, "timeout_ms: expected an integer from 1");
	agent_refused(host, "{\"op\":\"sample\",\"sets\":[\"mem\",\"nope\"]}", EINVAL, "sets[1]: 'nope'");
	agent_refused(host, "{\"op\":\"sample.start\",\"sets\":[\"mem\"],\"interval_ms\":9}", EINVAL, "from 10 to 60000");
	agent_refused(host, "{\"op\":\"load.start\",\"id\":\"../x\",\"argv\":[\"true\"]}", EINVAL, "id: '../x'");
	agent_refused(host, "{\"op\":\"load.start\",\"id\":\"x\",\"argv\":[]}", EINVAL, "argv");
	agent_refused(host, "{\"op\":\"load.start\",\"id\":\"x\",\"argv\":[\"/nosuch\"]}", ENOENT, "x");
	agent_refused(host, "{\"op\":\"load.stop\",\"id\":\"x\"}", ENOENT, "no load 'x'");
	agent_refused(host, "{\"op\":\"lifecycle\",\"do\":\"poweroff\"}", EPERM, "not PID 1");
	agent_refused(host, "{\"op\":\"module.load\",\"name\":\"a/b\"}", EINVAL, "a/b");
	json_decref(agent_call(host, "{\"op\":\"clock\"}"));
}

static void garbage_costs_only_itself(void **state)
{
	struct host *host = *state;
	char noise[5000];

	agent_wait_event(host, "hello");
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 31 + i / 7);
	agent_send_bytes(host, noise, sizeof(noise));
	agent_wait_event(host, "protocol");
	json_decref(agent_call(host, "{\"op\":\"clock\"}"));
}

static void a_frame_that_was_cut_off_is_given_up(void **state)
{
	struct host *host = *state;
	struct pn_proto_header header;

	pn_proto_header_fill(&header, PN_PROTO_REQUEST, 99, 5000);
	agent_send_bytes(host, &header, sizeof(header));
	agent_send_bytes(host, "{\"op\":\"wr", 9);
	json_decref(agent_call(host, "{\"op\":\"hello\",\"kmsg_seq\":-1}"));
	/* A blob can hold anything, so only time shows that its writer is gone. */
	pn_proto_header_fill(&header, PN_PROTO_BLOB, 99, 5000);
	agent_send_bytes(host, &header, sizeof(header));
	json_decref(agent_call(host, "{\"op\":\"hello\",\"kmsg_seq\":-1}"));
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
	reply = agent_wait_reply(host, agent_ask(host, request), NULL);
	assert_int_equal(agent_number(reply, "errno"), ETIMEDOUT);
	json_decref(reply);
	json_decref(agent_call(host, "{\"op\":\"clock\"}"));
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
		agent_ask(host, request);
	for (int i = 0; i < 40;) {
		struct pn_proto_frame frame = agent_receive(host);
		json_t *body = json_loadb((const char *)frame.body, frame.length, 0, NULL);

		if (frame.kind == PN_PROTO_REPLY) {
			i++;
			refusals += agent_number(body, "errno") == EAGAIN;
		}
		json_decref(body);
	}
	assert_int_equal(refusals, 8);
	json_decref(agent_call(host, "{\"op\":\"clock\"}"));
}

static void a_host_that_floods_and_does_not_read_gets_all_its_replies(void **state)
{
	struct host *host = *state;
	enum { REQUESTS = 30000 };
	uint32_t last = 0;
	pid_t writer;
	int status;

	agent_wait_event(host, "hello");
	json_decref(agent_call(host, "{\"op\":\"sample.start\",\"interval_ms\":10,\"sets\":[\"mem\"]}"));
	/* Far more than socket and queue hold: the writer stands still until the replies are read. */
	writer = fork();
	if (writer == 0) {
		for (uint32_t i = 0; i < REQUESTS; i++)
			agent_send_frame(host, PN_PROTO_REQUEST, 1000 + i, "{\"op\":\"clock\"}", 14);
		_exit(0);
	}
	usleep(300000); /* the flood only gets deeper meanwhile; nothing below depends on it */
	for (uint32_t replies = 0; replies < REQUESTS;) {
		struct pn_proto_frame frame = agent_receive(host);

		if (frame.kind != PN_PROTO_REPLY)
			continue;
		assert_int_equal(frame.id, 1000 + replies);
		last = frame.id;
		replies++;
	}
	assert_int_equal(last, 1000 + REQUESTS - 1);
	waitpid(writer, &status, 0);
	assert_int_equal(status, 0);
	json_decref(agent_call(host, "{\"op\":\"sample.stop\"}"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		AGENT_TEST(it_says_hello),
		AGENT_TEST(bad_requests_get_one_clear_line),
		AGENT_TEST(garbage_costs_only_itself),
		AGENT_TEST(a_frame_that_was_cut_off_is_given_up),
		AGENT_TEST(an_operation_that_hangs_times_out),
		AGENT_TEST(too_many_hanging_operations_are_refused),
		AGENT_TEST(a_host_that_floods_and_does_not_read_gets_all_its_replies),
	};

	return agent_test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
