/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * read, write, get: files of the guest, each in a job, since a file of sysfs or debugfs may belong to a wedged driver. put is in
 * op_put.c.
 */
#include "ops.h"

#include "agent.h"
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MAX 65536
#define PATHS_MAX 8
#define TIMEOUT_MS 10000

static int open_of(const struct pn_request *request, int flags, const char **ret_path, int *ret_fd)
{
	const char *path;
	int r = pn_arg_path(request, "path", &path);

	if (r < 0)
		return r;
	*ret_fd = open(path, flags | O_CLOEXEC);
	*ret_path = path;
	return *ret_fd < 0 ? pn_fail(-errno, "%s: %.200s: %m", request->op, path) : 0;
}

static int read_text(const char *path, int fd, json_t **ret_text, bool *ret_truncated)
{
	static char text[READ_MAX + 1];
	int used = 0;
	ssize_t n;

	while (used < READ_MAX + 1 && (n = read(fd, text + used, READ_MAX + 1 - used)) != 0) {
		if (n < 0)
			return pn_fail(-errno, "read: %.200s: %m", path);
		used += n;
	}
	n = used < READ_MAX ? used : READ_MAX;
	/* JSON holds text only: get is for bytes. */
	for (ssize_t i = 0; i < n; i++) {
		if ((text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f)
			text[i] = '?';
	}
	*ret_text = json_stringn(text, (size_t)n);
	*ret_truncated = used > READ_MAX;
	return 0;
}

static int read_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const char *path;
	bool truncated = false;
	json_t *text = NULL;
	int fd, r = open_of(request, O_RDONLY, &path, &fd);

	if (r == 0)
		r = read_text(path, fd, &text, &truncated);
	if (r < 0)
		return r;
	*ret_reply = json_pack("{s:o,s:b}", "text", text, "truncated", truncated);
	return 0;
}

/* A fork of the agent costs more than reading a file of procfs does: what is wanted at one moment is read by one child. */
static int read_all_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const json_t *paths = json_object_get(request->args, "paths"), *path;
	json_t *files = json_array();
	size_t i;

	json_array_foreach(paths, i, path) {
		json_t *args = json_pack("{s:O}", "path", path), *file = NULL;
		int r = read_child(&(struct pn_request){.id = request->id, .op = request->op, .args = args}, in_fd, &file);

		json_array_append_new(files, r < 0 ? json_pack("{s:i,s:s}", "errno", -r, "error", pn_fail_text(r)) : file);
		json_decref(args);
	}
	*ret_reply = json_pack("{s:o}", "files", files);
	return 0;
}

static int run_read(const struct pn_request *request, json_t **ret_reply)
{
	const json_t *paths = json_object_get(request->args, "paths");
	const char *path;
	int r;

	if (json_array_size(paths) > PATHS_MAX)
		return pn_fail(-EINVAL, "%s: paths: %zu are not accepted; expected at most %d", request->op, json_array_size(paths), PATHS_MAX);
	if (json_array_size(paths))
		return pn_ops_job(request, read_all_child, TIMEOUT_MS);
	r = pn_arg_path(request, "path", &path);
	return r < 0 ? r : pn_ops_job(request, read_child, TIMEOUT_MS);
}

static int write_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const char *path, *text;
	int fd, r = pn_arg_string(request, "text", NULL, &text);

	if (r < 0)
		return r;
	r = open_of(request, O_WRONLY, &path, &fd);
	if (r < 0)
		return r;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0)
		return pn_fail(errno ? -errno : -EIO, "write: %.200s: %m", path);
	return 0;
}

static int run_write(const struct pn_request *request, json_t **ret_reply)
{
	const char *path, *text;
	int r = pn_arg_path(request, "path", &path);

	if (r == 0)
		r = pn_arg_string(request, "text", NULL, &text);
	return r < 0 ? r : pn_ops_job(request, write_child, TIMEOUT_MS);
}

static int get_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	int64_t offset, max_bytes, sent = 0;
	static char bytes[65536];
	const char *path;
	bool eof = false;
	int fd, r = pn_arg_integer(request, "offset", 0, INT64_MAX, 0, &offset);

	if (r == 0)
		r = pn_arg_integer(request, "max_bytes", 1, INT64_MAX, INT64_MAX, &max_bytes);
	if (r == 0)
		r = open_of(request, O_RDONLY, &path, &fd);
	if (r < 0)
		return r;
	if (offset && lseek(fd, offset, SEEK_SET) < 0)
		return pn_fail(-errno, "get: %.200s: %m", path);
	while (sent < max_bytes && !eof) {
		size_t want = max_bytes - sent < (int64_t)sizeof(bytes) ? (size_t)(max_bytes - sent) : sizeof(bytes);
		ssize_t n = read(fd, bytes, want);

		if (n < 0)
			return pn_fail(-errno, "get: %.200s: %m", path);
		eof = n == 0;
		r = pn_job_blob(request, bytes, n);
		if (r < 0)
			return r;
		sent += n;
	}
	*ret_reply = json_pack("{s:I,s:b}", "size", (json_int_t)sent, "eof", eof);
	return 0;
}

static int run_get(const struct pn_request *request, json_t **ret_reply)
{
	const char *path;
	int64_t number;
	int r = pn_arg_path(request, "path", &path);

	if (r == 0)
		r = pn_arg_integer(request, "offset", 0, INT64_MAX, 0, &number);
	if (r == 0)
		r = pn_arg_integer(request, "max_bytes", 1, INT64_MAX, INT64_MAX, &number);
	return r < 0 ? r : pn_ops_job(request, get_child, 60000);
}

const struct pn_op pn_ops_file[] = {
	{"read", "a small file as text", run_read},
	{"write", "a line into a file of the kernel", run_write},
	{"get", "bytes of a file", run_get},
	{"put", "a file into the guest", pn_put_run},
	{0},
};
