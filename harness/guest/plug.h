/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;

/** pn_plug_act_unplug() - verb "unplug" {}: the balloon device is taken away; waits for the guest to let go. Return: as pn_guest_act(). */
int pn_plug_act_unplug(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);

/** pn_plug_act_plug() - verb "plug" {}: it is there again, empty and without target, unless it is there already. Return: as pn_guest_act(). */
int pn_plug_act_memory(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);
int pn_plug_act_plug(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);
