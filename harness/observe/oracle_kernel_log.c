// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's kernel log from the mark "boot" on, against a table of what must not stand there, spelling by spelling, and the taint
 * bits at the marks. What the kernel said while booting is not the case's.
 */

#include "oracle.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "../base/units.h"
#include "../scenario/scenario.h"

/* Out-of-tree (O) and unsigned (E) module: what a driver under test is by nature. Documentation/admin-guide/tainted-kernels.rst. */
#define TAINT_MASKED ((1LL << 12) | (1LL << 13))

/* A driver that meets a full guest may say so now and then: stock says it once in 200 ms at worst. More is a spin (bugs.md, 27, 28). */
#define PUFF_PER_S 8
#define PUFF_MIN 10

/* records between an oops' first line and its registers */
#define RIP_WITHIN 30

enum rule {
	NEVER,	    /* FAIL */
	UNLESS_OOM, /* FAIL unless the scenario runs the guest out of memory on purpose */
	UNLESS_REFUSED, /* the same, or refuses memory to the driver */
	RATE,	    /* FAIL above PUFF_PER_S */
};

struct pattern {
	const char *kind;
	enum rule rule;
	const char *spellings[8]; /* part of a record's text */
};

static const struct pattern patterns[] = {
    {"kernel panic", NEVER, {"Kernel panic - not syncing"}},
    {"oops",
     NEVER,
     {"Oops:", "BUG: unable to handle", "BUG: kernel NULL pointer", "general protection fault",
      "invalid opcode:", "stack segment:", "double fault:"}},
    {"BUG",
     NEVER,
     {"kernel BUG at", "BUG: Bad page", "BUG: sleeping function", "BUG: scheduling while atomic", "BUG: spinlock", "BUG: workqueue lockup",
      "BUG: "}},
    {"bad page",
     NEVER,
     {"Bad page state", "bad page:", "page dumped because", "Bad rss-counter", "nonzero mapcount", "list_add corruption",
      "list_del corruption"}},
    {"soft or hard lockup", NEVER, {"soft lockup", "hard LOCKUP", "Hard LOCKUP", "watchdog: BUG", "Watchdog detected"}},
    {"hung task", NEVER, {"blocked for more than", "hung_task:", "khungtaskd"}},
    {"RCU stall",
     NEVER,
     {"rcu_sched self-detected stall", "self-detected stall", "detected stalls on CPUs", "detected expedited stalls",
      "rcu: INFO:", "RCU Stall"}},
    {"lockdep report",
     NEVER,
     {"possible circular locking", "possible recursive locking", "possible irq lock inversion", "inconsistent lock state",
      "suspicious RCU usage", "INFO: possible", "bad unlock balance"}},
    /* before the sanitizers: kmemleak allocates on the way of whoever does, and is refused as well */
    {"page allocation failure",
     UNLESS_REFUSED,
     {"page allocation failure", "page allocation stalls", "SLUB: Unable to allocate", "vmalloc error", "kmemleak: Cannot allocate"}},
    {"sanitizer report", NEVER, {"KASAN:", "KFENCE:", "KCSAN:", "UBSAN:", "kmemleak:", "use-after-free", "KMSAN:"}},
    {"refcount or debug report",
     NEVER,
     {"refcount_t:", "ODEBUG:", "DEBUG_LOCKS_WARN_ON", "sysfs: cannot create duplicate", "kobject_add_internal failed", "percpu ref ("}},
    {"WARN", NEVER, {"WARNING: CPU:", "WARNING: at ", "WARNING:", "------------[ cut here ]"}},
    {"workqueue stall", NEVER, {"workqueue lockup", "workqueue: hogged", "hogged CPU for"}},
    {"I/O error", NEVER, {"I/O error", "Write-error on swap-device", "Read-error on swap-device", "EXT4-fs error"}},
    {"OOM kill",
     UNLESS_OOM,
     {"Out of memory: Killed", "Out of memory: Kill process", "invoked oom-killer",
      "oom-kill:", "oom_reaper:", "Memory cgroup out of memory"}},
    {"Out of puff", RATE, {"Out of puff", "out of puff"}},
};

/* Said by the kernel on the way to something else: not a finding by themselves. */
static const char *const harmless[] = {
    "hung_task_timeout_secs", /* the advice printed after a report; the report itself counts */
    "kmemleak: Kernel memory leak detector initialized",
    "KASAN: KernelAddressSanitizer initialized",
    "kfence: initialized",
    NULL,
};

struct tally {
	unsigned int count;
	uint64_t last_ns; /* on the guest's clock */
	uint64_t span_ns; /* over which it was said; the clock begins anew with each boot, and the time between is not known */
	const char *text;
};

static bool is_harmless(const char *text)
{
	for (size_t i = 0; harmless[i]; i++) {
		if (strstr(text, harmless[i]))
			return true;
	}
	return false;
}

static const struct pattern *match(const char *text)
{
	if (is_harmless(text))
		return NULL;
	for (size_t p = 0; p < G_N_ELEMENTS(patterns); p++) {
		for (size_t s = 0; s < G_N_ELEMENTS(patterns[p].spellings) && patterns[p].spellings[s]; s++) {
			if (strstr(text, patterns[p].spellings[s]))
				return &patterns[p];
		}
	}
	return NULL;
}

/* Count each pattern over the case's slice. Return: false when the slice's start is not marked. */
static bool tally_log(const json_t *kmsg, struct tally tallies[])
{
	bool inside = false;
	const json_t *entry;
	size_t i;

	json_array_foreach(kmsg, i, entry) {
		const char *text = pn_text(entry, "text");
		const struct pattern *pattern;
		struct tally *tally;
		uint64_t time_ns;

		inside |= pn_is(entry, "mark", "boot");
		pattern = inside ? match(text) : NULL;
		if (!pattern)
			continue;
		tally = &tallies[pattern - patterns];
		time_ns = (uint64_t)pn_field_or(entry, "time_us", 0) * PN_NS_PER_US;
		if (!tally->count++)
			tally->text = text;
		else if (time_ns > tally->last_ns)
			tally->span_ns += time_ns - tally->last_ns;
		tally->last_ns = time_ns;
	}
	return inside;
}

/* where the processor was: "RIP: 0010:vb_held_pages+0x12/0x40 [vballoon]", soon after an oops */
static const char *find_rip(const json_t *kmsg, size_t from)
{
	for (size_t i = from; i < MIN(from + RIP_WITHIN, json_array_size(kmsg)); i++) {
		const char *rip = strstr(pn_text(json_array_get(kmsg, i), "text"), "RIP: ");
		const char *function = rip ? strchr(rip + strlen("RIP: "), ':') : NULL;

		if (function)
			return function + 1;
	}
	return NULL;
}

static char *first_of(const json_t *kmsg, enum rule rule)
{
	bool inside = false;
	const json_t *entry;
	size_t i;

	json_array_foreach (kmsg, i, entry) {
		const char *text = pn_text(entry, "text"), *rip;
		const struct pattern *pattern;

		inside |= pn_is(entry, "mark", "boot");
		pattern = inside ? match(text) : NULL;
		/* a line of scissors says nothing: the next one does */
		if (!pattern || pattern->rule != rule || strstr(text, "[ cut here ]"))
			continue;
		rip = strchr(text, '+') ? NULL : find_rip(kmsg, i + 1);
		return rip ? g_strdup_printf("%s in %s", text, rip) : g_strdup(text);
	}
	return NULL;
}

char *pn_kernel_log_first(const json_t *kmsg)
{
	static const enum rule order[] = {NEVER, UNLESS_REFUSED, UNLESS_OOM};
	char *text = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(order) && !text; i++)
		text = first_of(kmsg, order[i]);
	return text;
}

static void judge_rate(const struct tally *tally, struct pn_finding *finding)
{
	double seconds = (double)tally->span_ns / (double)PN_NS_PER_S;

	if (tally->count >= PUFF_MIN && tally->count > PUFF_PER_S * MAX(seconds, 1.0))
		pn_finding_set(finding, PN_FAIL, "%u x '%s' in %.1f s: more than %d a second", tally->count, tally->text, seconds,
			       PUFF_PER_S);
}

/* A panic that a fault made does not count, though it came too late to be called fired; each further one does. */
static void judge_crash(const struct pn_record *record, struct pn_finding *finding)
{
	unsigned int provoked = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(record->journal, i, entry)
		provoked += pn_is(entry, "ev", "fault") && pn_is(entry, "name", "panic") && pn_is(entry, "state", "armed");
	json_array_foreach(record->kmsg, i, entry) {
		if (pn_is(entry, "state", "crashed") && !provoked)
			pn_finding_set(finding, PN_FAIL, "the guest's kernel panicked: QEMU says so; its last words are in console.log");
		else if (pn_is(entry, "state", "crashed"))
			provoked--;
	}
}

static void judge_taint(const struct pn_record *record, struct pn_finding *finding)
{
	GArray *points = pn_record_series(record, "guest.kernel.tainted", PN_SPAN_ALL);
	const json_t *boot = pn_record_mark(record, "boot");
	int64_t before = 0, added = 0;
	bool known = pn_field(boot, "guest.kernel.tainted", &before);

	if (!known) {
		const char *why = pn_record_unsupported(record, "guest.kernel.tainted");

		pn_finding_set(finding, PN_BROK, "the guest's taint is not in the record%s%s", why ? ": " : "", why ? why : "");
	}
	for (guint i = 0; known && i < points->len; i++)
		added |= g_array_index(points, struct pn_point, i).value & ~before & ~TAINT_MASKED;
	g_array_unref(points);
	if (added)
		pn_finding_set(finding, PN_FAIL, "the guest's kernel became tainted: new bits 0x%" PRIx64, (uint64_t)added);
}

void pn_judge_kernel_log(const struct pn_record *record, struct pn_finding *finding)
{
	struct tally tallies[G_N_ELEMENTS(patterns)] = {0};
	bool oom = pn_record_provokes_oom(record), refused = oom || pn_record_refuses_memory(record);

	if (!tally_log(record->kmsg, tallies))
		pn_finding_set(finding, PN_BROK, "no mark 'boot' in the kernel log: nobody knows which part of it is the case's");
	for (size_t p = 0; p < G_N_ELEMENTS(patterns); p++) {
		if (!tallies[p].count)
			continue;
		if (patterns[p].rule == RATE)
			judge_rate(&tallies[p], finding);
		else if (patterns[p].rule == NEVER || !(patterns[p].rule == UNLESS_REFUSED ? refused : oom))
			pn_finding_set(finding, PN_FAIL, "%s, %u record%s, first: %s", patterns[p].kind, tallies[p].count,
				       tallies[p].count == 1 ? "" : "s", tallies[p].text);
	}
	judge_crash(record, finding);
	judge_taint(record, finding);
	pn_finding_set(finding, PN_PASS, "%zu records, none of them known for trouble", json_array_size(record->kmsg));
}
