// SPDX-License-Identifier: GPL-2.0-only
/*
 * ChromeOS's BalanceAvailable. Moves half the difference between what the guest has available (free and cache) above its critical level and
 * what the host has available above its own, when that is more than 1 % of either. The guest's critical level starts at 400 MiB and is
 * learned downwards, by what it had when it was below twice in a row. Inflation that stalls (less than 15 MB/s after 4 s) is given up:
 * 128 MiB back, and no more for a minute.
 *
 * It was made for one guest. With many, each is weighed against its part, by weight, of what the host has available; the reserve is the host's critical level.
 */
#include "common.h"

#include <math.h>

#define MIB 1048576.0
#define CRITICAL_BYTES (400 * MIB)
#define STALL_NS 4000000000ULL
#define STALL_BYTES_PER_S 15e6
#define BACK_OFF_BYTES (128 * MIB)
#define BLOCK_NS 60000000000ULL

struct each {
	double critical, before; /* 0 before the first tick */
	double asked_from;	 /* size when the inflation began; 0: none */
	uint64_t asked_ns;
	uint64_t blocked_ns; /* until then */
};

struct balance {
	struct pn_law_common common;
	double weights;
};

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	struct balance *law = pn_law_common_new(sizeof(*law), sizeof(struct each), config, guests, targets, count);

	for (size_t i = 0; law && i < count; i++)
		law->weights += guests[i].weight;
	return law;
}

static double learned_critical(struct each *one, double available)
{
	if (one->critical == 0)
		one->critical = CRITICAL_BYTES;
	else if (available < one->critical && one->before < one->critical)
		one->critical = one->before;
	one->before = available;
	return one->critical;
}

/* Return: has it just given up? */
static bool stalls(struct each *one, double actual, double target, uint64_t now_ns)
{
	double seconds = (double)(now_ns - one->asked_ns) / 1e9;

	if (one->asked_from == 0 || actual <= target + MIB) {
		one->asked_from = 0;
		return false;
	}
	if (now_ns - one->asked_ns < STALL_NS || one->asked_from - actual >= STALL_BYTES_PER_S * seconds)
		return false;
	one->asked_from = 0;
	one->blocked_ns = now_ns + BLOCK_NS;
	return true;
}

static void decide(struct pn_law_common *law, size_t i, const struct pn_observation *o, double actual, double host_above, uint64_t now_ns)
{
	struct each *one = (struct each *)law->each + i;
	double guest_above, delta;

	if (o->available_bytes == PN_UNSET)
		return;
	guest_above = (double)o->available_bytes - learned_critical(one, (double)o->available_bytes);
	if (stalls(one, actual, (double)law->targets[i], now_ns)) {
		law->targets[i] = (uint64_t)(actual + BACK_OFF_BYTES);
		return;
	}
	delta = (guest_above - host_above) / 2;
	if (guest_above >= MIB && host_above >= MIB && fabs(delta) * 100 <= guest_above && fabs(delta) * 100 <= host_above)
		return;
	delta = fmin(fmax(delta, -(host_above + 10 * MIB)), guest_above + 10 * MIB);
	if (delta > 0 && now_ns < one->blocked_ns)
		return;
	if (delta > 0 && one->asked_from == 0) {
		one->asked_from = actual;
		one->asked_ns = now_ns;
	}
	law->targets[i] = (uint64_t)fmax(actual - delta, 0);
}

static void law_step(void *state, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	struct balance *law = state;
	double above = (double)law->common.config.capacity_bytes - (double)pn_law_common_host_used(&law->common, observations) -
		       (double)law->common.config.reserve_bytes;

	for (size_t i = 0; i < law->common.count; i++)
		decide(&law->common, i, &observations[i], (double)pn_law_common_actual(&law->common, observations, i),
		       above * law->common.guests[i].weight / law->weights, now_ns);
	pn_law_common_publish(&law->common, ret_decisions);
}

const struct pn_law pn_law_balance = {
	.name = "balance",
	.help = "ChromeOS BalanceAvailable: half the difference of guest's and host's available memory",
	.source = "ChromiumOS platform2, vm_tools/concierge BalanceAvailableBalloonPolicy",
	.new = law_new,
	.step = law_step,
	.free = pn_law_common_free,
};
