// SPDX-License-Identifier: GPL-2.0-only
/* JSON lines, one write() each. */

#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"

struct pn_lines {
	int fd;
	GMutex lock;
	int err; /* the first */
};

int pn_lines_open(const char *dir, const char *name, struct pn_lines **ret_lines, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	struct pn_lines *lines;

	if (fd < 0)
		return pn_diag_set(diag, -errno, "can't open %s: %s", path, g_strerror(errno));
	lines = g_new0(struct pn_lines, 1);
	lines->fd = fd;
	g_mutex_init(&lines->lock);
	*ret_lines = lines;
	return 0;
}

static int write_whole(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int pn_lines_add(struct pn_lines *lines, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	g_autofree char *line = text ? g_strconcat(text, "\n", NULL) : NULL;
	int err = -EINVAL;

	free(text);
	json_decref(object);
	g_mutex_lock(&lines->lock);
	if (line)
		err = write_whole(lines->fd, line, strlen(line));
	if (err && !lines->err)
		lines->err = err;
	g_mutex_unlock(&lines->lock);
	return err;
}

int pn_lines_close(struct pn_lines *lines)
{
	int err;

	if (!lines)
		return 0;
	err = lines->err;
	close(lines->fd);
	g_mutex_clear(&lines->lock);
	g_free(lines);
	return err;
}
