/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * What resident size does not show: a transparent huge page of which a part was given back stays whole in the host's memory until the host
 * splits it under pressure (kernel, Documentation/mm/transhuge.rst, deferred_split_folio()). Its missing part is not in Rss, and not free.
 */

/** struct pn_pages - the page tables of one process, kept open */
struct pn_pages {
	int pagemap_fd;
	int kpageflags_fd;
};

/** pn_pages_open() - open /proc/PID/pagemap and /proc/kpageflags; needs CAP_SYS_ADMIN. Return: 0 or a negative errno. */
int pn_pages_open(pid_t pid, struct pn_pages *ret_pages);
void pn_pages_close(struct pn_pages *pages);

/**
 * pn_pages_held() - bytes given back by the process and still held by a huge page
 * @from, @to: range of its addresses
 * @ret_held_bytes: of pages not mapped there whose huge page of 2 MiB is
 *
 * Blocks for about a millisecond a GiB; takes no lock that the process needs for long. Return: 0, -EPERM when page frame numbers are
 * hidden, or another negative errno.
 */
int pn_pages_held(const struct pn_pages *pages, uint64_t from, uint64_t to, uint64_t *ret_held_bytes);
