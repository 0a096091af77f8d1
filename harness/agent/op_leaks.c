/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leaks: a kernel built with kmemleak looks for allocations that nothing points to any more. Left to itself it looks a minute after boot and then every
 * ten minutes, which no case lives to see. Two scans: the first notes the sum of an object's content, and only one that has not changed by
 * the second is reported; and none younger than five seconds (mm/kmemleak.c, MSECS_MIN_AGE). What it finds it also says in the kernel log.
 */
#include "ops.h"

#include "agent.h"
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONTROL "/sys/kernel/debug/kmemleak"
#define MIN_AGE_S 5
#define SCANS 2
#define TEXT_MAX 16384
#define TIMEOUT_MS 600000 /* tens of seconds under TCG */

static int scan(int fd)
{
	for (int i = 0; i < SCANS; i++) {
		if (write(fd, "scan", 4) < 0)
			return pn_fail(-errno, "leaks: %s: %m", CONTROL);
	}
	return 0;
}

/* what is suspected, with where it was allocated; the first of it is enough to go and look */
static json_t *suspects(int fd)
{
	static char text[TEXT_MAX];
	size_t used = 0;
	ssize_t n;

	while (used < sizeof(text) && (n = read(fd, text + used, sizeof(text) - used)) > 0)
		used += (size_t)n;
	for (size_t i = 0; i < used; i++) {
		if ((text[i] < 0x20 && text[i] != '\n') || text[i] >= 0x7f)
			text[i] = ' ';
	}
	return json_stringn(text, used);
}

static int leaks_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const struct timespec age = {.tv_sec = MIN_AGE_S};
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	int r;

	if (fd < 0 && (errno == ENOENT || errno == EBUSY || errno == EPERM)) {
		*ret_reply = json_pack("{s:b}", "tracked", 0);
		return 0;
	}
	if (fd < 0)
		return pn_fail(-errno, "leaks: %s: %m", CONTROL);
	nanosleep(&age, NULL);
	r = scan(fd);
	if (r == 0)
		*ret_reply = json_pack("{s:b,s:o}", "tracked", 1, "suspects", suspects(fd));
	close(fd);
	return r;
}

static int run_leaks(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, leaks_child, TIMEOUT_MS);
}

const struct pn_op pn_ops_leaks[] = {
	{"leaks", "look for memory of the kernel that nothing points to", run_leaks},
	{0},
};
