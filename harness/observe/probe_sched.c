// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler's view of QEMU: CPU time, and run delay, the best witness of a noisy host. The process clock counts threads that have
 * ended as well, which a sum over the living ones does not.
 */

#include "probe.h"
#include "procfs.h"

#include <string.h>
#include <time.h>

#include "../base/units.h"

static const struct pn_probe_key keys[] = {
    {"qemu.cpu_ns", "ns", "CPU time of the whole process, ended threads counted in"},
    {"qemu.ROLE.cpu_ns", "ns", "CPU time of a thread"},
    {"qemu.ROLE.run_delay_ns", "ns", "time the thread was runnable but waited for a CPU"},
    {NULL},
};

struct sched_thread {
	char role[16];
	struct pn_procfs_file file;
};

struct sched {
	clockid_t clock;
	bool has_clock;
	unsigned int count;
	struct sched_thread threads[];
};

static int sched_open(struct pn_probe_context *context, void **ret_state)
{
	struct sched *sched;

	if (!context->pid) {
		pn_probe_unsupported(context, "sched", "no QEMU process to look at");
		return -ESRCH;
	}
	sched = g_malloc0(sizeof(*sched) + context->thread_count * sizeof(sched->threads[0]));
	sched->has_clock = !clock_getcpuclockid(context->pid, &sched->clock);
	if (!sched->has_clock)
		pn_probe_unsupported(context, "qemu.cpu_ns", "no CPU clock of process %d", (int)context->pid);
	for (unsigned int i = 0; i < context->thread_count; i++) {
		struct sched_thread *thread = &sched->threads[sched->count];
		g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/schedstat", (int)context->pid, (int)context->threads[i].tid);
		g_autofree char *name = g_strdup_printf("qemu.%s.run_delay_ns", context->threads[i].role);
		int err = pn_procfs_open(&thread->file, path);

		if (err) {
			pn_probe_unsupported(context, name, "can't read %s: %s", path, g_strerror(-err));
			continue;
		}
		g_strlcpy(thread->role, context->threads[i].role, sizeof(thread->role));
		sched->count++;
	}
	*ret_state = sched;
	return 0;
}

static void sched_sample(void *state, bool mark, json_t *into)
{
	struct sched *sched = state;
	struct timespec ts;

	if (sched->has_clock && !clock_gettime(sched->clock, &ts))
		pn_probe_set(into, (uint64_t)ts.tv_sec * PN_NS_PER_S + (uint64_t)ts.tv_nsec, "qemu.cpu_ns");
	for (unsigned int i = 0; i < sched->count; i++) {
		struct sched_thread *thread = &sched->threads[i];
		const char *text = pn_procfs_read(&thread->file);
		struct pn_procfs_sched now;

		if (!text || pn_procfs_schedstat(text, &now))
			continue;
		pn_probe_set(into, now.cpu_ns, "qemu.%s.cpu_ns", thread->role);
		pn_probe_set(into, now.delay_ns, "qemu.%s.run_delay_ns", thread->role);
	}
}

static void sched_close(void *state)
{
	struct sched *sched = state;

	for (unsigned int i = 0; i < sched->count; i++)
		pn_procfs_close(&sched->threads[i].file);
	g_free(sched);
}

const struct pn_probe pn_probe_sched = {
    .name = "sched",
    .help = "CPU time and run delay of QEMU and its threads",
    .beat = PN_BEAT_HOST,
    .keys = keys,
    .open = sched_open,
    .sample = sched_sample,
    .close = sched_close,
};
