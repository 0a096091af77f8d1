// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole program against a real libvirtd: a run, a killed run repaired and resumed, and somebody else's domain that nobody touches.
 *
 *	test-guest-libvirtd PUNCTURE
 *
 * The daemon lives in namespaces of its own (libvirtd_fixture.h). Exit 77 (skipped) where there is no libvirtd or no right to make namespaces.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "libvirtd_fixture.h"

#define FOREIGN "somebody-elses"
#define LIFE_S 240 /* of everything: longer is hung */

static const char *puncture;

static const char foreign_xml[] = "<domain type='qemu'><name>" FOREIGN "</name><memory unit='MiB'>32</memory>"
				  "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
				  "<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>";

static pid_t begin(const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

/* The program with these arguments, to its end; main() has the watchdog. Return: its exit code. */
static int run(const char *const *argv)
{
	int status = 0;
	pid_t pid = begin(argv);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Domains of ours: @flags of virConnectListAllDomains(). */
static unsigned int count_ours(unsigned int flags)
{
	virDomainPtr *domains = NULL;
	int all = virConnectListAllDomains(conn, &domains, flags);
	unsigned int count = 0;

	assert_true(all >= 0);
	for (int i = 0; i < all; i++) {
		count += g_str_has_prefix(virDomainGetName(domains[i]), "pn-");
		virDomainFree(domains[i]);
	}
	free(domains);
	return count;
}

static void assert_foreign_is_untouched(void)
{
	virDomainPtr domain = virDomainLookupByName(conn, FOREIGN);
	int state = 0, reason = 0;

	assert_non_null(domain);
	assert_int_equal(virDomainGetState(domain, &state, &reason, 0), 0);
	assert_int_equal(state, VIR_DOMAIN_PAUSED);
	assert_int_equal(reason, VIR_DOMAIN_PAUSED_USER);
	virDomainFree(domain);
}

static void test_a_run_in_the_daemon(void **state)
{
	const char *const argv[] = { puncture, "run", "inflate", "--connect", URI, "--driver", "stock", "--out", "/run/first", NULL };
	g_autofree char *plan = NULL;

	assert_int_equal(run(argv), 0);
	assert_int_equal(pn_fs_read("/run/first/plan.json", &plan, NULL, NULL), 0);
	assert_non_null(strstr(plan, "\"connect\": \"" URI "\""));
	assert_int_equal(count_ours(0), 0);
	assert_foreign_is_untouched();
}

/* Killed with all its processes as soon as its guest runs. */
static void kill_a_run(void)
{
	const char *const argv[] = { puncture, "run", "inflate", "--connect", URI, "--driver", "stock", "--out", "/run/second", NULL };
	pid_t pid = begin(argv);

	while (!count_ours(VIR_CONNECT_LIST_DOMAINS_RUNNING)) {
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		g_usleep(5000);
	}
	assert_int_equal(kill(-pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_a_killed_run_is_repaired_and_resumed(void **state)
{
	const char *const repair[] = { puncture, "repair", NULL };
	const char *const resume[] = { puncture, "run", "--resume", "/run/second", NULL };
	g_autofree char *verdict = NULL;

	kill_a_run();
	assert_int_equal(count_ours(0), 1);
	do /* its processes are ended by the kernel one after the other, and nothing of a living one is touched */
		assert_int_equal(run(repair), 0);
	while (count_ours(0));
	assert_foreign_is_untouched();
	assert_int_equal(run(resume), 0);
	assert_int_equal(pn_fs_read("/run/second/cases/0001/verdict.json", &verdict, NULL, NULL), 0);
	assert_non_null(strstr(verdict, "--connect " URI));
	assert_foreign_is_untouched();
}

static void test_another_host_is_refused(void **state)
{
	const char *const argv[] = { puncture, "run", "inflate", "--connect", "qemu+ssh://root@elsewhere/system", "--out", "/run/third", NULL };

	assert_int_equal(run(argv), 2);
	assert_false(g_file_test("/run/third", G_FILE_TEST_EXISTS));
}

static int start_foreign(void **state)
{
	virDomainPtr domain = virDomainCreateXML(conn, foreign_xml, VIR_DOMAIN_START_PAUSED);

	if (!domain) {
		fprintf(stderr, "%s\n", virGetLastErrorMessage());
		return -1;
	}
	virDomainFree(domain);
	return 0;
}

static int judge(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run_in_the_daemon),
		cmocka_unit_test(test_a_killed_run_is_repaired_and_resumed),
		cmocka_unit_test(test_another_host_is_refused),
	};
	pid_t pid = start_daemon();
	int failed;

	if (!connect_daemon(pid))
		return 1;
	failed = cmocka_run_group_tests(tests, start_foreign, NULL);
	virConnectClose(conn);
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test-guest-libvirtd PUNCTURE\n");
		return 2;
	}
	puncture = argv[1];
	return libvirtd_main(puncture, LIFE_S, judge);
}
