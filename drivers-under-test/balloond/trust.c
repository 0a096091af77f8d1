// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trust ladder. Only facts that a guest can't choose at will move it for good: time without statistics, distance to its target,
 * memory that the host sees, boots that the host counts; and of its own words only those that contradict each other or these facts.
 *
 * Limits: a lie that adds up (all memory in use, say) can't be told from the truth. It needs no telling: the division of the budget gives no
 * guest more than its share of what others want, whatever it says.
 */

#include "trust.h"

#include "mutant.h"

#define SECOND_NS 1000000000ULL
#define HONEST_AGAIN_NS (60 * SECOND_NS)
#define RETRY_FIRST_NS (10 * SECOND_NS)
#define RETRY_MOST_NS (640 * SECOND_NS)

/* Guests round: to their page size, to MiB; QEMU's own memory breathes. */
#define AT_TARGET_BYTES (1ULL << 20)
#define PROGRESS_BYTES (256ULL << 10)
#define MISMATCH_BYTES (64ULL << 20)

void pn_trust_init(struct pn_trust_state *state, uint64_t now_ns)
{
	*state = (struct pn_trust_state){
		.trust = PN_TRUST_FRESH,
		.stats_seen_ns = now_ns,
		.swap_in_bytes = PN_UNSET,
		.major_faults = PN_UNSET,
		.psi_some_ns = PN_UNSET,
		.mark_bytes = PN_UNSET,
		.progress_ns = now_ns,
	};
}

/* Return: did it run backwards? A counter that is no longer given says nothing, and its last value is kept. */
static bool went_back(uint64_t *last, uint64_t now)
{
	bool back = now != PN_UNSET && *last != PN_UNSET && now < *last;

	if (now != PN_UNSET)
		*last = now;
	return back;
}

static bool contradicts(struct pn_trust_state *state, const struct pn_policy_guest *guest, const struct pn_observation *o)
{
	bool back = went_back(&state->swap_in_bytes, o->swap_in_bytes);

	if (PB_MUTANT(LIES))
		return false;

	back |= went_back(&state->major_faults, o->major_faults);
	back |= went_back(&state->psi_some_ns, o->psi_some_ns);
	if (o->total_bytes != PN_UNSET && o->total_bytes > guest->max_bytes)
		return true;
	if (o->total_bytes != PN_UNSET && o->available_bytes != PN_UNSET && o->available_bytes > o->total_bytes)
		return true;
	return back;
}

/* The host counts resets, so a reboot is no lie: everything it said starts anew, and so does the time that it may take. */
static void note_reboot(struct pn_trust_state *state, const struct pn_observation *o, uint64_t now_ns)
{
	if (o->boots == state->boots || PB_MUTANT(REBOOT))
		return;
	state->boots = o->boots;
	state->swap_in_bytes = state->major_faults = state->psi_some_ns = PN_UNSET;
	state->stats_seen_ns = now_ns;
	state->progress_ns = now_ns;
	state->mark_bytes = PN_UNSET;
	state->stuck = false;
}

static void update_words(struct pn_trust_state *state, const struct pn_policy_guest *guest, const struct pn_observation *o, uint64_t now_ns)
{
	bool renewed = o->stats_ns && o->stats_ns != PN_UNSET && o->stats_ns != state->stats_ns;

	if (state->lies && now_ns - state->lied_ns >= HONEST_AGAIN_NS)
		state->lies = 0;
	if (!renewed)
		return;
	if (contradicts(state, guest, o)) {
		state->lies++;
		state->lied_ns = now_ns;
	}
	state->stats_ns = o->stats_ns;
	state->stats_seen_ns = now_ns;
}

/*
 * Is this the last look that is not later than @stuck_ns after @since_ns? The next one comes as long after this one as this came after the one before, or a
 * bit later. To wait for the look that finds the time over would let it be exceeded by a tick.
 */
static bool is_time(const struct pn_policy_config *config, uint64_t since_ns, uint64_t before_ns, uint64_t now_ns)
{
	uint64_t tick_ns = now_ns - before_ns;

	return now_ns - since_ns + tick_ns + tick_ns / 8 > config->stuck_ns;
}

/* More memory in the host's eyes than the guest admits: its driver reports and frees nothing, or it takes pages back. */
static void update_mismatch(struct pn_trust_state *state, const struct pn_policy_config *config, const struct pn_policy_guest *guest,
			    const struct pn_observation *o, uint64_t now_ns)
{
	if (o->actual_bytes == PN_UNSET || o->resident_bytes == PN_UNSET)
		return; /* not seen is not settled */
	if (o->resident_bytes <= o->actual_bytes + guest->overhead_bytes + MISMATCH_BYTES) {
		state->mismatch_ns = now_ns ? now_ns : 1;
		state->mismatch = state->differs = false;
	} else if (state->differs && is_time(config, state->mismatch_ns, state->weighed_ns, now_ns)) {
		state->mismatch = !PB_MUTANT(CLAIMS);
	} else {
		state->mismatch_ns = state->mismatch_ns ? state->mismatch_ns : now_ns ? now_ns : 1; /* as it was found */
		state->differs = true;
	}
	state->weighed_ns = now_ns;
}

static void mark(struct pn_trust_state *state, uint64_t actual, uint64_t now_ns)
{
	state->mark_bytes = actual;
	state->progress_ns = now_ns;
}

/* Stuck: it was told to stay where it is, so any move is its own doing; otherwise it waits until it is asked again. */
static void wait_stuck(struct pn_trust_state *state, uint64_t actual, uint64_t now_ns)
{
	bool moved = actual >= state->mark_bytes + PROGRESS_BYTES || actual + PROGRESS_BYTES <= state->mark_bytes;

	if (!moved && (now_ns < state->retry_ns || PB_MUTANT(RETRY)))
		return;
	if (moved)
		state->retry_gap_ns = 0;
	state->stuck = false;
	mark(state, actual, now_ns);
}

/*
 * Progress is movement towards the target from where it last made some. A target that moves on does not restart the clock, or a guest that
 * is asked for more every tick would never count as stuck; one that changes sides does.
 */
static void update_obedience(struct pn_trust_state *state, const struct pn_policy_config *config, uint64_t actual, uint64_t target, uint64_t now_ns)
{
	uint64_t distance = actual > target ? actual - target : target - actual;
	bool above = actual > target;

	if (state->stuck) {
		wait_stuck(state, actual, now_ns);
	} else if (distance <= AT_TARGET_BYTES || state->mark_bytes == PN_UNSET) {
		mark(state, actual, now_ns);
	} else if (above != state->above) {
		mark(state, actual, state->looked_ns); /* it has had this target since then */
	} else if (above ? actual + PROGRESS_BYTES <= state->mark_bytes : actual >= state->mark_bytes + PROGRESS_BYTES) {
		state->retry_gap_ns = 0;
		mark(state, actual, now_ns);
	} else if (is_time(config, state->progress_ns, state->looked_ns, now_ns)) {
		state->stuck = true;
		state->retry_gap_ns = state->retry_gap_ns ? state->retry_gap_ns * 2 : RETRY_FIRST_NS;
		if (state->retry_gap_ns > RETRY_MOST_NS)
			state->retry_gap_ns = RETRY_MOST_NS;
		state->retry_ns = now_ns + state->retry_gap_ns;
		state->mark_bytes = actual;
	}
	state->above = above;
	state->looked_ns = now_ns;
}

void pn_trust_update(struct pn_trust_state *state, const struct pn_policy_config *config, const struct pn_policy_guest *guest,
		     const struct pn_observation *observation, uint64_t target_bytes, uint64_t now_ns)
{
	note_reboot(state, observation, now_ns);
	update_words(state, guest, observation, now_ns);
	update_mismatch(state, config, guest, observation, now_ns);
	if (observation->actual_bytes != PN_UNSET)
		update_obedience(state, config, observation->actual_bytes, target_bytes, now_ns);
	if (state->trust == PN_TRUST_QUARANTINED || state->lies > config->lies_allowed)
		state->trust = PN_TRUST_QUARANTINED;
	else if (state->lies || state->mismatch)
		state->trust = PN_TRUST_LYING;
	else if (state->stuck)
		state->trust = PN_TRUST_STUCK;
	else if (PB_MUTANT(STALE))
		state->trust = PN_TRUST_FRESH;
	else if (!state->stats_ns || now_ns - state->stats_seen_ns > config->stale_polls * config->stats_period_ns)
		state->trust = PN_TRUST_STALE;
	else
		state->trust = PN_TRUST_FRESH;
}
