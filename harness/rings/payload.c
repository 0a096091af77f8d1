// SPDX-License-Identifier: GPL-2.0-only
/* What a chain carries: PFNs as runs, small contents in full, whether a page has been filled with one value. */

#include "payload.h"

#include <endian.h>
#include <stdint.h>

#include "stream.h"

#define SMALL_BYTES 256	    /* statistics have 160 at most */
#define PIECE_BYTES 65536
#define LARGEST_PFNS (1U << 22) /* bytes of PFNs in one buffer: 4 GiB of guest memory */

static void add_hex(const struct pn_ring_chain *chain, const struct pn_ring_memory *memory)
{
	pn_stream_add(",\"hex\":\"");
	for (unsigned int i = 0; i < chain->count; i++) {
		unsigned char bytes[SMALL_BYTES];

		if (chain->descs[i].writable || memory->read(memory->data, chain->descs[i].addr, bytes, chain->descs[i].bytes))
			continue;
		for (uint32_t k = 0; k < chain->descs[i].bytes; k++)
			pn_stream_add("%02x", bytes[k]);
	}
	pn_stream_add("\"");
}

/* consecutive PFNs, going up or down */
struct run {
	uint32_t first, count;
	int step; /* 0: not known yet */
	bool any;
};

static void flush_run(struct run *run)
{
	if (run->count)
		pn_stream_add("%s%x%c%x", run->any ? " " : "", run->first, run->step < 0 ? '-' : '+', run->count);
	run->any |= run->count > 0;
	run->count = 0;
}

static void extend_run(struct run *run, uint32_t pfn)
{
	int64_t step = (int64_t)pfn - run->first;

	if (run->count == 1 && (step == 1 || step == -1)) {
		run->step = (int)step;
		run->count = 2;
	} else if (run->count > 1 && step == (int64_t)run->step * run->count) {
		run->count++;
	} else {
		flush_run(run);
		run->first = pfn;
		run->count = 1;
		run->step = 0;
	}
}

static void add_pfns(const struct pn_ring_chain *chain, const struct pn_ring_memory *memory)
{
	static uint32_t piece[PIECE_BYTES / 4];
	struct run run = { 0 };

	pn_stream_add(",\"pfns\":\"");
	for (unsigned int i = 0; i < chain->count; i++) {
		const struct pn_ring_desc *desc = &chain->descs[i];
		uint32_t bytes = desc->writable || desc->bytes > LARGEST_PFNS ? 0 : desc->bytes & ~3U;

		for (uint32_t done = 0; done < bytes;) {
			uint32_t now = bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES;

			if (memory->read(memory->data, desc->addr + done, piece, now))
				break;
			for (uint32_t k = 0; k < now / 4; k++)
				extend_run(&run, le32toh(piece[k]));
			done += now;
		}
	}
	flush_run(&run);
	pn_stream_add("\"");
}

static bool filled(const struct pn_ring_desc *desc, const struct pn_ring_memory *memory, uint32_t *ret_value)
{
	static uint32_t piece[PIECE_BYTES / 4];
	uint32_t value = 0;

	for (uint32_t done = 0; done + 4 <= desc->bytes;) {
		uint32_t now = desc->bytes - done < PIECE_BYTES ? desc->bytes - done : PIECE_BYTES;

		if (memory->read(memory->data, desc->addr + done, piece, now))
			return false;
		if (!done)
			value = piece[0];
		for (uint32_t k = 0; k < now / 4; k++) {
			if (piece[k] != value)
				return false;
		}
		done += now;
	}
	*ret_value = le32toh(value);
	return desc->bytes >= 4;
}

static void add_fills(const struct pn_ring_chain *chain, const struct pn_ring_memory *memory)
{
	pn_stream_add(",\"fill\":[");
	for (unsigned int i = 0; i < chain->count; i++) {
		uint32_t value;

		if (chain->descs[i].writable && filled(&chain->descs[i], memory, &value))
			pn_stream_add("%s%u", i ? "," : "", value);
		else
			pn_stream_add("%snull", i ? "," : "");
	}
	pn_stream_add("]");
}

void pn_payload_add(const struct pn_ring_chain *chain, unsigned int queue, bool fill, const struct pn_ring_memory *memory)
{
	uint64_t readable = 0;
	bool writable = false;

	for (unsigned int i = 0; i < chain->count; i++) {
		writable |= chain->descs[i].writable;
		readable += chain->descs[i].writable ? 0 : chain->descs[i].bytes;
	}
	if (queue < 2)
		add_pfns(chain, memory);
	else if (readable && readable <= SMALL_BYTES)
		add_hex(chain, memory);
	if (!writable)
		return;
	pn_stream_add(",\"at\":[");
	for (unsigned int i = 0; i < chain->count; i++)
		pn_stream_add("%s%llu", i ? "," : "", (unsigned long long)chain->descs[i].addr);
	pn_stream_add("]");
	if (fill)
		add_fills(chain, memory);
}
