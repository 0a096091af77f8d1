/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

struct pn_diag;

/*
 * Settings that the host has only one of. One run has them at a time, by a lock that ends with its process; the guests of one run share them, and the last one
 * puts them back.
 */

/** struct pn_shared_setting - one kernel setting */
struct pn_shared_setting {
	const char *path, *value;
};

/**
 * pn_shared_take() - have settings at these values from now on
 * @name: of the lock: "zswap", "ksm"
 *
 * Waits up to two minutes for another run to be done with them. Settings that the host's kernel has not are left out. Return: 0; -EBUSY; or another
 * negative errno.
 */
int pn_shared_take(const char *name, const struct pn_shared_setting *settings, size_t count, struct pn_diag *diag);

/** pn_shared_drop() - pairs with it; the last of this process restores. Return: 0 or a negative errno. */
int pn_shared_drop(const char *name, struct pn_diag *diag);
