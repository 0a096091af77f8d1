/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* The balloon device: takes what is put on its queues, and knows of each page whose it is. */

#include "kernel.h"

#define DEVICE_QUEUES 5 /* by enum vb_queue_id */

/** struct model_device - @laziness: it answers one question in so many, 0 always */
struct model_device {
	unsigned int laziness;
	unsigned long inflated, deflated, reported; /* pages that it was told of */
};

extern struct model_device model_device;

/** model_device_holds() - pages that are in the balloon, by what the device was told */
unsigned long model_device_holds(void);
