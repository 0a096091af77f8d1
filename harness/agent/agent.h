/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What every part of the agent may use. The agent is one process with one loop, so its parts are modules with state of their own, not
 * objects. The rule of all of them: nothing that runs in the loop may block; what may is done in a child (job.h).
 */

/** pn_now_ns() - CLOCK_MONOTONIC */
uint64_t pn_now_ns(void);

/** pn_real_ns() - CLOCK_REALTIME */
uint64_t pn_real_ns(void);

/** pn_agent_log() - one line into the kernel's log (standard error when the agent is not PID 1), so that it is in its place among the kernel's own */
void pn_agent_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** pn_agent_is_init() - is this PID 1 of a guest? False when the agent is tried out on a host. */
bool pn_agent_is_init(void);

/**
 * pn_agent_child() - what each new child does first
 *
 * Gives back what the agent took for itself: an OOM killer that spares it, blocked signals, real-time priority.
 */
void pn_agent_child(void);

/** pn_agent_read() - read the beginning of a small file into @buf, terminated. Return: length or a negative errno. */
int pn_agent_read(const char *path, char *buf, unsigned int size);

/** pn_agent_write() - write @text to a file of the kernel. Return: 0 or a negative errno. */
int pn_agent_write(const char *path, const char *text);
