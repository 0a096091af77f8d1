// SPDX-License-Identifier: GPL-2.0-only
/*
 * Balloon device properties as the guest's driver has them: every property that the scenario can ask for is looked up in the feature
 * bits that vballoon negotiated, and without it the bit is absent.
 */

#include "test-real.h"

#define KO "/run/puncture/vballoon.ko"

/* Feature bits: virtio 1.2, 5.5.3 and 6. */
enum bit { BIT_STATS = 1, BIT_DEFLATE_ON_OOM = 2, BIT_HINT = 3, BIT_POISON = 4, BIT_REPORTING = 5, BIT_IOMMU = 33, BIT_PACKED = 34 };

#define MASK(bit) (UINT64_C(1) << (bit))

/* QEMU always offers statistics; polling is what the interval switches. */
static const uint64_t of_interest = MASK(BIT_STATS) | MASK(BIT_DEFLATE_ON_OOM) | MASK(BIT_HINT) | MASK(BIT_POISON) | MASK(BIT_REPORTING) |
				    MASK(BIT_IOMMU) | MASK(BIT_PACKED);

static const struct {
	struct pn_balloon_device device;
	uint64_t expected;
} cases[] = {
	{ { 0 }, MASK(BIT_STATS) },
	{ { .deflate_on_oom = true, .free_page_reporting = true, .free_page_hint = true, .packed = true, .stats_interval_ns = PN_NS_PER_S },
	  MASK(BIT_STATS) | MASK(BIT_DEFLATE_ON_OOM) | MASK(BIT_HINT) | MASK(BIT_REPORTING) | MASK(BIT_PACKED) },
	{ { .iommu = true }, MASK(BIT_STATS) | MASK(BIT_IOMMU) },
	/* Kept only by a guest that poisons free pages; the cloud kernel has no CONFIG_PAGE_POISONING and init_on_free is off. */
	{ { .page_poison = true }, MASK(BIT_STATS) },
};

static void load_vballoon(struct pn_guest *guest)
{
	struct pn_module *module = NULL;
	struct pn_image *image = NULL;
	struct pn_diag diag = { 0 };

	if (pn_image_get("cloud", NULL, NULL, &image, &diag) || pn_module_get("vballoon", image, &module, &diag))
		fail_msg("%s", diag.text);
	must_act(guest, "put", json_pack("{s:s,s:s,s:i}", "from", module->path, "path", KO, "mode", 0600));
	must_ask(guest, json_pack("{s:s,s:s}", "op", "module.load", "path", KO));
	pn_module_free(module);
	pn_image_free(image);
}

static uint64_t negotiated(struct pn_guest *guest)
{
	json_t *bound = NULL;
	const char *text;
	uint64_t bits = 0;

	assert_int_equal(pn_guest_agent(guest, json_pack("{s:s}", "op", "driver.bound"), HUNG_NS, &bound, NULL), 0);
	assert_true(json_is_true(json_object_get(bound, "bound")));
	text = json_string_value(json_object_get(bound, "features"));
	assert_non_null(text);
	for (int i = 0; text[i] && i < 64; i++) /* sysfs: one digit a bit, bit 0 first */
		bits |= text[i] == '1' ? MASK(i) : 0;
	json_decref(bound);
	return bits;
}

static void test_properties_are_negotiated(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct pn_machine machine = plain;
		struct pn_guest *guest;

		machine.balloon = cases[i].device;
		guest = start(&machine);
		load_vballoon(guest);
		assert_int_equal(negotiated(guest) & of_interest, cases[i].expected);
		assert_int_equal(pn_guest_balloon(guest, 16 * PN_MIB, NULL), 0);
		wait_balloon(guest, 16 * PN_MIB);
		stop(guest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_properties_are_negotiated),
		cmocka_unit_test(test_nothing_is_left),
	};
	int r = begin();

	if (r)
		return r;
	r = cmocka_run_group_tests(tests, open_host, NULL);
	return finish(r);
}
