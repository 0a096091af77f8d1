/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/** struct pn_virtio_balloon - the virtio balloon of this guest */
struct pn_virtio_balloon {
	char device[32];   /* "virtio3" */
	char driver[64];   /* bound to it; "" for none */
	char module[64];   /* that driver's module; "" when built in or none */
	char features[65]; /* 64 characters of 0 and 1, bit 0 first */
	unsigned int status;
};

/** pn_virtio_balloon_find() - look it up in sysfs; does not block. Return: 0, or -ENODEV without such a device. */
int pn_virtio_balloon_find(struct pn_virtio_balloon *ret_device);
