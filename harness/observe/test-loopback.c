// SPDX-License-Identifier: GPL-2.0-only
/* From a guest to a finding: what the sampler writes of a scripted guest is what the ledger reads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../guest/loopback.h"
#include "../scenario/scenario.h"
#include "oracle.h"

#define BALLOON_BYTES (64 * PN_MIB)

struct stage {
	char *dir;
	struct pn_scenario scenario;
	struct pn_journal *journal;
	struct pn_host *host;
	struct pn_guest *guest;
	struct pn_sampler *sampler;
	unsigned int settled;
};

static int setup(void **state)
{
	struct stage *stage = g_new0(struct stage, 1);
	g_autofree char *path = NULL;

	stage->dir = g_dir_make_tmp("pn-loop-XXXXXX", NULL);
	g_setenv("PUNCTURE_STATE", stage->dir, TRUE);
	path = g_build_filename(stage->dir, "journal.jsonl", NULL);
	stage->scenario = (struct pn_scenario){ .name = "loop", .guest = { .memory_bytes = 256 * PN_MIB, .vcpus = 1 }, .sample_ns = 20 * PN_NS_PER_MS };
	assert_int_equal(pn_journal_open(path, &stage->journal, NULL), 0);
	*state = stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	pn_guest_stop(stage->guest, NULL);
	pn_host_close(stage->host);
	pn_journal_free(stage->journal);
	pn_owned_release_all(NULL);
	pn_fs_remove_tree(stage->dir, NULL);
	g_free(stage->dir);
	g_free(stage);
	return 0;
}

static void begin(struct stage *stage)
{
	struct pn_host_config host = { .uri = "loopback", .run_dir = stage->dir };
	struct pn_guest_config guest = { .name = "loop", .machine = &stage->scenario.guest, .dir = stage->dir, .journal = stage->journal };
	struct pn_sampler_config config = { .scenario = &stage->scenario, .journal = stage->journal, .case_dir = stage->dir };

	assert_int_equal(pn_host_open(&host, &stage->host, NULL), 0);
	assert_int_equal(pn_guest_start(stage->host, &guest, &stage->guest, NULL), 0);
	config.guest = stage->guest;
	assert_int_equal(pn_sampler_start(&config, &stage->sampler, NULL), 0);
	assert_int_equal(pn_sampler_mark(stage->sampler, "boot", NULL), 0);
	assert_int_equal(pn_guest_agent(stage->guest, json_pack("{s:s, s:s}", "op", "module.load", "name", "virtio_balloon"), 0, NULL, NULL), 0);
	assert_int_equal(pn_sampler_mark(stage->sampler, "driver", NULL), 0);
}

static void move(struct stage *stage, uint64_t bytes)
{
	g_autofree char *label = g_strdup_printf("settled:%u", ++stage->settled);

	assert_int_equal(pn_guest_balloon(stage->guest, bytes, NULL), 0);
	pn_journal_add(stage->journal, "settled", json_pack("{s:I, s:I}", "balloon_bytes", (json_int_t)bytes, "asked_bytes", (json_int_t)bytes));
	assert_int_equal(pn_sampler_mark(stage->sampler, label, NULL), 0);
}

static json_t *lines(struct stage *stage, const char *name)
{
	g_autofree char *path = g_build_filename(stage->dir, name, NULL);
	json_t *records = NULL;

	assert_int_equal(pn_journal_read(path, &records, NULL), 0);
	return records;
}

static struct pn_finding end(struct stage *stage)
{
	struct pn_record record = { .scenario = &stage->scenario };
	struct pn_finding finding;

	assert_int_equal(pn_sampler_mark(stage->sampler, "rest", NULL), 0);
	assert_int_equal(pn_guest_agent(stage->guest, json_pack("{s:s, s:s}", "op", "module.unload", "name", "virtio_balloon"), 0, NULL, NULL), 0);
	assert_int_equal(pn_sampler_mark(stage->sampler, "unloaded", NULL), 0);
	assert_int_equal(pn_sampler_stop(stage->sampler, NULL), 0);
	record.journal = lines(stage, "journal.jsonl");
	record.samples = lines(stage, "samples.jsonl");
	assert_int_equal(pn_oracle_judge("ledger", &record, &finding), 0);
	json_decref(record.journal);
	json_decref(record.samples);
	return finding;
}

static void test_good_guest(void **state)
{
	struct stage *stage = *state;
	struct pn_finding finding;

	begin(stage);
	move(stage, BALLOON_BYTES);
	move(stage, 0);
	finding = end(stage);
	assert_string_equal(finding.reason, "5 of 5 marks at rest balance to the page: 65536 managed at boot");
	assert_int_equal(finding.verdict, PN_PASS);
}

/* The device claims one page more than the driver holds. */
static void test_lying_device(void **state)
{
	struct pn_loopback_script script = { .lie_bytes = PN_PAGE_BYTES };
	struct stage *stage = *state;
	struct pn_finding finding;

	begin(stage);
	pn_loopback_set(stage->guest, &script);
	move(stage, BALLOON_BYTES);
	finding = end(stage);
	assert_int_equal(finding.verdict, PN_FAIL);
	assert_non_null(strstr(finding.reason, "the driver holds 16384 pages, the device's actual says 16385"));
}

/* The agent is refused its samples: the marks have no guest half, and nobody can judge. */
static void test_no_samples(void **state)
{
	struct pn_loopback_script script = { .refuse_op = "sample" };
	struct stage *stage = *state;
	struct pn_finding finding;

	begin(stage);
	pn_loopback_set(stage->guest, &script);
	move(stage, BALLOON_BYTES);
	finding = end(stage);
	assert_int_equal(finding.verdict, PN_BROK);
	assert_non_null(strstr(finding.reason, "'settled:1' has no managed pages"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_good_guest),
		TEST(test_lying_device),
		TEST(test_no_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
