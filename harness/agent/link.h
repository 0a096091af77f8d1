/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "proto.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The line to the host. What the agent says is queued up to a bound: replies always fit, because requests are not taken while the queue is
 * more than half full; events are refused then, and their makers count what they drop.
 */

/** struct pn_link_handlers - who is told */
struct pn_link_handlers {
	void (*connected)(void);			  /* the host has opened the port: say hello */
	void (*frame)(const struct pn_proto_frame *frame); /* valid during the call */
	void (*garbage)(int error, uint64_t dropped_bytes); /* -EPROTO or -EPROTONOSUPPORT */
	void (*drained)(void);				  /* there is room for events again */
};

/**
 * pn_link_open() - start looking for the port and keep it open from then on
 * @socket: NULL for the virtio port; otherwise path of a listening Unix socket (trying the agent out on a host)
 *
 * Return: 0 or a negative errno.
 */
int pn_link_open(const char *socket, const struct pn_link_handlers *handlers);

/** pn_link_generation() - number of the conversation; what was asked in an earlier one is not answered */
unsigned int pn_link_generation(void);

/** pn_link_restart() - a new host is there: what is queued for the old one is dropped, up to the frame that is half sent */
void pn_link_restart(void);

/** pn_link_roomy() - is there room for events, and for pulling from jobs? */
bool pn_link_roomy(void);

/** pn_link_empty() - has everything been handed to the device? */
bool pn_link_empty(void);

/** pn_link_send() - queue a frame. Return: 0; -ENOBUFS when it does not fit; -ENOTCONN when nobody is there; -EMSGSIZE. */
int pn_link_send(uint8_t kind, uint32_t id, const void *body, size_t length);

/** pn_link_send_json() - queue a frame of JSON; @body is stolen. Returns as pn_link_send(). */
int pn_link_send_json(uint8_t kind, uint32_t id, json_t *body);

/** pn_link_event() - queue an event if there is room for events; @event is stolen. Return: 0, -ENOBUFS or -ENOTCONN. */
int pn_link_event(json_t *event);

/** pn_link_pause() - take no more frames until told otherwise (a blob's receiver is slow) */
void pn_link_pause(bool paused);
