/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct pn_channel;
struct pn_diag;

/*
 * The host's end of the agent protocol (harness/agent/proto.h) over one connected stream socket. Nothing that the peer sends can
 * crash it, make it allocate without bound or make a caller wait past its deadline.
 */

/**
 * typedef pn_channel_event_fn - an event of the agent, on the channel's thread: must not block, must not call into the channel
 * except pn_channel_post()
 */
typedef void pn_channel_event_fn(const json_t *event, uint64_t host_ns, void *data);

/** typedef pn_channel_gone_fn - the peer has closed the connection; on the channel's thread */
typedef void pn_channel_gone_fn(void *data);

/** struct pn_channel_blobs - where the bytes of a request go to and come from; -1: none */
struct pn_channel_blobs {
	int from_fd; /* regular file sent after the request, from offset 0, ended by an empty blob */
	int to_fd;   /* file that gets what the agent answers with */
};

/**
 * pn_channel_new() - talk over a connected socket
 * @fd: stolen, also on failure
 * @on_event: called for each event
 * @on_gone: called once when the peer has hung up; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int pn_channel_new(int fd, pn_channel_event_fn *on_event, pn_channel_gone_fn *on_gone, void *data, struct pn_channel **ret_channel);

/**
 * typedef pn_channel_gate_fn - called around each call, on its caller's thread
 * @answered: false when the request has been queued, before its reply is waited for; true when the reply is there
 *
 * Return: 0, or a negative errno that the call then returns.
 */
typedef int pn_channel_gate_fn(bool answered, void *data);

/** pn_channel_gate() - have a gate from now on; one call at a time then */
void pn_channel_gate(struct pn_channel *channel, pn_channel_gate_fn *gate, void *data);

/** pn_channel_flush() - wait until the peer has read everything that was queued. Return: 0, -ETIMEDOUT or -ENOTCONN. */
int pn_channel_flush(struct pn_channel *channel, uint64_t timeout_ns);

/** pn_channel_free() - hang up; calls under way return -ENOTCONN. NULL is fine. */
void pn_channel_free(struct pn_channel *channel);

/**
 * pn_channel_call() - one request and its reply
 * @request: {"op", ...}; borrowed
 * @blobs: may be NULL
 * @timeout_ns: for all of it
 * @ret_reply: the reply's object, json_decref() by the caller; may be NULL
 *
 * Thread-safe. Return: 0; -EREMOTEIO when the agent refused (@diag has its words and number); -ETIMEDOUT; -ENOTCONN when the connection
 * has gone; -ECONNRESET when the guest began anew meanwhile; -EPROTO when what came is no frame; -EMSGSIZE for a request that does not
 * fit a frame; or another negative errno of the files.
 */
int pn_channel_call(struct pn_channel *channel, const json_t *request, const struct pn_channel_blobs *blobs, uint64_t timeout_ns,
		    json_t **ret_reply, struct pn_diag *diag);

/** pn_channel_post() - a request whose reply nobody waits for. Never blocks. Return: 0, -EMSGSIZE, -ENOBUFS or -ENOTCONN. */
int pn_channel_post(struct pn_channel *channel, const json_t *request);

/** pn_channel_abort() - let every call under way return @err with @why: the guest was reset or the agent is another one */
void pn_channel_abort(struct pn_channel *channel, int err, const char *why);

/**
 * pn_channel_hold() - let no new call in, and wait until the ones under way have ended
 *
 * For a guest that is about to move: a reply that comes while it does would be torn. Calls made meanwhile wait, within their own time, until
 * pn_channel_redial() or pn_channel_release(). Return: 0, or -ETIMEDOUT with calls still under way; held in either case.
 */
int pn_channel_hold(struct pn_channel *channel, uint64_t timeout_ns);
void pn_channel_release(struct pn_channel *channel);

/**
 * pn_channel_redial() - go on over another connected socket: the guest has moved
 * @fd: stolen
 *
 * Calls under way return -ECONNRESET; what had not been sent is dropped. Returns when the new socket is in use. Return: 0, or -ENOTCONN when the
 * peer has hung up before.
 */
int pn_channel_redial(struct pn_channel *channel, int fd);

/** pn_channel_heard_ns() - when the last good frame came, pn_clock_now_ns(); 0: none yet */
uint64_t pn_channel_heard_ns(struct pn_channel *channel);

/** pn_channel_dropped_bytes() - what came and was no frame */
uint64_t pn_channel_dropped_bytes(struct pn_channel *channel);

/** pn_channel_dial() - connect to a unix socket. Return: a descriptor or a negative errno. */
int pn_channel_dial(const char *path, struct pn_diag *diag);
