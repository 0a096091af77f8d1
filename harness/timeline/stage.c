// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands around the fake guest in a test: a scenario, a case directory with its journal, the loads there are.
 */
#include "fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../scenario/load.h"

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The loads there are: one of each kind, by name. */
int pn_load_read(const char *workloads_dir, const char *name, struct pn_load **ret_load, struct pn_diag *diag)
{
	const char *const words[] = {name[0] == 's' ? "stress-ng" : name[0] == 'f' ? "fio" : "pn-touch", "--yaml", "{dir}/out.yaml", NULL};
	struct pn_load *load;

	if (strcmp(name, "stress") != 0 && strcmp(name, "fio") != 0 && strcmp(name, "touch") != 0)
		return pn_diag_set(diag, -ENOENT, "no load '%s'", name);
	load = g_new0(struct pn_load, 1);
	load->name = g_strdup(name);
	load->kind = name[0] == 's' ? PN_LOAD_STRESS_NG : name[0] == 'f' ? PN_LOAD_FIO : PN_LOAD_NATIVE;
	load->argv = g_strdupv((char **)words);
	load->ready = name[0] == 't' ? PN_READY_LINE : PN_READY_CPU;
	load->ready_cpu_ns = 10 * PN_NS_PER_MS;
	load->ready_timeout_ns = 300 * PN_NS_PER_MS;
	*ret_load = load;
	return 0;
}

void pn_load_free(struct pn_load *load)
{
	if (!load)
		return;
	g_free(load->name);
	g_strfreev(load->argv);
	g_free(load);
}

int pn_load_expand(const char *text, const struct pn_load_context *context, char **ret_text, struct pn_diag *diag)
{
	*ret_text = g_strdup(text);
	return 0;
}

static void on_settled(void *data, uint64_t balloon_bytes)
{
	g_string_append_printf(((struct stage *)data)->calls, "settled:%llu ", (unsigned long long)(balloon_bytes / PN_MIB));
}

static void on_phase(void *data, const char *phase)
{
	g_string_append_printf(((struct stage *)data)->calls, "phase:%s ", phase);
}

int stage_setup(void **state)
{
	struct stage *stage = g_new0(struct stage, 1);

	fake_reset();
	stage->dir = g_dir_make_tmp("pn-timeline-XXXXXX", NULL);
	stage->journal_path = g_build_filename(stage->dir, "journal.jsonl", NULL);
	assert_int_equal(pn_journal_open(stage->journal_path, &stage->journal, NULL), 0);
	stage->calls = g_string_new("");
	stage->driver = (struct pn_module){.name = (char *)"vballoon", .label = (char *)"vballoon"};
	stage->scenario = (struct pn_scenario){.name = (char *)"test", .guest = fake.machine, .settle_timeout_ns = 20 * PN_NS_PER_S};
	stage->timeline = (struct pn_timeline){.scenario = &stage->scenario, .driver = &stage->driver, .journal = stage->journal,
					       .workloads_dir = stage->dir, .case_dir = stage->dir, .stop = &stage->stop,
					       .on_settled = on_settled, .on_phase = on_phase, .data = stage};
	*state = stage;
	return 0;
}

int stage_teardown(void **state)
{
	struct stage *stage = *state;

	pn_journal_free(stage->journal);
	pn_fs_remove_tree(stage->dir, NULL);
	g_free(stage->dir);
	g_free(stage->journal_path);
	g_string_free(stage->calls, TRUE);
	g_string_free(fake.log, TRUE);
	g_free(fake.load_id);
	g_free(stage);
	return 0;
}

json_t *stage_records(struct stage *stage, const char *ev)
{
	json_t *all, *picked = json_array(), *record;
	size_t i;

	assert_int_equal(pn_journal_read(stage->journal_path, &all, NULL), 0);
	json_array_foreach(all, i, record)
		if (same(json_string_value(json_object_get(record, "ev")), ev))
			json_array_append(picked, record);
	json_decref(all);
	return picked;
}

unsigned int stage_count(struct stage *stage, const char *ev, const char *key, const char *value)
{
	json_t *records = stage_records(stage, ev), *record;
	unsigned int count = 0;
	size_t i;

	json_array_foreach(records, i, record)
		if (!key || same(json_string_value(json_object_get(record, key)), value))
			count++;
	json_decref(records);
	return count;
}
