// SPDX-License-Identifier: GPL-2.0-only
/*
 * A meeting of threads that ends early when one of them will not come. A pthread barrier can't: the guests that are well would wait for the
 * one that broke until the case's timeout.
 */
#include "meeting.h"

#include <errno.h>

#include "../base/clock.h"
#include "../base/diag.h"

#define POLL_US (200 * G_TIME_SPAN_MILLISECOND)

void pn_meeting_init(struct pn_meeting *meeting, unsigned int expected, int (*all_here)(void *data, struct pn_diag *diag), void *data)
{
	*meeting = (struct pn_meeting){.expected = expected, .all_here = all_here, .data = data};
	g_mutex_init(&meeting->lock);
	g_cond_init(&meeting->cond);
}

void pn_meeting_clear(struct pn_meeting *meeting)
{
	g_mutex_clear(&meeting->lock);
	g_cond_clear(&meeting->cond);
}

static void end(struct pn_meeting *meeting, int err)
{
	meeting->broken = err != 0;
	meeting->over = !err;
	meeting->over_ns = pn_clock_now_ns();
	g_cond_broadcast(&meeting->cond);
}

int pn_meeting_wait(struct pn_meeting *meeting, const int *stop, struct pn_diag *diag)
{
	int err = 0;

	g_mutex_lock(&meeting->lock);
	if (++meeting->here == meeting->expected && !meeting->broken) {
		err = meeting->all_here ? meeting->all_here(meeting->data, diag) : 0;
		end(meeting, err);
	}
	/* the signal handler that sets @stop can't wake a condition */
	while (!err && !meeting->over && !meeting->broken && !*stop)
		g_cond_wait_until(&meeting->cond, &meeting->lock, g_get_monotonic_time() + POLL_US);
	if (!err && !meeting->over)
		err = meeting->broken ? pn_diag_set(diag, -ECANCELED, "ended because another guest of the case broke") : -EINTR;
	g_mutex_unlock(&meeting->lock);
	return err;
}

void pn_meeting_break(struct pn_meeting *meeting, int err)
{
	if (!err)
		return;
	g_mutex_lock(&meeting->lock);
	if (!meeting->over)
		end(meeting, err);
	g_mutex_unlock(&meeting->lock);
}
