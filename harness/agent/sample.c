/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples: on the beat as events, or one as a reply. If the balloon's set is wanted, the driver's counters are asked for first (reader.h)
 * and the sample is made when they are there, or after a short wait without them; everything else in it is read at that moment, which is
 * its time stamp. Beats that were missed are not made up for; what finds no room in the queue is counted and told.
 */
#include "sample.h"

#include "agent.h"
#include "balloon_cpu.h"
#include "link.h"
#include "loop.h"
#include "ops.h"
#include "reader.h"
#include "sample_balloon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SAMPLE_SIZE 16384
#define WAITERS_MAX 8
#define READER_PATIENCE_NS 50000000ull
#define MISSING_MAX 16

/** struct waiter - a sample that is to be made when the driver's counters are there */
struct waiter {
	bool event;
	struct pn_request request;
	unsigned int sets;
};

static struct {
	struct pn_loop_timer beat, patience;
	uint64_t interval_ns;
	unsigned int sets;
	uint64_t sent, dropped, cpu_before_ns;
	struct waiter waiters[WAITERS_MAX];
	unsigned int waiting;
	struct {
		char key[48];
		const char *why;
	} missing[MISSING_MAX];
	unsigned int missing_count;
} sampler;

static uint64_t agent_cpu_ns(void)
{
	struct timespec self;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &self);
	return self.tv_sec * 1000000000ull + self.tv_nsec + pn_sample_balloon_reader_ns();
}

void pn_sample_missing(const char *key, const char *why)
{
	unsigned int i = sampler.missing_count;

	if (i == MISSING_MAX)
		return;
	snprintf(sampler.missing[i].key, sizeof(sampler.missing[i].key), "%s", key);
	sampler.missing[i].why = why;
	sampler.missing_count++;
}

/* The bit of a set. */
static unsigned int set_bit(const char *name)
{
	unsigned int i;

	for (i = 0; pn_sample_sets[i].name && strcmp(pn_sample_sets[i].name, name) != 0; i++)
		;
	return 1u << i;
}

/* Write a sample into @buf. Return: its length or -ENOSPC. */
static int make(char *buf, size_t size, unsigned int sets, bool event)
{
	struct pn_out out;

	pn_out_begin(&out, buf, size);
	if (event)
		pn_out_text(&out, "ev", "sample");
	else
		pn_out_true(&out, "ok");
	pn_out_u64(&out, "mono_ns", pn_now_ns());
	sampler.missing_count = 0;
	for (unsigned int i = 0; pn_sample_sets[i].name; i++) {
		if (!(sets & 1u << i))
			continue;
		if (pn_sample_sets[i].write)
			pn_sample_sets[i].write(&out);
		else
			pn_sample_balloon(&out, sets & set_bit("vmstat"));
	}
	if (sampler.missing_count > 0) {
		pn_out_open(&out, "missing");
		for (unsigned int i = 0; i < sampler.missing_count; i++)
			pn_out_text(&out, sampler.missing[i].key, sampler.missing[i].why);
		pn_out_close(&out);
	}
	pn_out_u64(&out, "agent_cpu_ns", agent_cpu_ns());
	return pn_out_end(&out);
}

static void deliver(const struct waiter *waiter)
{
	static char buf[SAMPLE_SIZE];
	int n;

	if (waiter->event && !pn_link_roomy()) {
		sampler.dropped++;
		return;
	}
	n = make(buf, sizeof(buf), waiter->sets, waiter->event);
	if (n < 0 && !waiter->event) {
		pn_fail(n, "sample: larger than %d bytes", SAMPLE_SIZE);
		pn_reply_error(&waiter->request, n);
	} else if (n < 0 || waiter->request.generation != pn_link_generation()) {
		sampler.dropped += n < 0;
	} else if (waiter->event) {
		sampler.sent += pn_link_send(PN_PROTO_EVENT, 0, buf, n) == 0;
	} else {
		pn_link_send(PN_PROTO_REPLY, waiter->request.id, buf, n);
	}
}

static void deliver_all(void)
{
	unsigned int waiting = sampler.waiting;

	pn_loop_disarm(&sampler.patience);
	sampler.waiting = 0;
	for (unsigned int i = 0; i < waiting; i++)
		deliver(&sampler.waiters[i]);
}

static void on_counters(const struct pn_reader_answer *answer)
{
	pn_sample_balloon_counters(answer, 0);
	deliver_all();
}

static void on_patience(struct pn_loop_timer *timer)
{
	pn_sample_balloon_counters(NULL, -ETIMEDOUT);
	deliver_all();
}

/* Make a sample now or when the driver's counters are there. Return: 0 or -EAGAIN. */
static int take(const struct waiter *waiter)
{
	const char *module;

	if (!(waiter->sets & set_bit("balloon"))) {
		deliver(waiter);
		return 0;
	}
	if (sampler.waiting == WAITERS_MAX)
		return -EAGAIN;
	sampler.waiters[sampler.waiting++] = *waiter;
	if (sampler.waiting > 1)
		return 0;
	module = pn_balloon_cpu_module();
	if (!module[0] || !pn_sample_balloon_wants_counters(module)) {
		pn_sample_balloon_counters(NULL, -ENOENT);
		deliver_all();
		return 0;
	}
	switch (pn_reader_ask(module, on_counters)) {
	case 0:
		sampler.patience.fire = on_patience;
		pn_loop_arm(&sampler.patience, pn_now_ns() + READER_PATIENCE_NS);
		break;
	case -EBUSY: /* it did not answer last time either: no more waiting */
		on_patience(NULL);
		break;
	default:
		pn_sample_balloon_counters(NULL, -EIO);
		deliver_all();
	}
	return 0;
}

static void on_beat(struct pn_loop_timer *timer)
{
	struct waiter waiter = {.event = true, .sets = sampler.sets, .request = {.generation = pn_link_generation()}};
	uint64_t now = pn_now_ns(), due = timer->due_ns + sampler.interval_ns;

	pn_loop_arm(timer, due > now ? due : now + sampler.interval_ns);
	if (take(&waiter) < 0)
		sampler.dropped++;
}

void pn_sample_stop(void)
{
	pn_loop_disarm(&sampler.beat);
	sampler.interval_ns = 0;
}

void pn_sample_drained(void)
{
	if (!sampler.dropped)
		return;
	if (pn_link_event(json_pack("{s:s,s:s,s:I}", "ev", "dropped", "what", "sample", "count", (json_int_t)sampler.dropped)) == 0)
		sampler.dropped = 0;
}

void pn_sample_stuck(json_t *stuck)
{
	uint64_t since_ns;
	pid_t pid = pn_reader_stuck(&since_ns);

	if (pid && pn_now_ns() - since_ns > READER_PATIENCE_NS)
		json_array_append_new(stuck, json_pack("{s:s,s:i,s:I}", "op", "sample", "pid", (int)pid, "since_ns", (json_int_t)since_ns));
}

static int parse_sets(const struct pn_request *request, unsigned int *ret_sets)
{
	const json_t *array = json_object_get(request->args, "sets"), *name;
	unsigned int sets = 0, j;
	size_t i;

	if (!json_is_array(array) || json_array_size(array) == 0)
		return pn_fail(-EINVAL, "%s: sets: expected an array of names", request->op);
	json_array_foreach(array, i, name) {
		for (j = 0; pn_sample_sets[j].name; j++) {
			if (json_is_string(name) && strcmp(pn_sample_sets[j].name, json_string_value(name)) == 0)
				break;
		}
		if (!pn_sample_sets[j].name)
			return pn_fail(-EINVAL, "%s: sets[%zu]: '%.30s' is not accepted; expected mem, zones, vmstat, psi, balloon, cpu or touch",
				       request->op, i, json_is_string(name) ? json_string_value(name) : "(not a string)");
		sets |= 1u << j;
	}
	*ret_sets = sets;
	return 0;
}

static int run_sample(const struct pn_request *request, json_t **ret_reply)
{
	struct waiter waiter = {.request = *request};
	int r = parse_sets(request, &waiter.sets);

	if (r < 0)
		return r;
	waiter.request.args = NULL;
	r = take(&waiter);
	return r < 0 ? pn_fail(r, "sample: %d are being made already", WAITERS_MAX) : 1;
}

static int run_start(const struct pn_request *request, json_t **ret_reply)
{
	unsigned int sets;
	int64_t interval_ms;
	int r = pn_arg_integer(request, "interval_ms", 10, 60000, -1, &interval_ms);

	if (r == 0)
		r = parse_sets(request, &sets);
	if (r < 0)
		return r;
	sampler.sets = sets;
	sampler.interval_ns = interval_ms * 1000000ull;
	sampler.sent = sampler.dropped = 0;
	sampler.cpu_before_ns = agent_cpu_ns();
	sampler.beat.fire = on_beat;
	pn_loop_arm(&sampler.beat, pn_now_ns());
	return 0;
}

static int run_stop(const struct pn_request *request, json_t **ret_reply)
{
	if (!sampler.interval_ns)
		return pn_fail(-EALREADY, "sample.stop: no sampling is under way");
	pn_sample_stop();
	*ret_reply = json_pack("{s:I,s:I,s:I}", "samples", (json_int_t)sampler.sent, "dropped", (json_int_t)sampler.dropped, "cpu_ns",
			       (json_int_t)(agent_cpu_ns() - sampler.cpu_before_ns));
	return 0;
}

const struct pn_op pn_ops_sample[] = {
	{"sample", "one sample", run_sample},
	{"sample.start", "samples on a beat", run_start},
	{"sample.stop", "no more of them", run_stop},
	{0},
};
