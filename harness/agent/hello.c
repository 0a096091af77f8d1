/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent says of itself and of its guest. */
#include "hello.h"

#include "agent.h"
#include "job.h"
#include "proto.h"
#include "sample.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

/* MemTotal as the kernel manages it now: pages of a balloon are not in it. */
static json_int_t memtotal_bytes(void)
{
	char text[256];
	unsigned long long kib;

	if (pn_agent_read("/proc/meminfo", text, sizeof(text)) < 0 || sscanf(text, "MemTotal: %llu kB", &kib) != 1)
		return 0;
	return (json_int_t)(kib * 1024);
}

json_t *pn_hello(void)
{
	struct utsname kernel = {0};
	char boot_id[64] = "";
	json_t *stuck = pn_job_stuck();

	uname(&kernel);
	pn_agent_read("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	boot_id[strcspn(boot_id, "\n")] = 0;
	pn_sample_stuck(stuck);
	return json_pack("{s:i,s:s,s:s,s:i,s:i,s:I,s:I,s:I,s:i,s:o}", "version", PN_PROTO_VERSION, "kernel", kernel.release, "boot_id", boot_id,
			 "page_size", (int)sysconf(_SC_PAGESIZE), "cpus", get_nprocs(), "mono_ns", (json_int_t)pn_now_ns(), "real_ns",
			 (json_int_t)pn_real_ns(), "memtotal_bytes", memtotal_bytes(), "stuck_children", (int)json_array_size(stuck), "stuck",
			 stuck);
}
