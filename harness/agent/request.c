/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments of requests and the form of replies. Every refusal names the operation, the key, and what is accepted. */
#include "request.h"

#include "link.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char why[512];

int pn_fail(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return err;
}

const char *pn_fail_text(int err)
{
	static char said[sizeof(why)];

	snprintf(said, sizeof(said), "%s", why[0] ? why : strerror(-err));
	why[0] = 0;
	return said;
}

int pn_arg_string(const struct pn_request *request, const char *key, const char *fallback, const char **ret_value)
{
	const json_t *value = json_object_get(request->args, key);

	if (!value && fallback) {
		*ret_value = fallback;
		return 0;
	}
	if (!json_is_string(value))
		return pn_fail(-EINVAL, "%s: %s: expected a string", request->op, key);
	if (strlen(json_string_value(value)) != json_string_length(value))
		return pn_fail(-EINVAL, "%s: %s: holds a NUL", request->op, key);
	*ret_value = json_string_value(value);
	return 0;
}

int pn_arg_path(const struct pn_request *request, const char *key, const char **ret_value)
{
	const char *path;
	int r = pn_arg_string(request, key, NULL, &path);

	if (r < 0)
		return r;
	if (path[0] != '/' || strlen(path) > 4000 || strstr(path, "/../"))
		return pn_fail(-EINVAL, "%s: %s: '%.100s' is not accepted; expected an absolute path without '..'", request->op, key, path);
	*ret_value = path;
	return 0;
}

int pn_arg_name(const struct pn_request *request, const char *key, const char **ret_value)
{
	const char *name;
	int r = pn_arg_string(request, key, NULL, &name);
	size_t len;

	if (r < 0)
		return r;
	len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
	if (len == 0 || len > 63 || name[len] || name[0] == '.')
		return pn_fail(-EINVAL, "%s: %s: '%.100s' is not accepted; expected 1 to 63 of A-Z a-z 0-9 _ . - and no leading dot", request->op,
			       key, name);
	*ret_value = name;
	return 0;
}

int pn_arg_integer(const struct pn_request *request, const char *key, int64_t min, int64_t max, int64_t fallback, int64_t *ret_value)
{
	const json_t *value = json_object_get(request->args, key);
	int64_t number;

	if (!value && fallback >= min && fallback <= max) {
		*ret_value = fallback;
		return 0;
	}
	number = json_integer_value(value);
	if (!json_is_integer(value) || number < min || number > max)
		return pn_fail(-EINVAL, "%s: %s: expected an integer from %" PRId64 " to %" PRId64, request->op, key, min, max);
	*ret_value = number;
	return 0;
}

int pn_arg_timeout(const struct pn_request *request, int64_t fallback_ms, uint64_t *ret_timeout_ns)
{
	int64_t timeout_ms;
	int r = pn_arg_integer(request, "timeout_ms", 1, 3600000, fallback_ms, &timeout_ms);

	if (r < 0)
		return r;
	*ret_timeout_ns = timeout_ms * 1000000ull;
	return 0;
}

json_t *pn_reply_make(int err, json_t *reply)
{
	if (err < 0) {
		json_decref(reply);
		return json_pack("{s:b,s:s,s:i}", "ok", 0, "error", pn_fail_text(err), "errno", -err);
	}
	if (!reply)
		reply = json_object();
	json_object_set_new(reply, "ok", json_true());
	return reply;
}

void pn_reply(const struct pn_request *request, json_t *reply)
{
	if (request->generation != pn_link_generation()) {
		json_decref(reply);
		return;
	}
	if (pn_link_send_json(PN_PROTO_REPLY, request->id, pn_reply_make(0, reply)) == -EMSGSIZE) {
		pn_fail(-EMSGSIZE, "%s: the reply is larger than a frame", request->op);
		pn_link_send_json(PN_PROTO_REPLY, request->id, pn_reply_make(-EMSGSIZE, NULL));
	}
}

void pn_reply_error(const struct pn_request *request, int err)
{
	json_t *reply = pn_reply_make(err, NULL);

	if (request->generation == pn_link_generation())
		pn_link_send_json(PN_PROTO_REPLY, request->id, reply);
	else
		json_decref(reply);
}
