// SPDX-License-Identifier: GPL-2.0-only
/*
 * The law. Per tick: judge how far each guest can be trusted, what it needs, what is its fair part of the budget, and then how
 * far its target may move now. Downwards slowly and only while the guest is at ease or others are owed the memory; upwards at
 * once, but only out of memory that has really come back.
 *
 * Invariant: the sum of B_i after a step is at most capacity - reserve, unless it was above before the step for a reason that
 * is not ours (a guest above its target); then it does not grow.
 *
 * A target that was lowered counts as before for one tick more: until then the guest may not have seen it, and still be growing.
 */

#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "demand.h"
#include "mutant.h"
#include "trust.h"
#include "waterfill.h"

#define SECOND_NS 1000000000ULL
#ifndef ALIGN_BYTES /* a test wants fewer sizes */
#define ALIGN_BYTES (64ULL << 10) /* the largest page of a guest: a target between two of them is never reached */
#endif

const char *const pn_trust_names[PN_TRUST_COUNT] = { "fresh", "stale", "stuck", "lying", "quarantined" };
const char *const pn_reason_names[PN_REASON_COUNT] = {
	"settled", "demand", "pressure", "no slack", "idle", "scarce", "cool-down", "blocked", "held",
};

/* What a tick works out of one guest. */
struct guest {
	bool known; /* has been looked at before */
	struct pn_trust_state trust;
	struct pn_demand_state demand;
	uint64_t target_bytes;
	uint64_t prior_bytes;	 /* target before the last step */
	uint64_t actual_bytes;	 /* last known; the largest possible at first */
	uint64_t resident_bytes; /* last known; 0: never seen */
	uint64_t raised_ns;	 /* 0: never */
	uint64_t due_bytes;	 /* its part of the budget */
	uint64_t held_bytes;	 /* by its target, its word and the host's eyes */
	uint64_t granted_bytes;	 /* the most it may hold by what it was ever given: rises with its target only, falls as it is seen to hold less */
	uint64_t claim_bytes;	 /* or may still: B_i without quota and overhead */
};

struct pn_policy {
	struct pn_policy_config config;
	struct pn_policy_guest *configs;
	struct guest *guests;
	struct pn_share *shares;
	size_t *scratch;
	size_t count;
	double weights;
	uint64_t fixed_bytes; /* quotas and overheads */
	uint64_t last_ns;
	uint64_t committed_bytes;
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct pn_policy_config pn_policy_defaults(void)
{
	return (struct pn_policy_config){
		.price_s = 1600,
		.headroom = 0.05,
		.headroom_bytes = 64ULL << 20,
		.hidden_after_ns = 900 * SECOND_NS,
		.psi_block = 0.0025,
		.psi_grow = 0.005,
		.refault_bytes_per_s = 200000,
		.pressure_step = 0.25,
		.full_step = 1,
		.probe_after_ns = 300 * SECOND_NS,
		.psi_probe = 0.0005,
		.dead_band = 0.01,
		.shrink_step = 0.6,
		.shrink_per_s = 0.25,
		.cool_down_ns = 30 * SECOND_NS,
		.stuck_ns = 5 * SECOND_NS,
		.stats_period_ns = SECOND_NS,
		.stale_polls = 3,
		.lies_allowed = 3,
	};
}

static bool configured_well(const struct pn_policy_config *config, const struct pn_policy_guest *guests, size_t count)
{
	if (config->reserve_bytes > config->capacity_bytes || !(config->shrink_step > 0 && config->shrink_step <= 1))
		return false;
	for (size_t i = 0; i < count; i++)
		if (guests[i].min_bytes > guests[i].max_bytes || !(guests[i].weight > 0))
			return false;
	return true;
}

struct pn_policy *pn_policy_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	struct pn_policy *policy;

	if (!configured_well(config, guests, count))
		return NULL;
	policy = calloc(1, sizeof(*policy));
	if (!policy)
		return NULL;
	policy->config = *config;
	policy->count = count;
	policy->configs = calloc(count + 1, sizeof(*policy->configs));
	policy->guests = calloc(count + 1, sizeof(*policy->guests));
	policy->shares = calloc(count + 1, sizeof(*policy->shares));
	policy->scratch = calloc(count + 1, sizeof(*policy->scratch));
	if (!policy->configs || !policy->guests || !policy->shares || !policy->scratch) {
		pn_policy_free(policy);
		return NULL;
	}
	memcpy(policy->configs, guests, count * sizeof(*guests));
	for (size_t i = 0; i < count; i++) {
		struct guest *guest = &policy->guests[i];

		guest->target_bytes = guest->prior_bytes = targets[i];
		guest->actual_bytes = guests[i].max_bytes;
		pn_demand_init(&guest->demand, targets[i]);
		policy->weights += guests[i].weight;
		policy->fixed_bytes += (PB_MUTANT(QUOTA) ? 0 : guests[i].oom_quota_bytes) + guests[i].overhead_bytes;
	}
	return policy;
}

void pn_policy_free(struct pn_policy *policy)
{
	if (!policy)
		return;
	free(policy->configs);
	free(policy->guests);
	free(policy->shares);
	free(policy->scratch);
	free(policy);
}

void pn_policy_adopt(struct pn_policy *policy, size_t index, const struct pn_policy *from, size_t from_index)
{
	policy->guests[index] = from->guests[from_index];
	policy->last_ns = from->last_ns;
}

uint64_t pn_policy_committed(const struct pn_policy *policy)
{
	return policy->committed_bytes;
}

static void weigh(const struct pn_policy *policy, const struct pn_policy_guest *limits, struct guest *guest)
{
	uint64_t held = guest->actual_bytes;

	if (guest->resident_bytes > limits->overhead_bytes)
		held = larger(held, guest->resident_bytes - limits->overhead_bytes);
	if (!guest->known) /* whatever it has when we come is its own */
		guest->granted_bytes = held;
	if (held < guest->granted_bytes)
		guest->granted_bytes = held;
	guest->granted_bytes = larger(guest->granted_bytes, larger(guest->target_bytes, guest->prior_bytes));
	if (policy->config.bounds_enforced && held > guest->granted_bytes)
		held = guest->granted_bytes;
	guest->held_bytes = PB_MUTANT(MERGE) ? guest->target_bytes : larger(held, guest->target_bytes);
	guest->claim_bytes = PB_MUTANT(PRIOR) ? guest->held_bytes : larger(guest->held_bytes, guest->prior_bytes);
}

/*
 * Where a guest that does not move is left: no use to torment it, so what it does not give it is not asked for, and what it does not take goes to
 * others. Upwards only to what it was given once and the host sees that it still holds: neither a word nor a deed of its own gets it there.
 */
static uint64_t settle(const struct pn_policy_guest *limits, const struct guest *guest)
{
	uint64_t held = guest->resident_bytes > limits->overhead_bytes ? guest->resident_bytes - limits->overhead_bytes : 0;

	if (guest->actual_bytes <= guest->target_bytes)
		return guest->actual_bytes;
	held = held < guest->actual_bytes ? held : guest->actual_bytes;
	held = held < guest->granted_bytes ? held : guest->granted_bytes;
	return larger(held, guest->target_bytes);
}

static void judge(struct pn_policy *policy, size_t i, const struct pn_observation *o, uint64_t now_ns)
{
	const struct pn_policy_guest *limits = &policy->configs[i];
	struct guest *guest = &policy->guests[i];

	if (!guest->known)
		pn_trust_init(&guest->trust, now_ns);
	if (o->refused)
		guest->target_bytes = guest->prior_bytes;
	if (o->actual_bytes == PN_UNSET) /* unseen it may have grown as far as it was accounted for */
		guest->actual_bytes = PB_MUTANT(UNSET) ? 0 : larger(guest->actual_bytes, guest->claim_bytes);
	else
		guest->actual_bytes = o->actual_bytes < limits->max_bytes ? o->actual_bytes : limits->max_bytes;
	if (o->resident_bytes != PN_UNSET)
		guest->resident_bytes = o->resident_bytes;
	pn_trust_update(&guest->trust, &policy->config, limits, o, guest->target_bytes, now_ns);
	pn_demand_update(&guest->demand, &policy->config, limits, o, guest->target_bytes, now_ns);
	weigh(policy, limits, guest);
	guest->known = true;
	guest->prior_bytes = guest->target_bytes;
	if (guest->trust.stuck)
		guest->target_bytes = settle(limits, guest);
}

/*
 * Everybody's part of the budget. Who is trusted wants its demand; who is not trusted to move keeps what it holds, which is not there to
 * be divided. A liar wants no more than its weight's worth and no more than it has: nothing it says can raise it. What it was seen to
 * hold against its word is not there to be divided either.
 */
static void divide_budget(struct pn_policy *policy, uint64_t budget_bytes)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct pn_policy_guest *limits = &policy->configs[i];
		struct guest *guest = &policy->guests[i];
		struct pn_share *share = &policy->shares[i];
		uint64_t fair = (uint64_t)((double)budget_bytes * (limits->weight / policy->weights));

		share->weight = PB_MUTANT(WEIGHT) ? 1 : limits->weight;
		if (guest->trust.trust == PN_TRUST_FRESH) {
			share->floor_bytes = limits->min_bytes;
			share->want_bytes = guest->demand.demand_bytes;
		} else if (guest->trust.trust == PN_TRUST_STALE || guest->trust.stuck || guest->trust.mismatch) {
			share->floor_bytes = share->want_bytes = guest->claim_bytes;
		} else {
			share->floor_bytes = limits->min_bytes;
			share->want_bytes = larger(limits->min_bytes, guest->target_bytes < fair ? guest->target_bytes : fair);
		}
	}
	pn_waterfill(policy->shares, policy->scratch, policy->count, budget_bytes);
	for (size_t i = 0; i < policy->count; i++)
		policy->guests[i].due_bytes = policy->shares[i].got_bytes;
}

/* How far down one tick goes. The last bit within the dead band is taken along, so that it ends where it should. */
static uint64_t shrink_by(const struct pn_policy *policy, size_t i, uint64_t goal, uint64_t now_ns)
{
	const struct guest *guest = &policy->guests[i];
	const struct pn_policy_config *config = &policy->config;
	double distance = (double)(guest->target_bytes - goal), step = distance * config->shrink_step;
	double seconds = policy->last_ns ? (double)(now_ns - policy->last_ns) / SECOND_NS : 1;
	double most = config->shrink_per_s * seconds * (double)policy->configs[i].max_bytes;

	if (distance - step <= (double)goal * config->dead_band)
		step = distance;
	return (uint64_t)(PB_MUTANT(FULL_STEP) ? distance : step < most ? step : most);
}

static enum pn_reason lower(const struct pn_policy *policy, size_t i, uint64_t now_ns, bool over)
{
	const struct pn_policy_config *config = &policy->config;
	struct guest *guest = &policy->guests[i];
	uint64_t goal = guest->due_bytes;
	bool scarce = goal < guest->demand.demand_bytes, trusted = guest->trust.trust == PN_TRUST_FRESH;

	if (trusted && !scarce && !PB_MUTANT(COOL_DOWN)) {
		if (guest->demand.pressed)
			return PN_REASON_BLOCKED;
		if (guest->raised_ns && now_ns - guest->raised_ns < config->cool_down_ns)
			return PN_REASON_COOL_DOWN;
		goal = larger(goal, pn_demand_recent(&guest->demand));
		if (goal >= guest->target_bytes)
			return PN_REASON_COOL_DOWN;
	}
	guest->target_bytes -= over ? guest->target_bytes - goal : shrink_by(policy, i, goal, now_ns);
	guest->target_bytes = larger(guest->target_bytes / ALIGN_BYTES * ALIGN_BYTES, PB_MUTANT(MINIMUM) ? 0 : policy->configs[i].min_bytes);
	return scarce ? PN_REASON_SCARCE : PN_REASON_IDLE;
}

static bool within_dead_band(const struct pn_policy_config *config, const struct guest *guest)
{
	uint64_t distance = guest->due_bytes > guest->target_bytes ? guest->due_bytes - guest->target_bytes : guest->target_bytes - guest->due_bytes;

	return (double)distance <= (double)guest->due_bytes * config->dead_band;
}

/* First phase: all that goes down or stays. Return: does anybody want to go up? What they want is left in their shares. */
static bool lower_all(struct pn_policy *policy, uint64_t now_ns, bool over, struct pn_decision *decisions)
{
	bool rising = false;

	for (size_t i = 0; i < policy->count; i++) {
		struct guest *guest = &policy->guests[i];
		struct pn_share *share = &policy->shares[i];

		*share = (struct pn_share){ .weight = policy->configs[i].weight };
		if (guest->trust.trust == PN_TRUST_STALE || guest->trust.stuck) {
			decisions[i].reason = PN_REASON_HELD;
		} else if (within_dead_band(&policy->config, guest)) {
			decisions[i].reason = PN_REASON_SETTLED;
		} else if (guest->due_bytes < guest->target_bytes) {
			decisions[i].reason = lower(policy, i, now_ns, over);
		} else if (guest->trust.trust != PN_TRUST_FRESH) {
			decisions[i].reason = PN_REASON_HELD;
		} else {
			/* up to what it already holds costs nothing */
			share->want_bytes = guest->due_bytes > guest->held_bytes ? guest->due_bytes - guest->held_bytes : 0;
			decisions[i].reason = guest->demand.needy ? PN_REASON_PRESSURE : PN_REASON_DEMAND;
			rising = true;
		}
	}
	return rising;
}

/* Second phase: slack to those who rise, by need and weight. */
static void raise_all(struct pn_policy *policy, uint64_t budget_bytes, uint64_t claims_bytes, uint64_t now_ns, struct pn_decision *decisions)
{
	bool over = claims_bytes > budget_bytes;

	pn_waterfill(policy->shares, policy->scratch, policy->count, over ? 0 : budget_bytes - claims_bytes);
	for (size_t i = 0; i < policy->count; i++) {
		struct guest *guest = &policy->guests[i];
		uint64_t reach;

		if (decisions[i].reason != PN_REASON_DEMAND && decisions[i].reason != PN_REASON_PRESSURE)
			continue;
		reach = guest->due_bytes < guest->held_bytes ? guest->due_bytes : guest->held_bytes + policy->shares[i].got_bytes;
		if (reach != policy->configs[i].max_bytes)
			reach = reach / ALIGN_BYTES * ALIGN_BYTES;
		/* while more is held than there is, to hold more than granted is not to be rewarded */
		if (over && reach > guest->granted_bytes)
			reach = guest->granted_bytes;
		if (PB_MUTANT(RESTORE) || reach <= guest->target_bytes) {
			decisions[i].reason = PN_REASON_NO_SLACK;
			continue;
		}
		guest->target_bytes = reach;
		guest->raised_ns = now_ns;
	}
}

void pn_policy_step(struct pn_policy *policy, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	uint64_t budget = policy->config.capacity_bytes - policy->config.reserve_bytes, claims = 0;

	budget = budget > policy->fixed_bytes ? budget - policy->fixed_bytes : 0;
	for (size_t i = 0; i < policy->count; i++) {
		judge(policy, i, &observations[i], now_ns);
		claims += policy->guests[i].claim_bytes;
	}
	divide_budget(policy, budget);
	if (lower_all(policy, now_ns, claims > budget, ret_decisions))
		raise_all(policy, budget, claims, now_ns, ret_decisions);
	policy->committed_bytes = 0;
	for (size_t i = 0; i < policy->count; i++) {
		const struct pn_policy_guest *limits = &policy->configs[i];
		struct guest *guest = &policy->guests[i];
		struct pn_decision *decision = &ret_decisions[i];

		guest->claim_bytes = larger(guest->claim_bytes, guest->target_bytes);
		guest->granted_bytes = larger(guest->granted_bytes, guest->target_bytes);
		decision->target_bytes = guest->target_bytes;
		decision->demand_bytes = guest->demand.demand_bytes;
		decision->bound_bytes = guest->granted_bytes + limits->oom_quota_bytes + limits->overhead_bytes;
		decision->trust = guest->trust.trust;
		decision->retry = guest->trust.retry_gap_ns && !guest->trust.stuck && guest->actual_bytes != guest->target_bytes;
		policy->committed_bytes += guest->claim_bytes + limits->oom_quota_bytes + limits->overhead_bytes;
	}
	policy->last_ns = now_ns;
}
