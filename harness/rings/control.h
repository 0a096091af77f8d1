/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "qemu.h"

/** pn_control_listen() - take orders (order.h) at a socket made at @path, on a thread of our own. Return: 0 or a negative errno. */
int pn_control_listen(const struct qemu_api *api, const char *path);
