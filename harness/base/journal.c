// SPDX-License-Identifier: GPL-2.0-only
/*
 * Append-only JSON lines. One write() per record on an O_APPEND descriptor: whole or torn at the end, never interleaved,
 * and in the kernel's hands before the caller goes on. No fsync: it must survive our death, not the host's.
 */

#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "diag.h"
#include "fs.h"

struct pn_journal {
	int fd;
	pthread_mutex_t lock; /* one record at a time, so that times in the file never go back */
};

/* A record without its newline was cut off by a crash: the next one must not be glued to it. */
static int cut_torn_line(int fd)
{
	struct stat st;
	off_t end;
	char c;

	if (fstat(fd, &st) < 0)
		return -errno;
	for (end = st.st_size; end > 0; end--) {
		if (pread(fd, &c, 1, end - 1) != 1)
			return -EIO;
		if (c == '\n')
			break;
	}
	if (end != st.st_size && ftruncate(fd, end) < 0)
		return -errno;
	return 0;
}

int pn_journal_open(const char *path, struct pn_journal **ret_journal, struct pn_diag *diag)
{
	struct pn_journal *journal;
	int err, fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return pn_diag_set(diag, -errno, "can't open journal %s: %s", path, g_strerror(errno));
	err = cut_torn_line(fd);
	if (err) {
		close(fd);
		return pn_diag_set(diag, err, "can't continue journal %s: %s", path, g_strerror(-err));
	}
	journal = g_new0(struct pn_journal, 1);
	journal->fd = fd;
	pthread_mutex_init(&journal->lock, NULL);
	*ret_journal = journal;
	return 0;
}

void pn_journal_free(struct pn_journal *journal)
{
	if (!journal)
		return;
	close(journal->fd);
	pthread_mutex_destroy(&journal->lock);
	g_free(journal);
}

static int write_record(struct pn_journal *journal, json_t *record)
{
	char *text = json_dumps(record, JSON_COMPACT);
	g_autofree char *line = text ? g_strconcat(text, "\n", NULL) : NULL;
	size_t len;
	ssize_t n;

	free(text);
	if (!line)
		return -EINVAL;
	len = strlen(line);
	n = write(journal->fd, line, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

int pn_journal_add(struct pn_journal *journal, const char *ev, json_t *fields)
{
	json_t *record;
	int err;

	pthread_mutex_lock(&journal->lock);
	record = json_pack("{s:I, s:s}", "t_ns", (json_int_t)pn_clock_now_ns(), "ev", ev);
	if (record && fields)
		json_object_update_missing(record, fields);
	err = record ? write_record(journal, record) : -EINVAL;
	json_decref(record);
	json_decref(fields);
	pthread_mutex_unlock(&journal->lock);
	return err;
}

int pn_journal_read(const char *path, json_t **ret_records, struct pn_diag *diag)
{
	g_autofree char *text = NULL;
	json_t *records;
	char *line, *end;
	unsigned int number = 1;
	int err = pn_fs_read(path, &text, NULL, diag);

	if (err)
		return err;
	records = json_array();
	for (line = text; (end = strchr(line, '\n')); line = end + 1, number++) {
		json_error_t error;
		json_t *record = json_loadb(line, (size_t)(end - line), 0, &error);

		if (!json_is_object(record)) {
			json_decref(record);
			json_decref(records);
			return pn_diag_set(diag, -EINVAL, "%s:%u: not a JSON object: %s", path, number, error.text);
		}
		json_array_append_new(records, record);
	}
	*ret_records = records;
	return 0;
}
