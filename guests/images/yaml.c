// SPDX-License-Identifier: GPL-2.0-only
/*
 * libcyaml explains a refusal in a log of several lines: the reason, then a backtrace from the inside out. This file makes one line
 * of it. The innermost entry of the backtrace has the line and usually the key.
 *
 * Limits: for an unknown key libcyaml gives the line of the value before it, so the key is looked for in the text.
 */
#include "yaml.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "base/fs.h"

/* what the log said so far */
struct refusal {
	char reason[256];
	char key[64];
	unsigned int line;
};

G_GNUC_PRINTF(3, 0)
static void note(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct refusal *refusal = ctx;
	char text[256], key[64];
	unsigned int line;

	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	g_strchomp(text);
	if (!refusal->reason[0])
		g_strlcpy(refusal->reason, g_str_has_prefix(text, "Load: ") ? text + strlen("Load: ") : text, sizeof(refusal->reason));
	else if (!refusal->key[0] && sscanf(text, " in mapping field '%63[^']' (line: %u", key, &line) == 2)
		g_strlcpy(refusal->key, key, sizeof(refusal->key));
	else if (sscanf(text, " in sequence entry '%*[^']' (line: %u", &line) != 1 && sscanf(text, " in mapping (line: %u", &line) != 1)
		return;
	else if (refusal->line)
		return;
	if (!refusal->line && strstr(text, "(line: "))
		refusal->line = line;
}

static unsigned int line_of_key(const char *text, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *escaped = g_regex_escape_string(key, -1);
	g_autofree char *pattern = g_strdup_printf("(^|[{,-])\\s*['\"]?%s['\"]?\\s*:", escaped);

	for (unsigned int i = 0; lines[i]; i++) {
		if (g_regex_match_simple(pattern, lines[i], 0, 0))
			return i + 1;
	}
	return 0;
}

/* keys of the mapping that the top value is (or is a sequence of); for the message only */
static char *accepted_keys(const cyaml_schema_value_t *schema)
{
	GString *keys = g_string_new(NULL);

	if (schema->type == CYAML_SEQUENCE)
		schema = schema->sequence.entry;
	if (schema->type != CYAML_MAPPING)
		return g_string_free(keys, FALSE);
	for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++)
		g_string_append_printf(keys, "%s%s", keys->len ? ", " : "", field->key);
	return g_string_free(keys, FALSE);
}

static int refuse(const char *path, const char *text, const cyaml_schema_value_t *schema, struct refusal *refusal, cyaml_err_t err,
		  struct pn_diag *diag)
{
	static const char unknown[] = "Unexpected key: ";
	g_autofree char *where = NULL, *inside = NULL, *accepted = NULL;

	if (err == CYAML_ERR_OOM)
		return pn_diag_set(diag, -ENOMEM, "%s: out of memory", path);
	if (g_str_has_prefix(refusal->reason, unknown)) {
		unsigned int line = line_of_key(text, refusal->reason + strlen(unknown));

		refusal->line = line ? line : refusal->line;
	}
	where = refusal->line ? g_strdup_printf("%s:%u", path, refusal->line) : g_strdup(path);
	inside = refusal->key[0] ? g_strdup_printf(" (in '%s')", refusal->key) : g_strdup("");
	accepted = refusal->key[0] && err != CYAML_ERR_MAPPING_FIELD_MISSING ? NULL : accepted_keys(schema);
	return pn_diag_set(diag, -EINVAL, "%s: %s%s%s%s", where, refusal->reason[0] ? refusal->reason : cyaml_strerror(err), inside,
			   accepted ? "; expected the keys " : "", accepted ? accepted : "");
}

static int load(const char *path, const cyaml_schema_value_t *schema, void **ret_data, unsigned int *ret_count, struct pn_diag *diag)
{
	struct refusal refusal = {};
	const cyaml_config_t config = {.log_fn = note, .log_ctx = &refusal, .log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem};
	g_autofree char *text = NULL;
	cyaml_data_t *data = NULL;
	unsigned int count = 0;
	cyaml_err_t err;
	size_t len;
	int r = pn_fs_read(path, &text, &len, diag);

	if (r < 0)
		return r;
	err = cyaml_load_data((const uint8_t *)text, len, &config, schema, &data, ret_count ? &count : NULL);
	if (err != CYAML_OK)
		return refuse(path, text, schema, &refusal, err, diag);
	if (!data)
		return pn_diag_set(diag, -EINVAL, "%s: empty", path);
	*ret_data = data;
	if (ret_count)
		*ret_count = count;
	return 0;
}

int pn_yaml_load(const char *path, const cyaml_schema_value_t *schema, void **ret_data, struct pn_diag *diag)
{
	return load(path, schema, ret_data, NULL, diag);
}

int pn_yaml_load_list(const char *path, const cyaml_schema_value_t *schema, void **ret_data, unsigned int *ret_count, struct pn_diag *diag)
{
	return load(path, schema, ret_data, ret_count, diag);
}

void pn_yaml_free_list(const cyaml_schema_value_t *schema, void *data, unsigned int count)
{
	const cyaml_config_t config = {.log_fn = NULL, .log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem};

	if (data)
		cyaml_free(&config, schema, data, count);
}

void pn_yaml_free(const cyaml_schema_value_t *schema, void *data)
{
	pn_yaml_free_list(schema, data, 0);
}
