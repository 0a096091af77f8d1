/* SPDX-License-Identifier: GPL-2.0-only */
/* Clock, log and small files for every part of the agent. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

uint64_t pn_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t pn_real_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

bool pn_agent_is_init(void)
{
	static pid_t agent;

	if (agent == 0)
		agent = getpid();
	return agent == 1;
}

void pn_agent_log(const char *fmt, ...)
{
	char line[512] = "<6>puncture-agent: ";
	size_t at = strlen(line);
	va_list args;
	int fd;

	va_start(args, fmt);
	vsnprintf(line + at, sizeof(line) - at - 1, fmt, args);
	va_end(args);
	strcat(line, "\n");
	if (!pn_agent_is_init()) {
		fputs(line + 3, stderr);
		return;
	}
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0)
		fputs(line + 3, stderr);
	close(fd);
}

void pn_agent_child(void)
{
	struct sched_param normal = {0};
	sigset_t none;

	pn_agent_write("/proc/self/oom_score_adj", "0");
	sched_setscheduler(0, SCHED_OTHER, &normal);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

int pn_agent_read(const char *path, char *buf, unsigned int size)
{
	unsigned int used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (used + 1 < size) {
		ssize_t n = read(fd, buf + used, size - 1 - used);

		if (n < 0) {
			int err = -errno;

			close(fd);
			return err;
		}
		if (n == 0)
			break;
		used += n;
	}
	close(fd);
	buf[used] = 0;
	return used;
}

int pn_agent_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}
