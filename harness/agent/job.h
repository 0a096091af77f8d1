/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "request.h"

#include <stdbool.h>
#include <sys/types.h>

/**
 * typedef pn_job_fn - the work of a job; runs in a child, so it may block
 * @in_fd: what the agent writes for it (pn_job_start_fed()), or -1
 * @ret_reply: what to answer; may stay NULL
 *
 * Return: 0, or a negative errno with pn_fail()'s line.
 */
typedef int pn_job_fn(const struct pn_request *request, int in_fd, json_t **ret_reply);

/**
 * pn_job_start() - do @fn in a child and answer @request when it is done
 * @timeout_ns: afterwards the answer is ETIMEDOUT, the child is killed, and left behind as stuck if even that does not end it
 *
 * Return: 0, or a negative errno (-EAGAIN: too many at once, the stuck ones included).
 */
int pn_job_start(const struct pn_request *request, pn_job_fn *fn, uint64_t timeout_ns);

/** pn_job_start_fed() - the same; @ret_feed_fd is the non-blocking pipe's end to write to, owned by the caller */
int pn_job_start_fed(const struct pn_request *request, pn_job_fn *fn, uint64_t timeout_ns, int *ret_feed_fd);

/** pn_job_blob() - in the child: send bytes ahead of the reply. Blocks while the host does not read. Return: 0 or a negative errno. */
int pn_job_blob(const struct pn_request *request, const void *bytes, size_t len);

/** pn_job_reaped() - a child has ended. Return: was it a job's? */
bool pn_job_reaped(pid_t pid, int status);

/** pn_job_pull() - the link has room again */
void pn_job_pull(void);

/** pn_job_stuck() - children that outlived their timeout */
json_t *pn_job_stuck(void);
