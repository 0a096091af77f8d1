/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_doc;
struct pn_raw_mix;
struct pn_raw_scenario;
struct pn_scenario;

/* The ways to get memory back from a guest, as far as a scenario must know them; harness/technique has what they do. */

/** enum pn_mechanism - what a technique is made of; a technique may use several */
enum pn_mechanism {
	PN_MECHANISM_BALLOON = 1 << 0,	     /* a target of the balloon */
	PN_MECHANISM_SWAP_V1 = 1 << 1,	     /* QEMU in a memory cgroup of version 1, its limit lowered, a swap file on the host */
	PN_MECHANISM_SWAP_V2 = 1 << 2,	     /* the same, version 2 */
	PN_MECHANISM_ZSWAP = 1 << 3,	     /* zswap of the host before that swap file */
	PN_MECHANISM_KSM = 1 << 4,	     /* pages of guests merged by the host */
	PN_MECHANISM_REPORTING = 1 << 5,     /* free page reporting */
	PN_MECHANISM_VMEM = 1 << 6,	     /* a virtio-mem device gives up its memory */
	PN_MECHANISM_RECLAIM = 1 << 7,	     /* the guest's kernel is told to reclaim (memory.reclaim); what it frees is reported */
	PN_MECHANISM_ZRAM = 1 << 8,	     /* the guest swaps to compressed memory */
	PN_MECHANISM_GUEST_ZSWAP = 1 << 9,   /* the guest has zswap before its swap disk */
};

/**
 * struct pn_technique_info - record of one technique
 * @name: value of `technique`
 * @help: one line
 * @mechanisms: of enum pn_mechanism
 * @driver, @params: the balloon driver that it uses; NULL: the scenario's
 * @device_reports: its driver gives blocks back by free page reporting; what the guest's kernel has free is not reported by that
 * @image: guest image that it needs; NULL: the scenario's
 * @balloon_percent: of what is asked, what the balloon takes; the rest is for the other mechanisms
 */
struct pn_technique_info {
	const char *name;
	const char *help;
	unsigned int mechanisms;
	const char *driver, *params, *image;
	bool device_reports;
	unsigned int balloon_percent;
};

/** pn_techniques - all of them; ends with a NULL name */
extern const struct pn_technique_info pn_techniques[];

/** pn_technique_names - their names, NULL-terminated */
extern const char *const pn_technique_names[];

/** pn_technique_find() - record of a name; NULL when there is none */
const struct pn_technique_info *pn_technique_find(const char *name);

/** PN_TECHNIQUE_GUEST - mechanisms that work only with something in the guest that plays along */
#define PN_TECHNIQUE_GUEST                                                                                                                  \
	(PN_MECHANISM_BALLOON | PN_MECHANISM_REPORTING | PN_MECHANISM_VMEM | PN_MECHANISM_RECLAIM | PN_MECHANISM_ZRAM | PN_MECHANISM_GUEST_ZSWAP)

/** pn_technique_fill() - what the technique asks of guest, driver and image, and the mix, into the scenario */
void pn_technique_fill(struct pn_scenario *scenario, const struct pn_raw_scenario *raw);

/** pn_technique_check() - mix and technique against guest and timeline. Return: 0 or -EINVAL with one line. */
int pn_technique_check(struct pn_doc *doc, const struct pn_scenario *scenario, struct pn_diag *diag);

/** pn_technique_refusal() - why this host can't do a scenario's technique, and what mends it; NULL: it can. g_free(). */
char *pn_technique_refusal(const struct pn_scenario *scenario);
