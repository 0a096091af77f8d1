/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <stdint.h>

struct pn_diag;
struct pn_doc;

/** PN_MEMBERS_MAX - most guests in one case */
#define PN_MEMBERS_MAX 64

/** struct pn_member - one guest of a case with several */
struct pn_member {
	char *name;
	uint64_t delay_ns;
	struct pn_doc *doc; /* a scenario with this guest alone: the scenario's keys with the guest's own over them */
};

/**
 * pn_members_expand() - the guests of a scenario that has several
 * @doc: normalised and checked against the schema
 * @ret_members: array of struct pn_member in the order of the file; empty where there is no `guests`; g_array_unref() by the caller
 *
 * Keys of `guests[].guest` go over those of `guest` one by one; any other key replaces the scenario's, and a pattern its timeline
 * and the other way round. Return: 0; -EINVAL with one line: no guest, too many, or two of one name.
 */
int pn_members_expand(struct pn_doc *doc, GArray **ret_members, struct pn_diag *diag);
