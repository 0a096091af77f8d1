/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_timeline;

/** enum pn_reboot_by - what makes the guest boot again */
enum pn_reboot_by { PN_REBOOT_BY_RESET, PN_REBOOT_BY_PANIC };

/**
 * pn_reboot() - system_reset (after a panic, where asked for), then driver and loads in the guest as they were
 *
 * Waits for the agent of the new boot (another boot_id), loads the driver again if it was bound and starts the loads again that
 * were running. The target still stands at the device, so the balloon has to converge again. Blocks for seconds.
 * Return: 0, -ETIMEDOUT when the guest did not come back, or another negative errno.
 */
int pn_reboot(const struct pn_timeline *timeline, enum pn_reboot_by by, struct pn_diag *diag);
