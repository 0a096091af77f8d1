// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a technique brought back, how fast, at what price: from its records in the journal (harness/technique/reclaim.h) alone.
 *
 * CPU time of the host is QEMU's, the kernel threads' that work for it, and the harness's own in the technique, less what the same seconds cost while
 * nothing was asked for: before it, or while it was held, whichever was less. Bytes swapped stand by cause: the part of the case in which they went. Absent is what was not seen: a share that never came back has no time.
 */
#include "metrics.h"

#include <string.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

#define PER_S (1 / (double)PN_NS_PER_S)
#define LEAST_RATIO 0.1 /* of what was asked for: less has no price per GiB, the rest is noise */

/** struct work - the records of one technique; NULL: there is none */
struct work {
	const json_t *begin, *end, *need, *give_back;
	const json_t *warm, *before, *after, *needed, *need_end, *last; /* looks, in this order */
};

static void take_look(struct work *work, const json_t *entry)
{
	const struct {
		const char *when;
		const json_t **at;
	} looks[] = {{"warm", &work->warm},	{"begin", &work->before},	{"end-of-reclaim", &work->after},
		     {"need", &work->needed}, {"need-end", &work->need_end}, {"end", &work->last}};

	for (size_t i = 0; i < G_N_ELEMENTS(looks); i++)
		if (pn_is(entry, "when", looks[i].when))
			*looks[i].at = entry;
}

static void find(const struct pn_record *record, struct work *work)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry) {
		if (pn_is(entry, "ev", "need"))
			*(pn_is(entry, "state", "need") ? &work->need : &work->give_back) = entry;
		if (!pn_is(entry, "ev", "reclaim"))
			continue;
		if (pn_is(entry, "state", "begin"))
			work->begin = entry;
		else if (pn_is(entry, "state", "end"))
			work->end = entry;
		else
			take_look(work, entry);
	}
}

static bool difference(const json_t *from, const json_t *to, const char *key, int64_t *ret_delta)
{
	int64_t a, b;

	if (!from || !to || !pn_field(from, key, &a) || !pn_field(to, key, &b))
		return false;
	*ret_delta = b - a;
	return true;
}

/* when so much of what was asked for was back, and stayed so to the end of the curve or was given up for more */
static void set_times(const struct work *work, int64_t asked_bytes, json_t *metrics)
{
	static const struct {
		const char *name;
		double share;
	} times[] = {{"technique.t50_s", 0.5}, {"technique.t90_s", 0.9}, {"technique.t99_s", 0.99}};
	const json_t *points = json_object_get(work->end, "points"), *point;

	for (size_t t = 0; t < G_N_ELEMENTS(times); t++) {
		size_t i;

		json_array_foreach(points, i, point) {
			if ((double)json_integer_value(json_array_get(point, 1)) < times[t].share * (double)asked_bytes)
				continue;
			pn_metric_set(metrics, times[t].name, (double)json_integer_value(json_array_get(point, 0)) * PER_S, "s");
			break;
		}
	}
}

static bool rate_between(const json_t *from, const json_t *to, const char *key, double *ret_per_ns)
{
	int64_t used, passed;

	if (!difference(from, to, key, &used) || !difference(from, to, "t_ns", &passed) || passed <= 0)
		return false;
	*ret_per_ns = (double)used / (double)passed;
	return true;
}

static bool idle_rate(const struct work *work, const char *key, double *ret_per_ns)
{
	double before, held;

	if (!rate_between(work->warm, work->before, key, &before))
		return false;
	*ret_per_ns = rate_between(work->after, work->needed, key, &held) ? MIN(before, held) : before;
	return true;
}

static void set_cpu(const struct work *work, int64_t asked_bytes, int64_t returned_bytes, json_t *metrics)
{
	static const char *const keys[] = {"qemu_cpu_ns", "kernel_cpu_ns"};
	double cpu_ns = (double)pn_field_or(work->end, "own_cpu_ns", 0);
	int64_t passed;

	if (!difference(work->before, work->after, "t_ns", &passed))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		int64_t used;
		double rate;

		if (!difference(work->before, work->after, keys[i], &used) || !idle_rate(work, keys[i], &rate))
			return;
		cpu_ns += (double)used - rate * (double)passed;
	}
	/* less than what the load takes anyhow: it can't be seen, which is not nothing */
	if (cpu_ns <= 0)
		return;
	pn_metric_set(metrics, "technique.host_cpu_s", cpu_ns * PER_S, "s");
	if ((double)returned_bytes >= LEAST_RATIO * (double)asked_bytes)
		pn_metric_set(metrics, "technique.host_cpu_s_per_gib", cpu_ns * PER_S * (double)PN_GIB / (double)returned_bytes, "s");
}

static void set_guest_cpu(const struct work *work, json_t *metrics)
{
	const json_t *warm = json_object_get(work->warm, "guest"), *before = json_object_get(work->before, "guest");
	const json_t *after = json_object_get(work->after, "guest");
	int64_t idle, idle_ns, used, used_ns;

	if (!difference(warm, before, "cpu_ns", &idle) || !difference(warm, before, "mono_ns", &idle_ns) || idle_ns <= 0 ||
	    !difference(before, after, "cpu_ns", &used) || !difference(before, after, "mono_ns", &used_ns))
		return;
	pn_metric_set(metrics, "technique.guest_cpu_s", MAX((double)used - (double)idle * (double)used_ns / (double)idle_ns, 0) * PER_S, "s");
}

/** struct part - of a case: where swapping has its cause */
struct part {
	const char *cause;
	const json_t *from, *to;
};

/*
 * The host counts what everybody swaps. A guest of which nothing is swapped has swapped nothing; of another it is known only while nobody else's swap area is in
 * use.
 */
static bool host_is_ours(const struct part *part)
{
	return pn_field_or(part->from, "host_swap_others", 1) == 0 && pn_field_or(part->to, "host_swap_others", 1) == 0;
}

static bool nothing_swapped(const struct part *part)
{
	return pn_field_or(part->from, "swap_bytes", 1) == 0 && pn_field_or(part->to, "swap_bytes", 1) == 0;
}

static bool swapped(const struct part *part, bool guest, int64_t *ret_bytes)
{
	const json_t *from = guest ? json_object_get(part->from, "guest") : part->from, *to = guest ? json_object_get(part->to, "guest") : part->to;
	int64_t in, out;

	if (!from || !to)
		return false;
	if (!guest && nothing_swapped(part)) {
		*ret_bytes = 0;
		return true;
	}
	if (!guest && !host_is_ours(part))
		return false;
	if (!difference(from, to, guest ? "pswpin" : "host_swap_in", &in) || !difference(from, to, guest ? "pswpout" : "host_swap_out", &out))
		return false;
	*ret_bytes = (in + out) * PN_PAGE_BYTES;
	return true;
}

static void set_swap(const struct work *work, bool guest, json_t *metrics)
{
	const struct part parts[] = {{"reclaim", work->before, work->after}, {"hold", work->after, work->needed}, {"need", work->needed, work->need_end},
				     {"give-back", work->need_end, work->last}};
	const struct part all = {"", work->before, work->last};
	const char *side = guest ? "guest" : "host";
	int64_t bytes;

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *name = g_strdup_printf("technique.%s_swap_bytes.%s", side, parts[i].cause);

		if (swapped(&parts[i], guest, &bytes))
			pn_metric_set(metrics, name, (double)bytes, "bytes");
	}
	if (swapped(&all, guest, &bytes))
		pn_metric_set(metrics, guest ? "technique.guest_swap_bytes" : "technique.host_swap_bytes", (double)bytes, "bytes");
}

static void set_sides(const struct work *work, json_t *metrics)
{
	static const struct {
		const char *key, *name;
		int sign;
	} sides[] = {
	    {"rss_bytes", "technique.returned_rss_bytes", -1},	     {"cgroup_bytes", "technique.returned_cgroup_bytes", -1},
	    {"host_free_bytes", "technique.returned_free_bytes", 1}, {"swap_bytes", "technique.swapped_out_bytes", 1},
	};
	int64_t value;

	for (size_t i = 0; i < G_N_ELEMENTS(sides); i++)
		if (difference(work->before, work->after, sides[i].key, &value))
			pn_metric_set(metrics, sides[i].name, (double)(sides[i].sign * value), "bytes");
	if (work->before && pn_field(work->before, "anon_huge_bytes", &value))
		pn_metric_set(metrics, "technique.huge_before_bytes", (double)value, "bytes");
	if (work->after && pn_field(work->after, "anon_huge_bytes", &value))
		pn_metric_set(metrics, "technique.huge_after_bytes", (double)value, "bytes");
}

static void set_needs(const struct work *work, json_t *metrics)
{
	int64_t ns, kills;

	if (work->need && pn_field(work->need, "duration_ns", &ns))
		pn_metric_set(metrics, "technique.need_s", (double)ns * PER_S, "s");
	if (work->give_back && pn_field(work->give_back, "duration_ns", &ns))
		pn_metric_set(metrics, "technique.giveback_s", (double)ns * PER_S, "s");
	if (work->give_back && pn_field(work->give_back, "order_ns", &ns))
		pn_metric_set(metrics, "technique.giveback_order_s", (double)ns * PER_S, "s");
	if (difference(json_object_get(work->before, "guest"), json_object_get(work->last, "guest"), "oom_kill", &kills))
		pn_metric_set(metrics, "technique.guest_oom_kills", (double)kills, "count");
}

void pn_metrics_technique(const struct pn_record *record, json_t *metrics)
{
	struct work work = {0};
	int64_t asked_bytes, returned_bytes;

	find(record, &work);
	if (!work.begin || !work.end || !pn_field(work.begin, "asked_bytes", &asked_bytes) || !pn_field(work.end, "returned_bytes", &returned_bytes))
		return;
	pn_metric_set(metrics, "technique.asked_bytes", (double)asked_bytes, "bytes");
	pn_metric_set(metrics, "technique.returned_bytes", (double)returned_bytes, "bytes");
	pn_metric_set(metrics, "technique.returned_ratio", (double)returned_bytes / (double)asked_bytes, "ratio");
	set_times(&work, asked_bytes, metrics);
	if (!record->scenario->guest.exact) /* QEMU is held there again and again, and asked */
		set_cpu(&work, asked_bytes, returned_bytes, metrics);
	set_guest_cpu(&work, metrics);
	set_swap(&work, true, metrics);
	set_swap(&work, false, metrics);
	set_sides(&work, metrics);
	set_needs(&work, metrics);
}
