/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_probe_context;

/*
 * What the agent tells unasked: its samples, put on the host's clock. The connection's thread only queues; the sampler's thread
 * takes them out and writes them.
 */

struct pn_feed;

/** pn_feed_open() - measure the clock, subscribe, start the agent's sampling. Return: 0 or a negative errno (the reason is journalled). */
int pn_feed_open(struct pn_probe_context *context, uint64_t interval_ns, struct pn_feed **ret_feed);

/** pn_feed_revive() - after a reboot of the guest: measure the clock again and start the new agent's sampling. Blocks up to 10 s; else
 * returns at once. */
void pn_feed_revive(struct pn_feed *feed);

/** pn_feed_next() - next queued sample as a line for samples.jsonl; NULL when there is none. json_decref() by the caller. */
json_t *pn_feed_next(struct pn_feed *feed);

/**
 * pn_feed_ask() - ask the agent for one sample now, for a mark
 * @into: gets its keys, and guest_t_ns
 * @ret_guest_ns: the guest's own clock at that sample; may be NULL
 *
 * Blocks for ms; up to 5 s for an agent that does not answer, some more for a driver that does not. Return: 0 or a negative errno; @into is
 * left alone then.
 */
int pn_feed_ask(struct pn_feed *feed, json_t *into, uint64_t *ret_guest_ns);

/** pn_feed_close() - stop the agent's sampling, measure the clock again, unsubscribe, free. Queued samples must have been taken. */
void pn_feed_close(struct pn_feed *feed);
