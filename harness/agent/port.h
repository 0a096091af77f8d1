/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/**
 * pn_port_open() - open the port to the host without blocking
 * @socket: NULL for the virtio port named PN_PROTO_PORT; otherwise path of a Unix socket
 *
 * Return: a descriptor, or a negative errno (-ENOENT while the port is not there yet: it comes with the driver's probe).
 */
int pn_port_open(const char *socket);
