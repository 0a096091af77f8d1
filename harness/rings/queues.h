/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
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

/*
 * For tampering with the traffic (tamper.c). Addresses are the guest's, read and written as the device does it.
 */

/** pn_queues_read(), pn_queues_write() - @bytes at @addr. Return: 0 or -EFAULT. */
int pn_queues_read(uint64_t addr, void *buffer, size_t bytes);
int pn_queues_write(uint64_t addr, const void *buffer, size_t bytes);

/** pn_queues_packed() - are the rings packed ones; only split ones can be changed */
bool pn_queues_packed(void);

/** pn_queues_next() - what the device takes next: its head, and where its first descriptor is. Return: 0, -ENOENT when there is nothing, -EFAULT. */
int pn_queues_next(unsigned int queue, unsigned int *ret_head, uint64_t *ret_desc);

/** pn_queues_used_since() - record what the device has used since the last look. Return: how many buffers. */
unsigned int pn_queues_used_since(unsigned int queue);

/** pn_queues_used_element() - where the used ring has the last (1), last but one (2), ... element that was looked at; 0: nowhere */
uint64_t pn_queues_used_element(unsigned int queue, unsigned int nth);

/** pn_queues_used_index() - the used ring's index as it was looked at, less @back: what the driver is to see. Split rings. */
void pn_queues_used_index(unsigned int queue, unsigned int back);

/** pn_queues_reverse_used() - the last @count elements of the used ring in reverse order */
void pn_queues_reverse_used(unsigned int queue, unsigned int count);
