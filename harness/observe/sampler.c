// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sampler: two threads on absolute deadlines. The host's thread reads procfs and counters and drains the agent's samples; the
 * monitor's thread asks QEMU, and may hang in there while the other goes on. A deadline that has passed is skipped, never caught
 * up, so the beat stays on its grid.
 *
 * Invariant: a probe is sampled by one thread at a time (the lock of its beat), and a mark takes both locks one after the other.
 */

#include "observe.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../scenario/scenario.h"
#include "guest_feed.h"
#include "beat.h"
#include "kmsg.h"
#include "lines.h"
#include "probe.h"

#define THREADS 2 /* PN_BEAT_HOST, PN_BEAT_MONITOR */

struct running {
	const struct pn_probe *probe;
	void *state;
	uint64_t due_ns;
};

struct beat {
	struct pn_sampler *sampler;
	enum pn_beat which;
	uint64_t interval_ns;
	uint64_t pace_ns; /* of the probes that are not eager; not below @interval_ns */
	GThread *thread;
	GMutex lock; /* of the probes' states */
	GArray *probes;
	uint64_t lines, late, cpu_ns;
};

struct pn_sampler {
	struct pn_sampler_config config;
	struct pn_probe_context context;
	struct beat beats[THREADS];
	struct pn_feed *feed; /* NULL: switched off or no agent */
	uint64_t guest_lines;
	struct pn_lines *lines;
	struct pn_kmsg *kmsg;
	GMutex stop_lock;
	GCond stop_cond;
	bool stop;
};

static bool wanted(const struct pn_scenario *scenario, const char *name)
{
	return !scenario->probes || g_strv_contains((const char *const *)scenario->probes, name);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * PN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Sample what is due by @when_ns, for which the beat was meant (a late one must not make the next seem early); everything at a mark. Under the beat's lock. */
static void sample_probes(struct beat *beat, uint64_t when_ns, bool mark, json_t *into)
{
	for (guint i = 0; i < beat->probes->len; i++) {
		struct running *running = &g_array_index(beat->probes, struct running, i);

		if (!mark && running->due_ns > when_ns)
			continue;
		/* Half a beat of grace, so that an interval of two beats does not become three. */
		if (!mark && !running->probe->eager)
			running->due_ns = when_ns + MAX(running->probe->interval_ns, beat->pace_ns) - beat->interval_ns / 2;
		running->probe->sample(running->state, mark, into);
	}
}

static void drain_guest(struct pn_sampler *sampler)
{
	json_t *line;

	while (sampler->feed && (line = pn_feed_next(sampler->feed))) {
		pn_lines_add(sampler->lines, line);
		sampler->guest_lines++;
	}
}

static void beat_once(struct beat *beat, uint64_t when_ns)
{
	struct pn_sampler *sampler = beat->sampler;
	json_t *line = json_pack("{s:s}", "src", pn_beat_names[beat->which]);
	uint64_t now_ns;

	if (beat->which == PN_BEAT_MONITOR && sampler->feed)
		pn_feed_revive(sampler->feed);
	g_mutex_lock(&beat->lock);
	/* Under the lock: a mark that was first must not seem to be later. */
	now_ns = pn_clock_now_ns();
	pn_probe_set(line, now_ns, "t_ns");
	sample_probes(beat, when_ns, false, line);
	if (beat->which == PN_BEAT_HOST)
		drain_guest(sampler);
	g_mutex_unlock(&beat->lock);
	pn_lines_add(sampler->lines, line);
	beat->lines++;
}

/* Between two beats: as if it were the next one. */
static void last_look(struct beat *beat)
{
	beat_once(beat, pn_clock_now_ns() + beat->interval_ns);
}

/* Wait for an instant. Return: true when it is time to stop. */
static bool wait_until(struct pn_sampler *sampler, uint64_t deadline_ns)
{
	bool stop;

	g_mutex_lock(&sampler->stop_lock);
	while (!sampler->stop && g_cond_wait_until(&sampler->stop_cond, &sampler->stop_lock, (gint64)(deadline_ns / PN_NS_PER_US)))
		;
	stop = sampler->stop;
	g_mutex_unlock(&sampler->stop_lock);
	return stop;
}

static gpointer beat_thread(gpointer data)
{
	struct beat *beat = data;
	uint64_t interval_ns = beat->interval_ns, deadline_ns = pn_clock_now_ns();

	while (!wait_until(beat->sampler, deadline_ns)) {
		uint64_t missed;

		beat_once(beat, deadline_ns);
		deadline_ns += interval_ns;
		if (pn_clock_now_ns() < deadline_ns)
			continue;
		missed = (pn_clock_now_ns() - deadline_ns) / interval_ns + 1;
		beat->late += missed;
		deadline_ns += missed * interval_ns;
	}
	beat->cpu_ns = thread_cpu_ns();
	return NULL;
}

/* The threads that do a guest's work all its life; those that come and go, or only wait, are in the process's total. */
static bool is_lasting(const char *role)
{
	return g_str_has_prefix(role, "vcpu") || g_str_has_prefix(role, "iothread") || !strcmp(role, "main");
}

static void find_threads(struct pn_probe_context *context)
{
	struct pn_guest_thread *threads = NULL;
	unsigned int count = 0, kept = 0;
	struct pn_diag diag = {""};

	context->pid = pn_guest_pid(context->guest);
	if (!context->pid)
		return;
	if (pn_guest_threads(context->guest, &threads, &count, &diag)) {
		pn_probe_unsupported(context, "threads", "can't list QEMU's threads: %s", diag.text);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (is_lasting(threads[i].role))
			threads[kept++] = threads[i];
	}
	context->threads = threads;
	context->thread_count = kept;
}

static void open_probes(struct pn_sampler *sampler)
{
	for (const struct pn_probe *const *entry = pn_probe_table; *entry; entry++) {
		struct running running = {.probe = *entry};

		if (running.probe->beat >= THREADS || !wanted(sampler->config.scenario, running.probe->name))
			continue;
		/* A probe that can't work here has said so in the journal. */
		if (!running.probe->open(&sampler->context, &running.state))
			g_array_append_val(sampler->beats[running.probe->beat].probes, running);
	}
	if (wanted(sampler->config.scenario, pn_probe_guest.name))
		pn_feed_open(&sampler->context, pn_beat_interval_ns(sampler->config.scenario, PN_BEAT_GUEST), &sampler->feed);
}

static void free_sampler(struct pn_sampler *sampler)
{
	for (unsigned int b = 0; b < THREADS; b++) {
		struct beat *beat = &sampler->beats[b];

		for (guint i = 0; i < beat->probes->len; i++) {
			struct running *running = &g_array_index(beat->probes, struct running, i);

			running->probe->close(running->state);
		}
		g_array_free(beat->probes, TRUE);
		g_mutex_clear(&beat->lock);
	}
	g_hash_table_unref(sampler->context.unsupported);
	g_mutex_clear(&sampler->context.lock);
	g_free(sampler->context.threads);
	g_mutex_clear(&sampler->stop_lock);
	g_cond_clear(&sampler->stop_cond);
	g_free(sampler);
}

static struct pn_sampler *new_sampler(const struct pn_sampler_config *config)
{
	struct pn_sampler *sampler = g_new0(struct pn_sampler, 1);

	sampler->config = *config;
	sampler->context = (struct pn_probe_context){.guest = config->guest, .scenario = config->scenario, .journal = config->journal};
	sampler->context.unsupported = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_mutex_init(&sampler->context.lock);
	g_mutex_init(&sampler->stop_lock);
	g_cond_init(&sampler->stop_cond);
	for (unsigned int b = 0; b < THREADS; b++) {
		sampler->beats[b] = (struct beat){.sampler = sampler, .which = (enum pn_beat)b};
		sampler->beats[b].interval_ns = pn_beat_interval_ns(config->scenario, (enum pn_beat)b);
		sampler->beats[b].pace_ns = pn_beat_pace_ns(config->scenario, (enum pn_beat)b);
		sampler->beats[b].probes = g_array_new(FALSE, TRUE, sizeof(struct running));
		g_mutex_init(&sampler->beats[b].lock);
	}
	return sampler;
}

int pn_sampler_start(const struct pn_sampler_config *config, struct pn_sampler **ret_sampler, struct pn_diag *diag)
{
	struct pn_sampler *sampler = new_sampler(config);
	int err = pn_lines_open(config->case_dir, "samples.jsonl", &sampler->lines, diag);

	if (!err)
		err = pn_kmsg_start(config->guest, config->case_dir, &sampler->kmsg, diag);
	if (err) {
		pn_lines_close(sampler->lines);
		free_sampler(sampler);
		return err;
	}
	find_threads(&sampler->context);
	open_probes(sampler);
	/* In exact mode the guest is looked at while it stands, at marks only. */
	for (unsigned int b = 0; b < THREADS && !pn_guest_machine(config->guest)->exact; b++) {
		g_autofree char *name = g_strdup_printf("pn-%s", pn_beat_names[b]);

		sampler->beats[b].thread = g_thread_new(name, beat_thread, &sampler->beats[b]);
	}
	*ret_sampler = sampler;
	return 0;
}

int pn_sampler_mark(struct pn_sampler *sampler, const char *label, struct pn_diag *diag)
{
	uint64_t now_ns = pn_clock_now_ns(), guest_ns = 0, after_bytes;
	json_t *line = json_pack("{s:I, s:s, s:s}", "t_ns", (json_int_t)now_ns, "src", "mark", "mark", label);
	int err, log_err;

	/* The device before and after the guest: only a balloon that did not move in between was at rest. */
	for (unsigned int b = 0; b < THREADS; b++) {
		struct beat *beat = &sampler->beats[b];

		g_mutex_lock(&beat->lock);
		now_ns = pn_clock_now_ns();
		pn_probe_set(line, now_ns, "%s_t_ns", pn_beat_names[b]);
		sample_probes(beat, now_ns, true, line);
		g_mutex_unlock(&beat->lock);
	}
	if (sampler->feed)
		pn_feed_ask(sampler->feed, line, &guest_ns);
	if (!pn_guest_ballooned(sampler->config.guest, &after_bytes, NULL))
		pn_probe_set(line, after_bytes, "balloon.after_bytes");
	err = pn_lines_add(sampler->lines, line);
	log_err = pn_kmsg_mark(sampler->kmsg, label, guest_ns);
	err = err ? err : log_err;
	return err ? pn_diag_set(diag, err, "can't write the sample of mark %s: %s", label, g_strerror(-err)) : 0;
}

static void journal_summary(struct pn_sampler *sampler)
{
	const struct beat *host = &sampler->beats[PN_BEAT_HOST], *monitor = &sampler->beats[PN_BEAT_MONITOR];

	pn_journal_add(sampler->config.journal, "sampler",
		       json_pack("{s:I, s:I, s:I, s:I, s:I}", "host", (json_int_t)host->lines, "monitor", (json_int_t)monitor->lines,
				 "guest", (json_int_t)sampler->guest_lines, "late", (json_int_t)(host->late + monitor->late), "cpu_ns",
				 (json_int_t)(host->cpu_ns + monitor->cpu_ns)));
}

int pn_sampler_stop(struct pn_sampler *sampler, struct pn_diag *diag)
{
	int err, log_err;

	if (!sampler)
		return 0;
	g_mutex_lock(&sampler->stop_lock);
	sampler->stop = true;
	g_cond_broadcast(&sampler->stop_cond);
	g_mutex_unlock(&sampler->stop_lock);
	for (unsigned int b = 0; b < THREADS; b++) {
		if (sampler->beats[b].thread)
			g_thread_join(sampler->beats[b].thread);
	}
	last_look(&sampler->beats[PN_BEAT_HOST]);
	/* QEMU may have gone: the last look at it must not cost a deadline. */
	if (pn_guest_state(sampler->config.guest) == PN_GUEST_RUNNING)
		last_look(&sampler->beats[PN_BEAT_MONITOR]);
	journal_summary(sampler);
	pn_feed_close(sampler->feed);
	log_err = pn_kmsg_stop(sampler->kmsg);
	err = pn_lines_close(sampler->lines);
	free_sampler(sampler);
	err = err ? err : log_err;
	return err ? pn_diag_set(diag, err, "the record of samples has holes: %s", g_strerror(-err)) : 0;
}
