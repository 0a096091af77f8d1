/* SPDX-License-Identifier: GPL-2.0-only */
/* Page stamps. */
#include "stamp.h"

#include "random.h"

#include <string.h>

const char *const pn_stamp_names[] = {"good", "zero", "stale", "foreign", "torn"};

static uint64_t sum_of(const struct pn_stamp *stamp)
{
	return pn_random_mix(stamp->salt ^ pn_random_mix(stamp->index ^ pn_random_mix(stamp->generation)));
}

void pn_stamp_write(void *page, size_t page_size, uint64_t salt, uint64_t index, uint64_t generation)
{
	struct pn_stamp stamp = {.salt = salt, .index = index, .generation = generation};

	stamp.sum = sum_of(&stamp);
	memcpy(page, &stamp, sizeof(stamp));
	memcpy((char *)page + page_size - sizeof(stamp), &stamp, sizeof(stamp));
}

enum pn_stamp_verdict pn_stamp_check(const void *page, size_t page_size, uint64_t salt, uint64_t index, uint64_t generation)
{
	static const struct pn_stamp zero;
	struct pn_stamp first, last;

	memcpy(&first, page, sizeof(first));
	memcpy(&last, (const char *)page + page_size - sizeof(last), sizeof(last));
	if (memcmp(&first, &last, sizeof(first)) != 0)
		return PN_STAMP_TORN;
	if (memcmp(&first, &zero, sizeof(first)) == 0)
		return PN_STAMP_ZERO;
	if (first.sum != sum_of(&first))
		return PN_STAMP_TORN;
	if (first.salt != salt || first.index != index)
		return PN_STAMP_FOREIGN;
	return first.generation == generation ? PN_STAMP_GOOD : PN_STAMP_STALE;
}
