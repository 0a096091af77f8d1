// SPDX-License-Identifier: GPL-2.0-only
/* Packets of gdb's remote protocol: "$BODY#SUM", '+' for each, and a lone byte 3 for Ctrl-C. */
#include "rsp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CTRL_C '\003'
#define ANSWER_MS 60000

void pn_rsp_init(struct pn_rsp *rsp, int fd)
{
	rsp->fd = fd;
	rsp->in = g_string_new(NULL);
}

void pn_rsp_deinit(struct pn_rsp *rsp)
{
	if (!rsp->in)
		return;
	close(rsp->fd);
	g_string_free(rsp->in, TRUE);
	rsp->in = NULL;
}

static int send_all(struct pn_rsp *rsp, const char *bytes, gsize count)
{
	while (count) {
		ssize_t sent = send(rsp->fd, bytes, count, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return -ECONNRESET;
		bytes += sent;
		count -= (gsize)sent;
	}
	return 0;
}

static guint8 sum_of(const char *body, gsize bytes)
{
	guint8 sum = 0;

	for (gsize i = 0; i < bytes; i++)
		sum = (guint8)(sum + (guint8)body[i]);
	return sum;
}

int pn_rsp_send(struct pn_rsp *rsp, const char *body, gsize bytes)
{
	g_autoptr(GString) packet = g_string_new("$");

	g_string_append_len(packet, body, (gssize)bytes);
	g_string_append_printf(packet, "#%02x", sum_of(body, bytes));
	return send_all(rsp, packet->str, packet->len);
}

int pn_rsp_break(struct pn_rsp *rsp)
{
	return send_all(rsp, "\003", 1);
}

/* Return: enum pn_rsp_event, or -EPROTO */
static int take(struct pn_rsp *rsp, GString *body)
{
	const char *end;
	gsize bytes;

	while (rsp->in->len && *rsp->in->str != '$') {
		char first = *rsp->in->str;

		g_string_erase(rsp->in, 0, 1);
		if (first == CTRL_C)
			return PN_RSP_BREAK;
	}
	end = rsp->in->len ? memchr(rsp->in->str, '#', rsp->in->len) : NULL;
	if (!end || rsp->in->len < (gsize)(end - rsp->in->str) + 3)
		return PN_RSP_NOTHING;
	bytes = (gsize)(end - rsp->in->str) - 1;
	g_string_truncate(body, 0);
	g_string_append_len(body, rsp->in->str + 1, (gssize)bytes);
	if (g_ascii_xdigit_value(end[1]) * 16 + g_ascii_xdigit_value(end[2]) != sum_of(body->str, bytes))
		return -EPROTO;
	g_string_erase(rsp->in, 0, (gssize)bytes + 4);
	return PN_RSP_PACKET;
}

int pn_rsp_next(struct pn_rsp *rsp, int timeout_ms, GString *body)
{
	struct pollfd poll_fd = {.fd = rsp->fd, .events = POLLIN};
	char bytes[4096];

	for (;;) {
		int event = take(rsp, body), ready;
		ssize_t count;

		if (event == PN_RSP_PACKET && send_all(rsp, "+", 1))
			return -ECONNRESET;
		if (event != PN_RSP_NOTHING)
			return event;
		ready = poll(&poll_fd, 1, timeout_ms);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return ready ? -errno : PN_RSP_NOTHING;
		count = recv(rsp->fd, bytes, sizeof(bytes), 0);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return -ECONNRESET;
		g_string_append_len(rsp->in, bytes, count);
	}
}

int pn_rsp_ask(struct pn_rsp *rsp, const char *request, GString *body)
{
	g_autoptr(GString) own = g_string_new(NULL);
	int event = pn_rsp_send(rsp, request, strlen(request));

	if (event)
		return event;
	do {
		event = pn_rsp_next(rsp, ANSWER_MS, body ? body : own);
	} while (event == PN_RSP_BREAK);
	return event == PN_RSP_NOTHING ? -ETIMEDOUT : MIN(event, 0);
}
