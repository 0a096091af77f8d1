/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* A loopback guest with a journal and somebody who listens: the fixture of test-guest.c and test-guest-faults.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/test-dir.h"
#include "../base/units.h"
#include "guest.h"
#include "loopback.h"

#define SHORT_NS (50 * PN_NS_PER_MS)

struct fixture {
	char *dir;
	char *journal_path;
	struct pn_journal *journal;
	struct pn_host *host;
	struct pn_guest *guest;
	GMutex lock;
	GPtrArray *heard; /* "ev" or "qmp:EVENT" or "state:STATE" */
};

static const struct pn_machine machine = { .memory_bytes = 512 * PN_MIB, .vcpus = 1 };

static inline int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	struct pn_guest_config config = { .name = "loop", .machine = &machine };
	struct pn_diag diag = { 0 };
	void *dir;

	assert_int_equal(test_dir_setup(&dir), 0);
	fixture->dir = dir;
	fixture->journal_path = g_build_filename(dir, "journal.jsonl", NULL);
	fixture->heard = g_ptr_array_new_with_free_func(g_free);
	assert_int_equal(pn_journal_open(fixture->journal_path, &fixture->journal, &diag), 0);
	assert_int_equal(pn_host_open(&(struct pn_host_config){ .uri = "loopback" }, &fixture->host, &diag), 0);
	config.dir = fixture->dir;
	config.journal = fixture->journal;
	assert_int_equal(pn_guest_start(fixture->host, &config, &fixture->guest, &diag), 0);
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	void *dir = fixture->dir;

	assert_int_equal(pn_guest_stop(fixture->guest, NULL), 0);
	pn_host_close(fixture->host);
	pn_journal_free(fixture->journal);
	g_ptr_array_unref(fixture->heard);
	g_free(fixture->journal_path);
	g_free(fixture);
	return test_dir_teardown(&dir);
}

static inline int act(struct fixture *fixture, const char *verb, json_t *args, uint64_t timeout_ns, struct pn_diag *diag)
{
	struct pn_action action = { .verb = verb, .args = args, .timeout_ns = timeout_ns };
	int err = pn_guest_act(fixture->guest, &action, NULL, diag);

	json_decref(args);
	return err;
}

static inline void load_driver(struct fixture *fixture)
{
	assert_int_equal(pn_guest_agent(fixture->guest, json_pack("{s:s,s:s}", "op", "module.load", "name", "vballoon"), 0, NULL, NULL), 0);
}

static inline uint64_t ballooned(struct fixture *fixture)
{
	uint64_t bytes = UINT64_MAX;

	assert_int_equal(pn_guest_ballooned(fixture->guest, &bytes, NULL), 0);
	return bytes;
}

static inline void hear(const json_t *event, uint64_t host_ns, void *data)
{
	struct fixture *fixture = data;
	const char *ev = json_string_value(json_object_get(event, "ev"));
	const char *more = json_string_value(json_object_get(event, "event"));

	if (!more)
		more = json_string_value(json_object_get(event, "state"));
	if (!more)
		more = json_string_value(json_object_get(event, "text"));
	g_mutex_lock(&fixture->lock);
	g_ptr_array_add(fixture->heard, more ? g_strdup_printf("%s:%s", ev, more) : g_strdup(ev));
	g_mutex_unlock(&fixture->lock);
}

static inline bool has_heard(struct fixture *fixture, const char *what)
{
	bool found;

	g_mutex_lock(&fixture->lock);
	found = g_ptr_array_find_with_equal_func(fixture->heard, what, g_str_equal, NULL);
	g_mutex_unlock(&fixture->lock);
	return found;
}

static inline void wait_heard(struct fixture *fixture, const char *what)
{
	while (!has_heard(fixture, what))
		g_usleep(1000);
}
