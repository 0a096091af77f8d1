// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest kernel's fault injection: failslab and fail_page_alloc, filtered by stack trace to the driver's code, so that nothing else in the guest is hit.
 * Needs a kernel built for it (--image debug).
 */
#include "injection.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "guests/images/image.h"
#include "guest_file.h"
#include "timeline.h"

#define ANSWER_NS (30 * PN_NS_PER_S)
#define STACK_DEPTH "32" /* the kernel's maximum is MAX_STACK_TRACE_DEPTH, 32 */

static const char *const dirs[] = {
    [PN_INJECTION_PAGE] = "/sys/kernel/debug/fail_page_alloc",
    [PN_INJECTION_SLAB] = "/sys/kernel/debug/failslab",
};

enum pn_injection_kind pn_injection_kind(const char *name)
{
	return g_strcmp0(name, "slab") == 0 ? PN_INJECTION_SLAB : PN_INJECTION_PAGE;
}

static int knob(const struct pn_timeline *timeline, enum pn_injection_kind kind, const char *key, const char *value, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dirs[kind], key, NULL);

	return pn_guest_file_write(timeline, path, value, 0, diag);
}

static int knob_number(const struct pn_timeline *timeline, enum pn_injection_kind kind, const char *key, int64_t value, struct pn_diag *diag)
{
	g_autofree char *text = g_strdup_printf("%lld", (long long)value);

	return knob(timeline, kind, key, text, diag);
}

int pn_injection_check(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dirs[kind], "require-start", NULL), *text = NULL;
	int r = pn_guest_file_read(timeline, path, &text, NULL);

	if (r < 0)
		return pn_diag_set(diag, -ENOTSUP, "the guest's kernel has no %s with a filter by stack trace; expected an image such as --image debug", path);
	return 0;
}

/* "vballoon 57344 0 - Live 0xffffffffc0000000" */
static int find_driver(const struct pn_timeline *timeline, uint64_t *ret_start, uint64_t *ret_end, struct pn_diag *diag)
{
	const char *name = timeline->driver->name;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	int r = pn_guest_file_read(timeline, "/proc/modules", &text, diag);

	if (r < 0)
		return r;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);

		if (g_strv_length(words) < 6 || strcmp(words[0], name) != 0)
			continue;
		*ret_start = g_ascii_strtoull(words[5], NULL, 16);
		*ret_end = *ret_start + g_ascii_strtoull(words[1], NULL, 10);
		return 0;
	}
	return pn_diag_set(diag, -ENOENT, "module '%s' is not among the guest's modules", name);
}

/*
 * What the agent reads of the driver's counters allocates with the driver on the stack as well, in the open() of debugfs: an allocation that nobody meant would be
 * the n-th, and the counters be taken for gone.
 */
static int spare_readers(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag)
{
	static const char opener[] = "full_proxy_open"; /* fs/debugfs/file.c */
	json_t *request = json_pack("{s:s,s:[s]}", "op", "symbols", "names", opener), *reply, *found;
	const char *start, *end;
	int r = pn_guest_agent(timeline->guest, request, ANSWER_NS, &reply, diag);

	if (r < 0)
		return r;
	found = json_array_get(json_object_get(json_object_get(reply, "symbols"), opener), 0);
	start = json_string_value(json_object_get(found, "address"));
	end = json_string_value(json_object_get(found, "end"));
	if (start && end)
		r = knob(timeline, kind, "reject-start", start, diag) ?: knob(timeline, kind, "reject-end", end, diag);
	else
		r = pn_diag_set(diag, -ENOENT, "the guest's kernel has no symbol %s: what reads the driver's counters can't be spared", opener);
	json_decref(reply);
	return r;
}

int pn_injection_aim(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag)
{
	g_autofree char *start = NULL, *end = NULL;
	uint64_t from = 0, to = 0;
	int r = find_driver(timeline, &from, &to, diag);

	start = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", from);
	end = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", to);
	if (r == 0)
		r = knob(timeline, kind, "require-start", start, diag);
	if (r == 0)
		r = knob(timeline, kind, "require-end", end, diag);
	if (r == 0)
		r = spare_readers(timeline, kind, diag);
	if (r == 0)
		r = knob(timeline, kind, "stacktrace-depth", STACK_DEPTH, diag);
	/* The trace of each failure is not wanted: the log's oracle would read it as trouble. */
	if (r == 0)
		r = knob(timeline, kind, "verbose", "0", diag);
	if (r < 0)
		return r;
	/* What a driver does; the kernel spares it unless told not to. Files that only one kind has may be absent. */
	knob(timeline, kind, "ignore-gfp-wait", "N", NULL);
	knob(timeline, kind, "ignore-gfp-highmem", "N", NULL);
	knob(timeline, kind, "min-order", "0", NULL);
	return 0;
}

/* probability comes last: from there on it strikes. */
int pn_injection_arm(const struct pn_timeline *timeline, enum pn_injection_kind kind, const struct pn_injection_words *words, struct pn_diag *diag)
{
	int r = knob_number(timeline, kind, "interval", words->interval, diag);

	if (r == 0)
		r = knob_number(timeline, kind, "times", words->times, diag);
	if (r == 0)
		r = knob_number(timeline, kind, "space", words->space, diag);
	return r < 0 ? r : knob_number(timeline, kind, "probability", words->probability, diag);
}

/* `times` comes last here: from there on it strikes. */
int pn_injection_once(const struct pn_timeline *timeline, enum pn_injection_kind kind, int64_t interval, struct pn_diag *diag)
{
	int r = interval ? knob_number(timeline, kind, "interval", interval, diag) : 0;

	return r < 0 ? r : knob_number(timeline, kind, "times", interval ? 1 : 0, diag);
}

int pn_injection_left(const struct pn_timeline *timeline, enum pn_injection_kind kind, int64_t *ret_times, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dirs[kind], "times", NULL), *text = NULL;
	int r = pn_guest_file_read(timeline, path, &text, diag);

	if (r == 0)
		*ret_times = g_ascii_strtoll(text, NULL, 10);
	return r;
}

int pn_injection_disarm(const struct pn_timeline *timeline, enum pn_injection_kind kind, struct pn_diag *diag)
{
	return knob_number(timeline, kind, "probability", 0, diag);
}
