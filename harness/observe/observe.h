/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;
struct pn_journal;
struct pn_scenario;

/*
 * Probes sample on one clock into samples.jsonl of the case, one object a line: {"t_ns": host clock, "src": BEAT, "NAME": number, ...}.
 * Three beats write it, so that a stuck one delays no other: "host" (procfs and counters), "monitor" (whatever asks QEMU) and "guest" (the
 * agent's sample events; their t_ns is the guest's time put on the host's clock by the measured offset). A key has one beat; within a
 * key lines may be out of order by a tick: sort by t_ns. Names are dotted, units as suffix, and listed in pn_probe_table (probe.h).
 * Keys of the agent (PROTOCOL.md) stand behind "guest.", so guest memory is guest.mem.free. Counters count from an arbitrary start.
 * A mark is one line with all of them at once: {"t_ns", "src":"mark", "mark": label, "host_t_ns", "monitor_t_ns", "guest_t_ns":
 * when each beat's part of it was taken, ...}.
 * A value that could not be read is absent and its reason stands once in the journal ("unsupported" {name, reason}); never 0.
 * The journal also gets "clock" {offset_ns, error_ns, when: "start"|"stepped"|"reboot"|"end"} and, in the end, "sampler" {host, monitor,
 * guest: lines of each beat, late: beats skipped, cpu_ns: what the sampler's threads used}.
 *
 * kmsg.jsonl: {"t_ns", "seq", "level", "time_us", "text"} a record, at each mark {"t_ns", "mark", "guest_ns"}, and {"t_ns", "state"} when
 *the guest was paused, runs again, crashed, or has gone. What stands before the mark "boot" is from before the case.
 *
 * Marks: which ones the runner takes, and which the ledger needs (a missing one is PN_BROK):
 *	"boot"		before the driver is loaded			needed
 *	"driver"	driver loaded and bound				needed
 *	"touched:N"	after the N-th event that had the guest write its free memory
 *	"settled:N"	after the N-th "settled" record of the journal, N from 1; needed for each such record
 *	"start", "end"	where what is measured begins (just before the timeline, or with the first measured phase of one that begins with
 *			another: pn_phase_measured()), and just after the timeline; the metrics' window, exact for the guest's
 *			counters. Without them: the journal's times
 *	"rest"		after the final full deflate, loads stopped, driver still loaded	needed
 *	"unloaded"	after the driver was unloaded			needed
 */

struct pn_sampler;

/** struct pn_sampler_config - all borrowed and alive until pn_sampler_stop() */
struct pn_sampler_config {
	struct pn_guest *guest;
	const struct pn_scenario *scenario;
	struct pn_journal *journal;
	const char *case_dir; /* samples.jsonl, kmsg.jsonl */
};

/** pn_sampler_start() - open counters (libperf on QEMU's threads by role), start sampling. Return: 0 or a negative errno. */
int pn_sampler_start(const struct pn_sampler_config *config, struct pn_sampler **ret_sampler, struct pn_diag *diag);

/**
 * pn_sampler_mark() - take one sample of everything now, outside the beat, labelled
 * @label: as above
 *
 * Thread-safe. Blocks for ms; for seconds when monitor or agent do not answer: what they had to say is absent then, and the oracles
 * that need it say BROK. Return: 0, or a negative errno when the line could not be written.
 */
int pn_sampler_mark(struct pn_sampler *sampler, const char *label, struct pn_diag *diag);

/**
 * pn_sampler_stop() - last sample, close, free; NULL is fine
 *
 * Return: 0, or the first negative errno of a line that could not be written (the record has holes then: the case is BROK).
 */
int pn_sampler_stop(struct pn_sampler *sampler, struct pn_diag *diag);

/** enum pn_verdict - what a case or an oracle says; a worse one wins in the order of the enum */
enum pn_verdict { PN_SKIP, PN_PASS, PN_BROK, PN_FAIL };

/** pn_verdict_names - "SKIP", "PASS", "BROK", "FAIL" */
extern const char *const pn_verdict_names[];

/** struct pn_record - the record of one finished case, all that oracles and metrics may look at */
struct pn_record {
	const struct pn_scenario *scenario;
	json_t *journal; /* array of records */
	json_t *samples; /* array of samples */
	json_t *kmsg;	 /* array of kernel log records of this case */
	json_t *loads;	 /* array of results of pn_load_stop(); "must_swap" true on one that must swap */
	json_t *protocol; /* what the driver's queues showed, pn_protocol_read(); NULL: they were not watched */
	json_t *host;	 /* what was left behind: array of {"kind","what"}; empty when clean */
};

/** struct pn_finding - an oracle's finding */
struct pn_finding {
	const char *oracle;
	enum pn_verdict verdict;
	char reason[512]; /* one line with the figures */
};

/**
 * struct pn_oracle - one oracle, a pure function of the record
 * @judge: fills @ret_finding; a record that does not let it judge is PN_BROK, never PN_PASS
 */
struct pn_oracle {
	const char *name;
	const char *help;
	void (*judge)(const struct pn_record *record, struct pn_finding *ret_finding);
};

/** pn_oracle_table - all oracles; ends with a NULL name */
extern const struct pn_oracle pn_oracle_table[];

/**
 * pn_kernel_log_first() - the first trouble that a guest's kernel log tells of, after the mark "boot"
 * @kmsg: kmsg.jsonl of a case; NULL: none
 *
 * The text of the first record that the kernel-log oracle would not let pass, with the function that the next "RIP:" names. A guest out of memory
 * is trouble only where nothing else is. Return: freed with g_free(); NULL when there is none.
 */
char *pn_kernel_log_first(const json_t *kmsg);

/** pn_oracle_waived() - why a scenario does not want to be judged by an oracle; NULL: it does. Borrowed from the scenario. */
const char *pn_oracle_waived(const struct pn_scenario *scenario, const char *oracle);

/** pn_oracle_judge_all() - run every oracle that the scenario does not waive. @ret_findings: array of {"oracle","verdict","reason"}.
 * Return: the worst verdict. */
enum pn_verdict pn_oracle_judge_all(const struct pn_record *record, json_t **ret_findings);

/**
 * pn_metrics_compute() - the case's metrics from its record
 * @ret_metrics: {"NAME":{"value":N,"unit":"U"}}: only what was measured
 *
 * Rates divide bytes really moved by the time they took, per phase; setup and warm-up are left out. Return: 0 or a negative errno.
 */
int pn_metrics_compute(const struct pn_record *record, json_t **ret_metrics, struct pn_diag *diag);
