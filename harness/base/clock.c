// SPDX-License-Identifier: GPL-2.0-only
/* The one clock. */

#include "clock.h"

#include <errno.h>
#include <time.h>

#include "units.h"

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * PN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t pn_clock_now_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

uint64_t pn_clock_real_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

int pn_clock_sleep_until(uint64_t deadline_ns)
{
	struct timespec ts = { .tv_sec = (time_t)(deadline_ns / PN_NS_PER_S), .tv_nsec = (long)(deadline_ns % PN_NS_PER_S) };

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == 0 ? 0 : -EINTR;
}
