/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "qemu.h"
#include "order.h"

/*
 * The traffic tampered with, at the accesses of the driver that the watcher sees. All but pn_tamper_due() under QEMU's big lock.
 *
 * Invariant: what was written into the guest's memory for the device to see is put right again before the access ends; interrupts that were held back
 * are raised by PN_TAMPER_CLEAR.
 */

/** pn_tamper_attach() - the device */
void pn_tamper_attach(const struct qemu_api *api, void *pci, void *vdev);

/** pn_tamper_obey() - an order of the harness. */
void pn_tamper_obey(const struct pn_tamper_order *order, struct pn_tamper_answer *ret_answer);

/** pn_tamper_notify() - the driver tells the device of buffers: @pass hands the access on, between what is done before and after */
void pn_tamper_notify(unsigned int queue, void (*pass)(void *data), void *data);

/** pn_tamper_config() - the driver has read @size bytes of the configuration at @offset. Return: what it is to read. */
uint64_t pn_tamper_config(uint64_t offset, uint64_t value, unsigned int size);

/** pn_tamper_forget() - the device was reset: no interrupt of before is raised any more */
void pn_tamper_forget(void);

/** pn_tamper_due() - is there an interrupt to be raised by now; without the lock */
bool pn_tamper_due(void);

/** pn_tamper_raise() - raise it */
void pn_tamper_raise(void);
