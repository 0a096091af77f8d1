/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the files of the plugin share. */

#include <stdatomic.h>
#include <stdbool.h>

#include "api.h"
#include "wire.h"

/** pn_plugin_shared - the counters; mapped at installation */
extern struct pn_pin_shared *pn_plugin_shared;

/** pn_plugin_insns() - instructions executed by the guest so far, all regions */
uint64_t pn_plugin_insns(void);

/** pn_plugin_translated() - is there translated code, made before now? */
bool pn_plugin_translated(void);

/** pn_plugin_points_connect() - connect to the harness and hear what it asks, on a thread. Return: 0 or a negative errno. */
int pn_plugin_points_connect(const char *path);

/** pn_plugin_points_stale() - do translated blocks lack a callback that a point needs? Then pn_plugin_refresh() has to follow. */
bool pn_plugin_points_stale(void);

/** pn_plugin_points_refreshing() - code is about to be thrown away for the sake of the points known so far */
void pn_plugin_points_refreshing(void);

/** pn_plugin_points_fresh() - everything that is translated from now on asks pn_plugin_points_mark(): tell whoever waits for it */
void pn_plugin_points_fresh(void);

/** pn_plugin_points_mark() - put the callbacks of all points into a block that is being translated */
void pn_plugin_points_mark(struct qemu_plugin_tb *tb);

/** pn_plugin_exits() - does this instruction leave the function of an exit point? Bytes as they are in the guest. */
bool pn_plugin_exits(const struct pn_pin_message *point, uint64_t vaddr, const uint8_t *bytes, size_t size);
