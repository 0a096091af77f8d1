// SPDX-License-Identifier: GPL-2.0-only
/*
 * QMP over a socket: lines of JSON. Invariant: between two commands every answer has been read, so the next answer is the next
 * command's. A line that begins as an answer does is one; any other is parsed, to pass over events.
 */

#include "qmp.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/diag.h"
#include "channel.h"

#define LINE_MAX_BYTES (16u << 20) /* QEMU's answers are kilobytes; more is not an answer */

struct pn_qmp {
	int fd;
	GString *in; /* read and not yet used: the beginning of a line */
};

static int send_line(struct pn_qmp *qmp, const char *line, struct pn_diag *diag)
{
	g_autofree char *text = g_strconcat(line, "\n", NULL);
	size_t length = strlen(text), done = 0;

	while (done < length) {
		ssize_t n = send(qmp->fd, text + done, length - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pn_diag_set(diag, errno == EPIPE || errno == ECONNRESET ? -ENOTCONN : -errno, "monitor: %s", g_strerror(errno));
		done += (size_t)n;
	}
	return 0;
}

/* The next line, without its end. */
static int read_line(struct pn_qmp *qmp, char **ret_line, struct pn_diag *diag)
{
	size_t seen = 0;

	for (;;) {
		char *end = memchr(qmp->in->str + seen, '\n', qmp->in->len - seen);
		char buffer[4096];
		ssize_t n;

		if (end) {
			*ret_line = strndup(qmp->in->str, (size_t)(end - qmp->in->str));
			g_string_erase(qmp->in, 0, end - qmp->in->str + 1);
			return *ret_line ? 0 : pn_diag_set(diag, -ENOMEM, "monitor: no memory for an answer");
		}
		seen = qmp->in->len;
		if (seen > LINE_MAX_BYTES)
			return pn_diag_set(diag, -EPROTO, "monitor: a line of more than %u bytes", LINE_MAX_BYTES);
		n = recv(qmp->fd, buffer, sizeof(buffer), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return pn_diag_set(diag, -ENOTCONN, "monitor: QEMU has closed its socket");
		g_string_append_len(qmp->in, buffer, n);
	}
}

static bool is_event(const char *line)
{
	json_t *object = g_str_has_prefix(line, "{\"return\"") ? NULL : json_loads(line, JSON_DECODE_INT_AS_REAL, NULL);
	bool yes = json_object_get(object, "event") != NULL;

	json_decref(object);
	return yes;
}

int pn_qmp_run(struct pn_qmp *qmp, const char *line, char **ret_reply, struct pn_diag *diag)
{
	int err = send_line(qmp, line, diag);

	while (!err) {
		char *reply = NULL;

		err = read_line(qmp, &reply, diag);
		if (!err && !is_event(reply)) {
			*ret_reply = reply;
			return 0;
		}
		free(reply);
	}
	return err;
}

/* QEMU speaks first; then the only command it takes is the one that ends the negotiation. */
static int agree(struct pn_qmp *qmp, const char *path, struct pn_diag *diag)
{
	char *greeting = NULL, *reply = NULL;
	int err = read_line(qmp, &greeting, diag);

	if (!err && !strstr(greeting, "\"QMP\""))
		err = pn_diag_set(diag, -EPROTO, "%s: no monitor there: it says '%.80s'", path, greeting);
	if (!err)
		err = pn_qmp_run(qmp, "{\"execute\":\"qmp_capabilities\"}", &reply, diag);
	if (!err && !strstr(reply, "\"return\""))
		err = pn_diag_set(diag, -EPROTO, "%s: the monitor refuses: '%.80s'", path, reply);
	free(greeting);
	free(reply);
	return err;
}

int pn_qmp_open(const char *path, struct pn_qmp **ret_qmp, struct pn_diag *diag)
{
	int fd = pn_channel_dial(path, diag), err;
	struct pn_qmp *qmp;

	if (fd < 0)
		return fd;
	qmp = g_new0(struct pn_qmp, 1);
	qmp->fd = fd;
	qmp->in = g_string_new(NULL);
	err = agree(qmp, path, diag);
	if (err)
		pn_qmp_close(qmp);
	else
		*ret_qmp = qmp;
	return err;
}

void pn_qmp_close(struct pn_qmp *qmp)
{
	if (!qmp)
		return;
	close(qmp->fd);
	g_string_free(qmp->in, TRUE);
	g_free(qmp);
}
