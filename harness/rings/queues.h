/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "qemu.h"

/*
 * The device's queues, looked at whenever the driver touches a register: just before the device sees the access, so that a buffer is
 * recorded before the device takes it, and just after, so that what the device did at once stands behind it.
 */

/** pn_queues_attach() - the device whose queues these are */
void pn_queues_attach(const struct qemu_api *api, void *pci, void *vdev);

/** pn_queues_features() - what the driver has accepted; decides how queues lie in memory and what is looked at */
void pn_queues_features(uint64_t features);

/** pn_queues_forget() - the device was reset: no queue is set up any more */
void pn_queues_forget(void);

/** pn_queues_look() - record what is new. @late: the device may have had the buffers already */
void pn_queues_look(bool late);
