// SPDX-License-Identifier: GPL-2.0-only
/*
 * senpai, with the balloon where it has memory.high. Aims at 10 ms of stall in 6 s: below, it takes up to 1 % per interval; above, it gives
 * with the square of the error, up to as much again as there is. A tick longer than its interval stands for as many intervals as fit
 * in. It looks at no host: nothing but each guest's maximum bounds what it gives.
 */
#include "common.h"

#include <math.h>

#define INTERVAL_S 6.0
#define PRESSURE_S 0.010
#define MAX_PROBE 0.01
#define MAX_BACKOFF 1.0
#define COEFF_PROBE 10.0
#define COEFF_BACKOFF 20.0

struct each {
	uint64_t psi_ns;
	double stalled_s, waited_s;
	bool seen;
};

static void *law_new(const struct pn_policy_config *config, const struct pn_policy_guest *guests, const uint64_t *targets, size_t count)
{
	return pn_law_common_new(sizeof(struct pn_law_common), sizeof(struct each), config, guests, targets, count);
}

static void tick(struct each *one, uint64_t *target, double seconds)
{
	double intervals, pressure;

	one->waited_s += seconds;
	intervals = fmax(one->waited_s / INTERVAL_S, 1);
	pressure = PRESSURE_S * intervals;
	if (one->stalled_s > pressure) {
		double step = fmin(pow(one->stalled_s / pressure / COEFF_BACKOFF, 2), 1) * MAX_BACKOFF;

		*target = (uint64_t)((double)*target * (1 + step));
	} else if (one->waited_s >= INTERVAL_S) {
		double step = fmin(pow(pressure / fmax(one->stalled_s, 1e-6) / COEFF_PROBE, 2), 1) * MAX_PROBE;

		*target = (uint64_t)((double)*target * (1 - step * intervals));
	} else {
		return;
	}
	one->waited_s = one->stalled_s = 0;
}

static void law_step(void *state, const struct pn_observation *observations, uint64_t now_ns, struct pn_decision *ret_decisions)
{
	struct pn_law_common *law = state;
	struct each *each = law->each;
	double seconds = law->last_ns ? (double)(now_ns - law->last_ns) / 1e9 : 0;

	law->last_ns = now_ns;
	for (size_t i = 0; i < law->count; i++) {
		uint64_t psi = observations[i].psi_some_ns;

		if (psi == PN_UNSET)
			continue;
		if (each[i].seen && psi >= each[i].psi_ns)
			each[i].stalled_s += (double)(psi - each[i].psi_ns) / 1e9;
		if (each[i].seen && seconds > 0)
			tick(&each[i], &law->targets[i], seconds);
		each[i].psi_ns = psi;
		each[i].seen = true;
	}
	pn_law_common_publish(law, ret_decisions);
}

const struct pn_law pn_law_senpai = {
	.name = "senpai",
	.help = "senpai: takes until each guest stalls 10 ms in 6 s; knows no host",
	.source = "facebookincubator senpai, senpai.py",
	.new = law_new,
	.step = law_step,
	.free = pn_law_common_free,
};
