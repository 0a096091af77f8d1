// SPDX-License-Identifier: GPL-2.0-only
/* The control run: a guest as cases have it, and windows of it with and without the sampler. */
#include "control.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <time.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../observe/observe.h"
#include "../observe/procfs.h"
#include "../scenario/scenario.h"

#define WARM_NS PN_NS_PER_S /* between starting the sampler, or the guest, and a window */

/** struct bench - the guest under the sampler */
struct bench {
	const struct pn_control_config *config;
	struct pn_journal *journal;
	struct pn_host *host;
	struct pn_guest *guest;
	clockid_t qemu_clock;
	struct pn_guest_thread *threads;
	unsigned int thread_count;
};

/** struct usage - CPU time used so far */
struct usage {
	uint64_t harness_ns;
	uint64_t qemu_ns; /* without its vCPUs */
	uint64_t guest_ns;
};

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * PN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static int vcpu_ns(const struct bench *bench, uint64_t *ret_ns, struct pn_diag *diag)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < bench->thread_count; i++) {
		g_autofree char *path = NULL, *text = NULL;
		struct pn_procfs_sched sched;
		int err;

		if (!g_str_has_prefix(bench->threads[i].role, "vcpu"))
			continue;
		path = g_strdup_printf("/proc/%d/task/%d/schedstat", (int)pn_guest_pid(bench->guest), (int)bench->threads[i].tid);
		err = pn_fs_read(path, &text, NULL, diag);
		if (err)
			return err;
		if (pn_procfs_schedstat(text, &sched))
			return pn_diag_set(diag, -EINVAL, "%s is not understood", path);
		sum += sched.cpu_ns;
	}
	*ret_ns = sum;
	return 0;
}

static int read_usage(const struct bench *bench, struct usage *ret_usage, struct pn_diag *diag)
{
	uint64_t guest_ns = 0;
	int err = vcpu_ns(bench, &guest_ns, diag);

	if (err)
		return err;
	*ret_usage = (struct usage){
		.harness_ns = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), .qemu_ns = cpu_ns(bench->qemu_clock) - guest_ns, .guest_ns = guest_ns
	};
	return 0;
}

/* let one window pass */
static int measure(const struct bench *bench, struct pn_control_cost *ret_cost, struct pn_diag *diag)
{
	unsigned int vcpus = MAX(1, bench->config->scenario->guest.vcpus);
	uint64_t start_ns, took_ns;
	struct usage before, after;
	int err;

	pn_clock_sleep_until(pn_clock_now_ns() + WARM_NS);
	start_ns = pn_clock_now_ns();
	err = read_usage(bench, &before, diag);
	if (err)
		return err;
	pn_clock_sleep_until(start_ns + bench->config->window_ns);
	err = read_usage(bench, &after, diag);
	if (err)
		return err;
	took_ns = pn_clock_now_ns() - start_ns;
	ret_cost->harness = 100 * (double)(after.harness_ns - before.harness_ns) / (double)took_ns;
	ret_cost->qemu = 100 * (double)(after.qemu_ns - before.qemu_ns) / (double)took_ns;
	ret_cost->host = ret_cost->harness + ret_cost->qemu;
	ret_cost->guest = 100 * (double)(after.guest_ns - before.guest_ns) / (double)took_ns / vcpus;
	return 0;
}

static int measure_sampled(struct bench *bench, struct pn_control_cost *ret_cost, struct pn_diag *diag)
{
	struct pn_sampler_config config = {
		.guest = bench->guest, .scenario = bench->config->scenario, .journal = bench->journal, .case_dir = bench->config->dir
	};
	struct pn_sampler *sampler = NULL;
	int err = pn_sampler_start(&config, &sampler, diag), stop_err;

	if (err)
		return err;
	err = measure(bench, ret_cost, diag);
	stop_err = pn_sampler_stop(sampler, err ? NULL : diag);
	return err ? err : stop_err;
}

static int measure_pairs(struct bench *bench, struct pn_control_pair *pairs, struct pn_diag *diag)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)bench->config->seed);
	int err = 0;

	for (unsigned int i = 0; i < bench->config->pairs && !err; i++) {
		bool sampled_first = g_rand_boolean(rand);

		if (sampled_first)
			err = measure_sampled(bench, &pairs[i].sampled, diag);
		if (!err)
			err = measure(bench, &pairs[i].control, diag);
		if (!err && !sampled_first)
			err = measure_sampled(bench, &pairs[i].sampled, diag);
	}
	return err;
}

/* a guest as cases have it, the stock driver bound where there is a balloon */
static int start_guest(struct bench *bench, struct pn_diag *diag)
{
	const struct pn_machine *machine = &bench->config->scenario->guest;
	struct pn_host_config host = { .run_dir = bench->config->dir, .uri = bench->config->uri };
	struct pn_guest_config guest = { .name = "control", .machine = machine, .dir = bench->config->dir };
	g_autofree char *journal = g_build_filename(bench->config->dir, "journal.jsonl", NULL);
	int err = pn_journal_open(journal, &bench->journal, diag);

	guest.journal = bench->journal;
	if (!err)
		err = pn_host_open(&host, &bench->host, diag);
	if (!err)
		err = pn_guest_start(bench->host, &guest, &bench->guest, diag);
	if (!err && !machine->balloon.absent)
		err = pn_guest_agent(bench->guest, json_pack("{s:s, s:s, s:i}", "op", "module.load", "name", "virtio_balloon", "timeout_ms", 20000),
				     30 * PN_NS_PER_S, NULL, diag);
	if (!err)
		err = pn_guest_threads(bench->guest, &bench->threads, &bench->thread_count, diag);
	if (!err && clock_getcpuclockid(pn_guest_pid(bench->guest), &bench->qemu_clock))
		err = pn_diag_set(diag, -ESRCH, "QEMU's process has no CPU clock");
	return err;
}

static void stop_guest(struct bench *bench)
{
	g_free(bench->threads);
	pn_guest_stop(bench->guest, NULL);
	pn_host_close(bench->host);
	pn_journal_free(bench->journal);
}

int pn_control_measure(const struct pn_control_config *config, struct pn_control_pair *ret_pairs, struct pn_diag *diag)
{
	struct bench bench = {.config = config};
	int err = start_guest(&bench, diag);

	if (!err)
		err = measure_pairs(&bench, ret_pairs, diag);
	stop_guest(&bench);
	return err;
}

static double part_of(const struct pn_control_cost *cost, enum pn_control_part part)
{
	const double parts[] = {cost->host, cost->harness, cost->qemu, cost->guest};

	return parts[part];
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

struct pn_control_figure pn_control_figure(const struct pn_control_pair *pairs, unsigned int count, enum pn_control_part part)
{
	static const char *const names[] = {"host core", "harness", "QEMU", "guest CPU"};
	g_autofree double *costs = g_new(double, count), *control = g_new(double, count), *sampled = g_new(double, count);

	for (unsigned int i = 0; i < count; i++) {
		control[i] = part_of(&pairs[i].control, part);
		sampled[i] = part_of(&pairs[i].sampled, part);
		costs[i] = sampled[i] - control[i];
	}
	qsort(costs, count, sizeof(costs[0]), by_value);
	qsort(control, count, sizeof(control[0]), by_value);
	qsort(sampled, count, sizeof(sampled[0]), by_value);
	return (struct pn_control_figure){names[part], control[count / 2], sampled[count / 2], costs[count / 2], costs[0], costs[count - 1]};
}

json_t *pn_control_json(const struct pn_control_pair *pairs, unsigned int count, uint64_t window_ns)
{
	static const char *const keys[] = {"host", "harness", "qemu", "guest"};
	json_t *root = json_pack("{s:f}", "window_s", (double)window_ns / (double)PN_NS_PER_S), *list = json_array();

	for (enum pn_control_part part = 0; part < PN_CONTROL_PARTS; part++) {
		struct pn_control_figure f = pn_control_figure(pairs, count, part);

		json_object_set_new(root, keys[part],
				    json_pack("{s:f, s:f, s:f, s:[f, f]}", "control_percent", f.control, "sampled_percent", f.sampled,
					      "cost_percent", f.cost, "range_percent", f.low, f.high));
	}
	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:{s:f, s:f}, s:{s:f, s:f}}", "control", "host_percent", pairs[i].control.host,
						      "guest_percent", pairs[i].control.guest, "sampled", "host_percent",
						      pairs[i].sampled.host, "guest_percent", pairs[i].sampled.guest));
	json_object_set_new(root, "pairs", list);
	return root;
}
