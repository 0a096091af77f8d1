/* SPDX-License-Identifier: GPL-2.0-only */
/* Output of loads: always drained, so that no load ever waits for the host; kept up to a bound. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#define READS_A_TURN 16

static void add_to_line(struct pn_capture *capture, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			if (capture->line_len < sizeof(capture->line)) {
				capture->line[capture->line_len] = 0;
				capture->on_line(capture, capture->line);
			}
			capture->line_len = 0;
		} else if (capture->line_len < sizeof(capture->line) - 1) {
			capture->line[capture->line_len++] = bytes[i];
		} else {
			capture->line_len = sizeof(capture->line);
		}
	}
}

static void add(struct pn_capture *capture, const char *bytes, size_t len)
{
	size_t keep = capture->size - capture->kept < len ? capture->size - capture->kept : len;

	if (keep > 0)
		memcpy(capture->bytes + capture->kept, bytes, keep);
	capture->kept += keep;
	capture->total += len;
	if (capture->on_line)
		add_to_line(capture, bytes, len);
}

static void on_ready(struct pn_loop_source *source, uint32_t events)
{
	struct pn_capture *capture = (struct pn_capture *)source;
	char bytes[4096];

	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t n = read(source->fd, bytes, sizeof(bytes));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			pn_capture_close(capture);
			if (capture->on_end)
				capture->on_end(capture);
			return;
		}
		add(capture, bytes, n);
	}
}

int pn_capture_start(struct pn_capture *capture, int fd, size_t size)
{
	capture->source = (struct pn_loop_source){.fd = fd, .ready = on_ready};
	capture->kept = capture->total = capture->line_len = 0;
	if (size != capture->size || !capture->bytes) {
		if (capture->bytes)
			munmap(capture->bytes, capture->size);
		capture->bytes = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (capture->bytes == MAP_FAILED) {
			capture->bytes = NULL;
			capture->size = 0;
			close(fd);
			capture->source.fd = -1;
			return -ENOMEM;
		}
		madvise(capture->bytes, size, MADV_DONTFORK);
		capture->size = size ? size : 1;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return pn_loop_add(&capture->source, EPOLLIN);
}

void pn_capture_close(struct pn_capture *capture)
{
	pn_loop_remove(&capture->source);
}
