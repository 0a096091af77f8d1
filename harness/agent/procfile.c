/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of procfs, opened once: opening one for each sample would cost more than reading it. */
#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char *read_into(struct pn_procfile *file, char *text, size_t size)
{
	size_t used = 0;

	if (file->fd < 0)
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return NULL;
	while (used < size - 1) {
		ssize_t n = pread(file->fd, text + used, size - 1 - used, used);

		if (n < 0)
			return NULL;
		if (n == 0) {
			text[used] = 0;
			return text;
		}
		used += n;
	}
	errno = EFBIG;
	return NULL;
}

const char *pn_procfile_read(struct pn_procfile *file)
{
	static char text[128 * 1024];

	return read_into(file, text, sizeof(text));
}

const char *pn_procfile_vmstat(bool fresh)
{
	static struct pn_procfile file = {"/proc/vmstat", -1};
	static const char *last;
	static char text[16 * 1024];

	if (fresh || !last)
		last = read_into(&file, text, sizeof(text));
	return last;
}
