// SPDX-License-Identifier: GPL-2.0-only
/* The sampler against a guest of the test's own (fake_guest.c): monitors that hang, agents that are silent, guests that boot anew. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../scenario/scenario.h"
#include "fake_guest.h"
#include "observe.h"
#include "record.h"

#define DEADLINE_NS (20 * PN_NS_PER_S)

static struct pn_guest guest;
static struct pn_journal *journal;
static struct pn_scenario scenario;
static char *dir;

static int setup(void **state)
{
	g_autofree char *path = NULL;

	fake_guest_init(&guest);
	scenario =
	    (struct pn_scenario){.name = "test", .sample_ns = 10 * PN_NS_PER_MS, .guest = {.memory_bytes = 256 * PN_MIB, .vcpus = 1}};
	dir = g_dir_make_tmp("pn-sampler-XXXXXX", NULL);
	path = g_build_filename(dir, "journal.jsonl", NULL);
	return pn_journal_open(path, &journal, NULL);
}

static int teardown(void **state)
{
	pn_journal_free(journal);
	pn_fs_remove_tree(dir, NULL);
	g_free(dir);
	fake_guest_deinit(&guest);
	return 0;
}

static struct pn_sampler *start(void)
{
	struct pn_sampler_config config = {.guest = &guest, .scenario = &scenario, .journal = journal, .case_dir = dir};
	struct pn_sampler *sampler = NULL;

	assert_int_equal(pn_sampler_start(&config, &sampler, NULL), 0);
	return sampler;
}

static json_t *lines(const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	json_t *records = NULL;

	assert_int_equal(pn_journal_read(path, &records, NULL), 0);
	return records;
}

static unsigned int count(const char *name, const char *key, const char *text)
{
	json_t *records = lines(name), *line;
	unsigned int n = 0;
	size_t i;

	json_array_foreach(records, i, line) n += pn_is(line, key, text);
	json_decref(records);
	return n;
}

/* Wait for a state of the files, not for a time. */
static void wait_for(const char *name, const char *key, const char *text, unsigned int n)
{
	uint64_t deadline_ns = pn_clock_now_ns() + DEADLINE_NS;

	while (count(name, key, text) < n) {
		assert_true(pn_clock_now_ns() < deadline_ns);
		pn_clock_sleep_until(pn_clock_now_ns() + 5 * PN_NS_PER_MS);
	}
}

static void test_beats_and_mark(void **state)
{
	struct pn_sampler *sampler = start();
	json_t *records, *line;
	struct pn_record record = {.scenario = &scenario};
	uint64_t before_ns;

	wait_for("samples.jsonl", "src", "host", 3);
	wait_for("samples.jsonl", "src", "monitor", 3);
	before_ns = fake_guest_now_ns();
	fake_guest_tell(&guest, json_pack("{s:s, s:I, s:i}", "ev", "sample", "mono_ns", (json_int_t)before_ns, "mem.free", 4096));
	wait_for("samples.jsonl", "src", "guest", 1);
	fake_guest_tell(&guest, json_pack("{s:s, s:I, s:{s:s, s:s}}", "ev", "sample", "mono_ns", (json_int_t)before_ns, "missing", "driver.held_pages",
					  "no driver yet", "touch.count", "no probe runs"));
	wait_for("samples.jsonl", "src", "guest", 2);
	assert_int_equal(pn_sampler_mark(sampler, "settled:1", NULL), 0);
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
	assert_int_equal(guest.subscribers->len, 0);

	records = lines("samples.jsonl");
	record.samples = records;
	line = (json_t *)pn_record_mark(&record, "settled:1");
	assert_int_equal(pn_field_or(line, "balloon.bytes", 0), 64 * PN_MIB);
	assert_int_equal(pn_field_or(line, "guest.driver.held_pages", 0), 16384);
	assert_int_equal(pn_field_or(line, "guest.kernel.tainted", 0), 12288);
	assert_int_equal(pn_field_or(line, "guest.mem.unaccounted", 0), 3 * 1024);
	assert_true(pn_field_or(line, "qemu.vcpu0.cpu_ns", 0) > 0);
	assert_true(pn_field_or(line, "qemu.rss_bytes", 0) > 0);
	assert_null(json_object_get(line, "qemu.worker.cpu_ns"));
	json_decref(records);

	records = lines("samples.jsonl");
	for (size_t i = 0; i < json_array_size(records); i++) {
		line = json_array_get(records, i);
		if (pn_is(line, "src", "guest"))
			assert_in_range(pn_field_or(line, "t_ns", 0), before_ns + FAKE_BEHIND_NS - PN_NS_PER_MS,
					before_ns + FAKE_BEHIND_NS);
	}
	json_decref(records);
	assert_int_equal(count("journal.jsonl", "ev", "clock"), 2);
	assert_int_equal(count("journal.jsonl", "name", "guest.touch.count"), 1);
	assert_int_equal(count("journal.jsonl", "name", "guest.driver.held_pages"), 0); /* it came later */
	assert_int_equal(count("journal.jsonl", "ev", "sampler"), 1);
	assert_int_equal(count("kmsg.jsonl", "mark", "settled:1"), 1);
}

/* A monitor that does not answer delays neither the host's beat nor the guest's. */
static void test_monitor_hangs(void **state)
{
	struct pn_sampler *sampler;
	unsigned int had;

	sampler = start();
	wait_for("samples.jsonl", "src", "monitor", 1);
	g_mutex_lock(&guest.lock);
	guest.monitor_hangs = true;
	g_mutex_unlock(&guest.lock);
	had = count("samples.jsonl", "src", "host");
	fake_guest_tell(&guest, json_pack("{s:s, s:I}", "ev", "sample", "mono_ns", (json_int_t)fake_guest_now_ns()));
	wait_for("samples.jsonl", "src", "host", had + 10);
	wait_for("samples.jsonl", "src", "guest", 1);
	g_mutex_lock(&guest.lock);
	guest.monitor_hangs = false;
	g_cond_broadcast(&guest.wake);
	g_mutex_unlock(&guest.lock);
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
}

/* An agent that never answers: no guest samples, the reason once in the journal, marks without the guest's half. */
static void test_agent_silent(void **state)
{
	struct pn_sampler *sampler;
	struct pn_record record = {.scenario = &scenario};

	guest.agent_silent = true;
	sampler = start();
	assert_int_equal(pn_sampler_mark(sampler, "boot", NULL), 0);
	assert_int_equal(pn_sampler_mark(sampler, "driver", NULL), 0);
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
	record.samples = lines("samples.jsonl");
	assert_null(json_object_get(pn_record_mark(&record, "boot"), "guest_t_ns"));
	assert_int_equal(count("journal.jsonl", "name", "clock"), 1);
	json_decref(record.samples);
}

/* In exact mode the guest's clock and the host's have nothing to do with each other: what a mark has of the guest is of the instant of its answer. */
static void test_exact(void **state)
{
	struct pn_record record = {.scenario = &scenario};
	struct pn_sampler *sampler;
	uint64_t before_ns;

	guest.machine.exact = true;
	sampler = start();
	before_ns = pn_clock_now_ns();
	assert_int_equal(pn_sampler_mark(sampler, "boot", NULL), 0);
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
	record.samples = lines("samples.jsonl");
	assert_in_range(pn_field_or(pn_record_mark(&record, "boot"), "guest_t_ns", 0), before_ns, pn_clock_now_ns());
	json_decref(record.samples);
}

/* A guest that boots anew has an agent that samples nothing yet. */
static void test_reboot(void **state)
{
	struct pn_sampler *sampler = start();
	uint64_t deadline_ns = pn_clock_now_ns() + DEADLINE_NS;

	assert_int_equal(g_atomic_int_get(&guest.agent_starts), 1);
	fake_guest_tell(&guest, json_pack("{s:s, s:s}", "ev", "hello", "boot_id", "first")); /* the port was opened again, nothing more */
	fake_guest_tell(&guest, json_pack("{s:s, s:s}", "ev", "hello", "boot_id", "second"));
	while (g_atomic_int_get(&guest.agent_starts) < 2) {
		assert_true(pn_clock_now_ns() < deadline_ns);
		pn_clock_sleep_until(pn_clock_now_ns() + 5 * PN_NS_PER_MS);
	}
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
	assert_int_equal(count("journal.jsonl", "when", "reboot"), 1);
	assert_int_equal(guest.agent_starts, 2);
}

static void test_kmsg(void **state)
{
	struct pn_sampler *sampler = start();

	fake_guest_tell(&guest, json_pack("{s:s, s:i, s:i, s:i, s:s}", "ev", "kmsg", "seq", 1, "level", 4, "time_us", 5, "text", "before"));
	assert_int_equal(pn_sampler_mark(sampler, "boot", NULL), 0);
	fake_guest_tell(&guest, json_pack("{s:s, s:i, s:i, s:i, s:s}", "ev", "kmsg", "seq", 2, "level", 4, "time_us", 6, "text", "after"));
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
	fake_guest_tell(&guest, json_pack("{s:s, s:i, s:s}", "ev", "kmsg", "seq", 3, "text", "too late"));

	json_t *records = lines("kmsg.jsonl");

	assert_int_equal(json_array_size(records), 3);
	assert_string_equal(pn_text(json_array_get(records, 0), "text"), "before");
	assert_string_equal(pn_text(json_array_get(records, 1), "mark"), "boot");
	assert_string_equal(pn_text(json_array_get(records, 2), "text"), "after");
	json_decref(records);
}

/* What can't be counted says why, once per counter, and is nowhere 0. */
static void test_unsupported(void **state)
{
	struct pn_sampler *sampler = start();
	json_t *records, *line;
	size_t i;

	wait_for("samples.jsonl", "src", "host", 2);
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
	records = lines("samples.jsonl");
	json_array_foreach(records, i, line) {
		json_t *cycles = json_object_get(line, "qemu.vcpu0.cycles");

		assert_true(!cycles || json_integer_value(cycles) > 0);
		if (!cycles && pn_is(line, "src", "host"))
			assert_int_equal(count("journal.jsonl", "name", "qemu.vcpu0.cycles"), 1);
	}
	json_decref(records);
	assert_int_equal(count("journal.jsonl", "name", "block"), 0);
	assert_int_equal(count("journal.jsonl", "name", "swapdev"), 1);
	assert_int_equal(count("journal.jsonl", "name", "stats"), 1);
}

static void test_chosen_probes(void **state)
{
	char *probes[] = {(char *)"meminfo", NULL};
	struct pn_sampler *sampler;
	json_t *records, *line;
	size_t i;

	scenario.probes = probes;
	sampler = start();
	wait_for("samples.jsonl", "src", "host", 1);
	assert_int_equal(pn_sampler_stop(sampler, NULL), 0);
	records = lines("samples.jsonl");
	json_array_foreach(records, i, line) {
		assert_int_equal(json_object_get(line, "host.mem.free_bytes") != NULL, pn_is(line, "src", "host"));
		assert_null(json_object_get(line, "qemu.cpu_ns"));
		assert_null(json_object_get(line, "balloon.bytes"));
	}
	json_decref(records);
	assert_int_equal(guest.agent_starts, 0);
}

static void test_no_dir(void **state)
{
	struct pn_sampler_config config = {.guest = &guest, .scenario = &scenario, .journal = journal, .case_dir = "/nonexistent"};
	struct pn_sampler *sampler = NULL;
	struct pn_diag diag = {""};

	assert_int_equal(pn_sampler_start(&config, &sampler, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/samples.jsonl"));
	assert_null(sampler);
	assert_int_equal(pn_sampler_stop(NULL, NULL), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_beats_and_mark), TEST(test_monitor_hangs), TEST(test_agent_silent),  TEST(test_exact), TEST(test_reboot),
	    TEST(test_kmsg),	       TEST(test_unsupported),	 TEST(test_chosen_probes), TEST(test_no_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
