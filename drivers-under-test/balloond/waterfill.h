/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** struct pn_share - one claimant of a water-filling */
struct pn_share {
	uint64_t floor_bytes;
	uint64_t want_bytes; /* at least @floor_bytes */
	double weight;
	uint64_t got_bytes; /* filled in */
};

/**
 * pn_waterfill() - weighted max-min fair division (Bertsekas and Gallager, Data Networks, 6.5.2)
 * @shares: claimants
 * @scratch: room for @count indices
 * @total_bytes: to divide
 *
 * Everybody gets its floor first, then all rise at the pace of their weights until they have what they want or nothing is left. So
 * wanting more than one's share takes nothing from who wants less than its own. With less than the sum of floors everybody gets
 * its floor all the same: the caller must have seen to that. O(n log n), and O(n) when there is enough for all.
 * Return: bytes left over.
 */
uint64_t pn_waterfill(struct pn_share *shares, size_t *scratch, size_t count, uint64_t total_bytes);
