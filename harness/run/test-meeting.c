// SPDX-License-Identifier: GPL-2.0-only
/* A meeting: nobody goes on before all are there, and nobody waits for one who will not come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "../base/diag.h"
#include "meeting.h"

#define GUESTS 4

static const int go_on;

struct guest {
	struct pn_meeting *meeting;
	const int *stop;
	int *arrived; /* atomic */
	int seen;
	int result;
};

static void *come(void *data)
{
	struct guest *guest = data;

	g_atomic_int_inc(guest->arrived);
	guest->result = pn_meeting_wait(guest->meeting, guest->stop, NULL);
	guest->seen = g_atomic_int_get(guest->arrived);
	return NULL;
}

static void meet(struct pn_meeting *meeting, struct guest *guests, unsigned int coming, const int *stop, int break_with)
{
	GThread *threads[GUESTS];
	int arrived = 0;

	for (unsigned int i = 0; i < coming; i++) {
		guests[i] = (struct guest){.meeting = meeting, .stop = stop, .arrived = &arrived};
		threads[i] = g_thread_new("guest", come, &guests[i]);
	}
	if (break_with)
		pn_meeting_break(meeting, break_with);
	for (unsigned int i = 0; i < coming; i++)
		g_thread_join(threads[i]);
}

static int count_call(void *data, struct pn_diag *diag)
{
	int *calls = data;

	return ++*calls == 1 ? 0 : -EIO;
}

static void all_go_on_when_the_last_is_there(void **state)
{
	struct guest guests[GUESTS];
	struct pn_meeting meeting;
	int calls = 0;

	pn_meeting_init(&meeting, GUESTS, count_call, &calls);
	meet(&meeting, guests, GUESTS, &go_on, 0);
	for (unsigned int i = 0; i < GUESTS; i++) {
		assert_int_equal(guests[i].result, 0);
		assert_int_equal(guests[i].seen, GUESTS);
	}
	assert_int_equal(calls, 1);
	pn_meeting_break(&meeting, -EIO); /* too late to break anything */
	assert_true(meeting.over && !meeting.broken);
	pn_meeting_clear(&meeting);
}

static void nobody_waits_for_one_that_broke(void **state)
{
	struct guest guests[GUESTS];
	struct pn_meeting meeting;

	pn_meeting_init(&meeting, GUESTS, NULL, NULL);
	meet(&meeting, guests, GUESTS - 1, &go_on, -EIO);
	for (unsigned int i = 0; i < GUESTS - 1; i++)
		assert_int_equal(guests[i].result, -ECANCELED);
	pn_meeting_clear(&meeting);
}

static void an_interrupt_ends_the_waiting(void **state)
{
	static const int stop = 1;
	struct guest guests[GUESTS];
	struct pn_meeting meeting;

	pn_meeting_init(&meeting, GUESTS, NULL, NULL);
	meet(&meeting, guests, 1, &stop, 0);
	assert_int_equal(guests[0].result, -EINTR);
	pn_meeting_clear(&meeting);
}

static int refuse(void *data, struct pn_diag *diag)
{
	return -EIO;
}

static void what_cannot_begin_breaks_all(void **state)
{
	struct guest guests[GUESTS];
	struct pn_meeting meeting;
	unsigned int refused = 0;

	pn_meeting_init(&meeting, GUESTS, refuse, NULL);
	meet(&meeting, guests, GUESTS, &go_on, 0);
	for (unsigned int i = 0; i < GUESTS; i++) {
		assert_true(guests[i].result == -EIO || guests[i].result == -ECANCELED);
		refused += guests[i].result == -EIO;
	}
	assert_int_equal(refused, 1);
	pn_meeting_clear(&meeting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_go_on_when_the_last_is_there),
		cmocka_unit_test(nobody_waits_for_one_that_broke),
		cmocka_unit_test(an_interrupt_ends_the_waiting),
		cmocka_unit_test(what_cannot_begin_breaks_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
