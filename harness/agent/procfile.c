/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of procfs, opened once: opening one for each sample would cost more than reading it. */
#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const char *pn_procfile_read(struct pn_procfile *file)
{
	static char text[128 * 1024];
	size_t used = 0;

	if (file->fd < 0)
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return NULL;
	while (used < sizeof(text) - 1) {
		ssize_t n = pread(file->fd, text + used, sizeof(text) - 1 - used, used);

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
