// SPDX-License-Identifier: GPL-2.0-only
/*
 * Racers: what else in the guest's kernel moves pages while the balloon does. Compaction asked for again and again, a memory block taken
 * offline and put back, transparent huge pages made and split by a program that takes and drops memory.
 *
 * Each goes on from a thread of its own between arming and disarming; evidence is the kernel's own count.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "guest_file.h"
#include "loads.h"
#include "timeline.h"

#define ANSWER_NS (30 * PN_NS_PER_S)
#define BLOCK_BYTES_PATH "/sys/devices/system/memory/block_size_bytes"
#define THP_ENABLED "/sys/kernel/mm/transparent_hugepage/enabled"
#define THP_LOAD PN_FAULT_LOAD_PREFIX "thp"

/** struct racer - the faults' own */
struct racer {
	GThread *thread;
	int stop; /* atomic */
	unsigned int rounds; /* atomic: rounds that the guest accepted */
	uint64_t before;     /* the kernel's count */
	unsigned int block;  /* memory block that is offline; 0: none */
	bool loaded;
	char *setting; /* of transparent huge pages before */
};

static int rises(struct pn_fault_run *run, const char *prefix, struct pn_diag *diag)
{
	struct racer *racer = run->data;
	uint64_t now = 0;
	int r = pn_guest_vmstat(run->conductor->timeline, prefix, &now, diag);

	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0)
		return r;
	json_object_set_new(run->evidence, prefix, json_integer((json_int_t)(now - racer->before)));
	return now > racer->before;
}

static int prepare_compact(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = g_new0(struct racer, 1);

	run->data = racer;
	return pn_guest_vmstat(run->conductor->timeline, "compact_migrate_scanned", &racer->before, diag);
}

static gpointer compact(gpointer data)
{
	struct pn_fault_run *run = data;
	struct racer *racer = run->data;
	uint64_t interval_ns = (uint64_t)json_integer_value(json_object_get(run->args, "every"));

	while (!g_atomic_int_get(&racer->stop)) {
		pn_guest_file_write(run->conductor->timeline, "/proc/sys/vm/compact_memory", "1", 0, NULL);
		pn_clock_sleep_until(pn_clock_now_ns() + interval_ns);
	}
	return NULL;
}

static int arm_compact(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = run->data;
	int r = pn_guest_file_write(run->conductor->timeline, "/proc/sys/vm/compact_memory", "1", 0, diag); /* a kernel that can't says so here */

	if (r == 0)
		racer->thread = g_thread_new("compact", compact, run);
	return r;
}

static int fired_compact(struct pn_fault_run *run, struct pn_diag *diag)
{
	return rises(run, "compact_migrate_scanned", diag);
}

static int disarm_compact(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = run->data;

	if (racer && racer->thread) {
		g_atomic_int_set(&racer->stop, 1);
		g_thread_join(g_steal_pointer(&racer->thread));
	}
	return 0;
}

const struct pn_fault_ops pn_fault_compaction = {.name = "compaction", .prepare = prepare_compact, .arm = arm_compact, .fired = fired_compact,
						 .disarm = disarm_compact};

static int prepare_offline(struct pn_fault_run *run, struct pn_diag *diag)
{
	g_autofree char *text = NULL;

	run->data = g_new0(struct racer, 1);
	if (pn_guest_file_read(run->conductor->timeline, BLOCK_BYTES_PATH, &text, diag) < 0)
		return pn_diag_set(diag, -ENOTSUP, "this guest's kernel can't take memory offline");
	return 0;
}

static char *block_path(unsigned int block)
{
	return g_strdup_printf("/sys/devices/system/memory/memory%u/state", block);
}

/* From the top: low blocks hold what the kernel can't move. One that refuses is no failure, all of them are. */
static int arm_offline(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = run->data;
	g_autofree char *text = NULL;
	uint64_t block_bytes;
	unsigned int last, tried = 0;
	int r = pn_guest_file_read(run->conductor->timeline, BLOCK_BYTES_PATH, &text, diag);

	if (r < 0)
		return r;
	block_bytes = g_ascii_strtoull(text, NULL, 16);
	last = block_bytes ? (unsigned int)(pn_guest_machine(run->conductor->timeline->guest)->memory_bytes / block_bytes) : 0;
	for (unsigned int block = last; block-- > 1; tried++) {
		g_autofree char *path = block_path(block);

		r = pn_guest_file_write(run->conductor->timeline, path, "offline", 0, NULL);
		if (r == 0) {
			racer->block = block;
			return 0;
		}
		if (r != -EREMOTEIO && r != -ETIMEDOUT)
			return pn_diag_set(diag, r, "memory block %u could not be taken offline", block);
	}
	return pn_diag_set(diag, -EBUSY, "none of %u memory blocks could be taken offline", tried);
}

static int fired_offline(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = run->data;
	g_autofree char *path = block_path(racer->block), *text = NULL;
	int r = pn_guest_file_read(run->conductor->timeline, path, &text, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "block", json_integer(racer->block));
	return g_str_has_prefix(text, "offline");
}

static int disarm_offline(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = run->data;
	g_autofree char *path = racer ? block_path(racer->block) : NULL;

	return racer && racer->block ? pn_guest_file_write(run->conductor->timeline, path, "online", 0, diag) : 0;
}

const struct pn_fault_ops pn_fault_offline = {.name = "offline", .prepare = prepare_offline, .arm = arm_offline, .fired = fired_offline,
					      .disarm = disarm_offline};

static int prepare_thp(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = g_new0(struct racer, 1);
	g_autofree char *text = NULL;
	char *from, *to;
	int r = pn_guest_file_read(run->conductor->timeline, THP_ENABLED, &text, diag);

	run->data = racer;
	if (r < 0)
		return pn_diag_set(diag, -ENOTSUP, "this guest's kernel has no transparent huge pages");
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	racer->setting = to ? g_strndup(from + 1, (gsize)(to - from - 1)) : g_strdup("madvise");
	return pn_guest_vmstat(run->conductor->timeline, "thp_fault_alloc", &racer->before, diag);
}

static int arm_thp(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = run->data;
	g_autofree char *bytes = g_strdup_printf("%lld", (long long)json_integer_value(json_object_get(run->args, "bytes")));
	int r = pn_guest_file_write(run->conductor->timeline, THP_ENABLED, "always", 0, diag);

	if (r < 0)
		return r;
	racer->loaded = true;
	return pn_guest_agent(run->conductor->timeline->guest,
			      json_pack("{s:s,s:s,s:[s,s,s,s,s,s,s,s,s],s:s,s:i}", "op", "load.start", "id", THP_LOAD, "argv", "stress-ng", "--oomable", "--vm",
					"1", "--vm-bytes", bytes, "--vm-madvise", "hugepage", "--vm-populate", "cwd", "/", "oom_score_adj", 1000),
			      ANSWER_NS, NULL, diag);
}

static int fired_thp(struct pn_fault_run *run, struct pn_diag *diag)
{
	return rises(run, "thp_fault_alloc", diag);
}

static int disarm_thp(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct racer *racer = run->data;
	int r = 0, back = 0;

	if (racer && racer->loaded)
		r = pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s,s:i}", "op", "load.stop", "id", THP_LOAD, "grace_ms", 3000),
				   ANSWER_NS, NULL, diag);
	if (racer && racer->setting)
		back = pn_guest_file_write(run->conductor->timeline, THP_ENABLED, racer->setting, 0, r < 0 ? NULL : diag);
	if (racer)
		g_clear_pointer(&racer->setting, g_free);
	return r < 0 ? r : back;
}

const struct pn_fault_ops pn_fault_thp = {.name = "thp", .flags = PN_FAULT_BY_AGENT, .prepare = prepare_thp, .arm = arm_thp, .fired = fired_thp,
					  .disarm = disarm_thp};
