/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <sys/types.h>

/* A directory in memory, on tmpfs, of one process: for what others write with fsync and nobody needs afterwards. */

/**
 * pn_memdir_path() - where a process has its directory
 * @pid, @start: the process, as pn_owned_process_start() has it
 *
 * It need not exist: whoever makes it owns it as a "tree". Return: the path, the caller's; NULL where the host has no such place.
 */
char *pn_memdir_path(pid_t pid, unsigned long long start);

/** pn_memdir_sweep() - remove the directory of a process that has ended, though its record says that it is gone: a thread may have written last */
void pn_memdir_sweep(pid_t pid, unsigned long long start);
