/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** struct pn_request - what the host asked; @args is borrowed, the rest may be copied to reply later */
struct pn_request {
	uint32_t id;
	unsigned int generation; /* of the conversation */
	const char *op;
	const json_t *args; /* the whole request object */
};

/** pn_fail() - remember the one line that says why; each fatal return of an operation has one. Return: @err. */
int pn_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** pn_fail_text() - that line; the errno's own words when none was left. Forgets it. */
const char *pn_fail_text(int err);

/** pn_arg_string() - a string argument; @fallback when it is absent, which is refused when @fallback is NULL. Return: 0 or -EINVAL. */
int pn_arg_string(const struct pn_request *request, const char *key, const char *fallback, const char **ret_value);

/** pn_arg_path() - an absolute path without ".." parts. Return: 0 or -EINVAL. */
int pn_arg_path(const struct pn_request *request, const char *key, const char **ret_value);

/** pn_arg_name() - a name that becomes part of a path: [A-Za-z0-9_.-], 1 to 63, no leading dot. Return: 0 or -EINVAL. */
int pn_arg_name(const struct pn_request *request, const char *key, const char **ret_value);

/** pn_arg_integer() - an integer between @min and @max, @fallback when absent (refused when @fallback lies outside). Return: 0 or -EINVAL. */
int pn_arg_integer(const struct pn_request *request, const char *key, int64_t min, int64_t max, int64_t fallback, int64_t *ret_value);

/** pn_arg_timeout() - "timeout_ms", 1 ms to an hour. Return: 0 or -EINVAL. */
int pn_arg_timeout(const struct pn_request *request, int64_t fallback_ms, uint64_t *ret_timeout_ns);

/** pn_reply() - answer a request; @reply (NULL for nothing to say) is stolen and gets "ok". */
void pn_reply(const struct pn_request *request, json_t *reply);

/** pn_reply_error() - answer that it failed with @err (negative) and the line that pn_fail() left */
void pn_reply_error(const struct pn_request *request, int err);

/** pn_reply_make() - the body of an answer: @err 0 with @reply (stolen, may be NULL), or negative with pn_fail()'s line */
json_t *pn_reply_make(int err, json_t *reply);
