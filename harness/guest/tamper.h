/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;

/**
 * pn_tamper_act() - verb "tamper": what driver and device tell each other is changed on its way (harness/rings)
 *
 * {"what": name of one way, "queue": name, "value", "space", "interval", "times", "probability", "seed"} from now on; {} puts an end to it. One at a time.
 * Return: 0; -ENOTSUP where QEMU has no watcher, or not with these rings or interrupts; -EBUSY; or another negative errno.
 */
int pn_tamper_act(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_tamper_hang_up() - the connection, if there is one; with it goes what it asked for */
void pn_tamper_hang_up(struct pn_guest *guest);
