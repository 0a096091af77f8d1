/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

#include "machine.h"

struct pn_diag;

/**
 * pn_accel_probe() - who can run a guest's instructions on this host
 * @qemu: emulator, or NULL for the one in PATH
 * @ret_accel: PN_ACCEL_KVM only when a guest really got through firmware and a counting loop under KVM
 * @reason: why, in a few words; may be NULL
 * @reason_size: of @reason
 *
 * Boots a boot sector of a few instructions with a deadline of some seconds; the answer is cached per host kernel, QEMU and processor.
 * Return: 0 or a negative errno.
 */
int pn_accel_probe(const char *qemu, enum pn_accel *ret_accel, char *reason, size_t reason_size, struct pn_diag *diag);
