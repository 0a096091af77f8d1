/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * put: a file into the guest. A child writes it (the file system may block) under a temporary name and renames it when every byte is there;
 * the agent feeds it through a pipe. While the child is slower than the host the link takes no more frames. One put at a time.
 */
#include "ops.h"

#include "agent.h"
#include "job.h"
#include "link.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_MS 60000

static struct {
	struct pn_loop_source feed;
	uint32_t id;
	uint8_t *rest; /* of the blob frame that the pipe did not take whole */
	size_t rest_len, rest_at;
} put = {.feed = {.fd = -1}};

static int make_parents(const char *path)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return pn_fail(-errno, "put: %.200s: %m", part);
		*slash = '/';
	}
	return 0;
}

static int copy(int in_fd, int fd, const char *path, int64_t size)
{
	static char bytes[65536];
	int64_t got = 0;
	ssize_t n;

	while ((n = read(in_fd, bytes, sizeof(bytes))) > 0) {
		if (write(fd, bytes, n) != n)
			return pn_fail(errno ? -errno : -ENOSPC, "put: %.200s: %m", path);
		got += n;
	}
	if (got != size)
		return pn_fail(-EBADMSG, "put: %.200s: %" PRId64 " bytes came of %" PRId64, path, got, size);
	return 0;
}

static int put_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	char temporary[4096];
	const char *path;
	int64_t size, mode;
	int fd, r = pn_arg_path(request, "path", &path);

	if (r == 0)
		r = pn_arg_integer(request, "size", 0, INT64_MAX, -1, &size);
	if (r == 0)
		r = pn_arg_integer(request, "mode", 0, 07777, 0644, &mode);
	if (r == 0)
		r = make_parents(path);
	if (r < 0)
		return r;
	snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return pn_fail(-errno, "put: %.200s: %m", temporary);
	r = copy(in_fd, fd, path, size);
	if (r == 0 && (fchmod(fd, mode) < 0 || close(fd) < 0 || rename(temporary, path) < 0))
		r = pn_fail(-errno, "put: %.200s: %m", path);
	if (r < 0)
		unlink(temporary);
	else
		*ret_reply = json_pack("{s:I}", "size", (json_int_t)size);
	return r;
}

static void end(void)
{
	if (put.feed.fd >= 0)
		pn_loop_remove(&put.feed);
	put.rest_len = put.rest_at = 0;
	pn_link_pause(false);
}

/* Give the child what is left of the frame. */
static void feed(void)
{
	while (put.rest_at < put.rest_len) {
		ssize_t n = write(put.feed.fd, put.rest + put.rest_at, put.rest_len - put.rest_at);

		if (n < 0 && errno == EAGAIN) {
			pn_loop_change(&put.feed, EPOLLOUT);
			pn_link_pause(true);
			return;
		}
		if (n < 0) { /* the child gave up; its reply says why */
			end();
			return;
		}
		put.rest_at += n;
	}
	put.rest_len = put.rest_at = 0;
	pn_loop_change(&put.feed, 0);
	pn_link_pause(false);
}

static void on_feed(struct pn_loop_source *source, uint32_t events)
{
	if (put.rest_at < put.rest_len)
		feed();
	else
		end(); /* nothing was asked for, so it is the hang-up of a child that is gone */
}

void pn_file_blob(uint32_t id, const void *bytes, size_t len)
{
	if (put.feed.fd < 0 || put.id != id)
		return;
	if (len == 0) {
		end();
		return;
	}
	memcpy(put.rest, bytes, len);
	put.rest_len = len;
	put.rest_at = 0;
	feed();
}

void pn_file_abort(void)
{
	if (put.feed.fd >= 0)
		end();
}

int pn_put_run(const struct pn_request *request, json_t **ret_reply)
{
	uint64_t timeout_ns;
	const char *path;
	int64_t number;
	int r = pn_arg_path(request, "path", &path);

	if (r == 0)
		r = pn_arg_integer(request, "size", 0, INT64_MAX, -1, &number);
	if (r == 0)
		r = pn_arg_integer(request, "mode", 0, 07777, 0644, &number);
	if (r == 0)
		r = pn_arg_timeout(request, TIMEOUT_MS, &timeout_ns);
	if (r < 0)
		return r;
	if (put.feed.fd >= 0)
		return pn_fail(-EBUSY, "put: another one is under way");
	if (!put.rest)
		put.rest = malloc(PN_PROTO_BODY_MAX);
	if (!put.rest)
		return pn_fail(-ENOMEM, "put: no memory");
	r = pn_job_start_fed(request, put_child, timeout_ns, &put.feed.fd);
	if (r < 0)
		return r;
	put.feed.ready = on_feed;
	put.id = request->id;
	pn_loop_add(&put.feed, 0);
	return 1;
}
