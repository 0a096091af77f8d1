// SPDX-License-Identifier: GPL-2.0-only
/* Masking, choosing among findings, telling failures apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>

#include "signature.h"

static void test_mask(void **state)
{
	static const struct {
		const char *text, *masked;
	} texts[] = {
	    {"7 pages leaked at unloaded: managed 55648 + held 0 against 55655 at boot; first at settled:3: 7 pages",
	     "# page leaked at MARK: managed # + held # against # at MARK"},
	    {"1 pages leaked at settled:12 (phase inflate): managed 9", "# page leaked at MARK: managed #"},
	    {"at settled:1 zone.DMA32.managed_pages is 1005 against 1000 at boot: +5 pages with an empty balloon",
	     "at MARK zone.DMA32.managed_pages is # against # at MARK: # page with an empty balloon"},
	    {"stuck: 12 of 40 MiB in the balloon after 3.0 s (from 4); last moved 0.2 s before", "stuck: # of # in the balloon after #"},
	    {"64 KiB at 0xffff888012345678 and ffff88801234abcd", "# at # and #"},
	    {"WARNING: CPU: 0 PID: 77 at mm/page_alloc.c:4567 vb_take+0x12/0x340 [vballoon]",
	     "WARNING: CPU: # PID: # at mm/page_alloc.c:# vb_take+#/# [vballoon]"},
	    {"the driver used 99 % of a CPU over 3.2 s at rest (phase 'hold')", "the driver used # of a CPU over # at MARK"},
	    {"deadbeef facade added at start-up", "deadbeef facade added at MARK-up"},
	    {"", ""},
	    {"( never closed 5", "( never closed #"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *masked = pn_signature_mask(texts[i].text);

		assert_string_equal(masked, texts[i].masked);
	}
}

static json_t *finding(const char *oracle, const char *verdict, const char *reason)
{
	return json_pack("{s:s, s:s, s:s}", "oracle", oracle, "verdict", verdict, "reason", reason);
}

static json_t *verdict(const char *word, json_t *findings)
{
	return json_pack("{s:s, s:s, s:o}", "verdict", word, "reason", "as it says", "findings", findings);
}

static void test_most_telling(void **state)
{
	json_t *one = verdict("FAIL", json_pack("[o, o, o]", finding("sanity", "BROK", "too few"), finding("liveness", "FAIL", "stuck: 1 of 2 MiB"),
						finding("ledger", "FAIL", "3 pages leaked at rest")));
	json_t *other = verdict("FAIL", json_pack("[o]", finding("ledger", "FAIL", "1 pages leaked at settled:9")));
	json_t *alive = verdict("FAIL", json_pack("[o]", finding("liveness", "FAIL", "stuck: 1 of 2 MiB")));
	struct pn_signature signature;

	assert_int_equal(pn_signature_of(one, NULL, &signature), 0);
	assert_string_equal(signature.oracle, "ledger");
	assert_string_equal(signature.reason, "# page leaked at MARK");
	assert_string_equal(signature.kernel, "");
	assert_true(pn_signature_holds(&signature, one, NULL));
	assert_true(pn_signature_holds(&signature, other, NULL));
	assert_false(pn_signature_holds(&signature, alive, NULL));
	pn_signature_deinit(&signature);
	json_decref(one);
	json_decref(other);
	json_decref(alive);
}

static json_t *oops(const char *function)
{
	g_autofree char *rip = g_strdup_printf("RIP: 0010:%s+0x12/0x40 [vballoon]", function);

	return json_pack("[{s:s}, {s:s}, {s:s}, {s:s}, {s:s}]", "text", "WARNING: before the case", "mark", "boot", "text",
			 "BUG: kernel NULL pointer dereference, address: 0000000000000008", "text", "#PF: supervisor read access", "text", rip);
}

/* two crashes differ by the function; the process id in a reason does not */
static void test_kernel_log(void **state)
{
	json_t *here = oops("vb_take"), *there = oops("vb_give");
	json_t *crash = verdict("FAIL", json_pack("[o]", finding("kernel-log", "FAIL", "oops, 1 record, first: BUG: kernel NULL pointer")));
	json_t *louder = verdict("FAIL", json_pack("[o]", finding("kernel-log", "FAIL", "kernel panic, 1 record, first: Kernel panic")));
	struct pn_signature signature, second;

	assert_int_equal(pn_signature_of(crash, here, &signature), 0);
	assert_string_equal(signature.kernel, "BUG: kernel NULL pointer dereference, address: # in vb_take+#/# [vballoon]");
	assert_true(pn_signature_holds(&signature, crash, here));
	assert_true(pn_signature_holds(&signature, louder, here));
	assert_false(pn_signature_holds(&signature, crash, there));
	assert_int_equal(pn_signature_of(louder, here, &second), 0);
	assert_string_equal(signature.id, second.id);
	pn_signature_deinit(&second);
	assert_int_equal(pn_signature_of(crash, there, &second), 0);
	assert_string_not_equal(signature.id, second.id);
	pn_signature_deinit(&second);
	pn_signature_deinit(&signature);
	json_decref(here);
	json_decref(there);
	json_decref(crash);
	json_decref(louder);
}

static void test_broken_and_passed(void **state)
{
	json_t *broken = verdict("BROK", json_array()), *passed = verdict("PASS", json_pack("[o]", finding("ledger", "PASS", "fine")));
	json_t *expected = verdict("PASS", json_pack("[o]", finding("ledger", "FAIL", "2 pages leaked")));
	struct pn_signature signature;

	assert_int_equal(pn_signature_of(passed, NULL, &signature), -ENODATA);
	assert_int_equal(pn_signature_of(broken, NULL, &signature), 0);
	assert_string_equal(signature.verdict, "BROK");
	assert_string_equal(signature.oracle, "harness");
	assert_true(pn_signature_holds(&signature, broken, NULL));
	assert_false(pn_signature_holds(&signature, passed, NULL));
	pn_signature_deinit(&signature);
	/* a test of the harness that expects a failure has one */
	assert_int_equal(pn_signature_of(expected, NULL, &signature), 0);
	assert_string_equal(signature.oracle, "ledger");
	pn_signature_deinit(&signature);
	json_decref(broken);
	json_decref(passed);
	json_decref(expected);
}

static void test_json(void **state)
{
	json_t *failed = verdict("FAIL", json_pack("[o]", finding("ledger", "FAIL", "2 pages leaked"))), *json, *bad = json_pack("{s:s}", "verdict", "FAIL");
	struct pn_signature signature, again;

	assert_int_equal(pn_signature_of(failed, NULL, &signature), 0);
	json = pn_signature_json(&signature);
	assert_int_equal(pn_signature_read(json, &again), 0);
	assert_string_equal(signature.id, again.id);
	assert_true(pn_signature_holds(&again, failed, NULL));
	pn_signature_deinit(&again);
	assert_int_equal(pn_signature_read(bad, &again), -EINVAL);
	pn_signature_deinit(&signature);
	json_decref(json);
	json_decref(bad);
	json_decref(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mask),	      cmocka_unit_test(test_most_telling), cmocka_unit_test(test_kernel_log),
	    cmocka_unit_test(test_broken_and_passed), cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
