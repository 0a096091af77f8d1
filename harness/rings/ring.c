// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split and packed virtqueues as they lie in guest memory. What is read was written by a guest and is trusted in nothing: every index is
 * bounded, every walk ends. A flaw is recorded with the chain as far as it could be followed.
 */

#include "ring.h"

#include <endian.h>
#include <string.h>

#define DESC_BYTES 16
#define DESC_F_NEXT 1
#define DESC_F_WRITE 2
#define DESC_F_INDIRECT 4
#define DESC_F_AVAIL (1 << 7)
#define DESC_F_USED (1 << 15)

/* a descriptor as either kind of queue has it; @next is the id in a packed one */
struct raw_desc {
	uint64_t addr;
	uint32_t bytes;
	uint16_t flags, next;
};

void pn_ring_start(struct pn_ring *ring, uint64_t desc, uint64_t driver, uint64_t device, unsigned int size, bool packed)
{
	memset(ring, 0, sizeof(*ring));
	ring->desc = desc;
	ring->driver = driver;
	ring->device = device;
	ring->size = size > PN_RING_MAX_SIZE ? PN_RING_MAX_SIZE : size;
	ring->packed = packed;
	ring->avail_wrap = ring->used_wrap = true;
}

static int read_u16(const struct pn_ring_memory *memory, uint64_t addr, uint16_t *ret_value)
{
	uint16_t value;
	int err = memory->read(memory->data, addr, &value, sizeof(value));

	if (!err)
		*ret_value = le16toh(value);
	return err;
}

static int read_desc(const struct pn_ring_memory *memory, uint64_t table, unsigned int index, bool packed, struct raw_desc *ret_desc)
{
	unsigned char raw[DESC_BYTES];
	uint16_t a, b;
	int err = memory->read(memory->data, table + (uint64_t)index * DESC_BYTES, raw, sizeof(raw));

	if (err)
		return err;
	memcpy(&ret_desc->addr, raw, 8);
	memcpy(&ret_desc->bytes, raw + 8, 4);
	memcpy(&a, raw + 12, 2);
	memcpy(&b, raw + 14, 2);
	ret_desc->addr = le64toh(ret_desc->addr);
	ret_desc->bytes = le32toh(ret_desc->bytes);
	ret_desc->flags = le16toh(packed ? b : a);
	ret_desc->next = le16toh(packed ? a : b);
	return 0;
}

static void append(struct pn_ring_chain *chain, const struct raw_desc *desc, unsigned int limit)
{
	if (chain->count >= limit || chain->count >= PN_RING_MAX_CHAIN) {
		chain->flaws |= PN_RING_TOO_LONG;
		return;
	}
	chain->descs[chain->count++] =
		(struct pn_ring_desc){ .addr = desc->addr, .bytes = desc->bytes, .writable = desc->flags & DESC_F_WRITE };
}

/* the entries of an indirect table: chained by next in a split queue, one after the other in a packed one */
static void follow_table(const struct pn_ring *ring, const struct pn_ring_memory *memory, const struct raw_desc *table, struct pn_ring_chain *chain)
{
	unsigned int entries = table->bytes / DESC_BYTES, index = 0;
	struct raw_desc desc;

	chain->indirect = true;
	if (table->flags & DESC_F_NEXT)
		chain->flaws |= PN_RING_TABLE_AND_NEXT;
	while (!(chain->flaws & PN_RING_TOO_LONG)) {
		if (index >= entries) {
			chain->flaws |= ring->packed && index ? 0 : PN_RING_BAD_INDEX;
			return;
		}
		if (read_desc(memory, table->addr, index, ring->packed, &desc)) {
			chain->flaws |= PN_RING_UNREADABLE;
			return;
		}
		if (desc.flags & DESC_F_INDIRECT)
			chain->flaws |= PN_RING_TABLE_IN_TABLE;
		append(chain, &desc, ring->size);
		if (!ring->packed && !(desc.flags & DESC_F_NEXT))
			return;
		index = ring->packed ? index + 1 : desc.next;
	}
}

static void follow_split(const struct pn_ring *ring, const struct pn_ring_memory *memory, struct pn_ring_chain *chain)
{
	unsigned int index = chain->head, steps = 0;
	struct raw_desc desc;

	while (!(chain->flaws & PN_RING_TOO_LONG)) {
		/* counted by descriptors, not by what they add: an empty table adds nothing, and may name itself as the next */
		if (steps++ >= ring->size) {
			chain->flaws |= PN_RING_TOO_LONG;
			return;
		}
		if (index >= ring->size) {
			chain->flaws |= PN_RING_BAD_INDEX;
			return;
		}
		if (read_desc(memory, ring->desc, index, false, &desc)) {
			chain->flaws |= PN_RING_UNREADABLE;
			return;
		}
		if (desc.flags & DESC_F_INDIRECT)
			follow_table(ring, memory, &desc, chain);
		else
			append(chain, &desc, ring->size);
		if (!(desc.flags & DESC_F_NEXT))
			return;
		index = desc.next;
	}
}

static int available_split(struct pn_ring *ring, const struct pn_ring_memory *memory, struct pn_ring_chain *chain, bool *ret_backwards)
{
	uint16_t idx, head;
	int err = read_u16(memory, ring->driver + 2, &idx);

	if (err)
		return err;
	if ((uint16_t)(idx - ring->avail_idx) > ring->size) {
		*ret_backwards = true;
		ring->avail_idx = idx;
		return 0;
	}
	if (idx == ring->avail_idx)
		return 0;
	err = read_u16(memory, ring->driver + 4 + 2 * (ring->avail_idx % ring->size), &head);
	if (err)
		return err;
	ring->avail_idx++;
	chain->head = head;
	follow_split(ring, memory, chain);
	return 1;
}

static void step(const struct pn_ring *ring, uint16_t *slot, bool *wrap, unsigned int count)
{
	*slot += count;
	if (*slot < ring->size)
		return;
	*slot -= ring->size;
	*wrap = !*wrap;
}

static int available_packed(struct pn_ring *ring, const struct pn_ring_memory *memory, struct pn_ring_chain *chain)
{
	unsigned int taken = 0, slot = ring->avail_idx;
	struct raw_desc desc;
	int err;

	do {
		err = read_desc(memory, ring->desc, slot, true, &desc);
		if (err)
			return err;
		if (!taken && (!!(desc.flags & DESC_F_AVAIL) != ring->avail_wrap || !!(desc.flags & DESC_F_USED) == ring->avail_wrap))
			return 0;
		if (desc.flags & DESC_F_INDIRECT)
			follow_table(ring, memory, &desc, chain);
		else
			append(chain, &desc, ring->size);
		slot = (slot + 1) % ring->size;
		taken++;
	} while ((desc.flags & DESC_F_NEXT) && taken < ring->size);
	chain->head = desc.next;
	if (chain->head < ring->size)
		ring->lengths[chain->head] = taken;
	else
		chain->flaws |= PN_RING_BAD_INDEX;
	step(ring, &ring->avail_idx, &ring->avail_wrap, taken);
	return 1;
}

int pn_ring_available(struct pn_ring *ring, const struct pn_ring_memory *memory, struct pn_ring_chain *ret_chain, bool *ret_backwards)
{
	ret_chain->head = ret_chain->count = ret_chain->flaws = 0;
	ret_chain->indirect = false;
	*ret_backwards = false;
	if (!ring->size)
		return 0;
	return ring->packed ? available_packed(ring, memory, ret_chain) : available_split(ring, memory, ret_chain, ret_backwards);
}

static int used_split(struct pn_ring *ring, const struct pn_ring_memory *memory, unsigned int *ret_head, uint32_t *ret_bytes)
{
	uint32_t element[2];
	uint16_t idx;
	int err = read_u16(memory, ring->device + 2, &idx);

	if (err)
		return err;
	if ((int16_t)(idx - ring->used_idx) <= 0) /* back: a fault keeps it from the driver for a while (tamper.c) */
		return 0;
	err = memory->read(memory->data, ring->device + 4 + 8 * (uint64_t)(ring->used_idx % ring->size), element, sizeof(element));
	if (err)
		return err;
	ring->used_idx++;
	*ret_head = le32toh(element[0]);
	*ret_bytes = le32toh(element[1]);
	return 1;
}

static int used_packed(struct pn_ring *ring, const struct pn_ring_memory *memory, unsigned int *ret_head, uint32_t *ret_bytes)
{
	struct raw_desc desc;
	unsigned int taken;
	int err = read_desc(memory, ring->desc, ring->used_idx, true, &desc);

	if (err)
		return err;
	if (!!(desc.flags & DESC_F_AVAIL) != ring->used_wrap || !!(desc.flags & DESC_F_USED) != ring->used_wrap)
		return 0;
	taken = desc.next < ring->size ? ring->lengths[desc.next] : 0;
	step(ring, &ring->used_idx, &ring->used_wrap, taken ? taken : 1);
	*ret_head = desc.next;
	*ret_bytes = desc.bytes;
	return 1;
}

int pn_ring_used(struct pn_ring *ring, const struct pn_ring_memory *memory, unsigned int *ret_head, uint32_t *ret_bytes)
{
	if (!ring->size)
		return 0;
	return ring->packed ? used_packed(ring, memory, ret_head, ret_bytes) : used_split(ring, memory, ret_head, ret_bytes);
}
