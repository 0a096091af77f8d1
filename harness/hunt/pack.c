// SPDX-License-Identifier: GPL-2.0-only
/* A case directory to a bundle. What goes in is a table and what the case left beside it; the manifest is written last and read first. */
#include "bundle.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/texts.h"
#include "../base/units.h"
#include "../scenario/doc.h"
#include "recording.h"
#include "tarball.h"

#define FILE_MAX_BYTES (8 * PN_MIB)

/** struct packing - a bundle in the making */
struct packing {
	const char *case_dir;
	const char *dir; /* where its files are put together */
	GPtrArray *names;
	json_t *files;
	json_t *left_out;
};

/* what the case directory holds besides is a disk of the guest, or the bundle itself */
static bool wanted(const char *name)
{
	static const char *const names[] = {"scenario.yaml", "verdict.json", "outcome.json", "journal.jsonl", "kmsg.jsonl", "samples.jsonl",
					    "loads.json", "console.log", "harness.log", "recording", NULL};

	return g_strv_contains(names, name) || g_str_has_prefix(name, "load-") || g_str_has_prefix(name, "recording.") ||
	       g_str_has_prefix(name, "coverage.");
}

static int add_file(struct packing *packing, const char *from, const char *name, struct pn_diag *diag)
{
	g_autofree char *to = g_build_filename(packing->dir, name, NULL);
	g_autofree char *parent = g_path_get_dirname(to);
	char hex[65];
	struct stat st;
	int err;

	if (stat(from, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if ((uint64_t)st.st_size > FILE_MAX_BYTES) {
		json_array_append_new(packing->left_out, json_string(name));
		return 0;
	}
	err = pn_fs_mkdir_p(parent, diag);
	if (!err)
		err = pn_fs_copy(from, to, diag);
	if (!err)
		err = pn_fs_sha256(to, hex, diag);
	if (!err) {
		json_object_set_new(packing->files, name, json_string(hex));
		g_ptr_array_add(packing->names, g_strdup(name));
	}
	return err;
}

/* the files of a case, and of a case with several guests those of each */
static void list_files(const char *root, const char *below, GPtrArray *names)
{
	g_autofree char *path = g_build_filename(root, below, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *entry = *below ? g_build_filename(below, name, NULL) : g_strdup(name);

		if (wanted(name))
			g_ptr_array_add(names, g_steal_pointer(&entry));
		else if (!strcmp(entry, "guests") || !strcmp(below, "guests"))
			list_files(root, entry, names);
	}
}

static int add_case(struct packing *packing, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int err = 0;

	list_files(packing->case_dir, "", names);
	g_ptr_array_sort(names, pn_texts_compare);
	for (guint i = 0; !err && i < names->len; i++) {
		g_autofree char *from = g_build_filename(packing->case_dir, names->pdata[i], NULL);

		err = add_file(packing, from, names->pdata[i], diag);
	}
	return err;
}

/* The very driver, where it is still here: another host may have other sources, or no compiler. */
static int add_driver(struct packing *packing, const struct pn_bundle *bundle, const char **ret_name, struct pn_diag *diag)
{
	const json_t *ran = json_object_get(bundle->parts, "driver");
	const char *path = json_string_value(json_object_get(ran, "path"));
	g_autofree char *name = NULL;
	char hex[65];

	*ret_name = NULL;
	if (!path)
		return 0;
	if (pn_fs_sha256(path, hex, NULL) || g_strcmp0(hex, json_string_value(json_object_get(ran, "sha256")))) {
		json_array_append_new(packing->left_out, json_string("driver"));
		return 0;
	}
	name = g_strdup_printf("driver/%s.ko", json_string_value(json_object_get(ran, "name")));
	*ret_name = g_intern_string(name);
	return add_file(packing, path, name, diag);
}

/* as the scenario that was run has it; NULL: it draws its own from its name */
static json_t *seed_of(const struct pn_bundle *bundle)
{
	struct pn_doc *doc = NULL;
	const char *text;
	json_t *seed = NULL;

	if (pn_doc_parse(bundle->yaml, strlen(bundle->yaml), "scenario.yaml", &doc, NULL))
		return NULL;
	text = pn_doc_text(doc, pn_doc_find(doc, "seed"));
	if (text)
		seed = json_integer((json_int_t)g_ascii_strtoull(text, NULL, 10));
	pn_doc_free(doc);
	return seed;
}

static int write_manifest(struct packing *packing, const struct pn_bundle *bundle, const char *driver, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(packing->dir, "manifest.json", NULL);
	g_autofree char *host_path = g_build_filename(packing->case_dir, "../../host.json", NULL);
	json_t *host = json_load_file(host_path, 0, NULL);
	json_t *recording = bundle->exact ? pn_recording_of(packing->case_dir) : NULL;
	g_autofree char *digest = recording ? pn_recording_digest(recording) : NULL;
	json_t *manifest =
	    json_pack("{s:i, s:s, s:s, s:o*, s:s, s:o, s:O*, s:s*, s:o*, s:O, s:O, s:o*}", "schema", 1, "made_by", "puncture " PN_VERSION, "case", bundle->id,
		      "seed", seed_of(bundle), "mode", bundle->exact ? "exact" : "live", "signature", pn_signature_json(&bundle->signature), "parts", bundle->parts,
		      "driver", driver, "host", host, "files", packing->files, "left_out", packing->left_out, "recording",
		      digest ? json_pack("{s:s,s:s}", "kind", "re-execution", "sha256", digest) : NULL);
	char *text = json_dumps(manifest, JSON_INDENT(1));
	int err = pn_fs_write(path, text, strlen(text), diag);

	free(text);
	json_decref(manifest);
	json_decref(recording);
	g_ptr_array_insert(packing->names, 0, g_strdup("manifest.json"));
	return err;
}

static int pack(struct packing *packing, const struct pn_bundle *bundle, const char *path, struct pn_diag *diag)
{
	const char *driver = NULL;
	int err = add_case(packing, diag);

	if (!err)
		err = add_driver(packing, bundle, &driver, diag);
	if (!err)
		err = write_manifest(packing, bundle, driver, diag);
	return err ? err : pn_tarball_write(packing->dir, packing->names, path, diag);
}

int pn_bundle_pack(const char *case_dir, const char *path, struct pn_diag *diag)
{
	g_autofree char *dir = g_strdup_printf("%s/pack-%d", pn_owned_state_dir(), (int)getpid());
	struct packing packing = {.case_dir = case_dir, .dir = dir};
	struct pn_bundle *bundle = NULL;
	int err = pn_bundle_open(case_dir, &bundle, diag), id;

	if (err)
		return err;
	id = pn_owned_add("tree", json_pack("{s:s}", "path", dir), diag);
	err = id < 0 ? id : pn_fs_mkdir_p(dir, diag);
	packing.names = g_ptr_array_new_with_free_func(g_free);
	packing.files = json_object();
	packing.left_out = json_array();
	if (!err)
		err = pack(&packing, bundle, path, diag);
	if (id > 0)
		pn_owned_release(id, NULL);
	g_ptr_array_unref(packing.names);
	json_decref(packing.files);
	json_decref(packing.left_out);
	pn_bundle_free(bundle);
	return err;
}
