/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PN_JUMP_SIZES 24
#define PN_JUMP_MOODS 6

/** struct pn_jumps - by how much a guest's use has grown within one look, how often, and in which mood it was before; all 0: nothing known */
struct pn_jumps {
	float count[PN_JUMP_MOODS][PN_JUMP_SIZES]; /* jumps of a size, fading */
	float seconds[PN_JUMP_MOODS];		   /* spent in that mood, fading alike */
	unsigned int mood;			   /* now */
	uint64_t last_ns;			   /* when it last grew by much; 0: never */
};

/**
 * pn_jumps_note() - use has grown by @growth_bytes (below 0: fallen) within the last @seconds
 * @size_bytes: of the guest, by which jumps are measured
 *
 * Counts the jump for the mood that the guest was in before, and judges in which mood it is now.
 */
void pn_jumps_note(struct pn_jumps *jumps, double growth_bytes, double size_bytes, double seconds, uint64_t now_ns);

/**
 * pn_jumps_headroom() - what is to be kept free until the next look
 * @price_s: how many seconds of keeping a byte free it is worth to have one that is wanted
 *
 * Return: the headroom for which bytes kept, and bytes lacked at their price, are least by what was seen in this mood; 0 when nothing was.
 */
double pn_jumps_headroom(const struct pn_jumps *jumps, double size_bytes, double price_s);
