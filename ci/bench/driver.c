// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the suite `driver` measured, each ratio against its bar. Reads a run directory; computes nothing that is not in there, but for the limit: the
 * same bytes given back by one program without a guest, 4 MiB a call.
 *
 * A ratio is of two cases of one run that differ by the driver alone, the n-th repeat of one with the n-th of the other; shown is the median with the
 * least and the greatest. What was not measured on both sides is said so and is neither pass nor short; nor is a bar missed which the host alone misses
 * while nothing moves ("can't tell"), or which that one program would miss as well ("out of reach").
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../harness/base/clock.h"
#include "../../harness/base/diag.h"
#include "../../harness/base/exit.h"
#include "../../harness/base/units.h"
#include "../../reports/rundir.h"

#define LIMIT_BYTES (1536 * PN_MIB)
#define LIMIT_CALL_BYTES (4 * PN_MIB)
#define LIMIT_ROUNDS 3
#define MEMFREE "host.return.bytes_per_s"
#define RESIDENT "host.return.resident_bytes_per_s"
#define ACTUAL "balloon.inflate.bytes_per_s"
#define DEFLATE "balloon.deflate.bytes_per_s"

/** enum kind - how a bar is to be read */
enum kind {
	GREATER, /* vballoon / stock, at least */
	SMALLER, /* stock / vballoon, more than */
	AT_LEAST, /* the value itself */
	AT_MOST,
};

/** struct bar - one line of the list; @bar by init_on_alloc */
struct bar {
	const char *what, *metric, *scenario, *modes, *backings;
	enum kind kind;
	double bar[2];
	const char *noise; /* AT_MOST: the same while no balloon moves; NULL: the host has no part in it */
};

static const struct bar bars[] = {
	{"memory returned, MemFree", MEMFREE, "driver-return", "strict fast", "thp", GREATER, {20, 5}, NULL},
	{"memory returned, MemFree", MEMFREE, "driver-return", "strict fast", "4k", GREATER, {8, 3}, NULL},
	{"memory returned, resident", RESIDENT, "driver-return", "strict fast", "thp", GREATER, {20, 5}, NULL},
	{"memory returned, resident", RESIDENT, "driver-return", "strict fast", "4k", GREATER, {8, 3}, NULL},
	{"returned, zeroed by stores", RESIDENT, "driver-zeroing", "strict fast", "thp", GREATER, {20, 5}, NULL},
	{"returned, zeroed by stores", RESIDENT, "driver-zeroing", "strict fast", "4k", GREATER, {8, 3}, NULL},
	{"returned, two vCPUs", RESIDENT, "driver-smp", "strict fast", "thp", GREATER, {20, 5}, NULL},
	{"returned, two vCPUs", RESIDENT, "driver-smp", "strict fast", "4k", GREATER, {8, 3}, NULL},
	{"actual at target", ACTUAL, "driver-return", "strict", "4k thp memfd hugetlb", GREATER, {4, 3}, NULL},
	{"actual at target", ACTUAL, "driver-return", "fast", "4k thp memfd hugetlb", GREATER, {20, 5}, NULL},
	{"actual at target, two vCPUs", ACTUAL, "driver-smp", "strict", "4k thp memfd hugetlb", GREATER, {4, 3}, NULL},
	{"actual at target, two vCPUs", ACTUAL, "driver-smp", "fast", "4k thp memfd hugetlb", GREATER, {20, 5}, NULL},
	{"deflate", DEFLATE, "driver-return", "strict fast pfn", "4k thp memfd hugetlb", GREATER, {10, 10}, NULL},
	{"deflate, two vCPUs", DEFLATE, "driver-smp", "strict fast", "4k thp memfd hugetlb", GREATER, {10, 10}, NULL},
	{"freed / claimed, MemFree", "host.freed_ratio", "driver-return", "strict fast pfn", "4k thp memfd", AT_LEAST, {.98, .98}, NULL},
	{"freed / claimed, MemFree", "host.freed_ratio", "driver-return", "strict fast pfn", "hugetlb", AT_LEAST, {.99, .99}, NULL},
	{"freed / claimed, smaps", "host.freed_smaps_ratio", "driver-return", "strict fast pfn", "4k thp memfd", AT_LEAST, {.98, .98}, NULL},
	{"freed / claimed, smaps", "host.freed_smaps_ratio", "driver-return", "strict fast pfn", "hugetlb", AT_LEAST, {.99, .99}, NULL},
	{"huge pages kept", "host.thp_kept_ratio", "driver-return", "strict fast pfn", "thp", AT_LEAST, {.95, .95}, NULL},
	{"monitor while inflating, p99.9", "monitor_ns.inflating.p999", "driver-monitor", "strict fast pfn", "4k thp memfd hugetlb", AT_MOST, {10e6, 10e6},
	 "monitor_ns.full.p999"},
	{"big lock held, longest, CPU", "device.held_cpu_ns.max", "driver-held", "strict fast pfn", "4k thp memfd hugetlb", AT_MOST, {10e6, 10e6}, NULL},
	{"touch p99 while oscillating", "guest.touch_ns.p99", "driver-touch", "strict fast pfn", "4k thp memfd hugetlb", SMALLER, {1, 1}, NULL},
	{"driver's instructions a page", "driver.instructions_per_page", "driver-count", "strict fast pfn", "thp", SMALLER, {1, 1}, NULL},
	{"kernel's instructions a page", "kernel.instructions_per_page", "driver-count", "strict fast pfn", "thp", SMALLER, {1, 1}, NULL},
	{"host CPU a page", "driver.host_cpu_ns_per_page", "driver-return", "strict fast pfn", "4k thp memfd hugetlb", SMALLER, {1, 1}, NULL},
};

/** struct cell - which cases */
struct cell {
	const char *scenario, *driver, *mode, *backing;
	int init_on_alloc;
};

/** struct tally - what the table came to */
struct tally {
	unsigned int passed, shy, unknown;
};

static gboolean option_no_limit;
static const char *const backings[] = {"4k", "thp", "memfd", "hugetlb"};
static double limits[G_N_ELEMENTS(backings)]; /* bytes/s that one program gives back; 0: not known */

static const GOptionEntry options[] = {
	{"no-limit", 0, 0, G_OPTION_ARG_NONE, &option_no_limit, "do not measure what one program can give back", NULL},
	{NULL},
};

static bool has_word(const char *words, const char *word)
{
	g_auto(GStrv) list = g_strsplit(words, " ", -1);

	return g_strv_contains((const char *const *)list, word);
}

static bool is_in(const struct pn_rundir *run, size_t index, const struct cell *cell)
{
	const json_t *params = json_object_get(pn_rundir_case(run, index), "params");
	const char *init = json_string_value(json_object_get(params, "init_on_alloc"));
	const char *mode = json_string_value(json_object_get(params, "mode"));

	return !strcmp(pn_rundir_string(run, index, "scenario"), cell->scenario) && !strcmp(pn_rundir_string(run, index, "driver"), cell->driver) &&
	       !g_strcmp0(mode, cell->mode) && !g_strcmp0(json_string_value(json_object_get(params, "backing")), cell->backing) && init &&
	       atoi(init) == cell->init_on_alloc;
}

/* Values of a metric in the order of the cases; -1 stands for one that was not measured. */
static GArray *values(const struct pn_rundir *run, const struct cell *cell, const char *metric)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(double));

	for (size_t i = 0; i < run->count; i++) {
		double value = -1;

		if (!is_in(run, i, cell))
			continue;
		if (pn_rundir_metric(run, i, metric, &value))
			value = -1;
		g_array_append_val(found, value);
	}
	return found;
}

static gint by_value(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The figures that a bar is about, ascending. */
static GArray *figures(const struct pn_rundir *run, const struct bar *bar, const struct cell *cell)
{
	struct cell control = {cell->scenario, "stock", "pfn", cell->backing, cell->init_on_alloc};
	g_autoptr(GArray) ours = values(run, cell, bar->metric), stock = values(run, &control, bar->metric);
	GArray *result = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint i = 0; i < ours->len; i++) {
		double value = g_array_index(ours, double, i), other = i < stock->len ? g_array_index(stock, double, i) : -1;

		if (value < 0 || ((bar->kind == GREATER || bar->kind == SMALLER) && (other <= 0 || value <= 0)))
			continue;
		value = bar->kind == GREATER ? value / other : bar->kind == SMALLER ? other / value : value;
		g_array_append_val(result, value);
	}
	g_array_sort(result, by_value);
	return result;
}

static double median_of(GArray *found)
{
	return found->len ? (g_array_index(found, double, found->len / 2) + g_array_index(found, double, (found->len - 1) / 2)) / 2 : -1;
}

/* How many times stock a driver could be that does nothing but give the same bytes back; -1: nobody knows. */
static double reach_of(const struct pn_rundir *run, const struct bar *bar, const struct cell *cell)
{
	struct cell control = {cell->scenario, "stock", "pfn", cell->backing, cell->init_on_alloc};
	g_autoptr(GArray) stock = values(run, &control, bar->metric);
	double limit = 0;

	for (size_t b = 0; b < G_N_ELEMENTS(backings); b++)
		if (!strcmp(backings[b], cell->backing))
			limit = limits[b];
	g_array_sort(stock, by_value);
	if (bar->kind != GREATER || !strcmp(bar->metric, DEFLATE) || limit <= 0 || median_of(stock) <= 0)
		return -1;
	return limit / median_of(stock);
}

/* What the host alone makes of a figure; -1: nobody knows. */
static double noise_of(const struct pn_rundir *run, const struct bar *bar, const struct cell *cell)
{
	g_autoptr(GArray) found = bar->noise ? values(run, cell, bar->noise) : g_array_new(FALSE, FALSE, sizeof(double));

	g_array_sort(found, by_value);
	return median_of(found);
}

static void print_row(const struct pn_rundir *run, const struct bar *bar, const struct cell *cell, struct tally *tally)
{
	g_autoptr(GArray) found = figures(run, bar, cell);
	double limit = bar->bar[cell->init_on_alloc], scale = bar->kind == AT_MOST ? 1e6 : 1, median, noise, reach;
	const char *unit = bar->kind == AT_MOST ? " ms" : bar->kind == AT_LEAST ? "" : "x", *verdict = "pass";
	bool good, open;

	printf("%-31s %-7s %-7s %d ", bar->what, cell->mode, cell->backing, cell->init_on_alloc);
	if (!found->len) {
		printf("%*s not measured\n", 46, "");
		tally->unknown++;
		return;
	}
	median = median_of(found);
	noise = noise_of(run, bar, cell);
	good = bar->kind == AT_MOST ? median <= limit : bar->kind == SMALLER ? median > limit : median >= limit;
	reach = reach_of(run, bar, cell);
	open = noise > limit || (reach > 0 && reach < limit);
	if (!good)
		verdict = noise > limit ? "can't tell" : open ? "out of reach" : "short";
	tally->passed += good;
	tally->shy += !good && !open;
	tally->unknown += !good && open;
	printf("%8.4g%s (%.4g to %.4g, n=%u) bar %s%.4g%s  %s\n", median / scale, unit, g_array_index(found, double, 0) / scale,
	       g_array_index(found, double, found->len - 1) / scale, found->len, bar->kind == AT_MOST ? "<=" : bar->kind == SMALLER ? ">" : ">=",
	       limit / scale, unit, verdict);
	if (!good && reach > 0 && reach < limit)
		printf("%*s%8.4gx is all that one program could do\n", 50, "", reach);
	if (noise >= 0)
		printf("%*s%8.4g%s while no balloon moves\n", 50, "", noise / scale, unit);
}

static bool was_run(const struct pn_rundir *run, const struct cell *cell)
{
	for (size_t i = 0; i < run->count; i++)
		if (is_in(run, i, cell))
			return true;
	return false;
}

static void print_bar(const struct pn_rundir *run, const struct bar *bar, struct tally *tally)
{
	static const char *const modes[] = {"strict", "fast", "pfn"};

	for (int init = 0; init < 2; init++)
		for (size_t b = 0; b < G_N_ELEMENTS(backings); b++)
			for (size_t m = 0; m < G_N_ELEMENTS(modes); m++) {
				struct cell cell = {bar->scenario, "vballoon", modes[m], backings[b], init};

				if (has_word(bar->modes, modes[m]) && has_word(bar->backings, backings[b]) && was_run(run, &cell))
					print_row(run, bar, &cell, tally);
			}
}

/* One round of the limit. Return: bytes/s, or 0 when this host has no such memory. */
static double give_back(const char *backing)
{
	bool shared = !strcmp(backing, "memfd") || !strcmp(backing, "hugetlb");
	int fd = shared ? memfd_create("limit", MFD_CLOEXEC | (!strcmp(backing, "hugetlb") ? MFD_HUGETLB : 0)) : -1;
	uint64_t began_ns, took_ns = 0;
	bool failed = shared && (fd < 0 || ftruncate(fd, LIMIT_BYTES));
	char *p = failed ? MAP_FAILED
			 : mmap(NULL, LIMIT_BYTES, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);

	if (p != MAP_FAILED) {
		if (!shared)
			madvise(p, LIMIT_BYTES, !strcmp(backing, "thp") ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		failed = madvise(p, LIMIT_BYTES, MADV_POPULATE_WRITE) != 0;
		began_ns = pn_clock_now_ns();
		for (uint64_t at = 0; !failed && at < LIMIT_BYTES; at += LIMIT_CALL_BYTES)
			failed = shared ? fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, LIMIT_CALL_BYTES) != 0
					: madvise(p + at, LIMIT_CALL_BYTES, MADV_DONTNEED) != 0;
		took_ns = pn_clock_now_ns() - began_ns;
		munmap(p, LIMIT_BYTES);
	}
	if (fd >= 0)
		close(fd);
	return failed || !took_ns ? 0 : (double)LIMIT_BYTES * PN_NS_PER_S / (double)took_ns;
}

static void measure_limits(void)
{
	for (size_t b = 0; b < G_N_ELEMENTS(backings); b++)
		for (int i = 0; i < LIMIT_ROUNDS; i++)
			limits[b] = MAX(limits[b], give_back(backings[b]));
}

/* How far the driver is from what the host could do. */
static void print_limit(const struct pn_rundir *run, const char *backing, double best)
{
	static const char *const modes[] = {"strict", "fast"};

	if (best <= 0) {
		printf("%-8s this host gives a program no such memory: no limit known\n", backing);
		return;
	}
	printf("%-8s %7.1f GiB/s", backing, best / (double)PN_GIB);
	for (int init = 0; init < 2; init++)
		for (size_t m = 0; m < G_N_ELEMENTS(modes); m++) {
			struct cell cell = {"driver-return", "vballoon", modes[m], backing, init};
			g_autoptr(GArray) rates = values(run, &cell, RESIDENT);

			g_array_sort(rates, by_value);
			if (median_of(rates) > 0)
				printf("; %s, init_on_alloc=%d: %.1f GiB/s, %.1f %% of it", modes[m], init, median_of(rates) / (double)PN_GIB,
				       100 * median_of(rates) / best);
		}
	printf("\n");
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("RUNDIR - what the suite `driver` measured, against the bars");
	g_autoptr(GError) error = NULL;
	struct pn_rundir *run = NULL;
	struct pn_diag diag = {""};
	struct tally tally = {0};

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2) {
		fprintf(stderr, "driver: %s; see --help\n", error ? error->message : "expected one run directory of the suite driver");
		return PN_EXIT_USAGE;
	}
	if (pn_rundir_read(argv[1], &run, &diag)) {
		fprintf(stderr, "driver: %s\n", diag.text);
		return PN_EXIT_BROKEN;
	}
	if (!option_no_limit)
		measure_limits();
	printf("%-31s %-7s %-7s init_on_alloc\n", "", "mode", "backing");
	for (size_t i = 0; i < G_N_ELEMENTS(bars); i++)
		print_bar(run, &bars[i], &tally);
	if (!option_no_limit) {
		printf("\nlimit: %llu MiB given back by one program, best of %d\n", (unsigned long long)(LIMIT_BYTES / PN_MIB), LIMIT_ROUNDS);
		for (size_t b = 0; b < G_N_ELEMENTS(backings); b++)
			print_limit(run, backings[b], limits[b]);
	}
	printf("\n%u pass, %u short, %u not measured, not to be told or out of reach\n", tally.passed, tally.shy, tally.unknown);
	pn_rundir_free(run);
	return tally.shy ? PN_EXIT_FAIL : tally.passed ? PN_EXIT_PASS : PN_EXIT_NOTHING_RAN;
}
