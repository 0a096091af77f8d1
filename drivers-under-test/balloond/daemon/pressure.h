/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/*
 * Guests' pressure stall information, by a side channel: libvirt has no way to it. Whoever has one (an agent over vsock or virtio-serial, a script around
 * `virsh qemu-agent-command`) keeps a file for each guest in a directory, named as the guest or its UUID, with what /proc/pressure/memory has in the guest.
 */

/**
 * pn_pressure_read() - time that a guest was stalled on memory since it booted
 * @dir: of the files
 * @max_age_ns: a file that has not been written for longer says nothing of now
 *
 * Return: nanoseconds ("some" and "total"); PN_UNSET when there is no file of it, a stale or a wrong one
 */
uint64_t pn_pressure_read(const char *dir, const char *name, const char *uuid, uint64_t max_age_ns);
