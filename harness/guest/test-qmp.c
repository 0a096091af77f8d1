// SPDX-License-Identifier: GPL-2.0-only
/* The monitor of our own against a scripted peer: answers between events, in pieces, refusals, and the ways to go. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/test-dir.h"
#include "qmp.h"

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\n"
#define EVENT "{\"timestamp\": {\"seconds\": 1}, \"event\": \"BALLOON_CHANGE\", \"data\": {}}\n"

/* What the peer says on connection, and after each line that it gets; NULL: it hangs up. */
struct script {
	int listening;
	const char *says[4];
};

static void *peer(void *data)
{
	struct script *script = data;
	int fd = accept(script->listening, NULL, NULL);
	char c = 0;

	for (unsigned int i = 0; fd >= 0 && script->says[i]; i++) {
		/* In two pieces, so that no line comes whole. */
		size_t length = strlen(script->says[i]), half = length / 2;

		if (send(fd, script->says[i], half, MSG_NOSIGNAL) < 0 || send(fd, script->says[i] + half, length - half, MSG_NOSIGNAL) < 0)
			break;
		while (read(fd, &c, 1) == 1 && c != '\n')
			;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int with_peer(struct script *script, struct pn_qmp **ret_qmp, GThread **ret_thread, struct pn_diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *dir = test_dir_make();
	g_autofree char *path = g_build_filename(dir, "q", NULL);
	int err;

	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	script->listening = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_return_code(bind(script->listening, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(script->listening, 1), errno);
	*ret_thread = g_thread_new("peer", peer, script);
	err = pn_qmp_open(path, ret_qmp, diag);
	close(script->listening);
	unlink(path);
	rmdir(dir);
	return err;
}

static void test_answers(void **state)
{
	struct script script = { .says = { GREETING, EVENT "{\"return\": {}}\n" EVENT, EVENT "{\"return\": {\"actual\": 18446744073709551615}}\n" } };
	struct pn_diag diag = { 0 };
	struct pn_qmp *qmp = NULL;
	GThread *thread;
	char *reply = NULL;

	assert_int_equal(with_peer(&script, &qmp, &thread, &diag), 0);
	assert_int_equal(pn_qmp_run(qmp, "{\"execute\":\"query-balloon\"}", &reply, &diag), 0);
	assert_string_equal(reply, "{\"return\": {\"actual\": 18446744073709551615}}");
	free(reply);
	/* The script has ended: so has QEMU. */
	assert_int_equal(pn_qmp_run(qmp, "{\"execute\":\"query-balloon\"}", &reply, &diag), -ENOTCONN);
	pn_qmp_close(qmp);
	g_thread_join(thread);
}

static void test_refusal_is_an_answer(void **state)
{
	struct script script = { .says = { GREETING, "{\"return\": {}}\n", "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\n" } };
	struct pn_diag diag = { 0 };
	struct pn_qmp *qmp = NULL;
	GThread *thread;
	char *reply = NULL;

	assert_int_equal(with_peer(&script, &qmp, &thread, &diag), 0);
	assert_int_equal(pn_qmp_run(qmp, "{\"execute\":\"query-balloon\"}", &reply, &diag), 0);
	assert_non_null(strstr(reply, "GenericError"));
	free(reply);
	pn_qmp_close(qmp);
	g_thread_join(thread);
}

static void refused(const char *first, const char *second, int expected, const char *words)
{
	struct script script = { .says = { first, second } };
	struct pn_diag diag = { 0 };
	struct pn_qmp *qmp = NULL;
	GThread *thread;

	assert_int_equal(with_peer(&script, &qmp, &thread, &diag), expected);
	assert_non_null(strstr(diag.text, words));
	assert_null(qmp);
	g_thread_join(thread);
}

static void test_not_a_monitor(void **state)
{
	refused("SSH-2.0-x\n", NULL, -EPROTO, "no monitor there");
	refused(NULL, NULL, -ENOTCONN, "closed");
	refused(GREETING, "{\"error\": {\"desc\": \"busy\"}}\n", -EPROTO, "refuses");
	refused(GREETING, NULL, -ENOTCONN, "closed");
}

static void test_nobody_there(void **state)
{
	struct pn_diag diag = { 0 };
	struct pn_qmp *qmp = NULL;

	assert_true(pn_qmp_open("/nonexistent/q", &qmp, &diag) < 0);
	assert_non_null(strstr(diag.text, "/nonexistent/q"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_refusal_is_an_answer),
		cmocka_unit_test(test_not_a_monitor),
		cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
