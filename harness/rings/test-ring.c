// SPDX-License-Identifier: GPL-2.0-only
/* Rings as a driver may leave them in memory, sound ones and others: each walk ends, and what is wrong is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ring.h"

#define SIZE 8
#define DESCS 0x000
#define DRIVER 0x100
#define DEVICE 0x200
#define TABLE 0x400
#define NEXT 1
#define WRITE 2
#define INDIRECT 4
#define AVAIL (1 << 7)
#define USED (1 << 15)

/** struct guest - memory, and the ring in it */
struct guest {
	unsigned char bytes[4096];
	struct pn_ring_memory memory;
	struct pn_ring ring;
	struct pn_ring_chain chain;
	bool backwards;
};

static struct guest guest;

static int read_guest(void *data, uint64_t addr, void *buffer, size_t bytes)
{
	if (addr > sizeof(guest.bytes) || bytes > sizeof(guest.bytes) - addr)
		return -EFAULT;
	memcpy(buffer, guest.bytes + addr, bytes);
	return 0;
}

static void put(unsigned int addr, uint64_t value, unsigned int bytes)
{
	memcpy(guest.bytes + addr, &value, bytes); /* little-endian hosts only, as the harness */
}

static void begin(bool packed)
{
	memset(&guest, 0, sizeof(guest));
	guest.memory.read = read_guest;
	pn_ring_start(&guest.ring, DESCS, DRIVER, DEVICE, SIZE, packed);
}

static int setup_split(void **state)
{
	begin(false);
	return 0;
}

static int setup_packed(void **state)
{
	begin(true);
	return 0;
}

static void desc_at(unsigned int table, unsigned int index, uint64_t addr, uint32_t bytes, unsigned int flags, unsigned int next)
{
	put(table + 16 * index, addr, 8);
	put(table + 16 * index + 8, bytes, 4);
	put(table + 16 * index + 12, guest.ring.packed ? next : flags, 2);
	put(table + 16 * index + 14, guest.ring.packed ? flags : next, 2);
}

/* The n-th chain that ever became available, by its head. */
static void offer(unsigned int n, unsigned int head)
{
	put(DRIVER + 4 + 2 * (n % SIZE), head, 2);
	put(DRIVER + 2, n + 1, 2);
}

static int look(void)
{
	return pn_ring_available(&guest.ring, &guest.memory, &guest.chain, &guest.backwards);
}

static void test_no_queue(void **state)
{
	unsigned int head;
	uint32_t bytes;

	memset(&guest.ring, 0, sizeof(guest.ring));
	assert_int_equal(look(), 0);
	assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 0);
}

static void test_chain(void **state)
{
	desc_at(DESCS, 3, 0x1000, 40, NEXT, 5);
	desc_at(DESCS, 5, 0x2000, 80, WRITE, 0);
	assert_int_equal(look(), 0);
	offer(0, 3);
	assert_int_equal(look(), 1);
	assert_int_equal(guest.chain.head, 3);
	assert_int_equal(guest.chain.count, 2);
	assert_int_equal(guest.chain.flaws, 0);
	assert_int_equal(guest.chain.descs[0].addr, 0x1000);
	assert_int_equal(guest.chain.descs[0].bytes, 40);
	assert_false(guest.chain.descs[0].writable);
	assert_true(guest.chain.descs[1].writable);
	assert_int_equal(look(), 0);
}

/* Indices run on past the size, and past 2^16. */
static void test_wraps(void **state)
{
	desc_at(DESCS, 1, 0x1000, 4, 0, 0);
	for (unsigned int n = 0; n < 65536 + 3 * SIZE; n++) {
		offer(n, 1);
		assert_int_equal(look(), 1);
		assert_int_equal(guest.chain.head, 1);
		assert_false(guest.backwards);
	}
	assert_int_equal(look(), 0);
}

static void test_backwards(void **state)
{
	offer(0, 0);
	assert_int_equal(look(), 1);
	put(DRIVER + 2, 0, 2);
	assert_int_equal(look(), 0);
	assert_true(guest.backwards);
	assert_int_equal(look(), 0); /* told once */
	assert_false(guest.backwards);
}

static void test_indirect(void **state)
{
	desc_at(DESCS, 0, TABLE, 3 * 16, INDIRECT, 0);
	desc_at(TABLE, 0, 0x1000, 1, NEXT, 2);
	desc_at(TABLE, 2, 0x2000, 2, 0, 0);
	offer(0, 0);
	assert_int_equal(look(), 1);
	assert_true(guest.chain.indirect);
	assert_int_equal(guest.chain.count, 2);
	assert_int_equal(guest.chain.flaws, 0);
	assert_int_equal(guest.chain.descs[1].addr, 0x2000);
}

static void expect_flaw(unsigned int flaw)
{
	offer(0, 0);
	assert_int_equal(look(), 1);
	assert_true(guest.chain.count <= SIZE);
	assert_int_equal(guest.chain.flaws & flaw, flaw);
	assert_int_equal(look(), 0);
}

static void test_loop(void **state)
{
	desc_at(DESCS, 0, 0x1000, 4, NEXT, 1);
	desc_at(DESCS, 1, 0x1000, 4, NEXT, 0);
	expect_flaw(PN_RING_TOO_LONG);
}

/* It adds nothing to the chain, and so would never make it too long. */
static void test_loop_of_an_empty_table(void **state)
{
	desc_at(DESCS, 0, TABLE, 0, INDIRECT | NEXT, 0);
	expect_flaw(PN_RING_TOO_LONG | PN_RING_TABLE_AND_NEXT);
}

static void test_loop_in_a_table(void **state)
{
	desc_at(DESCS, 0, TABLE, 2 * 16, INDIRECT, 0);
	desc_at(TABLE, 0, 0x1000, 4, NEXT, 1);
	desc_at(TABLE, 1, 0x1000, 4, NEXT, 0);
	expect_flaw(PN_RING_TOO_LONG);
}

static void test_table_in_table(void **state)
{
	desc_at(DESCS, 0, TABLE, 16, INDIRECT, 0);
	desc_at(TABLE, 0, TABLE, 16, INDIRECT, 0);
	expect_flaw(PN_RING_TABLE_IN_TABLE);
}

static void test_beyond_the_queue(void **state)
{
	offer(0, SIZE);
	assert_int_equal(look(), 1);
	assert_int_equal(guest.chain.flaws, PN_RING_BAD_INDEX);
	desc_at(DESCS, 0, 0x1000, 4, NEXT, 0xffff);
	offer(1, 0);
	assert_int_equal(look(), 1);
	assert_int_equal(guest.chain.flaws, PN_RING_BAD_INDEX);
	assert_int_equal(guest.chain.count, 1);
}

static void test_outside_of_memory(void **state)
{
	desc_at(DESCS, 0, 1ull << 40, 16, INDIRECT, 0);
	expect_flaw(PN_RING_UNREADABLE);
	guest.ring.driver = 1ull << 40;
	assert_int_equal(look(), -EFAULT);
}

static void test_used(void **state)
{
	unsigned int head;
	uint32_t bytes;

	assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 0);
	put(DEVICE + 4, 5, 4);
	put(DEVICE + 8, 12, 4);
	put(DEVICE + 2, 1, 2);
	assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 1);
	assert_int_equal(head, 5);
	assert_int_equal(bytes, 12);
	assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 0);
	/* Kept from the driver for a while: what was looked at is not looked at again. */
	put(DEVICE + 2, 0, 2);
	assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 0);
	put(DEVICE + 2, 1, 2);
	assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 0);
}

/* A chain of three is made available and used at every place of a packed ring; the wrap counters turn with each round. */
static void test_packed_rounds(void **state)
{
	unsigned int slot = 0, head;
	bool wrap = true;
	uint32_t bytes;

	for (unsigned int n = 0; n < 10 * SIZE; n++) {
		unsigned int first = slot;
		bool first_wrap = wrap;

		for (unsigned int i = 0; i < 3; i++) {
			desc_at(DESCS, slot, 0x1000 + i, 4, (i < 2 ? NEXT : 0) | (wrap ? AVAIL : USED), 6);
			slot = (slot + 1) % SIZE;
			wrap ^= slot == 0;
		}
		assert_int_equal(look(), 1);
		assert_int_equal(guest.chain.count, 3);
		assert_int_equal(guest.chain.head, 6);
		assert_int_equal(guest.chain.flaws, 0);
		assert_int_equal(guest.chain.descs[2].addr, 0x1002);
		assert_int_equal(look(), 0);
		assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 0);
		desc_at(DESCS, first, 0, 9, first_wrap ? AVAIL | USED : 0, 6);
		assert_int_equal(pn_ring_used(&guest.ring, &guest.memory, &head, &bytes), 1);
		assert_int_equal(head, 6);
		assert_int_equal(bytes, 9);
	}
}

static void test_packed_indirect(void **state)
{
	desc_at(DESCS, 0, TABLE, 2 * 16, INDIRECT | AVAIL, 1);
	desc_at(TABLE, 0, 0x1000, 4, 0, 0);
	desc_at(TABLE, 1, 0x2000, 4, WRITE, 0);
	assert_int_equal(look(), 1);
	assert_int_equal(guest.chain.count, 2);
	assert_int_equal(guest.chain.flaws, 0);
	assert_true(guest.chain.indirect);
	assert_true(guest.chain.descs[1].writable);
}

static void test_packed_endless(void **state)
{
	for (unsigned int i = 0; i < SIZE; i++)
		desc_at(DESCS, i, 0x1000, 4, NEXT | AVAIL, 1);
	assert_int_equal(look(), 1);
	assert_int_equal(guest.chain.count, SIZE);
	/* a buffer id beyond the queue */
	desc_at(DESCS, 0, 0x1000, 4, USED, SIZE);
	assert_int_equal(look(), 1);
	assert_int_equal(guest.chain.flaws, PN_RING_BAD_INDEX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_queue, setup_split),
		cmocka_unit_test_setup(test_chain, setup_split),
		cmocka_unit_test_setup(test_wraps, setup_split),
		cmocka_unit_test_setup(test_backwards, setup_split),
		cmocka_unit_test_setup(test_indirect, setup_split),
		cmocka_unit_test_setup(test_loop, setup_split),
		cmocka_unit_test_setup(test_loop_of_an_empty_table, setup_split),
		cmocka_unit_test_setup(test_loop_in_a_table, setup_split),
		cmocka_unit_test_setup(test_table_in_table, setup_split),
		cmocka_unit_test_setup(test_beyond_the_queue, setup_split),
		cmocka_unit_test_setup(test_outside_of_memory, setup_split),
		cmocka_unit_test_setup(test_used, setup_split),
		cmocka_unit_test_setup(test_packed_rounds, setup_packed),
		cmocka_unit_test_setup(test_packed_indirect, setup_packed),
		cmocka_unit_test_setup(test_packed_endless, setup_packed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
