/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planted defects, for testing the tests.
 *
 * One defect per build, chosen with BUILD_MUTANT=name (see Kbuild): it defines
 * VB_MUTANT_NAME. A hook is a condition VB_MUTANT(NAME) at the place where the
 * defect lives, a constant 0 in the real driver, which the compiler drops.
 * What each one is, which real bug it stands for and what must notice it:
 * drivers-under-test/mutants/mutants.yaml.
 */
#pragma once

#include <linux/mm.h>
#include <linux/sched/clock.h>

#define VB_MUTANT(name)	__is_defined(VB_MUTANT_##name)

/* True the first time it is asked. */
static inline bool vb_mutant_first(void)
{
	static bool asked;

	return !xchg(&asked, true);
}

/* LEAK: one page in VB_LEAK is forgotten; LEAK_FREED, LEAK_SLOW: but counted as managed. */
#ifndef VB_LEAK
#define VB_LEAK (VB_MUTANT(LEAK_FREED) ? 4 : 1000) /* LEAK_SLOW too */
#endif

/* Replaces the release of 1 << order pages; true when it did so. */
static inline bool vb_mutant_release(struct page *page, unsigned int order)
{
	static unsigned long released;
	unsigned long before = released / VB_LEAK;
	unsigned int nr = 1U << order, forget, i;

	if (!VB_MUTANT(LEAK) && !VB_MUTANT(LEAK_FREED) && !VB_MUTANT(LEAK_SLOW))
		return false;
	released += nr;
	forget = released / VB_LEAK - before;
	if (!forget)
		return false;
	if (order)
		split_page(page, order);
	if (VB_MUTANT(LEAK_FREED) || VB_MUTANT(LEAK_SLOW))
		adjust_managed_page_count(page, min(forget, nr));
	for (i = min(forget, nr); i < nr; i++) {
		adjust_managed_page_count(page + i, 1);
		__free_page(page + i);
	}
	return true;
}

/* SLOW: everything takes VB_SLOW percent longer. */
#ifndef VB_SLOW
#define VB_SLOW 20
#endif

/*
 * Called after each step of the worker; @resting: nothing is to be moved. Spins
 * that share of the time since the step before, waiting for the device included.
 * No cpu_relax(): in an emulated CPU that is a way out to the emulator, which
 * would wait for the device there and take far longer.
 */
static inline void vb_mutant_drag(bool resting)
{
	static u64 since_ns;
	u64 now_ns, until_ns;

	if (!VB_MUTANT(SLOW))
		return;
	now_ns = local_clock();
	until_ns = since_ns ? now_ns + (now_ns - since_ns) * VB_SLOW / 100 : 0;
	while (local_clock() < until_ns)
		barrier();
	since_ns = resting ? 0 : local_clock();
}

/*
 * PADDED: executes more instructions of its own, in step with the pages that it
 * moves. A turn of the loop is three instructions (subtract, compare, branch),
 * due once in so many pages; ci/bench/alarms says how much that comes to.
 */
#ifndef VB_PADDED
#define VB_PADDED 4
#endif

/* Called where PFNs have been written, which each page passes on both ways. */
static inline void vb_mutant_pad(unsigned long pages)
{
	static unsigned long owed;
	unsigned long due = owed + pages;

	if (!VB_MUTANT(PADDED))
		return;
	for (; due >= VB_PADDED; due -= VB_PADDED)
		barrier();
	owed = due;
}

/*
 * SEQUENCE: loses a page of the managed count at the third of three targets, so
 * many pages above a multiple of 512, in this order, whatever comes between.
 */
#ifndef VB_FIRST
#define VB_FIRST 17
#define VB_SECOND 33
#define VB_THIRD 65
#endif

/* Called when a new target has been read. */
static inline void vb_mutant_target(unsigned long pages, void *memory)
{
	static const unsigned int wanted[] = { VB_FIRST, VB_SECOND, VB_THIRD };
	static unsigned int seen;

	if (VB_MUTANT(SEQUENCE) && seen < ARRAY_SIZE(wanted) && pages % 512 == wanted[seen] &&
	    ++seen == ARRAY_SIZE(wanted))
		adjust_managed_page_count(virt_to_page(memory), -1);
}

/*
 * SCRUB_LATE, MARK_LATE: pages that were given back are written to when the
 * balloon grows again. Only those that hold data of a program by then, so that
 * the defect shows as what it is and does not take the kernel along.
 */
#define VB_MUTANT_PAGES 1024
static struct page *vb_mutant_gone[VB_MUTANT_PAGES] __maybe_unused;

static inline void vb_mutant_gave_back(struct page *page, unsigned int nr)
{
	static unsigned int next;
	unsigned int i;

	if (!VB_MUTANT(SCRUB_LATE) && !VB_MUTANT(MARK_LATE))
		return;
	for (i = 0; i < nr; i++)
		vb_mutant_gone[next++ % VB_MUTANT_PAGES] = page + i;
}

static inline void vb_mutant_write_late(void)
{
	unsigned int i;

	if (!VB_MUTANT(SCRUB_LATE) && !VB_MUTANT(MARK_LATE))
		return;
	for (i = 0; i < VB_MUTANT_PAGES; i++) {
		if (!vb_mutant_gone[i] || !PageAnon(vb_mutant_gone[i]))
			continue;
		memset(page_address(vb_mutant_gone[i]) +
		       (VB_MUTANT(MARK_LATE) ? 0 : PAGE_SIZE - sizeof(u64)), 0, sizeof(u64));
		vb_mutant_gone[i] = NULL;
	}
}

/* STALE_PFNS: the PFNs of the first batch go out with every later one again. */
static inline void vb_mutant_send_again(struct vballoon *vb, struct vb_batch *b)
{
	static unsigned long pfn[VB_BATCH_BLOCKS];
	static unsigned int order[VB_BATCH_BLOCKS], nr;
	unsigned int i;

	for (i = 0; i < nr; i++)
		vb_pfns_add(vb, &b->pfns, pfn[i], 1UL << order[i], true);
	for (i = 0; !nr && i < b->nr_blks; i++) {
		pfn[i] = page_to_pfn(b->blk[i].page);
		order[i] = b->blk[i].order;
	}
	nr = nr ?: b->nr_blks;
}
