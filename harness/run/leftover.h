/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <sys/types.h>

/** pn_leftover_mark() - in a case's process, before it starts anything: programs it starts carry a mark in their environment */
void pn_leftover_mark(void);

/**
 * pn_leftover_collect() - find and end what the process of a case has left behind
 * @pid: its process id; it has been waited for
 * @start: its start time
 *
 * Looks at the owner records (which repairs them, also those of other dead owners) and for processes that carry the mark.
 * Return: array of {"kind","what"}, empty when it left nothing; json_decref() by the caller.
 */
json_t *pn_leftover_collect(pid_t pid, unsigned long long start);
