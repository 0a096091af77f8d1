/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * warm: the loads' programs run once, for next to nothing, so that they and their libraries are unpacked into the page cache. Under TCG the
 * first start of fio costs five seconds and the second a fifth of one; a snapshot that is taken after this has that behind it. The cache is
 * clean and can be dropped: it takes no memory from a balloon.
 *
 * Last, free memory is filled with zeroes once: what booting left there would otherwise be part of every snapshot, and every start would load it.
 */
#include "ops.h"

#include "agent.h"
#include "job.h"
#include "program.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define SCRATCH "/tmp/pn-warm"
#define WARM_TIMEOUT_MS 600000 /* once per snapshot; ten seconds alone, minutes with a debug kernel on a busy host */
#define TOUCH_TIMEOUT_MS 120000

static const char *const stress_ng[] = {"stress-ng", "--verbose", "--cpu", "1", "--cpu-ops", "1", "--cpu-method", "int64", "--vm", "1", "--vm-ops", "1",
					"--vm-bytes", "1M", "--vm-method", "write64", "--hdd", "1", "--hdd-ops", "1", "--hdd-bytes", "1M", "--temp-path", "/tmp",
					"--metrics-brief", "--yaml", SCRATCH, NULL};
static const char *const fio[] = {"fio", "--output=" SCRATCH, "--output-format=json+", "--name=warm", "--filename=/tmp/pn-warm.data", "--size=64k",
				  "--rw=randrw", "--thread=1", "--ioengine=libaio", NULL};
static const char *const mkfs[] = {"mkfs.ext4", "-V", NULL};

static const char *const *const programs[] = {stress_ng, fio, mkfs};

/* Left alone by warm: enough for the kernel. By touch_free, besides the zones' high watermarks: what the kernel itself wants meanwhile. */
#define KEEP_FREE_BYTES (16ul << 20)
#define KEEP_FREE_SHARE 128
#define PAGE_BYTES 4096

/*
 * High watermarks of all zones are half again as much as min_free_kbytes, which khugepaged raises to some 45 MiB whatever the guest's size: below them
 * the kernel reclaims, and below min a program that goes on touching is killed.
 */
static size_t keep_above_watermarks(void)
{
	char text[32];

	if (pn_agent_read("/proc/sys/vm/min_free_kbytes", text, sizeof(text)) <= 0)
		return SIZE_MAX;
	return KEEP_FREE_BYTES + strtoul(text, NULL, 10) * 1024 * 3 / 2;
}

static size_t keep_some(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? SIZE_MAX : KEEP_FREE_BYTES + info.totalram * info.mem_unit / KEEP_FREE_SHARE;
}

/*
 * What a program releases goes to the lists of its CPU first, up to the zone's low watermark by the number of CPUs: some 50 MiB that no count of free
 * memory has. Kept short after a touch, so that what was free is told as free again. Not before a snapshot: there the lists are to be as long as they
 * get, since a driver that gives back single pages fills them, which would look like a leak.
 */
static void shorten_lists(bool shorten)
{
	pn_agent_write("/proc/sys/vm/percpu_pagelist_high_fraction", shorten ? "65536" : "0");
}

/* A kernel with init_on_alloc zeroes the pages as it hands them out; the write makes sure that it does hand out a page of our own. */
static uint64_t zero_free_memory(size_t keep, bool shorten)
{
	struct sysinfo info;
	size_t len;
	char *p;

	if (sysinfo(&info) < 0)
		return 0;
	if (info.freeram * info.mem_unit <= keep)
		return 0;
	len = info.freeram * info.mem_unit - keep;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return 0;
	for (size_t i = 0; i < len; i += PAGE_BYTES)
		((volatile char *)p)[i] = 0;
	if (shorten)
		shorten_lists(true);
	munmap(p, len);
	if (shorten)
		shorten_lists(false);
	return len;
}

static int warm_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	json_t *ran = json_array(), *missing = json_array();

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		int r = pn_program_run(programs[i]);

		if (r < 0 && r != -ENOENT)
			return r;
		json_array_append_new(r == 0 ? ran : missing, json_string(programs[i][0]));
	}
	unlink(SCRATCH);
	unlink(SCRATCH ".data");
	*ret_reply = json_pack("{s:o,s:o,s:I}", "ran", ran, "missing", missing, "zeroed_bytes", (json_int_t)zero_free_memory(keep_some(), false));
	return 0;
}

static int run_warm(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, warm_child, WARM_TIMEOUT_MS);
}

static int touch_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	*ret_reply = json_pack("{s:I}", "touched_bytes", (json_int_t)zero_free_memory(keep_above_watermarks(), true));
	return 0;
}

static int run_touch_free(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, touch_child, TOUCH_TIMEOUT_MS);
}

const struct pn_op pn_ops_warm[] = {
	{"warm", "run the loads' programs once, before a snapshot is taken", run_warm},
	{"touch_free", "write free memory once and release it", run_touch_free},
	{0},
};
