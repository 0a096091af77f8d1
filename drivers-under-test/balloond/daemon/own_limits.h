/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../../harness/scenario/key.h"
#include "../policy.h"

struct pn_diag;

/** PN_LIMITS_URI - namespace of a guest's own limits in its domain's metadata */
#define PN_LIMITS_URI "urn:puncture:balloond:1"

/** pn_limits_keys - records of what can be set for one guest, in the configuration under `limits` and as attributes of the metadata element */
extern const struct pn_key_info pn_limits_keys[];

/** struct pn_limits - what is set for one guest, as texts in the units of their records; NULL: not set */
struct pn_limits {
	char *min, *weight, *oom_quota, *overhead, *control;
};

void pn_limits_clear(struct pn_limits *limits);

/** pn_limits_set() - set one key from its text. Return: 0; -ENOENT for an unknown key; -EINVAL with what is accepted. */
int pn_limits_set(struct pn_limits *limits, const char *where, const char *key, const char *text, struct pn_diag *diag);

/**
 * pn_limits_read_xml() - limits from a domain's metadata element
 * @xml: as virDomainGetMetadata() gives it: <policy min="25%" weight="200" oom-quota="0" overhead="64MiB" control="on"/>, in any prefix
 * @where: the domain, for errors
 *
 * Return: 0, or -EINVAL with one line; then @limits is untouched.
 */
int pn_limits_read_xml(struct pn_limits *limits, const char *xml, const char *where, struct pn_diag *diag);

/**
 * pn_limits_resolve() - a guest's limits for the policy
 * @own: of the guest, may be NULL
 * @common: where it says nothing
 * @max_bytes: its memory; the most that it can have
 * @ret_control: is it to be controlled at all?
 */
struct pn_policy_guest pn_limits_resolve(const struct pn_limits *own, const struct pn_limits *common, uint64_t max_bytes, bool *ret_control);
