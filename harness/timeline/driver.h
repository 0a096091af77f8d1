/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_timeline;

/** PN_DRIVER_DIR - where a driver of the host's is put in the guest, as NAME.ko */
#define PN_DRIVER_DIR "/run/puncture"

/** pn_driver_bound() - what the agent says of the balloon device: @ret_bound {"bound","driver","device","features",...}. Return: 0 or -errno. */
int pn_driver_bound(const struct pn_timeline *timeline, json_t **ret_bound, struct pn_diag *diag);

/** pn_driver_locate() - tell the plugin, if there is one, where the driver lies, and journal it. Return: 0 or a negative errno. */
int pn_driver_locate(const struct pn_timeline *timeline, struct pn_diag *diag);

/** pn_driver_unbind() - unbind the driver from the balloon device through sysfs, module left loaded. Blocks for seconds. Return: 0 or a negative errno. */
int pn_driver_unbind(const struct pn_timeline *timeline, struct pn_diag *diag);

/** pn_driver_bind() - bind the loaded driver to the balloon device again; asserts that it is bound. Return: 0 or a negative errno. */
int pn_driver_bind(const struct pn_timeline *timeline, struct pn_diag *diag);

/**
 * pn_driver_freeze() - all devices of the guest are frozen and restored, as for a suspend, without one
 *
 * By the kernel's own test of suspending (Documentation/power/basic-pm-debugging), which stops there and comes back; needs CONFIG_PM_DEBUG, which the cloud
 * flavour lacks. Blocks for seconds. Return: 0 or a negative errno, also when a driver refuses.
 */
int pn_driver_freeze(const struct pn_timeline *timeline, struct pn_diag *diag);
