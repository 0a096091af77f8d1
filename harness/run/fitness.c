// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's fitness for measuring times, as a table of checks over two looks at the kernel's files. Invariant: a file that is not there
 * makes a check unknown, never fit. Limit: it says what was so before the run; noise that comes later is in the samples (run delay of
 * QEMU's threads, PSI of the host).
 */
#include "fitness.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/units.h"

/** struct look - the kernel's files at one moment; NULL: not there */
struct look {
	char *stat, *vmstat;
};

/** struct host - what the checks see */
struct host {
	const char *root;
	const char *accel;
	struct look before, after;
};

enum state { FIT, UNFIT, NOTED, UNKNOWN };

static const char *const state_names[] = {[FIT] = "fit", [UNFIT] = "unfit", [NOTED] = "noted", [UNKNOWN] = "unknown"};

/** struct check - one property of the host */
struct check {
	const char *name;
	const char *help; /* what it does to figures */
	double limit;	  /* largest value that is fit */
	bool share;	  /* values are shares, told in percent */
	const char *wanted; /* what would be fit, in a word; NULL: a number up to @limit */
	/* @measure: a state; for FIT the number is held against @limit. @ret_says: what was found, where a number does not say it; g_free() */
	enum state (*measure)(const struct host *host, double *ret_value, char **ret_says);
};

static char *read_file(const struct host *host, const char *path)
{
	g_autofree char *full = g_strconcat(host->root, path, NULL);
	char *text = NULL;

	return g_file_get_contents(full, &text, NULL, NULL) ? text : NULL;
}

static void take_look(const struct host *host, struct look *ret_look)
{
	ret_look->stat = read_file(host, "/proc/stat");
	ret_look->vmstat = read_file(host, "/proc/vmstat");
}

static void free_look(struct look *look)
{
	g_free(look->stat);
	g_free(look->vmstat);
}

/** struct ticks - first line of /proc/stat */
struct ticks {
	uint64_t all, idle, steal;
};

static bool read_ticks(const char *stat, struct ticks *ret_ticks)
{
	unsigned long long t[8] = {0};

	if (!stat || sscanf(stat, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
		return false;
	*ret_ticks = (struct ticks){.idle = t[3] + t[4], .steal = t[7]};
	for (size_t i = 0; i < G_N_ELEMENTS(t); i++)
		ret_ticks->all += t[i];
	return true;
}

static bool ticks_between(const struct host *host, struct ticks *ret_ticks)
{
	struct ticks before, after;

	if (!read_ticks(host->before.stat, &before) || !read_ticks(host->after.stat, &after) || after.all <= before.all)
		return false;
	*ret_ticks = (struct ticks){after.all - before.all, after.idle - before.idle, after.steal - before.steal};
	return true;
}

static enum state measure_steal(const struct host *host, double *ret_value, char **ret_says)
{
	struct ticks ticks;

	if (!ticks_between(host, &ticks))
		return UNKNOWN;
	*ret_value = (double)ticks.steal / (double)ticks.all;
	return FIT;
}

static enum state measure_busy(const struct host *host, double *ret_value, char **ret_says)
{
	struct ticks ticks;

	if (!ticks_between(host, &ticks))
		return UNKNOWN;
	*ret_value = (double)(ticks.all - ticks.idle - ticks.steal) / (double)ticks.all;
	return FIT;
}

static unsigned int count_cpus(const char *stat)
{
	unsigned int cpus = 0;

	for (const char *line = stat; line && (line = strstr(line, "\ncpu")); line++)
		cpus += g_ascii_isdigit(line[4]);
	return cpus;
}

static enum state measure_load(const struct host *host, double *ret_value, char **ret_says)
{
	g_autofree char *text = read_file(host, "/proc/loadavg");
	unsigned int cpus = count_cpus(host->after.stat);

	if (!text || !cpus)
		return UNKNOWN;
	*ret_value = g_ascii_strtod(text, NULL) / cpus;
	return FIT;
}

/* pages that the host swapped while it was looked at: its memory is short already */
static enum state measure_swap(const struct host *host, double *ret_value, char **ret_says)
{
	double pages = 0;

	for (const char *const *key = (const char *const[]){"\npswpin ", "\npswpout ", NULL}; *key; key++) {
		const char *before = host->before.vmstat ? strstr(host->before.vmstat, *key) : NULL;
		const char *after = host->after.vmstat ? strstr(host->after.vmstat, *key) : NULL;

		if (!before || !after)
			return UNKNOWN;
		pages += g_ascii_strtod(after + strlen(*key), NULL) - g_ascii_strtod(before + strlen(*key), NULL);
	}
	*ret_value = pages;
	return FIT;
}

static enum state measure_ksm(const struct host *host, double *ret_value, char **ret_says)
{
	g_autofree char *text = read_file(host, "/sys/kernel/mm/ksm/run");

	if (!text)
		return UNKNOWN;
	*ret_value = atoi(text) == 1;
	*ret_says = g_strdup(atoi(text) == 1 ? "running" : "off");
	return FIT;
}

static enum state measure_thp(const struct host *host, double *ret_value, char **ret_says)
{
	g_autofree char *text = read_file(host, "/sys/kernel/mm/transparent_hugepage/enabled");
	char *chosen = text ? strchr(text, '[') : NULL, *end = chosen ? strchr(chosen, ']') : NULL;

	if (!end)
		return UNKNOWN;
	*ret_says = g_strndup(chosen + 1, (gsize)(end - chosen - 1));
	return NOTED;
}

/* a clock that goes up and down with the load makes equal work take unequal times */
static enum state measure_frequency(const struct host *host, double *ret_value, char **ret_says)
{
	g_autofree char *governor = read_file(host, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");

	if (!governor) {
		*ret_says = g_strdup("not visible here");
		return UNKNOWN;
	}
	*ret_says = g_strdup(g_strstrip(governor));
	*ret_value = strcmp(governor, "performance") != 0;
	return FIT;
}

static enum state measure_accelerator(const struct host *host, double *ret_value, char **ret_says)
{
	*ret_says = g_strdup(host->accel);
	return NOTED;
}

static const struct check checks[] = {
	{"steal", "CPU time that the hypervisor gave to others", 0.02, true, NULL, measure_steal},
	{"busy", "CPU time that other programs take now", 0.10, true, NULL, measure_busy},
	{"load", "runnable tasks for each CPU, over the last minute", 0.5, false, NULL, measure_load},
	{"frequency", "governor of the clock rate; performance keeps it level", 0, false, "performance", measure_frequency},
	{"thp", "huge pages behind guests that ask for them (madvise) or behind all (always)", 0, false, NULL, measure_thp},
	{"ksm", "merges equal pages under the guests' feet", 0, false, "off", measure_ksm},
	{"swap", "pages that the host swaps now", 0, false, NULL, measure_swap},
	{"accelerator", "times compare under the same one only", 0, false, NULL, measure_accelerator},
};

static char *number(const struct check *check, double value)
{
	return check->share ? g_strdup_printf("%.1f %%", value * 100) : g_strdup_printf("%.2g", value);
}

static json_t *run_check(const struct check *check, const struct host *host)
{
	g_autofree char *says = NULL, *limit = number(check, check->limit);
	g_autofree char *wanted = check->wanted ? g_strdup(check->wanted) : g_strdup_printf("at most %s", limit);
	double value = -1;
	enum state state = check->measure(host, &value, &says);
	json_t *result;

	if (state == FIT && value > check->limit)
		state = UNFIT;
	if (!says)
		says = state == UNKNOWN ? g_strdup("this host does not tell") : number(check, value);
	result = json_pack("{s:s, s:s, s:s, s:s}", "name", check->name, "state", state_names[state], "says", says, "help", check->help);
	if (state == FIT || state == UNFIT) {
		json_object_set_new(result, "value", json_real(value));
		json_object_set_new(result, "limit", json_real(check->limit));
		json_object_set_new(result, "wanted", json_string(wanted));
	}
	return result;
}

json_t *pn_fitness_judge(const char *root, const char *accel, uint64_t window_ns)
{
	struct host host = {.root = root, .accel = accel};
	uint64_t until_ns = pn_clock_now_ns() + window_ns;
	json_t *results = json_array();
	bool fit = true;

	take_look(&host, &host.before);
	while (pn_clock_sleep_until(until_ns) && pn_clock_now_ns() < until_ns)
		;
	take_look(&host, &host.after);
	for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
		json_t *result = run_check(&checks[i], &host);

		fit &= strcmp(json_string_value(json_object_get(result, "state")), state_names[UNFIT]) != 0;
		json_array_append_new(results, result);
	}
	free_look(&host.before);
	free_look(&host.after);
	return json_pack("{s:s, s:f, s:o}", "verdict", fit ? "FIT" : "UNFIT", "window_s", (double)window_ns / PN_NS_PER_S, "checks", results);
}

bool pn_fitness_fit(const json_t *fitness)
{
	const char *verdict = json_string_value(json_object_get(fitness, "verdict"));

	return verdict && !strcmp(verdict, "FIT");
}
