// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages with holes, by /proc/PID/pagemap and /proc/kpageflags (kernel, Documentation/admin-guide/mm/pagemap.rst). A huge page is mapped
 * at an address aligned as its frames are, so only a page whose frame number agrees with its address in the low nine bits can be part of
 * one; the flags of the first such page of a block decide.
 *
 * Limit: huge pages of 2 MiB on pages of 4 KiB; smaller folios are not looked for.
 */

#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <unistd.h>

#include "../base/units.h"

#define HUGE_PAGES 512u
#define HUGE_BYTES (HUGE_PAGES * PN_PAGE_BYTES)
#define PRESENT (1ull << 63)
#define FRAME ((1ull << 55) - 1)
#define FLAG_COMPOUND_HEAD (1ull << 15)
#define FLAG_COMPOUND_TAIL (1ull << 16)
#define FLAG_THP (1ull << 22)

int pn_pages_open(pid_t pid, struct pn_pages *ret_pages)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/pagemap", (int)pid);
	struct pn_pages pages = {.pagemap_fd = open(path, O_RDONLY | O_CLOEXEC)};
	int err;

	if (pages.pagemap_fd < 0)
		return -errno;
	pages.kpageflags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (pages.kpageflags_fd < 0) {
		err = -errno;
		close(pages.pagemap_fd);
		return err;
	}
	*ret_pages = pages;
	return 0;
}

void pn_pages_close(struct pn_pages *pages)
{
	close(pages->pagemap_fd);
	close(pages->kpageflags_fd);
}

/* Is the frame part of a transparent huge page of the full size? The head's flags are at the aligned frame, a tail's at the last one. */
static int is_huge(const struct pn_pages *pages, uint64_t frame, bool *ret_huge)
{
	uint64_t head = frame & ~(uint64_t)(HUGE_PAGES - 1), flags[2];
	const uint64_t frames[2] = {head, head + HUGE_PAGES - 1};

	for (unsigned int i = 0; i < G_N_ELEMENTS(frames); i++) {
		if (pread(pages->kpageflags_fd, &flags[i], sizeof(flags[i]), (off_t)(frames[i] * sizeof(uint64_t))) != sizeof(flags[i]))
			return -EIO;
	}
	*ret_huge = (flags[0] & FLAG_COMPOUND_HEAD) && (flags[1] & FLAG_COMPOUND_TAIL) && (flags[0] & FLAG_THP);
	return 0;
}

/* @entries: of one block of 2 MiB */
static int block_held(const struct pn_pages *pages, const uint64_t *entries, uint64_t *held_bytes)
{
	unsigned int missing = 0;
	uint64_t candidate = 0;
	bool huge = false, hidden = false;
	int err;

	for (unsigned int i = 0; i < HUGE_PAGES; i++) {
		uint64_t frame = entries[i] & FRAME;

		if (!(entries[i] & PRESENT)) {
			missing++;
			continue;
		}
		hidden = hidden || !frame;
		if (!candidate && frame % HUGE_PAGES == i)
			candidate = frame;
	}
	if (hidden)
		return -EPERM;
	if (!missing || !candidate)
		return 0;
	err = is_huge(pages, candidate, &huge);
	if (!err && huge)
		*held_bytes += (uint64_t)missing * PN_PAGE_BYTES;
	return err;
}

int pn_pages_held(const struct pn_pages *pages, uint64_t from, uint64_t to, uint64_t *ret_held_bytes)
{
	uint64_t first = (from + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES, held_bytes = 0, entries[HUGE_PAGES];
	int err = 0;

	for (uint64_t at = first; !err && at + HUGE_BYTES <= to; at += HUGE_BYTES) {
		if (pread(pages->pagemap_fd, entries, sizeof(entries), (off_t)(at / PN_PAGE_BYTES * sizeof(uint64_t))) != sizeof(entries))
			return -EIO;
		err = block_held(pages, entries, &held_bytes);
	}
	if (!err)
		*ret_held_bytes = held_bytes;
	return err;
}
