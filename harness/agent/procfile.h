/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/** struct pn_procfile - a file of procfs that is kept open and read again and again; .fd = -1 at first */
struct pn_procfile {
	const char *path;
	int fd;
};

/**
 * pn_procfile_read() - its content now
 *
 * Return: text, terminated, in a buffer shared by all (valid until the next call); NULL when the file is not there or is larger than
 * the buffer (128 KiB), with errno set.
 */
const char *pn_procfile_read(struct pn_procfile *file);

/** pn_procfile_vmstat() - /proc/vmstat as it was when this was last called with @fresh; the text is kept apart from other files' */
const char *pn_procfile_vmstat(bool fresh);
