/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/** pn_clock_now_ns() - the one clock of a run: CLOCK_MONOTONIC in nanoseconds, the same in every process of the host */
uint64_t pn_clock_now_ns(void);

/** pn_clock_real_ns() - wall clock in nanoseconds since 1970, for labels only; never subtract two of them */
uint64_t pn_clock_real_ns(void);

/**
 * pn_clock_sleep_until() - block until an instant of pn_clock_now_ns()
 * @deadline_ns: the instant; one that has passed returns at once
 *
 * Return: 0, or -EINTR when a signal handler ran.
 */
int pn_clock_sleep_until(uint64_t deadline_ns);
