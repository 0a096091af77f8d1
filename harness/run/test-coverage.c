// SPDX-License-Identifier: GPL-2.0-only
/* coverage.json from a played plugin's counters: blocks by offset, functions with what of them was executed. */
#include "../guest/test-loopback.h"

#include "../guest/private.h"
#include "../pin/symbols.h"
#include "../pin/test-plugin.h"
#include "coverage.h"

#define BASE 0xffffffffc0000000ULL

static struct test_plugin plugin;

static int coverage_setup(void **state)
{
	struct fixture *fixture;

	setup(state);
	fixture = *state;
	plugin = (struct test_plugin){0};
	test_plugin_begin(&plugin, fixture->dir);
	fixture->guest->pin = plugin.pin;
	return 0;
}

static int coverage_teardown(void **state)
{
	struct fixture *fixture = *state;

	test_plugin_end(&plugin);
	fixture->guest->pin = NULL;
	pn_pin_free(plugin.pin);
	return teardown(state);
}

static void block(uint64_t offset, uint32_t insns, uint32_t bytes, uint64_t count)
{
	plugin.counters->blocks[plugin.counters->block_count++] =
	    (struct pn_pin_block){.vaddr = BASE + offset, .insns = insns, .bytes = bytes, .count = count};
}

static void give_driver(bool with_symbols)
{
	static const struct pn_symbol functions[] = {{(char *)"fill", 0x00, 0x40}, {(char *)"tell", 0x40, 0x40}, {(char *)"never", 0x80, 0x20}};
	GArray *symbols = with_symbols ? g_array_new(FALSE, FALSE, sizeof(struct pn_symbol)) : NULL;

	if (symbols)
		g_array_append_vals(symbols, functions, G_N_ELEMENTS(functions));
	pn_pin_driver(plugin.pin, BASE, 0x1000, symbols);
}

static json_t *write_and_read(struct fixture *fixture)
{
	g_autofree char *path = g_build_filename(fixture->dir, "coverage.json", NULL);

	assert_int_equal(pn_coverage_write(fixture->guest, fixture->dir, "vballoon", NULL), 0);
	return json_load_file(path, 0, NULL);
}

static json_int_t of(const json_t *report, const char *function, const char *key)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(report, "functions"), i, one) {
		if (!strcmp(json_string_value(json_object_get(one, "name")), function))
			return json_integer_value(json_object_get(one, key));
	}
	fail_msg("no function %s", function);
	return -1;
}

/* Two blocks of fill overlap, one entered in the other's middle: the bytes count once, the instructions each time. */
static void test_functions(void **state)
{
	json_t *report;

	give_driver(true);
	block(0x00, 4, 0x10, 5);
	block(0x08, 2, 0x08, 3);
	block(0x20, 1, 0x10, 2);
	block(0x50, 3, 0x10, 1); /* tell, but not from its beginning */
	report = write_and_read(*state);
	assert_string_equal(json_string_value(json_object_get(report, "module")), "vballoon");
	assert_int_equal(json_array_size(json_object_get(report, "blocks")), 4);
	assert_int_equal(json_integer_value(json_object_get(report, "instructions")), 20 + 6 + 2 + 3);
	assert_int_equal(of(report, "fill", "entries"), 5);
	assert_int_equal(of(report, "fill", "instructions"), 28);
	assert_int_equal(of(report, "fill", "blocks"), 3);
	assert_int_equal(of(report, "fill", "covered_bytes"), 0x20);
	assert_int_equal(of(report, "tell", "entries"), 0);
	assert_int_equal(of(report, "tell", "covered_bytes"), 0x10);
	assert_int_equal(of(report, "never", "blocks"), 0);
	json_decref(report);
}

static void test_no_symbols(void **state)
{
	json_t *report;

	give_driver(false);
	block(0x00, 4, 0x10, 5);
	report = write_and_read(*state);
	assert_int_equal(json_array_size(json_object_get(report, "blocks")), 1);
	assert_null(json_object_get(report, "functions"));
	json_decref(report);
}

/* Nothing was measured: no file, rather than one that says 0. */
static void test_nothing_measured(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->dir, "coverage.json", NULL);

	plugin.counters->overflow = 1;
	assert_int_equal(pn_coverage_write(fixture->guest, fixture->dir, "vballoon", NULL), 0);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	fixture->guest->pin = NULL;
	assert_int_equal(pn_coverage_write(fixture->guest, fixture->dir, "vballoon", NULL), 0);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_functions, coverage_setup, coverage_teardown),
		cmocka_unit_test_setup_teardown(test_no_symbols, coverage_setup, coverage_teardown),
		cmocka_unit_test_setup_teardown(test_nothing_measured, coverage_setup, coverage_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
