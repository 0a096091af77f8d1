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
 */
#pragma once

#include <linux/mm.h>

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
