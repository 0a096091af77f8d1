/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planted defects, for testing the tests.
 *
 * The real driver is built with none of these macros: every hook below is then
 * a constant and the compiler drops it. One defect per build, chosen with
 * BUILD_MUTANT=name (see Kbuild). A hook is one line at the place where the
 * defect lives; the defect itself is written here and nowhere else.
 *
 *   BUILD_MUTANT=leak   one page in VB_LEAK is forgotten at deflate: neither
 *                       freed nor given back to the managed count, although
 *                       the driver counts it as returned. VB_LEAK defaults to
 *                       1000; VB_CFLAGS=-DVB_LEAK=50 changes it.
 *   BUILD_MUTANT=slow   everything takes VB_SLOW percent longer (20): the worker
 *                       spins that share of the time since the step before,
 *                       waiting for the device included.
 *   BUILD_MUTANT=sequence  loses a page of the managed count at the third of
 *                       three targets, which are VB_FIRST (17), VB_SECOND (33)
 *                       and VB_THIRD (65) pages above a multiple of 512, in
 *                       this order, whatever comes between them.
 */
#pragma once

#include <linux/mm.h>

#ifdef VB_MUTANT_SLOW

#include <linux/sched/clock.h>

#ifndef VB_SLOW
#define VB_SLOW 20
#endif

/*
 * Called after each step of the worker; @resting: nothing is to be moved. No
 * cpu_relax(): in an emulated CPU that is a way out to the emulator, which
 * would wait for the device there and take far longer.
 */
static inline void vb_mutant_drag(bool resting)
{
	static u64 since_ns;
	u64 now_ns = local_clock();
	u64 until_ns = since_ns ? now_ns + (now_ns - since_ns) * VB_SLOW / 100 : 0;

	while (local_clock() < until_ns)
		barrier();
	since_ns = resting ? 0 : local_clock();
}

#else

static inline void vb_mutant_drag(bool resting)
{
}

#endif

#ifdef VB_MUTANT_SEQUENCE

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

	if (seen < ARRAY_SIZE(wanted) && pages % 512 == wanted[seen] &&
	    ++seen == ARRAY_SIZE(wanted))
		adjust_managed_page_count(virt_to_page(memory), -1);
}

#else

static inline void vb_mutant_target(unsigned long pages, void *memory)
{
}

#endif

#ifdef VB_MUTANT_LEAK

#ifndef VB_LEAK
#define VB_LEAK 1000
#endif

/* Replaces the release of 1 << order pages; true when it did so. */
static inline bool vb_mutant_release(struct page *page, unsigned int order)
{
	static unsigned long released;
	unsigned long before = released / VB_LEAK;
	unsigned int nr = 1U << order, forget, i;

	released += nr;
	forget = released / VB_LEAK - before;
	if (!forget)
		return false;
	if (order)
		split_page(page, order);
	for (i = min(forget, nr); i < nr; i++) {
		adjust_managed_page_count(page + i, 1);
		__free_page(page + i);
	}
	return true;
}

#else /* the real driver */

static inline bool vb_mutant_release(struct page *page, unsigned int order)
{
	return false;
}

#endif
