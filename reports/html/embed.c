// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the page carries in itself: styles, scripts, the plotting library and its licence. A content security policy allows the two scripts
 * by their hashes and nothing else: no request can leave the page, and no text that slipped through the escapes could run.
 */
#include "html.h"

#include <errno.h>

#include "../../harness/base/cache.h"
#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"
#include "../report.h"

static const char page_style[] =
#include "page.css.inc"
    ;

static const char page_script[] =
#include "page.js.inc"
    ;

/* keyed by package-lock.json, as reports/html/uplot does it */
char *pn_report_zoom_dir(void)
{
	char *dir = NULL;

	return pn_cache_get("uplot", PN_UPLOT_HASH, NULL, NULL, &dir, NULL) ? NULL : dir;
}

static int read_part(const char *dir, const char *name, char **ret_text, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int err = pn_fs_read(path, ret_text, NULL, diag);

	if (!err && !pn_html_is_embeddable(*ret_text))
		err = pn_diag_set(diag, -EINVAL, "%s: can't stand in a page: it ends or opens an element, or is no UTF-8", path);
	return err;
}

int pn_html_zoom_read(const char *dir, struct pn_html_zoom *ret_zoom, struct pn_diag *diag)
{
	struct pn_html_zoom zoom = {0};
	int err;

	if (!dir) {
		*ret_zoom = zoom;
		return 0;
	}
	err = read_part(dir, "uPlot.iife.min.js", &zoom.script, diag);
	if (!err)
		err = read_part(dir, "uPlot.min.css", &zoom.style, diag);
	if (!err)
		err = read_part(dir, "LICENSE", &zoom.licence, diag);
	if (err)
		pn_html_zoom_deinit(&zoom);
	else
		*ret_zoom = zoom;
	return err;
}

void pn_html_zoom_deinit(struct pn_html_zoom *zoom)
{
	g_free(zoom->script);
	g_free(zoom->style);
	g_free(zoom->licence);
	*zoom = (struct pn_html_zoom){0};
}

static void put_hash(GString *out, const char *script)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *base64 = NULL;
	guint8 digest[32];
	gsize length = sizeof(digest);

	g_checksum_update(sum, (const guchar *)script, -1);
	g_checksum_get_digest(sum, digest, &length);
	base64 = g_base64_encode(digest, length);
	g_string_append_printf(out, " 'sha256-%s'", base64);
}

void pn_html_head(GString *out, const char *title, const struct pn_html_zoom *zoom)
{
	g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
			     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action "
			     "'none'; img-src data:; "
			     "style-src 'unsafe-inline'; script-src");
	if (zoom->script)
		put_hash(out, zoom->script);
	put_hash(out, page_script);
	pn_html_printf(out,
		       "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" "
		       "content=\"light dark\">\n"
		       "<link rel=\"icon\" href=\"data:,\"><title>%s</title>\n",
		       title);
	g_string_append_printf(out, "<style>%s%s</style></head>\n<body>\n", zoom->style ? zoom->style : "", page_style);
}

void pn_html_foot(GString *out, const struct pn_html_zoom *zoom)
{
	g_string_append(out, "<footer>");
	if (zoom->script)
		pn_html_printf(out, "<details><summary>Zoomable plots: uPlot, under this licence</summary><pre>%s</pre></details>",
			       zoom->licence);
	else if (!zoom->stands)
		g_string_append(out, "<p class=\"note\">The plots of this page can't be zoomed: uPlot was not at hand when it was made "
				     "(reports/html/uplot fetch).</p>");
	g_string_append(out, "</footer>\n");
	if (zoom->script)
		g_string_append_printf(out, "<script>%s</script>\n", zoom->script);
	g_string_append_printf(out, "<script>%s</script>\n</body></html>\n", page_script);
}
