// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole program against a real libvirtd: a run, a killed run repaired and resumed, and somebody else's domain that nobody touches.
 *
 *	test-guest-libvirtd PUNCTURE
 *
 * The daemon lives in mount, process and network namespaces of its own, with its directories on tmpfs, so it meets nothing of the host's,
 * and whatever happens to this program, all of it ends with the namespaces. Exit 77 (skipped) where there is no libvirtd or no right to
 * make namespaces.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <libvirt/virterror.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "virt.h"

#define URI "qemu:///system"
#define STATE "/run/pn"
#define FOREIGN "somebody-elses"
#define START_NS (30 * PN_NS_PER_S)
#define LIFE_S 240 /* of everything: longer is hung */

static const char *puncture;
static virConnectPtr conn;

/* All that libvirtd reads and writes. */
static const char *const places[] = { "/run", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt" };

static const char daemon_conf[] = "auth_unix_ro = \"none\"\nauth_unix_rw = \"none\"\nlog_outputs = \"3:file:/var/log/libvirt/libvirtd.log\"\n";

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

static pid_t start_daemon(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("libvirtd", "libvirtd", "--config", "/etc/libvirt/libvirtd.conf", NULL);
		_exit(127);
	}
	return pid;
}

static bool connect_daemon(pid_t pid)
{
	uint64_t deadline_ns = pn_clock_now_ns() + START_NS;

	while (pn_clock_now_ns() < deadline_ns && waitpid(pid, NULL, WNOHANG) == 0) {
		if (access("/run/libvirt/libvirt-sock", F_OK) == 0 && (conn = virConnectOpen(URI)))
			return true;
		g_usleep(20000);
	}
	fprintf(stderr, "libvirtd does not answer: %s\n", virGetLastErrorMessage());
	return false;
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

static int write_conf(const char *path, const char *text)
{
	struct pn_diag diag = { 0 };
	int err = pn_fs_write(path, text, strlen(text), &diag);

	if (err)
		fprintf(stderr, "%s\n", diag.text);
	return err;
}

/* Errors are returned, not printed. */
static void keep_quiet(void *data, virErrorPtr error)
{
}

/* In the new namespaces. Return: 0, or -1 after saying why not. */
static int furnish(void)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0) {
		fprintf(stderr, "mounts: %s\n", strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		if (mount("tmpfs", places[i], "tmpfs", 0, "mode=0755") == 0)
			continue;
		fprintf(stderr, "%s: %s\n", places[i], strerror(errno));
		return -1;
	}
	g_setenv("PUNCTURE_STATE", STATE, TRUE);
	virSetErrorFunc(NULL, keep_quiet);
	return write_conf("/etc/libvirt/qemu.conf", pn_virt_qemu_conf) || write_conf("/etc/libvirt/libvirtd.conf", daemon_conf) ? -1 : 0;
}

/* Process 1 of the namespaces: reaps what libvirtd leaves to it; when it ends, the kernel ends all the others. */
static int init(void)
{
	int status = 0;
	pid_t pid, tests;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (furnish())
		return 1;
	tests = fork();
	if (tests == 0)
		exit(judge());
	while ((pid = wait(&status)) != tests)
		if (pid < 0 && errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static pid_t namespace_init; /* read by the handler */

static void on_alarm(int number)
{
	kill(namespace_init, SIGKILL);
}

static const char *lacking(void)
{
	g_autofree char *daemon = g_find_program_in_path("libvirtd");
	g_autofree char *emulator = g_find_program_in_path("qemu-system-x86_64");

	if (geteuid())
		return "not root";
	if (!daemon)
		return "there is no libvirtd (package libvirt-daemon)";
	if (!emulator)
		return "there is no emulator (package qemu-system-x86)";
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
		if (!g_file_test(places[i], G_FILE_TEST_IS_DIR))
			return "libvirtd's directories are not there (package libvirt-daemon-system)";
	return unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) < 0 ? "namespaces can't be made here" : NULL;
}

int main(int argc, char **argv)
{
	const char *why;
	int status;
	pid_t pid;

	if (argc != 2) {
		fprintf(stderr, "usage: test-guest-libvirtd PUNCTURE\n");
		return 2;
	}
	puncture = argv[1];
	why = access(puncture, X_OK) ? "puncture is not built" : lacking();
	if (why) {
		fprintf(stderr, "skipped: %s\n", why);
		return 77;
	}
	pid = fork(); /* the first child is process 1 of the new namespace */
	if (pid == 0)
		exit(init());
	namespace_init = pid;
	signal(SIGALRM, on_alarm);
	alarm(LIFE_S);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
