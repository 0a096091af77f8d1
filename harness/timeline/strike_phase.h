/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_conductor;
struct pn_diag;
struct pn_guest;

/** pn_strike_phase_is() - is this word of `while` a phase (idle, hinting, reporting, oom) and not a movement of the balloon */
bool pn_strike_phase_is(const char *name);

/**
 * pn_strike_phase_wait() - wait until a phase is seen to go on
 * @evidence: gets "phase" and what showed it
 *
 * Return: 1 when it is there, 0 when the timeline ended before it came, or as pn_conductor_wait().
 */
int pn_strike_phase_wait(const char *name, struct pn_conductor *conductor, json_t *evidence, struct pn_diag *diag);

/** pn_migration_seen() - a fault has seen a migration go on: evidence for the one that began it, which may be looking too late */
void pn_migration_seen(struct pn_conductor *conductor, uint64_t moved_bytes, uint64_t hinted_bytes);

/**
 * pn_hinted_bytes() - guest memory that a migration under way need not send because the guest has hinted it as free
 *
 * What is neither sent nor left to send, by query-migrate; 0 when no migration is active. Return: 0 or a negative errno.
 */
int pn_hinted_bytes(struct pn_guest *guest, uint64_t *ret_bytes, struct pn_diag *diag);
