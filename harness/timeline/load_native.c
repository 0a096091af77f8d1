// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results of the native loads (workloads/native): the last line of their output that is a JSON object. A load's latency histogram is kept
 * as it is; the percentiles are the load's own, over what is measured: from its mark to the end it was told.
 */
#include "results.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#include "../base/diag.h"

static json_t *last_object(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = g_strv_length(lines); i-- > 0;) {
		json_t *object;

		g_strstrip(lines[i]);
		if (lines[i][0] != '{')
			continue;
		object = json_loads(lines[i], 0, NULL);
		if (json_is_object(object))
			return object;
		json_decref(object);
	}
	return NULL;
}

int pn_result_native(const char *program, const char *text, size_t len, json_t *result, struct pn_diag *diag)
{
	g_autofree char *copy = g_strndup(text, len);
	static const char *const keys[] = {"ops", "ops_per_s"};
	json_t *object = last_object(copy);

	if (!object)
		return pn_diag_set(diag, -EPROTO, "%s: no result in %zu bytes of output", program, len);
	for (unsigned int i = 0; i < G_N_ELEMENTS(keys); i++)
		if (json_is_number(json_object_get(object, keys[i])))
			json_object_set(result, keys[i], json_object_get(object, keys[i]));
	json_object_set_new(result, program, object);
	return 0;
}
