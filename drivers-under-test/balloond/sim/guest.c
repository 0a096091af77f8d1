// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's memory: kernel + resident anonymous pages + page cache + free = actual size. When it is short its kernel drops cold cache, swaps out
 * cold anonymous pages, then hot ones and hot cache, and in the end takes pages back from the balloon (deflate on OOM, up to the quota) or kills. Missing
 * pages that are touched come back at the speed of a disk and stall whoever touched them. Once shrunk, what a guest lacks it lacks until it is touched again.
 *
 * Left out: CPU time of ballooning, huge pages and fragmentation, NUMA, several swap devices, writeback, zswap, the order of page reclaim
 * beyond hot and cold, allocation failures of the driver other than by being short.
 */
#include "guest.h"

#include <math.h>

#include "random.h"

#define MIB 1048576.0
#define HOT_S 5.0
#define COLD_S 14400.0
#define KILL_STALL_S 60.0 /* what a killed program costs */
#define MISHAP_MEAN_S (100 * 3600.0)
#define BOOT_S 30.0

struct pn_sim_rates pn_sim_rates_of(double tick_s)
{
	return (struct pn_sim_rates){
		.tick_s = tick_s,
		.hot_s = HOT_S,
		.hot_per_tick = 1 - exp(-tick_s / HOT_S),
		.cold_per_tick = 1 - exp(-tick_s / COLD_S),
	};
}

void pn_sim_guest_init(struct pn_sim_guest *guest, uint64_t seed, double max_bytes, enum pn_sim_honesty honesty)
{
	uint64_t *random = &guest->random;

	*guest = (struct pn_sim_guest){ .honesty = honesty, .max = max_bytes, .random = seed };
	guest->kernel = 64 * MIB + 0.02 * max_bytes;
	guest->swap_size = 0.5 * max_bytes;
	guest->inflate_per_s = pn_random_between(random, 200, 1500) * MIB;
	guest->deflate_per_s = pn_random_between(random, 500, 3000) * MIB;
	guest->read_per_s = pn_random_span(random, 1, 0.02) * MIB;
	guest->file_set = pn_random_between(random, 0.1, 0.8) * max_bytes;
	guest->swap_per_s = pn_random_between(random, 50, 300) * MIB;
	guest->disk_per_s = pn_random_between(random, 50, 300) * MIB;
	guest->event_s = pn_random_span(random, MISHAP_MEAN_S, 3600);
	guest->limits = (struct pn_policy_guest){
		.min_bytes = (uint64_t)(max_bytes / 8),
		.max_bytes = (uint64_t)max_bytes,
		.oom_quota_bytes = pn_random_next(random) % 4 ? 0 : (uint64_t)(max_bytes / 32),
		.overhead_bytes = (uint64_t)(48 * MIB),
		.weight = pn_random_next(random) % 8 ? 1 : 2,
	};
	guest->limits.weight *= max_bytes / (1024 * MIB); /* shares go with size, as operators have it */
}

double pn_sim_guest_need(const struct pn_sim_guest *guest)
{
	return guest->kernel + guest->load.hot_bytes + guest->load.file_bytes;
}

static void reboot(struct pn_sim_guest *guest)
{
	guest->boots++;
	guest->actual = guest->max;
	guest->swapped = guest->cached = guest->evicted = 0;
	guest->resident = guest->kernel;
	guest->swap_in = guest->faults = guest->stalled_s = 0;
	guest->stuck = guest->silent = true; /* no driver yet */
	guest->event_end_s = guest->time_s + BOOT_S;
}

/* Mishaps of honest guests: a driver that hangs for a while, statistics that stop, a reboot. */
static void mishap(struct pn_sim_guest *guest)
{
	if (guest->event_end_s > 0) {
		guest->stuck = guest->silent = false;
		guest->event_end_s = 0;
		guest->event_s = guest->time_s + pn_random_span(&guest->random, MISHAP_MEAN_S, 3600);
		return;
	}
	guest->event_end_s = guest->time_s + pn_random_span(&guest->random, 600, 30);
	switch (pn_random_next(&guest->random) % 3) {
	case 0:
		guest->stuck = true;
		break;
	case 1:
		guest->silent = true;
		break;
	default:
		reboot(guest);
		break;
	}
}

/* The driver takes free pages and cold cache as fast as it can, and what must be swapped out for it at half the disk's pace. */
static void follow_target(struct pn_sim_guest *guest, double seconds)
{
	double target = guest->honesty == PN_SIM_DEAF ? guest->max : guest->target;
	double distance = target - guest->actual, easy, most;

	if (guest->stuck || distance == 0)
		return;
	if (distance > 0) {
		guest->actual += fmin(distance, guest->deflate_per_s * seconds);
		return;
	}
	easy = guest->actual - guest->kernel - (guest->load.anon_bytes - guest->swapped) - fmin(guest->cached, guest->load.file_bytes);
	most = fmin(guest->inflate_per_s * seconds, fmax(easy, 0) + guest->swap_per_s / 2 * seconds);
	guest->actual -= fmin(-distance, most);
}

static double take(double *from, double most, double *ret_left)
{
	double taken = fmax(fmin(most, *ret_left), 0);

	*from -= taken;
	*ret_left -= taken;
	return taken;
}

/* Return: bytes swapped out on the way */
static double make_room(struct pn_sim_guest *guest, double lacking)
{
	const struct pn_sim_load *load = &guest->load;
	double before = guest->swapped, hot_cache = fmin(guest->cached, load->file_bytes), swap_room = guest->swap_size - guest->swapped, part;

	take(&guest->cached, guest->cached - load->file_bytes, &lacking);
	part = fmax(fmin(fmin(load->anon_bytes - load->hot_bytes - guest->swapped, swap_room), lacking), 0);
	guest->swapped += part;
	swap_room -= part;
	lacking -= part;
	if (lacking <= 0)
		return guest->swapped - before;
	/* hot ones: cache and anonymous memory by turns */
	part = fmin(fmin(lacking / 2, swap_room), load->anon_bytes - guest->swapped);
	guest->swapped += part;
	lacking -= part;
	swap_room -= part;
	take(&guest->cached, guest->cached, &lacking);
	part = fmin(fmin(lacking, swap_room), load->anon_bytes - guest->swapped);
	guest->swapped += part;
	lacking -= part;
	if (lacking > 0) { /* swap is full: OOM */
		guest->ooms++;
		part = fmin(fmin(lacking, (double)guest->limits.oom_quota_bytes), guest->max - guest->actual);
		guest->actual += part;
		if (lacking - part > 0) {
			guest->total_stalled_s += KILL_STALL_S;
			guest->cached = fmax(guest->cached - (lacking - part), 0);
		}
	}
	guest->evicted += hot_cache - fmin(guest->cached, hot_cache);
	return guest->swapped - before;
}

/* What is touched comes back, and pushes out colder things or, where there are none, keeps the disk busy for ever. */
static void bring_back(struct pn_sim_guest *guest, const struct pn_sim_rates *rates, double swapped_out)
{
	const struct pn_sim_load *load = &guest->load;
	double hot_out = fmax(guest->swapped - (load->anon_bytes - load->hot_bytes), 0), cold_out = guest->swapped - hot_out;
	double room = guest->actual - guest->kernel - (load->anon_bytes - guest->swapped) - fmin(guest->cached, load->file_bytes);
	double missing = fmax(load->file_bytes - guest->cached, 0), again, most = guest->swap_per_s * rates->tick_s;
	double stays, in, cold, file, stall;

	stays = fmax(fmin(hot_out * rates->hot_per_tick, room), 0);
	in = fmin(stays + (hot_out - stays) * (stays < hot_out * rates->hot_per_tick ? rates->tick_s / rates->hot_s : 0), most);
	stays = fmin(stays, in);
	guest->swapped -= stays;
	room -= stays;
	cold = fmin(cold_out * rates->cold_per_tick, fmax(most - in, 0));
	if (room > 0) {
		double back = fmin(cold, room);

		guest->swapped -= back;
		room -= back;
	}
	in += cold;
	stays = fmax(fmin(missing * rates->hot_per_tick, room), 0);
	file = stays + (missing - stays) * (stays < missing * rates->hot_per_tick ? rates->tick_s / rates->hot_s : 0);
	file = fmin(file, guest->disk_per_s * rates->tick_s);
	/* what has never been read is read under any law, and is no stall for want of memory; what then finds no room is missed from there on (refaults) */
	again = missing > 0 ? fmin(guest->evicted / missing, 1) : 0;
	guest->evicted = fmin(guest->evicted, missing) - fmin(stays, file) * again + fmax(file - stays, 0) * (1 - again);
	guest->cached += fmin(stays, file);
	guest->swap_in += in;
	guest->total_swap_in += in;
	guest->faults += (in + file) / 4096;
	stall = in / guest->swap_per_s + again * file / guest->disk_per_s + swapped_out / guest->swap_per_s / 4;
	stall = fmin(stall, rates->tick_s);
	guest->stalled_s += stall;
	guest->total_stalled_s += stall;
}

void pn_sim_guest_step(struct pn_sim_guest *guest, const struct pn_sim_rates *rates)
{
	double before = guest->load.anon_bytes, room, lacking, swapped_out = 0;

	guest->time_s += rates->tick_s;
	if (guest->time_s >= (guest->event_end_s > 0 ? guest->event_end_s : guest->event_s))
		mishap(guest);
	follow_target(guest, rates->tick_s);
	pn_sim_load_advance(&guest->load, rates->tick_s);
	guest->total_touched += guest->load.hot_bytes * rates->tick_s / rates->hot_s +
				(guest->load.anon_bytes - guest->load.hot_bytes) * rates->cold_per_tick;
	if (guest->load.anon_bytes < before && guest->swapped > 0) /* freed memory was as likely swapped out as any */
		guest->swapped *= guest->load.anon_bytes / before;
	room = guest->actual - guest->kernel;
	lacking = guest->load.anon_bytes - guest->swapped + guest->cached - room;
	if (lacking > 0)
		swapped_out = make_room(guest, lacking);
	if (guest->swapped > 0 || guest->cached < guest->load.file_bytes)
		bring_back(guest, rates, swapped_out);
	/* the rest of the cache grows into what is free, but for the kernel's low mark; what came back may have pushed it out */
	room = guest->actual - guest->kernel - (guest->load.anon_bytes - guest->swapped);
	if (guest->cached > room) {
		double hot_cache = fmin(guest->cached, guest->load.file_bytes);

		guest->cached = fmax(room, 0);
		guest->evicted += hot_cache - fmin(guest->cached, hot_cache);
	} else if (guest->cached < guest->file_set) {
		guest->cached += fmax(fmin(room * 0.98 - guest->cached, guest->read_per_s * rates->tick_s), 0);
	}
	guest->resident = fmax(fmin(guest->resident, guest->actual), fmin(guest->actual - room + guest->cached, guest->actual));
	if (guest->honesty == PN_SIM_HOARDER || guest->honesty == PN_SIM_DEAF)
		guest->resident = guest->max;
	if (!guest->silent)
		guest->stats_s = guest->time_s;
}

void pn_sim_guest_observe(const struct pn_sim_guest *guest, struct pn_observation *ret_observation)
{
	double room = guest->actual - guest->kernel - (guest->load.anon_bytes - guest->swapped);
	double resident = guest->resident + (double)guest->limits.overhead_bytes;
	struct pn_observation *o = ret_observation;

	if (guest->bound > 0 && resident > guest->bound)
		resident = guest->bound;
	*o = (struct pn_observation){
		.resident_bytes = (uint64_t)resident,
		.boots = guest->boots,
		.actual_bytes = (uint64_t)guest->actual,
		.stats_ns = (uint64_t)(guest->stats_s * 1e9),
		.total_bytes = (uint64_t)(guest->actual - guest->kernel / 4),
		.available_bytes = (uint64_t)fmax(room, 0),
		.free_bytes = (uint64_t)fmax(room - guest->cached, 0),
		.swap_in_bytes = (uint64_t)guest->swap_in,
		.major_faults = (uint64_t)guest->faults,
		.psi_some_ns = (uint64_t)(guest->stalled_s * 1e9),
	};
	if (guest->honesty == PN_SIM_GREEDY) {
		o->available_bytes = o->free_bytes = 0;
		o->psi_some_ns = (uint64_t)(guest->time_s * 1e9);
	} else if (guest->honesty == PN_SIM_BABBLER) {
		o->available_bytes = 2 * o->total_bytes;
		o->swap_in_bytes = (uint64_t)((1e9 - guest->time_s) * 4096);
	}
}
