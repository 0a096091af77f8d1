/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_exact;
struct pn_guest;

/** PN_EXACT_PUT_MAX - bytes of a file that fit into the queue of a guest that stands: what is more would arrive while it runs */
#define PN_EXACT_PUT_MAX (32 * PN_KIB)

/**
 * pn_exact_begin() - from here on the guest runs from hold to hold only
 * @guest: loaded from its snapshot, not yet run; its channel is connected
 *
 * Each call of the agent lets it run until the agent has answered and holds itself; what else the host does, it does while the guest
 * stands. Return: 0 or a negative errno.
 */
int pn_exact_begin(struct pn_guest *guest, struct pn_diag *diag);

/** pn_exact_free() - NULL is fine */
void pn_exact_free(struct pn_exact *exact);
