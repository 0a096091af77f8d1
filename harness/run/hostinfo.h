/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

#include "../guest/machine.h"

struct pn_run_config;

/**
 * pn_hostinfo_accel() - who runs guests' instructions here
 * @qemu: emulator, NULL for the one in PATH
 * @ret_why: why, in a few words; freed with g_free(); may be NULL
 *
 * KVM only where a guest has really booted under it, otherwise TCG. Some seconds the first time on a host, then cached.
 */
enum pn_accel pn_hostinfo_accel(const char *qemu, char **ret_why);

/**
 * pn_hostinfo_get() - what of the host a result depends on: host.json
 *
 * What can't be read is absent. Blocks for half a second (asks QEMU and git, looks at the CPUs: fitness.h). Return: a new object; json_decref() by the caller.
 */
json_t *pn_hostinfo_get(const struct pn_run_config *config);
