/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pn-ready: runs a program that has no way of its own to say that it has begun, and says READY for it.
 *
 *   pn-ready TEXT NAME:COUNT PROGRAM [ARGUMENT...]
 *
 * What PROGRAM writes to standard error is passed on; when a line of it holds TEXT and NAME has then grown by COUNT, READY is printed. NAME is
 * cpu_ms, the CPU time of everything in this cgroup; anon_bytes, anonymous memory of the whole guest; or a name of /proc/vmstat (pswpout: the
 * guest swaps). Signals to the process group reach PROGRAM by themselves. Exit: as PROGRAM does (128 + signal if it died of one); 2 usage; 127 no such program.
 */
#include "args.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 20

static const char *text;
static char name[64];
static uint64_t wanted, begun;
static char line[512];
static size_t line_len;
static char cpu_stat[512]; /* path of this cgroup's */

static void find_group(void)
{
	char cgroup[256];
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && !cpu_stat[0] && fgets(cgroup, sizeof(cgroup), file)) {
		cgroup[strcspn(cgroup, "\n")] = 0;
		if (strncmp(cgroup, "0::/", 4) == 0)
			snprintf(cpu_stat, sizeof(cpu_stat), "/sys/fs/cgroup%s/cpu.stat", cgroup + 3);
	}
	if (file)
		fclose(file);
}

/** struct gauge - where a NAME is read */
struct gauge {
	const char *name;
	const char *file;
	const char *key; /* in the file */
	uint64_t multiply, divide;
};

static const struct gauge gauges[] = {
	{"cpu_ms", cpu_stat, "usage_usec", 1, 1000},
	{"anon_bytes", "/proc/vmstat", "nr_anon_pages", 4096, 1},
};

static struct gauge find_gauge(void)
{
	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		if (strcmp(gauges[i].name, name) == 0)
			return gauges[i];
	return (struct gauge){name, "/proc/vmstat", name, 1, 1};
}

/* What NAME stands at. Return: false when it can't be told: READY then comes with TEXT alone. */
static bool measure(uint64_t *ret_value)
{
	struct gauge gauge = find_gauge();
	FILE *file = fopen(gauge.file, "re");
	bool found = false;
	char row[256];

	while (file && !found && fgets(row, sizeof(row), file)) {
		size_t len = strlen(gauge.key);

		found = strncmp(row, gauge.key, len) == 0 && row[len] == ' ';
		if (found)
			*ret_value = strtoull(row + len, NULL, 10) * gauge.multiply / gauge.divide;
	}
	if (file)
		fclose(file);
	return found;
}

static bool reached(void)
{
	uint64_t now;

	return !wanted || !measure(&now) || now - begun >= wanted;
}

static int parse_goal(const char *goal)
{
	const char *colon = strchr(goal, ':');

	if (!colon || (size_t)(colon - goal) >= sizeof(name) || pn_args_number(colon + 1, &wanted) < 0)
		return -EINVAL;
	memcpy(name, goal, colon - goal);
	return 0;
}

/* Return: has TEXT been seen, now or before? */
static bool look(const char *bytes, size_t len, bool seen)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			line[line_len] = 0;
			seen = seen || strstr(line, text);
			line_len = 0;
		} else if (line_len < sizeof(line) - 1) {
			line[line_len++] = bytes[i];
		}
	}
	return seen;
}

/* Pass on what comes until its end; READY in between. */
static void watch(int fd)
{
	bool seen = false, said = false;

	for (;;) {
		struct pollfd in = {.fd = fd, .events = POLLIN};
		char bytes[4096];
		ssize_t n;

		if (seen && !said && reached()) {
			said = true;
			puts("READY");
			fflush(stdout);
		}
		if (poll(&in, 1, seen && !said ? POLL_MS : -1) <= 0)
			continue;
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		if (write(2, bytes, n) < 0)
			return;
		if (!seen && look(bytes, n, seen)) {
			seen = true;
			if (!measure(&begun))
				wanted = 0;
		}
	}
}

int main(int argc, char **argv)
{
	int err[2], status;
	pid_t pid;

	if (argc < 4 || parse_goal(argv[2]) < 0) {
		fprintf(stderr, "usage: pn-ready TEXT NAME:COUNT PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	text = argv[1];
	find_group();
	if (pipe2(err, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		perror("pn-ready");
		return 2;
	}
	if (pid == 0) {
		dup2(err[1], 2);
		execvp(argv[3], argv + 3);
		fprintf(stderr, "pn-ready: %s: %s\n", argv[3], strerror(errno));
		_exit(127);
	}
	close(err[1]);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	watch(err[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
