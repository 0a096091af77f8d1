/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What is written into a page so that a page that is lost, stale, mixed up or torn shows: its index, its generation and a checksum of
 * both with a salt of this run, at the beginning and again at the end of the page.
 */

/** struct pn_stamp - 32 bytes, twice in a page */
struct pn_stamp {
	uint64_t salt;	     /* of the run: what another run left in the page is not taken for ours */
	uint64_t index;	     /* of the page */
	uint64_t generation; /* how often it was stamped */
	uint64_t sum;
};

/** enum pn_stamp_verdict - what a page's content says */
enum pn_stamp_verdict {
	PN_STAMP_GOOD,
	PN_STAMP_ZERO,	  /* the page was lost and came back empty */
	PN_STAMP_STALE,	  /* an earlier generation of this page */
	PN_STAMP_FOREIGN, /* another page's stamp, or another run's */
	PN_STAMP_TORN,	  /* beginning and end differ, or a checksum is wrong */
};

/** pn_stamp_names - for each verdict a word */
extern const char *const pn_stamp_names[];

/** pn_stamp_write() - stamp a page */
void pn_stamp_write(void *page, size_t page_size, uint64_t salt, uint64_t index, uint64_t generation);

/** pn_stamp_check() - is it the stamp that was written last? */
enum pn_stamp_verdict pn_stamp_check(const void *page, size_t page_size, uint64_t salt, uint64_t index, uint64_t generation);
