// SPDX-License-Identifier: GPL-2.0-only
/* make's last line says "Error 2"; what a person wants is the first line that tells of an error. */
#include "build_log.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"

static bool tells(const char *line)
{
	static const char *const marks[] = {"rror: ", "ERROR: ", "not taken", "*** "}; /* of the compiler, of modpost, of build-kernel, of make */

	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
		if (strstr(line, marks[i]))
			return true;
	return false;
}

int pn_build_failed(const char *log, const char *kept, const char *what, struct pn_diag *diag)
{
	g_autofree char *root = pn_cache_root(NULL), *text = NULL;
	g_autofree char *path = g_build_filename(root ? root : "/tmp", kept, NULL);
	g_auto(GStrv) lines = NULL;
	const char *first = "see the log";

	if (pn_fs_read(log, &text, NULL, NULL) < 0)
		return pn_diag_set(diag, -EIO, "%s: the build could not be started", what);
	pn_fs_write(path, text, strlen(text), NULL);
	lines = g_strsplit(text, "\n", -1);
	for (unsigned int i = 0; lines[i]; i++)
		if (tells(lines[i])) {
			first = lines[i];
			break;
		}
	return pn_diag_set(diag, -EIO, "%s: does not build: %s (%s)", what, first, path);
}
