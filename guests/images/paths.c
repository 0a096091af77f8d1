// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one place that knows where the parts of the harness lie. The directories compiled in come from meson
 * (guests/images/meson.build); they are probed, not trusted, so a binary that was installed and whose build tree is gone works.
 */
#include "paths.h"

#include <glib.h>
#include <stddef.h>

static const char *choose(const char *variable, const char *built, const char *installed, const char *part)
{
	const char *chosen = g_getenv(variable);
	g_autofree char *probe = g_build_filename(built, part, NULL);

	if (chosen && *chosen)
		return chosen;
	return g_file_test(probe, G_FILE_TEST_EXISTS) ? built : installed;
}

const char *pn_paths_share(void)
{
	return choose("PUNCTURE_SHARE", PN_SOURCE_DIR, PN_SHARE_DIR, PN_PATHS_RECIPES);
}

const char *pn_paths_libexec(void)
{
	return choose("PUNCTURE_LIBEXEC", PN_BUILD_DIR, PN_LIBEXEC_DIR, PN_PATHS_AGENT);
}
