/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A child that reads the driver's debugfs files for the agent: their code is the driver's, which may be wedged. It is made once, asked by a
 * pipe, and answers by a pipe; while an answer is outstanding it is not asked again.
 */

/** struct pn_reader_answer - what the child has read */
struct pn_reader_answer {
	char text[3840]; /* concatenated counters of all the driver's devices; "" when there are none */
	uint64_t cpu_ns; /* that the child has used since it started */
	int err;	 /* negative errno when there is no such file */
};

/** pn_reader_ask() - have /sys/kernel/debug/@module/.../counters read; @done is called from the loop. Return: 0, -EBUSY while it is stuck, -errno. */
int pn_reader_ask(const char *module, void (*done)(const struct pn_reader_answer *answer));

/** pn_reader_stuck() - its process while an answer is outstanding, and since when; 0 otherwise */
pid_t pn_reader_stuck(uint64_t *ret_since_ns);

/** pn_reader_reaped() - Return: was that child the reader? It is made anew at the next question. */
bool pn_reader_reaped(pid_t pid);
