// SPDX-License-Identifier: GPL-2.0-only
/* Zero pages left out of streams built here record by record; streams that are cut or strange are refused, whatever the byte. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "../base/fs.h"
#include "../base/test-dir.h"
#include "ramstream.h"

static void put(GByteArray *out, uint64_t value, int len)
{
	for (int i = len - 1; i >= 0; i--) {
		uint8_t byte = (uint8_t)(value >> (8 * i));

		g_byte_array_append(out, &byte, 1);
	}
}

static void put_name(GByteArray *out, const char *name)
{
	put(out, strlen(name), 1);
	g_byte_array_append(out, (const guint8 *)name, (guint)strlen(name));
}

static void put_page(GByteArray *out, uint64_t address, uint8_t fill, const char *name)
{
	uint8_t page[4096];

	memset(page, fill, sizeof(page));
	put(out, address | 0x08 | (name ? 0 : 0x20), 8);
	if (name)
		put_name(out, name);
	g_byte_array_append(out, page, sizeof(page));
}

static void put_zero(GByteArray *out, uint64_t address, const char *name)
{
	put(out, address | 0x02 | (name ? 0 : 0x20), 8);
	if (name)
		put_name(out, name);
	put(out, 0, 1);
}

static void put_head(GByteArray *out)
{
	put(out, 0x5145564d, 4);
	put(out, 3, 4);
	put(out, 7, 1);
	put(out, 3, 4);
	g_byte_array_append(out, (const guint8 *)"q35", 3);
	put(out, 1, 1);
	put(out, 2, 4);
	put_name(out, "ram");
	put(out, 0, 4);
	put(out, 4, 4);
	put(out, 0x6000 | 0x04, 8);
	put_name(out, "pc.ram");
	put(out, 0x4000, 8);
	put_name(out, "pc.bios");
	put(out, 0x2000, 8);
	put(out, 0x10, 8);
	put(out, 0x7e, 1);
	put(out, 2, 4);
}

static void put_tail(GByteArray *out)
{
	put(out, 0x10, 8);
	put(out, 0x7e, 1);
	put(out, 2, 4);
	g_byte_array_append(out, (const guint8 *)"devices, whatever they say", 26);
}

/* RAM: a page, two zero pages, a page; then a ROM with a zero page and a page. */
static GByteArray *stream(bool stripped)
{
	GByteArray *out = g_byte_array_new();

	put_head(out);
	put(out, 3, 1);
	put(out, 2, 4);
	if (!stripped)
		put_zero(out, 0x0000, "pc.ram");
	put_page(out, 0x1000, 0xaa, stripped ? "pc.ram" : NULL);
	if (!stripped)
		put_zero(out, 0x2000, NULL);
	put_page(out, 0x3000, 0xbb, NULL);
	put_zero(out, 0x0000, "pc.bios");
	put_page(out, 0x1000, 0xcc, NULL);
	put_tail(out);
	return out;
}

static int strip(const char *dir, const uint8_t *data, size_t len, char **ret_out, size_t *ret_len, uint64_t *ret_pages)
{
	g_autofree char *from = g_build_filename(dir, "from", NULL), *to = g_build_filename(dir, "to", NULL);
	int err;

	assert_true(g_file_set_contents(from, (const char *)data, (gssize)len, NULL));
	err = pn_ramstream_strip(from, to, ret_pages, NULL);
	return err ? err : pn_fs_read(to, ret_out, ret_len, NULL);
}

static void test_zero_pages_of_ram_are_left_out(void **state)
{
	g_autoptr(GByteArray) whole = stream(false), expected = stream(true);
	g_autofree char *out = NULL;
	uint64_t pages = 0;
	size_t len;

	assert_int_equal(strip(*state, whole->data, whole->len, &out, &len, &pages), 0);
	assert_int_equal(pages, 2);
	assert_int_equal(len, expected->len);
	assert_memory_equal(out, expected->data, len);
}

static void test_cut_streams_are_refused(void **state)
{
	g_autoptr(GByteArray) whole = stream(false);
	uint64_t pages = 0;

	/* Up to the end flag of the last RAM section; what follows is not read. */
	for (size_t len = 1; len < whole->len - 31; len += 97) {
		g_autofree char *out = NULL;
		size_t out_len;

		assert_int_equal(strip(*state, whole->data, len, &out, &out_len, &pages), -EPROTO);
	}
}

static void test_strange_streams_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *what;
	} damages[] = {
		{ 0, 0, "magic" }, { 7, 9, "version" }, { 8, 0x55, "section type" }, { 22, 'x', "section name" }, { 41, 0xff, "flags" },
	};
	uint64_t pages = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autoptr(GByteArray) whole = stream(false);
		g_autofree char *out = NULL;
		size_t len;

		whole->data[damages[i].at] = damages[i].value;
		if (strip(*state, whole->data, whole->len, &out, &len, &pages) != -EPROTO)
			fail_msg("a stream with a damaged %s was accepted", damages[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_zero_pages_of_ram_are_left_out, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_cut_streams_are_refused, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(test_strange_streams_are_refused, test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
