// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exact mode on a loopback guest and a played plugin: the guest is let go for each call to its agent and for nothing else, and a call comes back only when it
 * stands again. (The loopback's agent answers whether or not it is let go; what is looked at is the plugin's side.)
 */
#include "test-loopback.h"

#include "../pin/test-plugin.h"
#include "exact.h"
#include "private.h"

static struct test_plugin plugin;

static int exact_setup(void **state)
{
	struct fixture *fixture;

	setup(state);
	fixture = *state;
	plugin = (struct test_plugin){ .hit = true, .again = true };
	test_plugin_begin(&plugin, fixture->dir);
	fixture->guest->pin = plugin.pin;
	return 0;
}

static int exact_teardown(void **state)
{
	struct fixture *fixture = *state;

	test_plugin_end(&plugin);
	fixture->guest->pin = NULL;
	pn_pin_free(plugin.pin);
	return teardown(state);
}

static int ask(struct pn_guest *guest)
{
	return pn_guest_agent(guest, json_pack("{s:s}", "op", "clock"), 10 * PN_NS_PER_S, NULL, NULL);
}

static void test_let_go_once_a_call(void **state)
{
	struct fixture *fixture = *state;
	uint64_t bytes;

	assert_int_equal(pn_exact_begin(fixture->guest, NULL), 0);
	assert_int_equal(g_atomic_int_get(&plugin.held), 1);
	assert_int_equal(g_atomic_int_get(&plugin.released), 0);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(ask(fixture->guest), 0);
		assert_int_equal(g_atomic_int_get(&plugin.released), i);
		assert_int_equal(g_atomic_int_get(&plugin.held), i + 1);
		assert_int_equal(pn_pin_holding(plugin.pin), 1);
	}
	/* What only the monitor is asked, and a new target, let nobody go. */
	assert_int_equal(pn_guest_ballooned(fixture->guest, &bytes, NULL), 0);
	assert_int_equal(pn_guest_balloon(fixture->guest, 32 * PN_MIB, NULL), 0);
	assert_int_equal(g_atomic_int_get(&plugin.released), 3);
}

static char *make_file(struct fixture *fixture, size_t bytes)
{
	char *path = g_build_filename(fixture->dir, "file", NULL);
	g_autofree char *content = g_malloc0(bytes);

	assert_int_equal(pn_fs_write(path, content, bytes, NULL), 0);
	return path;
}

static int put(struct fixture *fixture, const char *path, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:s,s:s,s:i}", "from", path, "path", "/run/x", "mode", 0600);
	int err = pn_guest_act(fixture->guest, &(struct pn_action){ .verb = "put", .args = args, .timeout_ns = 10 * PN_NS_PER_S }, NULL, diag);

	json_decref(args);
	return err;
}

/* More than the guest's queue holds would only arrive while it runs. */
static void test_large_file_is_refused(void **state)
{
	struct fixture *fixture = *state;
	g_autofree char *path = make_file(fixture, 200 * PN_KIB);
	struct pn_diag diag = { 0 };

	assert_int_equal(pn_exact_begin(fixture->guest, NULL), 0);
	assert_int_equal(put(fixture, path, &diag), -EFBIG);
	assert_non_null(strstr(diag.text, "exact mode"));
	assert_int_equal(g_atomic_int_get(&plugin.released), 0);
	assert_int_equal(ask(fixture->guest), 0); /* and nothing of it is left in the queue */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_let_go_once_a_call, exact_setup, exact_teardown),
		cmocka_unit_test_setup_teardown(test_large_file_is_refused, exact_setup, exact_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
