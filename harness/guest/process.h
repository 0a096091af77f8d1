/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct pn_diag;

/*
 * QEMU as a process. It is known by the "-uuid" on its command line, which is in the owner record before it is started: so it is found
 * also when its starter died before it learnt the process id.
 */

/** pn_process_find() - the QEMU process with this uuid. Return: its id, or 0. */
pid_t pn_process_find(const char *uuid);

/** pn_process_kill() - SIGKILL by pidfd and wait for its end, at most @timeout_ns. Return: 0, also when there is none; or a negative errno. */
int pn_process_kill(const char *uuid, uint64_t timeout_ns, struct pn_diag *diag);

/** pn_process_kill_fd() - the same for a process held by a pidfd. Return: 0 or a negative errno. */
int pn_process_kill_fd(int pidfd, uint64_t timeout_ns, struct pn_diag *diag);

/** pn_process_open() - a pidfd. Return: a descriptor or a negative errno. */
int pn_process_open(pid_t pid);
