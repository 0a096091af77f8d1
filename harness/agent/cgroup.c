/* SPDX-License-Identifier: GPL-2.0-only */
/* Accounting groups of loads. memory.events counts global OOM kills too, by the group that the victim was in. */
#include "cgroup.h"

#include "agent.h"
#include "parse.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define ROOT "/sys/fs/cgroup"

int pn_cgroup_init(void)
{
	if (mount("cgroup2", ROOT, "cgroup2", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL) < 0 && errno != EBUSY)
		return -errno;
	/* Without the memory controller there is CPU time still; OOM kills are then unknown, not zero. */
	return pn_agent_write(ROOT "/cgroup.subtree_control", "+memory");
}

int pn_cgroup_enter(unsigned int slot)
{
	char path[128];

	if (!pn_agent_is_init())
		return -EPERM; /* on a host the hierarchy is somebody else's */
	snprintf(path, sizeof(path), ROOT "/pn-%u", slot);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), ROOT "/pn-%u/cgroup.procs", slot);
	return pn_agent_write(path, "0");
}

static int value(unsigned int slot, const char *file, const char *key, uint64_t *ret_value)
{
	char path[128], text[1024];
	int r;

	snprintf(path, sizeof(path), ROOT "/pn-%u/%s", slot, file);
	r = pn_agent_read(path, text, sizeof(text));
	if (r < 0)
		return r;
	return pn_parse_value(text, key, ret_value);
}

int pn_cgroup_cpu_ns(unsigned int slot, uint64_t *ret_cpu_ns)
{
	uint64_t us;
	int r = value(slot, "cpu.stat", "usage_usec", &us);

	if (r == 0)
		*ret_cpu_ns = us * 1000;
	return r;
}

int pn_cgroup_oom_kills(unsigned int slot, uint64_t *ret_kills)
{
	return value(slot, "memory.events", "oom_kill", ret_kills);
}
