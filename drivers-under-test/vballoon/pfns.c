// SPDX-License-Identifier: GPL-2.0-only
/*
 * PFN buffers: arrays of 4 KiB page numbers in the form that inflateq and
 * deflateq take.
 *
 * A chunk is one descriptor. An aligned run of pages (a block) is laid out so
 * that every 2 MiB lies in one buffer of two chained chunks: QEMU frees a host
 * huge page only when all of it comes in one buffer. PFNs ascend in a run.
 */
#include <linux/gfp.h>

#include "trace.h"
#include "vballoon.h"

#define CHUNK_BYTES	(VB_CHUNK_PFNS * sizeof(__virtio32))
#define CHUNKS_PER_PAGE	(PAGE_SIZE / CHUNK_BYTES)

/**
 * vb_pfns_init - allocate the chunks
 * @p: zeroed
 *
 * Return: 0 or -ENOMEM; vb_pfns_deinit() is due in both cases.
 */
int vb_pfns_init(struct vb_pfns *p)
{
	unsigned int i;
	char *mem = NULL;

	for (i = 0; i < VB_CHUNKS; i++) {
		if (i % CHUNKS_PER_PAGE == 0) {
			mem = (char *)__get_free_page(GFP_KERNEL);
			if (!mem)
				return -ENOMEM;
		}
		p->chunk[i] = (__virtio32 *)(mem + i % CHUNKS_PER_PAGE * CHUNK_BYTES);
	}
	p->cap = VB_CHUNKS;
	return 0;
}

/**
 * vb_pfns_deinit - free the chunks
 * @p: buffers that no device uses
 */
void vb_pfns_deinit(struct vb_pfns *p)
{
	unsigned int i;

	for (i = 0; i < VB_CHUNKS; i += CHUNKS_PER_PAGE) {
		free_page((unsigned long)p->chunk[i]);
		p->chunk[i] = NULL;
	}
}

/**
 * vb_pfns_reset - empty the buffers
 * @p: buffers that no device uses
 */
void vb_pfns_reset(struct vb_pfns *p)
{
	p->used = 0;
	p->sent = 0;
	p->flying = 0;
	bitmap_zero(p->chained, VB_CHUNKS);
}

/**
 * vb_pfns_room - guest pages that still fit
 * @p: buffers
 */
unsigned long vb_pfns_room(const struct vb_pfns *p)
{
	unsigned long units = (p->cap - p->used) * VB_CHUNK_PFNS;

	if (p->used)
		units += VB_CHUNK_PFNS - p->len[p->used - 1];
	return units / VB_UNITS_PER_PAGE;
}

/* The chunk to write to; a new one if the last is full or must not be shared. */
static int chunk_open(struct vb_pfns *p, bool fresh)
{
	if (p->used && !fresh && p->len[p->used - 1] < VB_CHUNK_PFNS)
		return p->used - 1;
	if (p->used == p->cap)
		return -ENOSPC;
	p->len[p->used] = 0;
	return p->used++;
}

/**
 * vb_pfns_add - add a run of guest pages
 * @vb: device, for its byte order
 * @p: buffers
 * @pfn: first guest page number
 * @nr: guest pages
 * @aligned: the run is made of whole, aligned 2 MiB pieces; chain its chunks
 *
 * Return: guest pages added, fewer than @nr when the buffers are full.
 */
unsigned long vb_pfns_add(struct vballoon *vb, struct vb_pfns *p,
			  unsigned long pfn, unsigned long nr, bool aligned)
{
	u32 unit = pfn * VB_UNITS_PER_PAGE, end = (pfn + nr) * VB_UNITS_PER_PAGE;
	const u32 huge = 2 * VB_CHUNK_PFNS;
	bool chain = aligned && vb_knob_pfn_chain > 1 && !VB_MUTANT(SHORT_CHAIN);
	bool fresh = aligned;
	int c;

	while (unit < end) {
		unsigned int n;

		c = chunk_open(p, fresh);
		if (c < 0)
			break;
		if (chain && unit % huge == VB_CHUNK_PFNS)
			__set_bit(c, p->chained);
		n = min_t(u32, end - unit, VB_CHUNK_PFNS - p->len[c]);
		while (n--)
			p->chunk[c][p->len[c]++] = cpu_to_virtio32(vb->vdev, unit++);
	}
	nr -= (end - unit) / VB_UNITS_PER_PAGE;
	vb_mutant_pad(nr);
	return nr;
}

/**
 * vb_pfns_submit - hand one kick's worth of chunks to the device and notify it
 * @vb: device
 * @p: buffers, the device's until @f has landed
 * @q: inflateq or deflateq
 * @pace: what a kick may carry; one buffer always may
 * @f: idle flight
 *
 * What did not fit stays unsent: call again after vb_pfns_landed(), until
 * vb_pfns_sent() is true.
 * Return: 0, or the error of the first buffer that could not be added.
 */
int vb_pfns_submit(struct vballoon *vb, struct vb_pfns *p, struct vb_queue *q,
		   const struct vb_pace *pace, struct vb_flight *f)
{
	struct scatterlist sg[2];
	unsigned int i, k, n, len;
	int rc = 0;

	if (VB_MUTANT(UNTOLD))
		p->sent = p->used;
	for (i = p->sent; i < p->used; i += n) {
		n = i + 1 < p->used && test_bit(i + 1, p->chained) ? 2 : 1;
		len = p->len[i] + (n > 1 ? p->len[i + 1] : 0);
		if (p->flying && p->flying + len > pace->pages * VB_UNITS_PER_PAGE)
			break;
		sg_init_table(sg, n);
		for (k = 0; k < n; k++)
			sg_set_buf(&sg[k], p->chunk[i + k],
				   p->len[i + k] * sizeof(__virtio32) >>
				   (VB_MUTANT(HALF_TOLD) && p->len[i + k] > 1));
		rc = vb_queue_add(q, sg, n, true, f);
		if (rc)
			break;
		p->sent = i + n;
		p->flying += len;
	}
	vb_queue_kick(q, f);
	return rc;
}

/**
 * vb_pfns_landed - learn from a submission that the device has used
 * @vb: device
 * @p: its buffers
 * @pace: what it goes into
 * @f: its flight, landed
 * @inflate: for the trace
 *
 * Only the first call after a submission counts.
 */
void vb_pfns_landed(struct vballoon *vb, struct vb_pfns *p, struct vb_pace *pace,
		    const struct vb_flight *f, bool inflate)
{
	unsigned long pages = p->flying / VB_UNITS_PER_PAGE;

	p->flying = 0;
	if (!pages)
		return;
	vb_pace_update(pace, pages, f, VB_CHUNKS * VB_CHUNK_PFNS / VB_UNITS_PER_PAGE);
	trace_vballoon_tell(vb->index, inflate, pages, f->done_ns - f->kicked_ns);
}

/**
 * vb_pfns_sent - has every chunk been handed over?
 * @p: buffers
 */
bool vb_pfns_sent(const struct vb_pfns *p)
{
	return p->sent == p->used;
}
