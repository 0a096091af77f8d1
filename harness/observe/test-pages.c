// SPDX-License-Identifier: GPL-2.0-only
/* Huge pages with holes, made in this process. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/units.h"
#include "pages.h"

#define BLOCK (2 * PN_MIB)
#define SIZE (4 * BLOCK)

static char *aligned(void)
{
	char *p = mmap(NULL, SIZE + BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return (char *)(((uintptr_t)p + BLOCK - 1) / BLOCK * BLOCK);
}

static uint64_t held(const struct pn_pages *pages, const char *p)
{
	uint64_t bytes = UINT64_MAX;

	assert_int_equal(pn_pages_held(pages, (uintptr_t)p, (uintptr_t)p + SIZE, &bytes), 0);
	return bytes;
}

static void test_holes(void **state)
{
	char *huge = aligned(), *small = aligned();
	struct pn_pages pages;
	uint64_t bytes;
	int err = pn_pages_open(getpid(), &pages);

	if (err == -EPERM || err == -EACCES || err == -ENOENT)
		skip();
	assert_int_equal(err, 0);
	if (madvise(huge, SIZE, MADV_HUGEPAGE) < 0 || madvise(small, SIZE, MADV_NOHUGEPAGE) < 0)
		skip();
	memset(huge, 1, SIZE);
	memset(small, 1, SIZE);
	err = pn_pages_held(&pages, (uintptr_t)huge, (uintptr_t)huge + SIZE, &bytes);
	if (err == -EPERM)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(bytes, 0);
	/* Small pages leave nothing behind. */
	madvise(small, BLOCK / 2, MADV_DONTNEED);
	assert_int_equal(held(&pages, small), 0);
	/* Two whole huge pages: free. A half and a single page of the others: still there, where the host had huge pages to give at all. */
	madvise(huge, 2 * BLOCK, MADV_DONTNEED);
	assert_int_equal(held(&pages, huge), 0);
	madvise(huge + 2 * BLOCK, BLOCK / 2, MADV_DONTNEED);
	madvise(huge + 3 * BLOCK, PN_PAGE_BYTES, MADV_DONTNEED);
	bytes = held(&pages, huge);
	if (!bytes)
		skip();
	assert_true(bytes == BLOCK / 2 + PN_PAGE_BYTES || bytes == BLOCK / 2 || bytes == PN_PAGE_BYTES);
	madvise(huge, SIZE, MADV_DONTNEED);
	assert_int_equal(held(&pages, huge), 0);
	pn_pages_close(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_holes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
