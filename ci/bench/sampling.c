// SPDX-License-Identifier: GPL-2.0-only
/*
 * What sampling costs: CPU time of the host (harness, libvirt in it, QEMU without its vCPUs) and of the guest's vCPUs, with the sampler on,
 * against control windows of the same guest in the same run with it off. Pairs in random order; the cost is the median of the
 * differences within a pair, so that what the guest or the host do besides cancels out.
 *
 * CPU times, not wall times: a busy host makes a window longer for nobody. What the host's kernel does for others on our CPU (interrupts) is in them.
 */

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../harness/base/clock.h"
#include "../../harness/base/diag.h"
#include "../../harness/base/exit.h"
#include "../../harness/base/fs.h"
#include "../../harness/base/journal.h"
#include "../../harness/base/owned.h"
#include "../../harness/base/units.h"
#include "../../harness/guest/guest.h"
#include "../../harness/observe/beat.h"
#include "../../harness/observe/observe.h"
#include "../../harness/observe/procfs.h"
#include "../../harness/scenario/scenario.h"

#define WARM_NS PN_NS_PER_S /* between starting the sampler, or the guest, and a window */

static gint option_pairs = 6, option_seconds = 5, option_hz = 10, option_seed = 1;
static gdouble option_host_percent = 2, option_guest_percent = 1;
static char *option_json, **option_probes;

static const GOptionEntry options[] = {
	{ "pairs", 0, 0, G_OPTION_ARG_INT, &option_pairs, "pairs of windows, one with sampling and one without (6)", "N" },
	{ "seconds", 0, 0, G_OPTION_ARG_INT, &option_seconds, "length of a window (5)", "S" },
	{ "hz", 0, 0, G_OPTION_ARG_INT, &option_hz, "samples of the host a second (10); monitor and guest have paces of their own", "N" },
	{ "seed", 0, 0, G_OPTION_ARG_INT, &option_seed, "of the order within pairs (1)", "N" },
	{ "host-limit", 0, 0, G_OPTION_ARG_DOUBLE, &option_host_percent, "most that sampling may cost of a host core (2)", "PERCENT" },
	{ "guest-limit", 0, 0, G_OPTION_ARG_DOUBLE, &option_guest_percent, "most that it may cost of the guest's CPU (1)", "PERCENT" },
	{ "probe", 0, 0, G_OPTION_ARG_STRING_ARRAY, &option_probes, "only this probe, repeatable (all)", "NAME" },
	{ "json", 0, 0, G_OPTION_ARG_FILENAME, &option_json, "write the figures of every pair there", "FILE" },
	{ NULL },
};

/** struct bench - the guest under the sampler */
struct bench {
	char *dir;
	struct pn_scenario scenario;
	struct pn_journal *journal;
	struct pn_host *host;
	struct pn_guest *guest;
	clockid_t qemu_clock;
	struct pn_guest_thread *threads;
	unsigned int thread_count;
};

/** struct usage - CPU time used so far */
struct usage {
	uint64_t harness_ns; /* libvirt's embedded driver in it */
	uint64_t qemu_ns;    /* without its vCPUs */
	uint64_t guest_ns;
};

/** struct cost - share of one CPU, in percent */
struct cost {
	double host, harness, qemu, guest; /* host is harness and qemu */
};

/** struct pair - one window with and one without */
struct pair {
	struct cost control, sampled;
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

/* Let one window pass. */
static int measure(const struct bench *bench, struct cost *ret_cost, struct pn_diag *diag)
{
	uint64_t start_ns, took_ns;
	struct usage before, after;
	int err;

	pn_clock_sleep_until(pn_clock_now_ns() + WARM_NS);
	start_ns = pn_clock_now_ns();
	err = read_usage(bench, &before, diag);
	if (err)
		return err;
	pn_clock_sleep_until(start_ns + (uint64_t)option_seconds * PN_NS_PER_S);
	err = read_usage(bench, &after, diag);
	if (err)
		return err;
	took_ns = pn_clock_now_ns() - start_ns;
	ret_cost->harness = 100 * (double)(after.harness_ns - before.harness_ns) / (double)took_ns;
	ret_cost->qemu = 100 * (double)(after.qemu_ns - before.qemu_ns) / (double)took_ns;
	ret_cost->host = ret_cost->harness + ret_cost->qemu;
	ret_cost->guest = 100 * (double)(after.guest_ns - before.guest_ns) / (double)took_ns / bench->scenario.guest.vcpus;
	return 0;
}

static int measure_sampled(struct bench *bench, struct cost *ret_cost, struct pn_diag *diag)
{
	struct pn_sampler_config config = {
		.guest = bench->guest, .scenario = &bench->scenario, .journal = bench->journal, .case_dir = bench->dir
	};
	struct pn_sampler *sampler = NULL;
	int err = pn_sampler_start(&config, &sampler, diag), stop_err;

	if (err)
		return err;
	err = measure(bench, ret_cost, diag);
	stop_err = pn_sampler_stop(sampler, err ? NULL : diag);
	return err ? err : stop_err;
}

static int measure_pairs(struct bench *bench, struct pair pairs[], struct pn_diag *diag)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)option_seed);
	int err = 0;

	for (int i = 0; i < option_pairs && !err; i++) {
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

/* A guest as cases have it: the stock driver bound, statistics polled, a swap disk. */
static int start_guest(struct bench *bench, struct pn_diag *diag)
{
	struct pn_host_config host = { .run_dir = bench->dir };
	struct pn_guest_config guest = { .name = "bench", .machine = &bench->scenario.guest, .dir = bench->dir };
	g_autofree char *journal = g_build_filename(bench->dir, "journal.jsonl", NULL);
	int err = pn_journal_open(journal, &bench->journal, diag);

	guest.journal = bench->journal;
	if (!err)
		err = pn_host_open(&host, &bench->host, diag);
	if (!err)
		err = pn_guest_start(bench->host, &guest, &bench->guest, diag);
	if (!err)
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

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* One line of the table; a part of another line has no limit (0). Return: whether the cost is within its limit. */
static bool report(const char *what, const struct pair pairs[], size_t offset, double limit)
{
	g_autofree double *costs = g_new(double, option_pairs), *control = g_new(double, option_pairs), *sampled = g_new(double, option_pairs);
	int middle = option_pairs / 2;

	for (int i = 0; i < option_pairs; i++) {
		control[i] = *(const double *)((const char *)&pairs[i].control + offset);
		sampled[i] = *(const double *)((const char *)&pairs[i].sampled + offset);
		costs[i] = sampled[i] - control[i];
	}
	qsort(costs, option_pairs, sizeof(costs[0]), by_value);
	qsort(control, option_pairs, sizeof(control[0]), by_value);
	qsort(sampled, option_pairs, sizeof(sampled[0]), by_value);
	printf("%-12s %8.2f %% %8.2f %% %6.1fx %8.2f %% (%.2f to %.2f)", what, control[middle], sampled[middle],
	       control[middle] > 0 ? sampled[middle] / control[middle] : 0.0, costs[middle], costs[0], costs[option_pairs - 1]);
	if (limit > 0)
		printf(" %8.2f %%   %s", limit, costs[middle] <= limit ? "ok" : "TOO MUCH");
	printf("\n");
	return costs[middle] <= limit;
}

static int write_json(const struct pair pairs[], struct pn_diag *diag)
{
	json_t *root = json_pack("{s:s, s:i, s:i, s:[]}", "benchmark", "sampling", "hz", option_hz, "seconds", option_seconds, "pairs");
	char *text;
	int err;

	for (int i = 0; i < option_pairs; i++)
		json_array_append_new(json_object_get(root, "pairs"),
				      json_pack("{s:{s:f, s:f}, s:{s:f, s:f}}", "control", "host_percent", pairs[i].control.host, "guest_percent",
						pairs[i].control.guest, "sampled", "host_percent", pairs[i].sampled.host, "guest_percent",
						pairs[i].sampled.guest));
	text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	err = pn_fs_write(option_json, text, strlen(text), diag);
	free(text);
	return err;
}

static int run(struct bench *bench, struct pn_diag *diag)
{
	g_autofree struct pair *pairs = g_new0(struct pair, option_pairs);
	int err = start_guest(bench, diag);
	bool host_ok, guest_ok;

	if (!err)
		err = measure_pairs(bench, pairs, diag);
	if (!err && option_json)
		err = write_json(pairs, diag);
	if (err)
		return err;
	printf("sampling, %d pairs of %d s, medians; paces:", option_pairs, option_seconds);
	for (enum pn_beat beat = 0; beat < PN_BEAT_COUNT; beat++)
		printf(" %s %.1f Hz%s", pn_beat_names[beat], (double)PN_NS_PER_S / (double)pn_beat_interval_ns(&bench->scenario, beat),
		       beat + 1 < PN_BEAT_COUNT ? "," : "\n");
	printf("%-12s %10s %10s %7s %28s %8s\n", "", "control", "sampled", "ratio", "cost", "limit");
	host_ok = report("host core", pairs, offsetof(struct cost, host), option_host_percent);
	report("  harness", pairs, offsetof(struct cost, harness), 0);
	report("  QEMU", pairs, offsetof(struct cost, qemu), 0);
	guest_ok = report("guest CPU", pairs, offsetof(struct cost, guest), option_guest_percent);
	return host_ok && guest_ok ? PN_EXIT_PASS : PN_EXIT_FAIL;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("- what sampling costs, against a control run");
	g_autoptr(GError) error = NULL;
	struct pn_diag diag = { "" };
	struct bench bench = { .scenario = { .name = "bench" } };
	int result;

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1 || option_pairs < 1 || option_seconds < 1 || option_hz < 1 ||
	    option_hz > 100) {
		fprintf(stderr, "sampling: %s; see --help\n", error ? error->message : "a number is out of range");
		return PN_EXIT_USAGE;
	}
	bench.scenario.probes = option_probes;
	bench.scenario.sample_ns = PN_NS_PER_S / (uint64_t)option_hz;
	bench.scenario.guest = (struct pn_machine){
		.memory_bytes = 512 * PN_MIB, .vcpus = 1, .swap_bytes = 64 * PN_MIB, .balloon.stats_interval_ns = PN_NS_PER_S
	};
	bench.dir = g_dir_make_tmp("pn-bench-XXXXXX", NULL);
	result = run(&bench, &diag);
	stop_guest(&bench);
	pn_owned_release_all(NULL);
	pn_fs_remove_tree(bench.dir, NULL);
	g_free(bench.dir);
	if (result >= 0)
		return result;
	fprintf(stderr, "sampling: %s\n", diag.text);
	return PN_EXIT_BROKEN;
}
