/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "job.h"
#include "proto.h"
#include "request.h"

/**
 * struct pn_op - one operation of PROTOCOL.md
 * @run: starts it. Return: 0 with @ret_reply (may stay NULL) to be sent now, 1 when the reply comes later, or a negative errno with
 *	pn_fail()'s line
 */
struct pn_op {
	const char *name;
	const char *help;
	int (*run)(const struct pn_request *request, json_t **ret_reply);
};

/** pn_op_tables - the operations, by the file that does them; each ends with a NULL name */
extern const struct pn_op pn_ops_file[], pn_ops_driver[], pn_ops_load[], pn_ops_sample[], pn_ops_disk[], pn_ops_lifecycle[], pn_ops_warm[],
	pn_ops_symbols[], pn_ops_exact[], pn_ops_leaks[];

/** pn_ops_frame() - a frame has come: a request is run, a blob handed to the put it belongs to, anything else told as a protocol error */
void pn_ops_frame(const struct pn_proto_frame *frame);

/** pn_ops_connected() - a host has opened the port: send the hello event */
void pn_ops_connected(void);

/** pn_ops_garbage() - what came was no frame: send a protocol event */
void pn_ops_garbage(int error, uint64_t dropped_bytes);

/** pn_ops_drained() - there is room to send: kernel log, jobs */
void pn_ops_drained(void);

/** pn_ops_job() - answer by a job, with the request's "timeout_ms" or @fallback_ms. Return: 1, or a negative errno with pn_fail()'s line. */
int pn_ops_job(const struct pn_request *request, pn_job_fn *fn, int64_t fallback_ms);

/** pn_put_run() - the operation "put" (op_put.c) */
int pn_put_run(const struct pn_request *request, json_t **ret_reply);

/** pn_file_blob() - bytes of a put; unknown ids are those of a put that failed already, and are ignored */
void pn_file_blob(uint32_t id, const void *bytes, size_t len);

/** pn_file_abort() - a new host is there: the put under way ends unfinished */
void pn_file_abort(void);

/** pn_output_pump() - there is room: go on sending outputs of loads */
void pn_output_pump(void);
