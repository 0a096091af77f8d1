/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that the host puts into a guest and gets out of it. Argument: path of puncture-agent. */
#include "test-host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
	id = agent_ask(host, request);
	agent_refused(host, request, EBUSY, "another one");
	agent_send_frame(host, PN_PROTO_BLOB, id, data, 150000);
	assert_int_equal(stat(path, &st), -1); /* not under its name before it is whole */
	agent_send_frame(host, PN_PROTO_BLOB, id, data + 150000, 50000);
	agent_send_frame(host, PN_PROTO_BLOB, id, "", 0);
	reply = agent_wait_reply(host, id, NULL);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, sizeof(data));
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(request, sizeof(request), "{\"op\":\"get\",\"path\":\"%s\",\"offset\":100000,\"max_bytes\":60000}", path);
	reply = agent_wait_reply(host, agent_ask(host, request), NULL);
	assert_int_equal(agent_number(reply, "size"), 60000);
	assert_int_equal(host->blob_bytes, 60000);
	assert_memory_equal(host->blob, data + 100000, 60000);
	json_decref(reply);
}

static void files_are_read_together(void **state)
{
	struct host *host = *state;
	json_t *reply, *files;

	reply = agent_call(host, "{\"op\":\"read\",\"paths\":[\"/proc/meminfo\",\"/nowhere\",\"../x\",\"/proc/version\"]}");
	files = json_object_get(reply, "files");
	assert_int_equal(json_array_size(files), 4);
	assert_memory_equal(json_string_value(json_object_get(json_array_get(files, 0), "text")), "MemTotal:", 9);
	assert_int_equal(agent_number(json_array_get(files, 1), "errno"), ENOENT);
	assert_non_null(strstr(json_string_value(json_object_get(json_array_get(files, 1), "error")), "/nowhere"));
	assert_int_equal(agent_number(json_array_get(files, 2), "errno"), EINVAL);
	assert_memory_equal(json_string_value(json_object_get(json_array_get(files, 3), "text")), "Linux", 5);
	json_decref(reply);
	agent_refused(host, "{\"op\":\"read\",\"paths\":[1,2,3,4,5,6,7,8,9]}", EINVAL, "at most 8");
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
	id = agent_ask(host, request);
	agent_send_frame(host, PN_PROTO_BLOB, id, "12345", 5);
	agent_send_frame(host, PN_PROTO_BLOB, id, "", 0);
	reply = agent_wait_reply(host, id, NULL);
	assert_int_equal(agent_number(reply, "errno"), EBADMSG);
	json_decref(reply);
	assert_int_equal(stat(path, &st), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		AGENT_TEST(files_go_in_and_out),
		AGENT_TEST(files_are_read_together),
		AGENT_TEST(a_put_that_is_too_short_leaves_nothing),
	};

	return agent_test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
