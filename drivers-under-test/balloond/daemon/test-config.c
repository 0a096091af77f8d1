// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file and the metadata of domains: units, ranges, defaults, and every refusal with its place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/fs.h"
#include "../../../harness/base/test-dir.h"
#include "../../../harness/base/units.h"
#include "config.h"

static char *path_of(const char *dir)
{
	return g_build_filename(dir, "b.yaml", NULL);
}

static int read_text(const char *dir, const char *text, struct pn_daemon_config **ret_config, struct pn_diag *diag)
{
	g_autofree char *path = path_of(dir);

	assert_int_equal(pn_fs_write(path, text, strlen(text), NULL), 0);
	return pn_daemon_config_read(path, ret_config, diag);
}

static void everything_has_a_default(void **state)
{
	struct pn_daemon_config *config;
	struct pn_policy_config policy;

	assert_int_equal(pn_daemon_config_read(NULL, &config, NULL), 0);
	assert_string_equal(config->connection, "qemu:///system");
	assert_int_equal(config->interval_ns, PN_NS_PER_S);
	assert_false(config->dry_run);
	assert_null(config->metrics);
	assert_int_equal(config->status_mode, 0660);
	assert_int_equal(pn_daemon_config_host(config, 10 * PN_GIB, &policy, NULL), 0);
	assert_int_equal(policy.capacity_bytes, 10 * PN_GIB);
	assert_true(policy.reserve_bytes > PN_GIB - PN_MIB && policy.reserve_bytes <= PN_GIB);
	assert_true(pn_daemon_config_wants(config, "any", "00"));
	pn_daemon_config_free(config);
}

static void caution_sets_knobs_that_are_not_written(void **state)
{
	struct pn_daemon_config *config;
	struct pn_diag diag = {0};

	assert_int_equal(read_text(*state, "law: {caution: deep}\n", &config, NULL), 0);
	assert_true(config->policy.probe_per_s > 0 && config->policy.probe_after_ns == 30 * PN_NS_PER_S);
	assert_int_equal(config->policy.cool_down_ns, 10 * PN_NS_PER_S);
	pn_daemon_config_free(config);
	assert_int_equal(read_text(*state, "law: {caution: deep, cool-down: 20s, probe-after: 0s}\n", &config, NULL), 0);
	assert_true(config->policy.probe_per_s == 0);
	assert_int_equal(config->policy.cool_down_ns, 20 * PN_NS_PER_S);
	pn_daemon_config_free(config);
	assert_int_equal(read_text(*state, "law: {caution: cautious}\n", &config, NULL), 0);
	assert_true(config->policy.assured > 0.5);
	pn_daemon_config_free(config);
	assert_true(read_text(*state, "law: {caution: reckless}\n", &config, &diag) < 0);
	assert_non_null(strstr(diag.text, "law.caution: 'reckless' is not accepted; expected one of cautious, careful, balanced, deep"));
}

static void what_is_written_counts(void **state)
{
	struct pn_daemon_config *config;
	struct pn_policy_config policy;

	assert_int_equal(read_text(*state,
				   "connection: qemu+ssh://host/system\nguests: [a, b]\nexclude: b\nhost: {capacity: 8GiB, reserve: 512MiB}\n"
				   "interval: 2s\ntimeout: 100ms\ndry-run: on\ncgroups: true\nlimits: {min: 30%, weight: 7}\nmetrics: '[::1]:9000'\n"
				   "status: {socket: /tmp/x, mode: '0600', group: kvm}\nlaw: {headroom: 128MiB, stuck-after: 7s, dead-band: 3}\n"
				   "pressure: /run/psi\n",
				   &config, NULL),
			 0);
	assert_true(pn_daemon_config_wants(config, "a", "00") && !pn_daemon_config_wants(config, "b", "00") && !pn_daemon_config_wants(config, "c", "00"));
	assert_true(pn_daemon_config_wants(config, "x", "a"));
	assert_true(config->dry_run && config->cgroups);
	assert_int_equal(config->status_mode, 0600);
	assert_string_equal(config->pressure, "/run/psi");
	assert_int_equal(pn_daemon_config_host(config, 16 * PN_GIB, &policy, NULL), 0);
	assert_int_equal(policy.capacity_bytes, 8 * PN_GIB);
	assert_int_equal(policy.reserve_bytes, 512 * PN_MIB);
	assert_int_equal(policy.stuck_ns, 7 * PN_NS_PER_S);
	assert_int_equal(policy.headroom_bytes, 128 * PN_MIB);
	assert_int_equal(pn_daemon_config_host(config, 4 * PN_GIB, &policy, NULL), -EINVAL); /* more than the host has */
	pn_daemon_config_free(config);
}

static void what_is_wrong_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *line;
	} refusals[] = {
		{"interval: 2\n", "b.yaml:1: interval: '2' is not accepted; expected a duration such as 250ms, 2s, 5min or 8h, from 100ms to 1min"},
		{"interval: 5min\n", "b.yaml:1: interval: '5min' is not accepted"},
		{"intervall: 2s\n", "b.yaml:1: intervall: 'intervall' is not accepted; expected a key such as interval"},
		{"host: {reserve: 120%}\n", "b.yaml:1: host.reserve: '120%' is not accepted"},
		{"host: 4\n", "b.yaml:1: host: '4' is not accepted; expected a mapping of keys to values"},
		{"limits: {weight: 0}\n", "b.yaml:1: limits.weight: '0' is not accepted; expected a whole number, from 1 to 1000000"},
		{"dry-run: perhaps\n", "b.yaml:1: dry-run: 'perhaps' is not accepted; expected true or false"},
		{"status: {mode: 0999}\n", "b.yaml:1: status.mode: '0999' is not accepted; expected octal permissions, such as 0660"},
		{"metrics: 9177\n", "b.yaml:1: metrics: '9177' is not accepted; expected ADDRESS:PORT"},
		{"timeout: 1s\n", "b.yaml:1: timeout: '(not below it)' is not accepted; expected less than interval"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		struct pn_daemon_config *config;
		struct pn_diag diag = {0};

		assert_int_equal(read_text(*state, refusals[i].text, &config, &diag), -EINVAL);
		if (!strstr(diag.text, refusals[i].line))
			fail_msg("%s", diag.text);
	}
}

static void metadata_goes_over_the_configuration(void **state)
{
	struct pn_limits own = {0}, common = {.weight = (char *)"50", .min = (char *)"10%"};
	struct pn_policy_guest guest;
	struct pn_diag diag = {0};
	bool control;

	assert_int_equal(pn_limits_read_xml(&own, "<b:policy xmlns:b='" PN_LIMITS_URI "' min='1GiB' oom-quota='64MiB' control='on'/>", "web", NULL), 0);
	guest = pn_limits_resolve(&own, &common, 4 * PN_GIB, &control);
	assert_int_equal(guest.min_bytes, PN_GIB);
	assert_int_equal(guest.oom_quota_bytes, 64 * PN_MIB);
	assert_true(guest.weight == 50 && control);
	guest = pn_limits_resolve(&own, &common, 512 * PN_MIB, &control); /* a minimum above what it has is all it has */
	assert_int_equal(guest.min_bytes, 512 * PN_MIB);
	assert_int_equal(pn_limits_read_xml(&own, "<policy min='lots'/>", "web", &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "web: min: 'lots' is not accepted; expected a size"));
	assert_int_equal(pn_limits_read_xml(&own, "<policy weigth='1'/>", "web", &diag), -EINVAL);
	assert_int_equal(pn_limits_read_xml(&own, "<limits/>", "web", &diag), -EINVAL);
	assert_int_equal(pn_limits_read_xml(&own, "<policy", "web", &diag), -EINVAL);
	assert_string_equal(own.min, "1GiB"); /* what is wrong changes nothing */
	pn_limits_clear(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_has_a_default),
		cmocka_unit_test_setup_teardown(caution_sets_knobs_that_are_not_written, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(what_is_written_counts, test_dir_setup, test_dir_teardown),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_refused_with_its_place, test_dir_setup, test_dir_teardown),
		cmocka_unit_test(metadata_goes_over_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
