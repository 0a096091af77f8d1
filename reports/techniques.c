// SPDX-License-Identifier: GPL-2.0-only
/*
 * Techniques of a run: cases grouped by technique, scenario and further axes, repeats taken together. A figure of several guests is that of the worst of
 * them where it does not add up. Nothing is made up: a figure is absent where no case of the group has it.
 */
#include "techniques.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/base/diag.h"
#include "../harness/base/fs.h"
#include "report.h"
#include "rundir.h"
#include "stats/stats.h"

#define ALL_RATIO 0.9
#define NOTHING_RATIO 0.1

const struct pn_techniques_key pn_techniques_keys[] = {
	{"asked_bytes", "technique.asked_bytes", "asked for", false},
	{"returned_bytes", "technique.returned_bytes", "returned", true},
	{"t50_s", "technique.t50_s", "time to 50 %", false},
	{"t90_s", "technique.t90_s", "time to 90 %", false},
	{"t99_s", "technique.t99_s", "time to 99 %", false},
	{"giveback_s", "technique.giveback_s", "given back and used again", false},
	{"need_s", "technique.need_s", "suddenly needed, still in force", false},
	{"host_cpu_s_per_gib", "technique.host_cpu_s_per_gib", "host CPU time a GiB", false},
	{"guest_cpu_s", "technique.guest_cpu_s", "guest CPU time", false},
	{"touch_ns.p50", "guest.touch_ns.p50", "touch p50", false},
	{"touch_ns.p99", "guest.touch_ns.p99", "touch p99", false},
	{"touch_ns.p999", "guest.touch_ns.p999", "touch p99.9", false},
	{"ops_per_s", "load.mix-hot.ops_per_s", "touches a second", true},
	{"guest_swap_bytes", "technique.guest_swap_bytes", "swapped by the guest", false},
	{"host_swap_bytes", "technique.host_swap_bytes", "swapped by the host", false},
	{"huge_before_bytes", "technique.huge_before_bytes", "huge pages before", true},
	{"huge_after_bytes", "technique.huge_after_bytes", "huge pages after", true},
	{"guest_oom_kills", "technique.guest_oom_kills", "OOM kills in the guest", false},
	{0},
};

/** struct group - cases that are one but for their repeat */
struct group {
	const char *technique, *scenario;
	bool unaware;
	json_t *axes;
	GArray *cases; /* size_t */
};

static const char *param(const struct pn_rundir *run, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_object_get(pn_rundir_case(run, i), "params"), key));
}

/* what tells the cases of one technique and scenario apart, but for the repeat */
static json_t *axes_of(const struct pn_rundir *run, size_t i)
{
	static const char *const common[] = {"technique", "unaware", "driver", "load", "guests"};
	json_t *axes = json_deep_copy(json_object_get(pn_rundir_case(run, i), "params"));

	for (size_t k = 0; k < G_N_ELEMENTS(common); k++)
		json_object_del(axes, common[k]);
	return axes ? axes : json_object();
}

static void clear_group(void *data)
{
	struct group *group = data;

	json_decref(group->axes);
	g_array_unref(group->cases);
}

static struct group *group_of(GArray *groups, const struct pn_rundir *run, size_t i)
{
	const char *technique = param(run, i, "technique"), *scenario = pn_rundir_string(run, i, "scenario");
	bool unaware = !g_strcmp0(param(run, i, "unaware"), "true");
	json_t *axes = axes_of(run, i);
	struct group fresh = {.technique = technique, .scenario = scenario, .unaware = unaware, .axes = axes};

	for (guint g = 0; g < groups->len; g++) {
		struct group *group = &g_array_index(groups, struct group, g);

		if (strcmp(group->technique, technique) || strcmp(group->scenario, scenario) || group->unaware != unaware || !json_equal(group->axes, axes))
			continue;
		json_decref(axes);
		return group;
	}
	fresh.cases = g_array_new(FALSE, FALSE, sizeof(size_t));
	g_array_append_val(groups, fresh);
	return &g_array_index(groups, struct group, groups->len - 1);
}

static GArray *groups_of(const struct pn_rundir *run)
{
	GArray *groups = g_array_new(FALSE, TRUE, sizeof(struct group));

	g_array_set_clear_func(groups, clear_group);
	for (size_t i = 0; i < run->count; i++)
		if (param(run, i, "technique"))
			g_array_append_val(group_of(groups, run, i)->cases, i);
	return groups;
}

/* of a case with several guests: what is summed there, else the largest of its guests' */
static bool metric_of(const struct pn_rundir *run, size_t i, const char *metric, double *ret_value)
{
	g_autofree char *suffix = g_strconcat(".", metric, NULL);
	const char *name;
	json_t *entry;
	bool any = false;

	if (!pn_rundir_metric(run, i, metric, ret_value))
		return true;
	json_object_foreach (json_object_get(run->verdicts[i], "metrics"), name, entry) {
		double value = json_number_value(json_object_get(entry, "value"));

		if (!g_str_has_prefix(name, "guests.") || !g_str_has_suffix(name, suffix))
			continue;
		*ret_value = any ? MAX(*ret_value, value) : value;
		any = true;
	}
	return any;
}

static GArray *values_of(const struct pn_rundir *run, const struct group *group, const char *metric)
{
	GArray *values = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint c = 0; c < group->cases->len; c++) {
		size_t i = g_array_index(group->cases, size_t, c);
		double value;

		if (run->verdicts[i] && metric_of(run, i, metric, &value))
			g_array_append_val(values, value);
	}
	return values;
}

static void put(json_t *into, const char *path, json_t *value)
{
	g_auto(GStrv) parts = g_strsplit(path, ".", 2);

	if (!parts[1]) {
		json_object_set_new(into, path, value);
		return;
	}
	if (!json_object_get(into, parts[0]))
		json_object_set_new(into, parts[0], json_object());
	json_object_set_new(json_object_get(into, parts[0]), parts[1], value);
}

static json_t *number(double value)
{
	return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value) : json_real(value);
}

static void set_figures(json_t *entry, const struct pn_rundir *run, const struct group *group)
{
	json_t *range = json_object();

	for (const struct pn_techniques_key *key = pn_techniques_keys; key->path; key++) {
		GArray *values = values_of(run, group, key->metric);
		double median, low = INFINITY, high = -INFINITY;

		for (guint i = 0; i < values->len; i++) {
			low = MIN(low, g_array_index(values, double, i));
			high = MAX(high, g_array_index(values, double, i));
		}
		if (!pn_stats_median((const double *)values->data, values->len, &median))
			put(entry, key->path, number(median));
		if (values->len > 1)
			json_object_set_new(range, key->path, json_pack("[o, o]", number(low), number(high)));
		g_array_unref(values);
	}
	json_object_set_new(entry, "range", range);
}

/* why not all came back: the words of the case's oracle */
static const char *why_of(const json_t *verdict)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (json_object_get(verdict, "findings"), i, finding) {
		const char *reason = json_string_value(json_object_get(finding, "reason"));
		const char *at = reason ? strstr(reason, "technique ") : NULL;

		if (at)
			return at;
	}
	return NULL;
}

static const char *word_of(double ratio)
{
	return ratio >= ALL_RATIO ? "all" : ratio >= NOTHING_RATIO ? "part" : "nothing";
}

static void set_verdict(json_t *entry, const struct pn_rundir *run, const struct group *group)
{
	static const char *const worst[] = {"FAIL", "BROK", "SKIP"};
	double asked, returned;
	const char *word = NULL, *why = NULL;

	for (size_t w = 0; w < G_N_ELEMENTS(worst) && !word; w++)
		for (guint c = 0; c < group->cases->len && !word; c++) {
			size_t i = g_array_index(group->cases, size_t, c);

			if (g_strcmp0(pn_rundir_verdict(run, i), worst[w]))
				continue;
			word = worst[w];
			why = pn_rundir_reason(run, i);
		}
	if (!word && pn_techniques_value(entry, "asked_bytes", -1, &asked) && pn_techniques_value(entry, "returned_bytes", -1, &returned) && asked > 0)
		word = word_of(returned / asked);
	for (guint c = 0; !why && c < group->cases->len; c++)
		why = why_of(run->verdicts[g_array_index(group->cases, size_t, c)]);
	json_object_set_new(entry, "verdict", json_string(word ? word : "open"));
	if (why)
		json_object_set_new(entry, "why", json_string(why));
}

static json_t *entry_of(const struct pn_rundir *run, const struct group *group)
{
	json_t *entry = json_pack("{s:s, s:s, s:O, s:b}", "technique", group->technique, "scenario", group->scenario, "axes", group->axes, "unaware", group->unaware);

	set_figures(entry, run, group);
	set_verdict(entry, run, group);
	json_object_set_new(entry, "repeats", json_integer(group->cases->len));
	return entry;
}

/* The same technique with a guest that plays along and with one that does not; both must have been measured. */
static bool ratio_of(const json_t *entries, const char *technique, bool unaware, double *ret_ratio)
{
	const json_t *entry;
	double asked, returned;
	bool any = false;
	size_t i;

	json_array_foreach (entries, i, entry) {
		if (strcmp(json_string_value(json_object_get(entry, "technique")), technique) || json_is_true(json_object_get(entry, "unaware")) != unaware ||
		    !pn_techniques_value(entry, "asked_bytes", -1, &asked) || !pn_techniques_value(entry, "returned_bytes", -1, &returned) || asked <= 0)
			continue;
		*ret_ratio = any ? MAX(*ret_ratio, returned / asked) : returned / asked;
		any = true;
	}
	return any;
}

static void set_cooperation(json_t *entries)
{
	json_t *entry;
	size_t i;

	json_array_foreach (entries, i, entry) {
		const char *technique = json_string_value(json_object_get(entry, "technique"));
		double with, without;

		if (ratio_of(entries, technique, false, &with) && ratio_of(entries, technique, true, &without) && with >= NOTHING_RATIO)
			json_object_set_new(entry, "needs_guest_driver", json_boolean(without < with / 2));
	}
}

json_t *pn_techniques_json(const struct pn_rundir *run)
{
	GArray *groups = groups_of(run);
	json_t *entries = groups->len ? json_array() : NULL;

	for (guint g = 0; g < groups->len; g++)
		json_array_append_new(entries, entry_of(run, &g_array_index(groups, struct group, g)));
	if (entries)
		set_cooperation(entries);
	g_array_unref(groups);
	return entries;
}

bool pn_techniques_value(const json_t *entry, const char *path, int end, double *ret_value)
{
	g_auto(GStrv) parts = g_strsplit(path, ".", 2);
	const json_t *value;

	if (end >= 0)
		value = json_array_get(json_object_get(json_object_get(entry, "range"), path), (size_t)end);
	else
		value = parts[1] ? json_object_get(json_object_get(entry, parts[0]), parts[1]) : json_object_get(entry, path);
	if (!json_is_number(value))
		return false;
	*ret_value = json_number_value(value);
	return true;
}

static double rank_of(const GArray *row, double value)
{
	double below = 0, alike = 0;

	for (guint i = 0; i < row->len; i++) {
		below += g_array_index(row, double, i) < value;
		alike += g_array_index(row, double, i) == value;
	}
	return below + (alike + 1) / 2;
}

int pn_techniques_concordance(const struct pn_rundir *run, const char *scenario, const char *metric, double *ret_w)
{
	GArray *groups = groups_of(run), *sums;
	g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	guint repeats = 0, n;
	double spread = 0;

	for (guint g = 0; g < groups->len; g++) {
		const struct group *group = &g_array_index(groups, struct group, g);
		GArray *values;

		if (strcmp(group->scenario, scenario) || group->unaware)
			continue;
		values = values_of(run, group, metric);
		if (values->len == group->cases->len && (!repeats || values->len == repeats)) {
			repeats = values->len;
			g_ptr_array_add(columns, values);
		} else {
			g_array_unref(values);
		}
	}
	g_array_unref(groups);
	n = columns->len;
	if (repeats < 2 || n < 3)
		return -ENODATA;
	sums = g_array_new(FALSE, TRUE, sizeof(double));
	g_array_set_size(sums, n);
	for (guint r = 0; r < repeats; r++) {
		g_autoptr(GArray) row = g_array_new(FALSE, FALSE, sizeof(double));

		for (guint t = 0; t < n; t++)
			g_array_append_val(row, g_array_index((GArray *)columns->pdata[t], double, r));
		for (guint t = 0; t < n; t++)
			g_array_index(sums, double, t) += rank_of(row, g_array_index(row, double, t));
	}
	for (guint t = 0; t < n; t++)
		spread += pow(g_array_index(sums, double, t) - repeats * (n + 1) / 2.0, 2);
	g_array_unref(sums);
	*ret_w = 12 * spread / (pow(repeats, 2) * (pow(n, 3) - n));
	return (int)repeats;
}

int pn_techniques_write(const struct pn_rundir *run, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(run->dir, "techniques.json", NULL), *line = NULL;
	json_t *techniques = pn_techniques_json(run);
	char *text;
	int err;

	if (!techniques)
		return 0;
	text = json_dumps(techniques, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	line = g_strconcat(text, "\n", NULL);
	err = pn_fs_write(path, line, strlen(line), diag);
	free(text);
	json_decref(techniques);
	return err;
}
