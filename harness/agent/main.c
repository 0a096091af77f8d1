/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * puncture-agent: PID 1 of a guest, and the harness's hands in it. Brings the guest up, then serves the port for ever. With --connect it
 * serves a Unix socket on a host instead and changes nothing about that host: for tests of either side of the protocol.
 */
#include "agent.h"
#include "init.h"
#include "job.h"
#include "kmsg.h"
#include "link.h"
#include "loop.h"
#include "ops.h"
#include "reader.h"
#include "task.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct pn_link_handlers handlers = {
	.connected = pn_ops_connected,
	.frame = pn_ops_frame,
	.garbage = pn_ops_garbage,
	.drained = pn_ops_drained,
};

static void on_child(struct pn_loop_source *source, uint32_t events)
{
	struct signalfd_siginfo info;
	struct rusage usage;
	int status;
	pid_t pid;

	if (read(source->fd, &info, sizeof(info)) < 0)
		return;
	/* One signal may stand for many children, and PID 1 gets everybody's orphans. */
	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		if (!pn_job_reaped(pid, status) && !pn_reader_reaped(pid))
			pn_task_reaped(pid, status, &usage);
	}
}

static int watch_children(void)
{
	static struct pn_loop_source children = {.ready = on_child};
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	children.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return children.fd < 0 ? -errno : pn_loop_add(&children, EPOLLIN);
}

static int serve(const char *socket)
{
	int r = pn_loop_init();

	if (r == 0)
		r = watch_children();
	/* Before the link: a hello that waits in the port is answered while it is opened, and starts the stream. */
	if (r == 0 && pn_kmsg_open() < 0)
		pn_agent_log("/dev/kmsg: %s", strerror(errno));
	if (r == 0)
		r = pn_link_open(socket, &handlers);
	if (r < 0) {
		pn_agent_log("can't start: %s", strerror(-r));
		return 1;
	}
	if (pn_agent_is_init())
		pn_init_shield();
	return pn_loop_run();
}

int main(int argc, char **argv)
{
	if (pn_agent_is_init()) {
		pn_init_guest();
		return serve(NULL); /* which ends with the guest only; otherwise the kernel's panic says so */
	}
	if (argc == 3 && strcmp(argv[1], "--connect") == 0)
		return serve(argv[2]);
	fprintf(stderr, "usage: puncture-agent --connect SOCKET\nThe guest's init; with --connect it serves a Unix socket of this host instead.\n");
	return 2;
}
