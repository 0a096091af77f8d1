// SPDX-License-Identifier: GPL-2.0-only
/*
 * One law, one host, many guests, virtual time. Tick: the law sees what every guest and the host look like now and sets targets; then every guest lives
 * until the next tick. All laws start from the same targets, those of the static division, and meet the same loads and mishaps.
 *
 * A host that is overdrawn swaps blindly: every guest's hot pages are out in proportion, and come back at a disk's pace.
 */
#include "sim.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "../../../harness/base/diag.h"
#include "../laws/law.h"
#include "../waterfill.h"
#include "guest.h"
#include "random.h"

#define GIB 1073741824.0
#define MIB 1048576.0
#define FAIRNESS_EVERY 32	      /* ticks */
#define HOST_SWAP_PER_S (500.0 * MIB) /* shared by all guests */

/** struct each - what the simulation keeps of one guest beside the model */
struct each {
	double satisfied;
	int direction; /* of the last change of its target */
};

/** struct sim - one law's run */
struct sim {
	const struct pn_sim_config *config;
	const struct pn_law *law;
	void *state;
	unsigned int count;
	struct pn_policy_config host;
	struct pn_policy_guest *limits;
	uint64_t *targets;
	struct pn_sim_guest *guests;
	struct pn_observation *observations;
	struct pn_decision *decisions;
	struct each *each;
	struct pn_share *shares;
	size_t *scratch;
	GArray *tick_ns; /* of uint32_t */
	double fairness_samples, reclaimed;
	struct pn_sim_result result;
};

struct pn_sim_config pn_sim_defaults(void)
{
	return (struct pn_sim_config){ .guests = 1000, .hours = 1000, .seed = 1, .tick_s = 10, .overcommit = 1.5, .reserve = 0.05 };
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static enum pn_sim_honesty draw_honesty(const struct pn_sim_config *config, unsigned int i, uint64_t *random)
{
	/* by number, not by lot: exactly that part */
	bool hostile = floor((i + 1) * config->hostile) > floor(i * config->hostile);

	return hostile ? 1 + pn_random_next(random) % (PN_SIM_HONESTIES - 1) : PN_SIM_HONEST;
}

static void populate(struct sim *sim)
{
	static const double sizes[] = { 1, 2, 2, 4, 4, 4, 8, 8, 16 };
	uint64_t random = sim->config->seed;

	for (unsigned int i = 0; i < sim->count; i++) {
		struct pn_sim_guest *guest = &sim->guests[i];
		double max = sizes[pn_random_next(&random) % G_N_ELEMENTS(sizes)] * GIB;
		uint64_t seed = pn_random_next(&random), load_seed = pn_random_next(&random);

		pn_sim_guest_init(guest, seed, max, draw_honesty(sim->config, i, &random));
		if (sim->config->trace)
			pn_sim_load_recorded(&guest->load, sim->config->trace, i, load_seed, max);
		else
			pn_sim_load_synthetic(&guest->load, load_seed, max);
		sim->limits[i] = guest->limits;
		sim->result.bytes_max += max;
	}
}

/* Everybody begins where the static division puts it, with its load in place. */
static int begin(struct sim *sim, struct pn_diag *diag)
{
	void *first;

	sim->host = pn_policy_defaults();
	sim->host.capacity_bytes = (uint64_t)(sim->result.bytes_max / sim->config->overcommit);
	sim->host.reserve_bytes = (uint64_t)((double)sim->host.capacity_bytes * sim->config->reserve);
	sim->host.bounds_enforced = sim->config->cgroups;
	sim->host.stats_period_ns = (uint64_t)(sim->config->tick_s * 1e9);
	first = pn_law_static.new(&sim->host, sim->limits, sim->targets, sim->count);
	if (!first)
		return pn_diag_set(diag, -ENOMEM, "no memory for %u guests", sim->count);
	pn_law_static.step(first, NULL, 0, sim->decisions);
	pn_law_static.free(first);
	for (unsigned int i = 0; i < sim->count; i++) {
		struct pn_sim_guest *guest = &sim->guests[i];

		sim->targets[i] = sim->decisions[i].target_bytes;
		guest->target = guest->actual = (double)sim->targets[i];
		guest->resident = fmin(guest->actual, pn_sim_guest_need(guest));
	}
	sim->state = sim->law->new(&sim->host, sim->limits, sim->targets, sim->count);
	if (!sim->state)
		return pn_diag_set(diag, -EINVAL, "%s does not take this population", sim->law->name);
	return 0;
}

static void note_move(struct sim *sim, unsigned int i, double target)
{
	struct pn_sim_guest *guest = &sim->guests[i];
	double change = target - guest->target;
	int direction = change > 0 ? 1 : -1;

	guest->target = target;
	if (fabs(change) < MIB || guest->honesty != PN_SIM_HONEST)
		return;
	if (sim->each[i].direction == -direction)
		sim->result.reversals++;
	sim->each[i].direction = direction;
}

static void control(struct sim *sim, uint64_t now_ns)
{
	uint64_t before;
	uint32_t took;

	for (unsigned int i = 0; i < sim->count; i++)
		pn_sim_guest_observe(&sim->guests[i], &sim->observations[i]);
	before = cpu_ns();
	sim->law->step(sim->state, sim->observations, now_ns, sim->decisions);
	took = (uint32_t)MIN(cpu_ns() - before, UINT32_MAX);
	g_array_append_val(sim->tick_ns, took);
	for (unsigned int i = 0; i < sim->count; i++) {
		note_move(sim, i, (double)sim->decisions[i].target_bytes);
		sim->guests[i].bound = sim->config->cgroups ? (double)sim->decisions[i].bound_bytes : 0;
	}
}

/* The host's side of a tick: what it got back, whether its reserve held, and what its own swapping costs the guests. */
static void account(struct sim *sim, const struct pn_sim_rates *rates)
{
	double held = 0, excess, hot, in, capacity = (double)sim->host.capacity_bytes;

	for (unsigned int i = 0; i < sim->count; i++) {
		const struct pn_sim_guest *guest = &sim->guests[i];
		double all = guest->resident + (double)guest->limits.overhead_bytes, mine = guest->bound > 0 ? fmin(all, guest->bound) : all;

		held += mine;
		sim->reclaimed += (guest->max + (double)guest->limits.overhead_bytes - mine) * rates->tick_s;
	}
	sim->result.reserve_crossed += held > capacity - (double)sim->host.reserve_bytes;
	excess = (held - capacity) / held;
	if (excess <= 0)
		return;
	for (unsigned int i = 0; i < sim->count; i++) {
		struct pn_sim_guest *guest = &sim->guests[i];

		hot = (guest->load.hot_bytes + guest->load.file_bytes) * excess;
		in = fmin(hot * rates->tick_s / rates->hot_s, HOST_SWAP_PER_S / sim->count * rates->tick_s);
		guest->total_swap_in += in;
		guest->total_stalled_s += fmin(in / (HOST_SWAP_PER_S / sim->count), rates->tick_s);
	}
}

/* How much of its share of what all really need each guest has; what a guest lacks because there is not more does not count. */
static void judge_fairness(struct sim *sim)
{
	uint64_t budget = sim->host.capacity_bytes - sim->host.reserve_bytes;

	for (unsigned int i = 0; i < sim->count; i++) {
		const struct pn_sim_guest *guest = &sim->guests[i];
		uint64_t need = (uint64_t)pn_sim_guest_need(guest), fixed = guest->limits.overhead_bytes;

		sim->shares[i] = (struct pn_share){ .floor_bytes = guest->limits.min_bytes, .weight = guest->limits.weight };
		sim->shares[i].want_bytes = MAX(need, guest->limits.min_bytes);
		budget = budget > fixed ? budget - fixed : 0;
	}
	pn_waterfill(sim->shares, sim->scratch, sim->count, budget);
	for (unsigned int i = 0; i < sim->count; i++)
		sim->each[i].satisfied += fmin(sim->guests[i].actual / (double)sim->shares[i].got_bytes, 1);
	sim->fairness_samples++;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void conclude(struct sim *sim, double seconds)
{
	struct pn_sim_result *result = &sim->result;
	double sum = 0, squares = 0, swap_in = 0, touched = 0;
	unsigned int honest = 0;

	for (unsigned int i = 0; i < sim->count; i++) {
		const struct pn_sim_guest *guest = &sim->guests[i];
		double satisfied = sim->each[i].satisfied / sim->fairness_samples;

		if (guest->honesty != PN_SIM_HONEST)
			continue;
		honest++;
		sum += satisfied;
		squares += satisfied * satisfied;
		swap_in += guest->total_swap_in;
		touched += guest->total_touched;
		result->stall_s += guest->total_stalled_s;
		result->ooms += guest->ooms;
	}
	result->jain = squares > 0 ? sum * sum / (honest * squares) : 0;
	result->swap_in_ratio = touched > 0 ? swap_in / touched : 0;
	result->reclaimed_bytes = sim->reclaimed / seconds;
	result->guest_s = seconds * honest;
	qsort(sim->tick_ns->data, sim->tick_ns->len, sizeof(uint32_t), by_size);
	result->tick_p50_ms = g_array_index(sim->tick_ns, uint32_t, sim->tick_ns->len / 2) / 1e6;
	result->tick_p99_ms = g_array_index(sim->tick_ns, uint32_t, (guint)((double)(sim->tick_ns->len - 1) * 0.99)) / 1e6;
}

static int live(struct sim *sim, const volatile int *stop)
{
	struct pn_sim_rates rates = pn_sim_rates_of(sim->config->tick_s);
	uint64_t ticks = (uint64_t)(sim->config->hours * 3600.0 / sim->config->tick_s);

	for (uint64_t tick = 1; tick <= ticks; tick++) {
		if (stop && *stop)
			return -EINTR;
		control(sim, (uint64_t)((double)tick * sim->config->tick_s * 1e9));
		for (unsigned int i = 0; i < sim->count; i++)
			pn_sim_guest_step(&sim->guests[i], &rates);
		account(sim, &rates);
		if (tick % FAIRNESS_EVERY == 1)
			judge_fairness(sim);
	}
	conclude(sim, (double)ticks * sim->config->tick_s);
	return 0;
}

int pn_sim_run(const struct pn_sim_config *config, const struct pn_law *law, const volatile int *stop, struct pn_sim_result *ret_result,
	       struct pn_diag *diag)
{
	unsigned int n = config->guests;
	uint64_t before = cpu_ns();
	struct sim sim = { .config = config, .law = law, .count = n, .result.law = law };
	int err;

	sim.limits = g_new0(struct pn_policy_guest, n);
	sim.targets = g_new0(uint64_t, n);
	sim.guests = g_new0(struct pn_sim_guest, n);
	sim.observations = g_new0(struct pn_observation, n);
	sim.decisions = g_new0(struct pn_decision, n);
	sim.each = g_new0(struct each, n);
	sim.shares = g_new0(struct pn_share, n);
	sim.scratch = g_new0(size_t, n);
	sim.tick_ns = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	populate(&sim);
	err = begin(&sim, diag);
	if (!err)
		err = live(&sim, stop);
	if (err == -EINTR)
		pn_diag_set(diag, err, "interrupted");
	sim.result.cpu_s = (double)(cpu_ns() - before) / 1e9;
	if (!err)
		*ret_result = sim.result;
	if (sim.state)
		law->free(sim.state);
	g_array_free(sim.tick_ns, TRUE);
	g_free(sim.limits);
	g_free(sim.targets);
	g_free(sim.guests);
	g_free(sim.observations);
	g_free(sim.decisions);
	g_free(sim.each);
	g_free(sim.shares);
	g_free(sim.scratch);
	return err;
}
