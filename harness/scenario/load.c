// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads: workloads/loads/NAME.yaml, and the placeholders in their words and files.
 */
#include "load.h"

#include <errno.h>
#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/texts.h"
#include "../base/units.h"
#include "doc.h"
#include "event.h"
#include "names.h"
#include "scenario.h"
#include "schema.h"

static struct pn_load *from_raw(const struct pn_raw_load *raw, const char *name)
{
	const struct pn_schema *schema = &pn_load_schema;
	struct pn_load *load = g_new0(struct pn_load, 1);

	load->name = g_strdup(name);
	load->summary = g_strdup(raw->summary);
	load->kind = pn_schema_value(schema, "kind", raw->kind, 0);
	load->argv = pn_texts_copy(raw->argv, raw->argv_count);
	load->files = pn_texts_copy(raw->files, raw->files_count);
	load->needs = pn_texts_copy(raw->needs, raw->needs_count);
	load->must_swap = raw->must_swap;
	load->oom_score_adj = raw->oom_score_adj;
	load->ready = pn_schema_value(schema, "ready", raw->ready, 0);
	load->ready_cpu_ns = pn_schema_value(schema, "ready-cpu", raw->ready_cpu, 0);
	load->ready_timeout_ns = pn_schema_value(schema, "ready-timeout", raw->ready_timeout, 0);
	load->grace_ns = pn_schema_value(schema, "grace", raw->grace, 0);
	return load;
}

static int refuse(struct pn_doc *doc, const char *key, const char *value, const char *accepted, struct pn_diag *diag)
{
	g_autofree char *where = pn_doc_where(doc, pn_doc_find(doc, key));

	return pn_diag_value(diag, where, key, value, accepted);
}

static int check_load(struct pn_doc *doc, const struct pn_load *load, const struct pn_raw_load *raw, struct pn_diag *diag)
{
	static const struct pn_load_context any = {.memory_bytes = PN_GIB, .vcpus = 1, .seed = 1, .disk = "/d", .dir = "/w"};

	if (raw->name && strcmp(raw->name, load->name) != 0)
		return refuse(doc, "name", raw->name, "the name of the file", diag);
	if (!load->argv[0] || !*load->argv[0])
		return refuse(doc, "argv", "(an empty list)", "a program and its words", diag);
	for (char **need = load->needs; *need; need++)
		if (strcmp(*need, "swap") != 0 && strcmp(*need, "disk") != 0)
			return refuse(doc, "needs", *need, "swap or disk", diag);
	if (load->must_swap && !g_strv_contains((const char *const *)load->needs, "swap"))
		return refuse(doc, "must-swap", "true", "needs: [swap] beside it", diag);
	for (char **word = load->argv; *word; word++) {
		g_autofree char *text = NULL;

		if (pn_load_expand(*word, &any, &text, NULL) < 0)
			return refuse(doc, "argv", *word, PN_LOAD_PLACEHOLDERS, diag);
	}
	return 0;
}

static int read_file(const char *path, const char *name, struct pn_load **ret_load, struct pn_diag *diag)
{
	struct pn_doc *doc = NULL;
	struct pn_load *load = NULL;
	void *raw = NULL;
	int r = pn_doc_read(path, &doc, diag);

	if (r < 0)
		return r;
	pn_schema_normalise(&pn_load_schema, doc);
	r = pn_schema_check(&pn_load_schema, doc, diag);
	if (r >= 0)
		r = pn_schema_load(&pn_load_schema, doc, &raw, diag);
	if (r >= 0) {
		load = from_raw(raw, name);
		r = check_load(doc, load, raw, diag);
	}
	pn_schema_free(&pn_load_schema, raw);
	pn_doc_free(doc);
	if (r < 0) {
		pn_load_free(load);
		return r;
	}
	*ret_load = load;
	return 0;
}

int pn_load_read(const char *workloads_dir, const char *name, struct pn_load **ret_load, struct pn_diag *diag)
{
	g_autofree char *path = pn_names_path(workloads_dir, "loads", name);
	g_autofree char *accepted = NULL;

	if (path)
		return read_file(path, name, ret_load, diag);
	accepted = pn_names_accepted(workloads_dir, "loads", name);
	return pn_diag_set(diag, -ENOENT, "no load '%s' in %s/loads; expected %s", name, workloads_dir, accepted);
}

void pn_load_free(struct pn_load *load)
{
	if (!load)
		return;
	g_free(load->name);
	g_free(load->summary);
	g_strfreev(load->argv);
	g_strfreev(load->files);
	g_strfreev(load->needs);
	g_free(load);
}

/* {memory:60%} and {balloonable:50%}: whole pages of a part of memory, of all without the percentage. */
static bool append_share(GString *text, const char *share, uint64_t whole_bytes)
{
	static const struct pn_key_info percent = {.type = PN_KEY_SHARE, .percent_max = 1000};
	struct pn_key_value value;

	if (!g_str_has_suffix(share, "%") || pn_key_parse(&percent, share, whole_bytes, &value) < 0)
		return false;
	g_string_append_printf(text, "%" G_GUINT64_FORMAT, value.number);
	return true;
}

/* {mix:cold}: bytes; {mix:diverge}: pages a second */
static bool append_mix(GString *text, const char *part, const struct pn_mix *mix)
{
	static const struct {
		const char *name;
		size_t offset;
	} parts[] = {
	    {"cache", offsetof(struct pn_mix, cache_bytes)}, {"cold", offsetof(struct pn_mix, cold_bytes)},
	    {"hot", offsetof(struct pn_mix, hot_bytes)},     {"zero", offsetof(struct pn_mix, zero_bytes)},
	    {"duplicate", offsetof(struct pn_mix, duplicate_bytes)}, {"incompressible", offsetof(struct pn_mix, incompressible_bytes)},
	    {"fresh", offsetof(struct pn_mix, fresh_bytes)},
	};

	if (!strcmp(part, "diverge")) {
		g_string_append_printf(text, "%u", mix ? mix->diverge_per_s : 0);
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		if (strcmp(parts[i].name, part))
			continue;
		g_string_append_printf(text, "%" G_GUINT64_FORMAT, mix ? *(const uint64_t *)((const char *)mix + parts[i].offset) : 0);
		return true;
	}
	return false;
}

static bool append_placeholder(GString *text, const char *word, const struct pn_load_context *context)
{
	const char *share = strchr(word, ':') ? strchr(word, ':') + 1 : "100%";

	if (g_str_equal(word, "memory") || g_str_has_prefix(word, "memory:"))
		return append_share(text, share, context->memory_bytes);
	if (g_str_equal(word, "balloonable") || g_str_has_prefix(word, "balloonable:"))
		return append_share(text, share, pn_events_reachable(context->memory_bytes));
	if (g_str_has_prefix(word, "mix:"))
		return append_mix(text, share, context->mix);
	if (g_str_equal(word, "disk") && context->disk)
		g_string_append(text, context->disk);
	else if (g_str_equal(word, "dir") && context->dir)
		g_string_append(text, context->dir);
	else if (g_str_equal(word, "seed"))
		g_string_append_printf(text, "%" G_GUINT64_FORMAT, context->seed);
	else if (g_str_equal(word, "vcpus"))
		g_string_append_printf(text, "%u", context->vcpus);
	else
		return false;
	return true;
}

int pn_load_expand(const char *text, const struct pn_load_context *context, char **ret_text, struct pn_diag *diag)
{
	g_autoptr(GString) expanded = g_string_new(NULL);

	for (const char *c = text; *c; c++) {
		size_t len = strspn(c + 1, "abcdefghijklmnopqrstuvwxyz-:.%0123456789");

		/* Only {word} is one: braces of shell and fio (${x}, { ...) stay. */
		if (*c != '{' || (c > text && c[-1] == '$') || !g_ascii_islower(c[1]) || c[1 + len] != '}') {
			g_string_append_c(expanded, *c);
			continue;
		}
		g_autofree char *word = g_strndup(c + 1, len);

		if (!append_placeholder(expanded, word, context))
			return pn_diag_set(diag, -EINVAL, "placeholder '{%s}' is not accepted; expected %s", word, PN_LOAD_PLACEHOLDERS);
		c += len + 1;
	}
	*ret_text = g_strdup(expanded->str);
	return 0;
}
