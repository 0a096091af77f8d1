/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;
struct pn_kmsg;

/** pn_kmsg_start() - write the guest's kernel log into CASE_DIR/kmsg.jsonl from now on, what was said since boot first. Return: 0 or a
 * negative errno. */
int pn_kmsg_start(struct pn_guest *guest, const char *case_dir, struct pn_kmsg **ret_kmsg, struct pn_diag *diag);

/**
 * pn_kmsg_mark() - put a mark between the records
 * @guest_ns: the guest's clock then; 0: not known
 *
 * Return: 0 or a negative errno.
 */
int pn_kmsg_mark(struct pn_kmsg *kmsg, const char *label, uint64_t guest_ns);

/** pn_kmsg_stop() - stop and free; NULL is fine. Return: 0 or the first negative errno of a record that could not be written. */
int pn_kmsg_stop(struct pn_kmsg *kmsg);
