/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_run_config;

/**
 * pn_hostinfo_get() - what of the host a result depends on: host.json
 *
 * What can't be read is absent. Blocks for tens of ms (asks QEMU and git). Return: a new object; json_decref() by the caller.
 */
json_t *pn_hostinfo_get(const struct pn_run_config *config);
