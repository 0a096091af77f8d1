/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * For tests: a libvirtd in mount, process and network namespaces of its own, with its directories on tmpfs, so that it meets nothing of the host's; and
 * whatever happens to the test, all of it ends with the namespaces. A program that includes this has `static int judge(void)` before its main(), which
 * is libvirtd_main().
 */

#include <errno.h>
#include <glib.h>
#include <libvirt/virterror.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "virt.h"

#define URI "qemu:///system"
#define STATE "/run/pn"
#define START_NS (60 * PN_NS_PER_S)

static virConnectPtr conn;

/* All that libvirtd reads and writes. */
static const char *const places[] = { "/run", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt" };

/* The network is one of the namespace's own, so whoever reaches it may have all. */
static const char daemon_conf[] = "auth_unix_ro = \"none\"\nauth_unix_rw = \"none\"\nunix_sock_rw_perms = \"0777\"\n"
				  "listen_tls = 0\nlisten_tcp = 1\nlisten_addr = \"127.0.0.1\"\nauth_tcp = \"none\"\n"
				  "log_outputs = \"3:file:/var/log/libvirt/libvirtd.log\"\n";

static pid_t start_daemon(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("libvirtd", "libvirtd", "--listen", "--config", "/etc/libvirt/libvirtd.conf", NULL);
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

static int raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;

	if (err)
		fprintf(stderr, "lo: %s\n", strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
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
	if (raise_loopback())
		return -1;
	return write_conf("/etc/libvirt/qemu.conf", pn_virt_qemu_conf) || write_conf("/etc/libvirt/libvirtd.conf", daemon_conf) ? -1 : 0;
}

/* Process 1 of the namespaces: reaps what libvirtd leaves to it; when it ends, the kernel ends all the others. */
static int init(int (*judge)(void))
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

/* The whole life of a test program. @program: is there what it tests? @life_s: of everything; longer is hung. Return: its exit code, 77: skipped. */
static int libvirtd_main(const char *program, unsigned int life_s, int (*judge)(void))
{
	const char *why = access(program, X_OK) ? "the program is not built" : lacking();
	int status;
	pid_t pid;

	if (why) {
		fprintf(stderr, "skipped: %s\n", why);
		return 77;
	}
	pid = fork(); /* the first child is process 1 of the new namespace */
	if (pid == 0)
		exit(init(judge));
	namespace_init = pid;
	signal(SIGALRM, on_alarm);
	alarm(life_s);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
