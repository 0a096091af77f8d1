// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations of the driver fail, by the guest kernel's fault injection (Documentation/fault-injection): failslab or fail_page_alloc, filtered by
 * stack trace to the driver's code, so that nothing else in the guest is hit. Needs a kernel built for it (--image debug). Its words are the kernel's:
 * probability, interval, times, space.
 *
 * Evidence is the kernel's own count: `times` goes down with each failure. Limit: kernels before 6.2 look at the stack last, so that `interval` and
 * `space` count the allocations of everybody; there "the n-th of the driver" can't be said.
 */
#include "faults.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "guests/images/image.h"
#include "timeline.h"

#define ANSWER_NS (30 * PN_NS_PER_S)
#define STACK_DEPTH "32" /* the kernel's maximum is MAX_STACK_TRACE_DEPTH, 32 */

/** struct alloc - the faults' own */
struct alloc {
	const char *dir; /* of the knobs */
	json_int_t times; /* as set */
	bool armed;
};

static int guest_read(struct pn_fault_run *run, const char *path, char **ret_text, struct pn_diag *diag)
{
	json_t *reply;
	int r = pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", path), ANSWER_NS, &reply, diag);

	if (r < 0)
		return r;
	*ret_text = g_strdup(json_string_value(json_object_get(reply, "text")) ?: "");
	json_decref(reply);
	return 0;
}

static int knob(struct pn_fault_run *run, const char *key, const char *value, struct pn_diag *diag)
{
	const struct alloc *alloc = run->data;
	g_autofree char *path = g_build_filename(alloc->dir, key, NULL);

	return pn_guest_agent(run->conductor->timeline->guest, json_pack("{s:s,s:s,s:s}", "op", "write", "path", path, "text", value), ANSWER_NS, NULL,
			      diag);
}

static int knob_number(struct pn_fault_run *run, const char *key, json_int_t value, struct pn_diag *diag)
{
	g_autofree char *text = g_strdup_printf("%lld", (long long)value);

	return knob(run, key, text, diag);
}

static int read_times(struct pn_fault_run *run, json_int_t *ret_times, struct pn_diag *diag)
{
	const struct alloc *alloc = run->data;
	g_autofree char *path = g_build_filename(alloc->dir, "times", NULL), *text = NULL;
	int r = guest_read(run, path, &text, diag);

	if (r == 0)
		*ret_times = g_ascii_strtoll(text, NULL, 10);
	return r;
}

static json_int_t number(const struct pn_fault_run *run, const char *key)
{
	return json_integer_value(json_object_get(run->args, key));
}

static int prepare(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct alloc *alloc = g_new0(struct alloc, 1);
	const char *kind = json_string_value(json_object_get(run->args, "kind"));
	g_autofree char *path = NULL, *text = NULL;

	run->data = alloc;
	alloc->dir = g_strcmp0(kind, "slab") == 0 ? "/sys/kernel/debug/failslab" : "/sys/kernel/debug/fail_page_alloc";
	path = g_build_filename(alloc->dir, "require-start", NULL);
	if (guest_read(run, path, &text, NULL) < 0)
		return pn_diag_set(diag, -ENOTSUP, "the guest's kernel has no %s with a filter by stack trace; expected an image such as --image debug", path);
	return 0;
}

/* "vballoon 57344 0 - Live 0xffffffffc0000000": only allocations with the driver's code on the stack fail. */
static int aim(struct pn_fault_run *run, struct pn_diag *diag)
{
	const char *name = run->conductor->timeline->driver->name;
	g_autofree char *text = NULL, *start = NULL, *end = NULL;
	g_auto(GStrv) lines = NULL;
	int r = guest_read(run, "/proc/modules", &text, diag);

	lines = r == 0 ? g_strsplit(text, "\n", -1) : NULL;
	for (char **line = lines; line && *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);

		if (g_strv_length(words) < 6 || strcmp(words[0], name) != 0)
			continue;
		start = g_strdup(words[5]);
		end = g_strdup_printf("0x%llx", (unsigned long long)(g_ascii_strtoull(words[5], NULL, 16) + g_ascii_strtoull(words[1], NULL, 10)));
	}
	if (r == 0 && !start)
		return pn_diag_set(diag, -ENOENT, "module '%s' is not among the guest's modules", name);
	if (r == 0)
		r = knob(run, "require-start", start, diag);
	if (r == 0)
		r = knob(run, "require-end", end, diag);
	return r < 0 ? r : knob(run, "stacktrace-depth", STACK_DEPTH, diag);
}

/* probability comes last: from there on it strikes. */
static int set(struct pn_fault_run *run, json_int_t probability, json_int_t interval, json_int_t times, json_int_t space, struct pn_diag *diag)
{
	struct alloc *alloc = run->data;
	int r = knob_number(run, "interval", interval, diag);

	alloc->times = times;
	if (r == 0)
		r = knob_number(run, "times", times, diag);
	if (r == 0)
		r = knob_number(run, "space", space, diag);
	/* Those that may sleep are what a driver does; the kernel spares them unless told not to. Files that only one of the two has may be absent. */
	if (r == 0) {
		knob(run, "ignore-gfp-wait", "N", NULL);
		knob(run, "min-order", "0", NULL);
		alloc->armed = true;
		r = knob_number(run, "probability", probability, diag);
	}
	return r;
}

static int arm(struct pn_fault_run *run, struct pn_diag *diag)
{
	int r = aim(run, diag);
	json_int_t times = number(run, "times");

	/* A number, so that what was spent can be seen. */
	return r < 0 ? r : set(run, number(run, "probability"), number(run, "interval"), times ? times : G_MAXINT, number(run, "space"), diag);
}

static int fired(struct pn_fault_run *run, struct pn_diag *diag)
{
	const struct alloc *alloc = run->data;
	json_int_t left = 0;
	int r = read_times(run, &left, diag);

	if (r < 0)
		return r;
	json_object_set_new(run->evidence, "failures", json_integer(alloc->times - left));
	return left < alloc->times;
}

static int disarm(struct pn_fault_run *run, struct pn_diag *diag)
{
	struct alloc *alloc = run->data;

	if (!alloc || !alloc->armed)
		return 0;
	alloc->armed = false;
	return knob_number(run, "probability", 0, diag);
}

const struct pn_fault_ops pn_fault_alloc_fail = {.name = "alloc-fail", .prepare = prepare, .arm = arm, .fired = fired, .disarm = disarm};
