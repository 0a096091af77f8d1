/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;

/**
 * pn_device_judge() - requirements of the specification on balloon devices, and drivers that mean harm, tried on a QEMU
 * @emulator: its binary
 * @ret_result: {"schema":1,"rows":[{"side":"device","rule","kind","must","text","why","results":{"qemu":{"verdict","checked","broken","first","known","expired","surprise"}}}]};
 *	rules 1 to 19 are the specification's, those from 101 on the hostile inputs, which QEMU must survive without touching other memory, those from
 *	201 on bugs seen in the field; "known": this QEMU is known to have it; "expired": it was, until that day; "surprise": known, and gone
 *
 * Takes some seconds. Return: 0, or a negative errno when the emulator can not be driven so.
 */
int pn_device_judge(const char *emulator, json_t **ret_result, struct pn_diag *diag);
