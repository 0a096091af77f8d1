// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the controller is held to, each figure with its bar:
 *
 *	bench-controller [TRACE]...
 *
 * The law alone on simplest guests (constant and step demand, liars, a stuck guest), and in the simulator against the other laws, on synthetic loads of two
 * seeds and on every recorded trace that is given. Exit 1 when a bar is missed. That no decision breaks the budget is not measured but gone through in
 * full by test-balloond-model.
 *
 * Limits: modelled guests; real ones are in the scenarios controlled*.
 */
#include "../../drivers-under-test/balloond/fixture.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>

#include "../../drivers-under-test/balloond/laws/law.h"
#include "../../drivers-under-test/balloond/sim/compare.h"
#include "../../drivers-under-test/balloond/sim/trace.h"
#include "../../harness/base/diag.h"
#include "../../harness/base/exit.h"

#define OWN 4 /* the first laws of the table are the project's own */
#define HEADROOM (64 * MIB)

static unsigned int missed;

static void show(const char *what, double value, const char *unit, bool most, double bar)
{
	bool kept = most ? value <= bar : value >= bar;

	printf("%-62s %12.5g %-5s %s %-8g %s\n", what, value, unit, most ? "<=" : ">=", bar, kept ? "ok" : "MISSED");
	missed += !kept;
}

static void constant_demand(void)
{
	static const uint64_t used[] = {300 * MIB, 1 * GIB, 2 * GIB, 3 * GIB};
	double worst = 0, moves = 0;

	for (size_t u = 0; u < G_N_ELEMENTS(used); u++) {
		const uint64_t from[] = {used[u] + 16 * MIB, used[u] + 70 * MIB, used[u] + 500 * MIB, 4 * GIB};

		for (size_t f = 0; f < G_N_ELEMENTS(from); f++) {
			struct world world;
			uint64_t settled;

			world_init(&world, 4, 4 * GIB, from[f], used[u], 20 * GIB);
			world_start(&world);
			for (int tick = 0; tick < 10; tick++)
				world_tick(&world);
			settled = world.fakes[0].seen;
			worst = fmax(worst, fabs((double)settled / (double)world.decisions[0].demand_bytes - 1));
			for (int tick = 0; tick < 1000; tick++) {
				world_tick(&world);
				moves += world.fakes[0].seen != settled;
				settled = world.fakes[0].seen;
			}
			world_end(&world);
		}
	}
	show("constant demand: distance from it after 10 ticks", 100 * worst, "%", true, 1);
	show("constant demand: moves in the 1000 ticks after", moves, "", true, 0);
}

/* Return: seconds from a step of use to the headroom behind it; @held: in the guest, else in its target, from where it is the driver's affair */
static double after_step(uint64_t step, bool held)
{
	struct world world;
	uint64_t began;

	world_init(&world, 3, 4 * GIB, 1 * GIB, 700 * MIB, 12 * GIB);
	world_start(&world);
	for (int tick = 0; tick < 50; tick++)
		world_tick(&world);
	world.fakes[1].used += step;
	began = world.now_ns;
	do
		world_tick(&world);
	while ((held ? world.fakes[1].actual : world.fakes[1].seen) < world.fakes[1].used + HEADROOM * 99 / 100 && world.now_ns - began < 60 * S_NS);
	world_end(&world);
	return (double)(world.now_ns - began) / 1e9;
}

/* How much a guest lacks that has grown into the last of its memory nobody can know: more than as much again takes a second raise. */
static void step_demand(void)
{
	double small = 0, large = 0;

	for (uint64_t step = 64 * MIB; step <= 2 * GIB; step *= 2) {
		if (step <= 512 * MIB)
			small = fmax(small, after_step(step, true));
		large = fmax(large, after_step(step, false));
	}
	show("step demand, up to as much again: until it has its headroom", small, "s", true, 2);
	show("step demand, up to three times as much: until its target has", large, "s", true, 2);
}

static void lie_all_used(struct pn_observation *o, uint64_t tick)
{
	o->available_bytes = o->free_bytes = 0;
	o->psi_some_ns = tick * S_NS;
}

static void lie_swapping(struct pn_observation *o, uint64_t tick)
{
	o->free_bytes = 0;
	o->swap_in_bytes = tick * GIB;
	o->major_faults = tick << 18;
}

static void lie_contradictions(struct pn_observation *o, uint64_t tick)
{
	o->available_bytes = 2 * o->total_bytes;
	o->swap_in_bytes = tick % 2 ? 0 : GIB;
}

static void lie_larger(struct pn_observation *o, uint64_t tick)
{
	o->total_bytes = 64 * GIB;
	o->available_bytes = 0;
}

/* One of four that all want more than there is lies: what does it hold beyond its quarter? */
static void liars(void)
{
	static const struct lie {
		const char *name;
		void (*tell)(struct pn_observation *o, uint64_t tick);
	} lies[] = {
		{"says all is used and that it stalls", lie_all_used},
		{"says that it swaps", lie_swapping},
		{"contradicts itself", lie_contradictions},
		{"says that it is larger than it is", lie_larger},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
		g_autofree char *what = g_strdup_printf("liar that %s: beyond its share", lies[i].name);
		struct world world;
		double most = -INFINITY;

		world_init(&world, 4, 4 * GIB, 1 * GIB, 3 * GIB, 6 * GIB);
		world.fakes[0].used = 500 * MIB;
		world_start(&world);
		for (uint64_t tick = 1; tick <= 600; tick++) {
			for (size_t k = 1; k < 4; k++)
				world.fakes[k].psi_ns += world.fakes[k].used > world.fakes[k].actual ? S_NS / 10 : 0;
			world_live(&world);
			lies[i].tell(&world.seen[0], tick);
			world_decide(&world);
			if (tick > 60)
				most = fmax(most, (double)world.fakes[0].seen - (double)world_budget(&world) / 4);
		}
		show(what, fmax(most, 0) / MIB, "MiB", true, 0);
		world_end(&world);
	}
}

/* From the order that it does not follow to the tick that leaves it alone. */
static void stuck_guest(void)
{
	struct world world;
	uint64_t ordered = 0;

	world_init(&world, 2, 4 * GIB, 2 * GIB, 1 * GIB, 8 * GIB);
	world_start(&world);
	world.fakes[0].stuck = true;
	for (int tick = 0; tick < 60; tick++) {
		world_tick(&world);
		if (!ordered && world.fakes[0].seen != world.fakes[0].actual)
			ordered = world.now_ns;
		if (world.decisions[0].trust == PN_TRUST_STUCK)
			break;
	}
	show("stuck guest: until it is isolated", world.decisions[0].trust == PN_TRUST_STUCK ? (double)(world.now_ns - ordered) / 1e9 : INFINITY, "s", true, 5);
	world_end(&world);
}

/* Return: does one of ours beat it on bytes reclaimed and on stall time? */
static bool is_beaten(const struct pn_sim_result *results, size_t i)
{
	for (size_t k = 0; k < OWN; k++)
		if (pn_sim_ahead(&results[k], &results[i]))
			return true;
	return false;
}

static int simulate(const char *what, const struct pn_sim_config *config, bool barred, struct pn_diag *diag)
{
	struct pn_sim_result results[16] = {0};
	g_autoptr(GString) ahead = g_string_new(NULL);
	size_t count = 0, beaten = 0;
	int err;

	while (pn_laws[count])
		count++;
	g_assert(count <= G_N_ELEMENTS(results));
	err = pn_sim_compare(config, pn_laws, g_get_num_processors(), NULL, NULL, results, diag);
	if (err)
		return err;
	printf("\n%s\n", what);
	pn_sim_table(config, results, count, stdout);
	for (size_t i = OWN; i < count; i++) {
		if (is_beaten(results, i))
			beaten++;
		else
			g_string_append_printf(ahead, " %s", results[i].law->name);
	}
	for (size_t i = 0; i < OWN; i++) {
		g_autofree char *text = g_strdup_printf("%s: swapped in, of what was touched", results[i].law->name);

		show(text, 100 * results[i].swap_in_ratio, "%", true, 1);
	}
	show("fairness (Jain)", results[0].jain, "", false, 0.99);
	show("reserve crossed", (double)results[0].reserve_crossed, "ticks", true, 0);
	show("tick of the law, p99", results[0].tick_p99_ms, "ms", true, 10);
	if (barred)
		show("other laws behind one of ours on both counts", (double)beaten, "", false, (double)(count - OWN));
	else
		printf("other laws behind one of ours on both counts: %zu of %zu; not:%s\n", beaten, count - OWN, ahead->len ? ahead->str : " none");
	return 0;
}

static int simulations(int traces, char **paths, struct pn_diag *diag)
{
	static const uint64_t seeds[] = {1, 11};
	struct pn_sim_config config = pn_sim_defaults();
	int err = 0;

	config.guests = 100;
	config.hours = 24;
	for (size_t i = 0; i < G_N_ELEMENTS(seeds) && !err; i++) {
		config.seed = seeds[i];
		err = simulate("synthetic loads", &config, true, diag);
	}
	for (int i = 0; i < traces && !err; i++) {
		struct pn_sim_trace *trace = NULL;

		err = pn_sim_trace_read(paths[i], &trace, diag);
		config.trace = trace;
		config.seed = 1;
		err = err ? err : simulate(paths[i], &config, true, diag);
		pn_sim_trace_free(trace);
	}
	config.trace = NULL;
	config.hostile = 0.1;
	config.cgroups = true;
	return err ? err : simulate("synthetic loads, one guest in ten hostile, memory cgroups on", &config, false, diag);
}

int main(int argc, char **argv)
{
	struct pn_diag diag = {0};

	constant_demand();
	step_demand();
	liars();
	stuck_guest();
	if (simulations(argc - 1, argv + 1, &diag)) {
		fprintf(stderr, "bench-controller: %s\n", diag.text);
		return PN_EXIT_BROKEN;
	}
	printf("\n%u bars missed\n", missed);
	return missed ? PN_EXIT_FAIL : PN_EXIT_PASS;
}
