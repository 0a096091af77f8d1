/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct pn_capture - one output stream of a program: its first @size bytes are kept, all are counted and looked through for lines
 * @on_line: called for each whole line of at most 255 characters, without its newline; may be NULL
 */
struct pn_capture {
	struct pn_loop_source source; /* first: found by address; fd -1 once the stream has ended */
	char *bytes;		      /* not inherited by children */
	size_t size, kept;
	uint64_t total;
	char line[256];
	size_t line_len; /* sizeof(line) while within a line that is too long */
	void (*on_line)(struct pn_capture *capture, const char *line);
	void (*on_end)(struct pn_capture *capture); /* the stream has ended by itself; may be NULL */
	void *data;
};

/** pn_capture_start() - take @fd (owned from now on, made non-blocking) and watch it. Return: 0 or a negative errno. */
int pn_capture_start(struct pn_capture *capture, int fd, size_t size);

/** pn_capture_close() - stop watching; what was kept stays */
void pn_capture_close(struct pn_capture *capture);
