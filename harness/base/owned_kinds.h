/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "owned.h"

/** pn_owned_kinds - the kinds that base knows by itself; ends with a NULL name */
extern const struct pn_owned_kind pn_owned_kinds[];

/** pn_owned_process_start() - start time of a process in clock ticks since boot (proc(5), stat field 22); 0 when there is none */
unsigned long long pn_owned_process_start(int pid);

/**
 * pn_owned_setting_read() - the value in force of a kernel setting
 * @ret_value: without white space around it; of "always [madvise] never" the chosen word; freed with g_free()
 *
 * Return: 0 or a negative errno.
 */
int pn_owned_setting_read(const char *path, char **ret_value, struct pn_diag *diag);
