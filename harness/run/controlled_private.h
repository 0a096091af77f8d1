/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the parts of controlled.h share; for this folder only. */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../../drivers-under-test/balloond/laws/law.h"
#include "../observe/procfs.h"
#include "../scenario/scenario.h"

/** struct pn_controlled_guest - one guest as a controller sees it */
struct pn_controlled_guest {
	const char *name;
	struct pn_guest *guest;
	uint64_t memory_bytes;
	struct pn_procfs_file smaps; /* fd -1: can't be read */
	gint64 psi_us;		     /* atomic, by the guest's samples; -1: none yet */
	gint boots;		     /* atomic */
	char *boot_id;		     /* of the connection's thread */
	uint64_t target_bytes;
};

/** pn_controlled_open() - begin to look at a guest; pn_controlled_close() ends it */
void pn_controlled_open(struct pn_controlled_guest *guest, struct pn_guest *real, const struct pn_scenario *scenario);
void pn_controlled_close(struct pn_controlled_guest *guest);

/** pn_controlled_look() - what is known of it now; blocks up to @timeout_ns for each of two questions to its monitor */
void pn_controlled_look(struct pn_controlled_guest *guest, uint64_t timeout_ns, struct pn_observation *ret_observation);

/**
 * pn_controlled_spoil() - what a fault makes of an observation
 * @nth: how many ticks it has lasted
 */
void pn_controlled_spoil(enum pn_controller_fault_kind kind, const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes,
			 struct pn_observation *observation);

/** pn_controlled_isolation() - how soon the controller came to distrust whom, as metrics controller.isolated_s.GUEST, from its record */
void pn_controlled_isolation(const struct pn_scenario *scenario, const json_t *records, json_t *metrics);

/** pn_controlled_misjudged() - whom it trusted or distrusted wrongly. Return: words for a person, owned by the caller; NULL: nobody. */
char *pn_controlled_misjudged(const struct pn_scenario *scenario, const json_t *records);

struct pn_controlled_bounds;

/**
 * pn_controlled_bounds_new() - a memory cgroup for each guest's QEMU, without a limit so far, and a swap file, as large as all of them, for what will be above one
 *
 * Return: 0, -ENOTSUP where the host has no memory cgroups or a guest no process, or another negative errno.
 */
int pn_controlled_bounds_new(const struct pn_controlled_guest *guests, unsigned int count, struct pn_controlled_bounds **ret_bounds,
			     struct pn_diag *diag);

/**
 * pn_controlled_bounds_set() - hold a guest's memory to its bound; blocks while the kernel takes it back
 * @bound_bytes: by the law; 0: it gives none
 * @resident_bytes: of the guest's memory now; PN_UNSET: not known, nothing is done
 *
 * Return: 0 or a negative errno.
 */
int pn_controlled_bounds_set(struct pn_controlled_bounds *bounds, unsigned int index, const struct pn_controlled_guest *guest, uint64_t bound_bytes,
			     uint64_t resident_bytes, struct pn_diag *diag);

/** pn_controlled_bounds_hits() - {guest: how often its limit was hit}; empty when none was ever set. Return: owned by the caller. */
json_t *pn_controlled_bounds_hits(const struct pn_controlled_bounds *bounds, const struct pn_controlled_guest *guests);

/** pn_controlled_bounds_free() - lift all bounds, remove groups and swap. NULL is fine. Return: 0 or the first negative errno. */
int pn_controlled_bounds_free(struct pn_controlled_bounds *bounds, struct pn_diag *diag);
