/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "ring.h"

/**
 * pn_payload_add() - add to the line under way what a chain carries
 * @queue: its number; 0 and 1 carry PFNs
 * @fill: look whether buffers that the device may write to consist of one value (reads all of them, which makes host memory of holes)
 */
void pn_payload_add(const struct pn_ring_chain *chain, unsigned int queue, bool fill, const struct pn_ring_memory *memory);
