/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Real guests under the embedded libvirt: what the test-real programs share. Exit 77 (skipped) only where the host can't run any: no
 * emulator or no image to be had. Waits are for events with a deadline that means "hung"; no time is asserted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "accel.h"
#include "guest.h"
#include "kinds.h"
#include "process.h"
#include "private.h"
#include "virt.h"

#define HUNG_NS (120 * PN_NS_PER_S)
#define SHORT_NS (300 * PN_NS_PER_MS)

static struct pn_host *host;
static char *dir;

static const struct pn_machine plain = { .memory_bytes = 256 * PN_MIB, .vcpus = 1, .backing = PN_BACKING_THP };

static inline struct pn_guest *start_at(const char *where, const struct pn_machine *machine, bool cold)
{
	struct pn_guest_config config = { .name = "test", .machine = machine, .dir = where, .cold = cold };
	struct pn_guest *guest = NULL;
	struct pn_diag diag = { 0 };

	if (pn_guest_start(host, &config, &guest, &diag))
		fail_msg("%s", diag.text);
	return guest;
}

static inline struct pn_guest *start(const struct pn_machine *machine)
{
	return start_at(dir, machine, false);
}

static inline void stop(struct pn_guest *guest)
{
	struct pn_diag diag = { 0 };

	if (pn_guest_stop(guest, &diag))
		fail_msg("%s", diag.text);
}

static inline void must_act(struct pn_guest *guest, const char *verb, json_t *args)
{
	struct pn_action action = { .verb = verb, .args = args, .timeout_ns = HUNG_NS };
	struct pn_diag diag = { 0 };

	if (pn_guest_act(guest, &action, NULL, &diag))
		fail_msg("%s: %s", verb, diag.text);
	json_decref(args);
}

static inline void must_ask(struct pn_guest *guest, json_t *request)
{
	struct pn_diag diag = { 0 };

	if (pn_guest_agent(guest, request, HUNG_NS, NULL, &diag))
		fail_msg("%s", diag.text);
}

static inline void send_signal(struct pn_guest *guest, int number)
{
	must_act(guest, "signal", json_pack("{s:i}", "signal", number));
}

static inline void wait_state(struct pn_guest *guest, enum pn_guest_state state)
{
	uint64_t deadline_ns = pn_clock_now_ns() + HUNG_NS;

	while (pn_guest_state(guest) != state) {
		assert_true(pn_clock_now_ns() < deadline_ns);
		g_usleep(1000);
	}
}

static inline void wait_balloon(struct pn_guest *guest, uint64_t bytes)
{
	uint64_t deadline_ns = pn_clock_now_ns() + HUNG_NS, now = UINT64_MAX;

	while (now != bytes) {
		assert_int_equal(pn_guest_ballooned(guest, &now, NULL), 0);
		assert_true(pn_clock_now_ns() < deadline_ns);
		g_usleep(2000);
	}
}

/* Can this host run a guest at all? What it says for "no" is the reason for the skip; anything else fails in the tests. */
static inline bool can_run(void)
{
	struct pn_virt_boot boot;
	struct pn_diag diag = { 0 };
	int err = pn_virt_boot_get(&plain, &boot, &diag);

	if (err) {
		fprintf(stderr, "skipped: %s\n", diag.text);
		return false;
	}
	pn_virt_boot_clear(&boot);
	return true;
}

static inline int open_host(void **state)
{
	return pn_host_open(&(struct pn_host_config){ 0 }, &host, NULL);
}

static inline void test_nothing_is_left(void **state)
{
	json_t *left;

	pn_host_close(host);
	host = NULL;
	left = pn_owned_left();
	if (json_array_size(left)) {
		char *text = json_dumps(left, 0);

		fail_msg("still owned: %s", text);
	}
	json_decref(left);
}

/* Have the owner record and @dir to ourselves. Return: 0, or the exit code of a host that runs no guests. */
static inline int begin(void)
{
	g_autofree char *state_dir = NULL;

	dir = g_dir_make_tmp("pn-real-XXXXXX", NULL);
	state_dir = g_build_filename(dir, "s", NULL);
	g_setenv("PUNCTURE_STATE", state_dir, TRUE);
	pn_guest_register_kinds();
	if (can_run())
		return 0;
	pn_fs_remove_tree(dir, NULL);
	return 77;
}

/* Return: the program's exit code. */
static inline int finish(int failed)
{
	pn_owned_release_all(NULL);
	pn_fs_remove_tree(dir, NULL);
	g_free(dir);
	return failed != 0;
}
