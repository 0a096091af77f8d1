// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON lines, each written at once: QEMU may be killed at any time. A full disk ends the record, not the guest; the checker then finds the last line
 * cut and says so.
 */

#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	int fd;
	size_t used;
	int overflow;
	char line[1 << 20];
} stream = { .fd = -1 };

int pn_stream_open(const char *path)
{
	stream.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	return stream.fd < 0 ? -errno : 0;
}

void pn_stream_begin(const char *event)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	stream.used = stream.overflow = 0;
	pn_stream_add("{\"t_ns\":%lld,\"ev\":\"%s\"", now.tv_sec * 1000000000LL + now.tv_nsec, event);
}

void pn_stream_add(const char *fmt, ...)
{
	size_t room = sizeof(stream.line) - stream.used;
	va_list args;
	int length;

	va_start(args, fmt);
	length = vsnprintf(stream.line + stream.used, room, fmt, args);
	va_end(args);
	if (length < 0 || (size_t)length + 3 >= room)
		stream.overflow = 1;
	else
		stream.used += length;
}

void pn_stream_end(void)
{
	size_t done = 0;

	if (stream.overflow) {
		pn_stream_begin("overflow");
		stream.overflow = 0;
	}
	memcpy(stream.line + stream.used, "}\n", 2);
	stream.used += 2;
	while (stream.fd >= 0 && done < stream.used) {
		ssize_t written = write(stream.fd, stream.line + done, stream.used - done);

		if (written > 0) {
			done += written;
		} else if (written < 0 && errno != EINTR) {
			close(stream.fd);
			stream.fd = -1;
		}
	}
}
