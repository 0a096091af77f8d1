// SPDX-License-Identifier: GPL-2.0-only
/* Reading a bundle or a case directory, and saying what differs between where it failed and here. */
#include "bundle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../observe/record.h"
#include "caselog.h"
#include "tarball.h"

static json_t *read_json(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	return json_load_file(path, 0, NULL);
}

/* Every file as the manifest has it, and no manifest that names files from elsewhere. */
static int check_files(const char *path, const char *dir, const json_t *manifest, struct pn_diag *diag)
{
	const json_t *value;
	const char *name;
	void *iter;

	for (iter = json_object_iter((json_t *)json_object_get(manifest, "files")); iter;
	     iter = json_object_iter_next((json_t *)json_object_get(manifest, "files"), iter)) {
		g_autofree char *file = NULL;
		char hex[65];
		int err;

		name = json_object_iter_key(iter);
		value = json_object_iter_value(iter);
		file = g_build_filename(dir, name, NULL);
		if (strstr(name, ".."))
			return pn_diag_set(diag, -EINVAL, "%s: '%s' is not accepted in a manifest; expected names below the bundle", path, name);
		err = pn_fs_sha256(file, hex, diag);
		if (err)
			return err;
		if (g_strcmp0(hex, json_string_value(value)))
			return pn_diag_set(diag, -EINVAL, "%s: damaged: %s has hash %.12s, the manifest says %.12s", path, name, hex,
					   json_string_value(value) ? json_string_value(value) : "nothing");
	}
	return 0;
}

static int unpack(struct pn_bundle *bundle, const char *path, struct pn_diag *diag)
{
	bundle->dir = g_strdup_printf("%s/bundle-%d", pn_owned_state_dir(), (int)getpid());
	bundle->unpacked = pn_owned_add("tree", json_pack("{s:s}", "path", bundle->dir), diag);
	if (bundle->unpacked < 0)
		return bundle->unpacked;
	return pn_fs_mkdir_p(bundle->dir, diag) ? -EIO : pn_tarball_read(path, bundle->dir, diag);
}

static void read_journal(struct pn_bundle *bundle)
{
	json_t *journal = pn_caselog_read(bundle->dir, "journal.jsonl"), *entry;
	size_t i;

	json_array_foreach (journal, i, entry) {
		/* of several guests the first line is the case's */
		if (!i && pn_is(entry, "ev", "case")) {
			g_free(bundle->id);
			bundle->id = g_strdup(pn_text(entry, "id"));
			bundle->exact = pn_is(entry, "mode", "exact");
		}
		if (!bundle->parts && pn_is(entry, "ev", "parts")) {
			bundle->parts = json_deep_copy(entry);
			json_object_del(bundle->parts, "ev");
			json_object_del(bundle->parts, "t_ns");
		}
	}
	json_decref(journal);
}

static int read_driver(struct pn_bundle *bundle, const json_t *manifest, const char *path, struct pn_diag *diag)
{
	const char *driver = json_string_value(json_object_get(manifest, "driver"));

	if (!driver)
		return 0;
	if (!json_object_get(json_object_get(manifest, "files"), driver))
		return pn_diag_set(diag, -EINVAL, "%s: manifest.json: driver: '%s' is not accepted; expected one of its files", path, driver);
	bundle->driver = g_build_filename(bundle->dir, driver, NULL);
	return 0;
}

static int read_bundle(struct pn_bundle *bundle, const char *path, struct pn_diag *diag)
{
	g_autofree char *scenario = g_build_filename(bundle->dir, "scenario.yaml", NULL);
	json_t *manifest = read_json(bundle->dir, "manifest.json"), *kmsg;
	int err = manifest ? check_files(path, bundle->dir, manifest, diag) : 0;

	if (!err)
		err = read_driver(bundle, manifest, path, diag);
	json_decref(manifest);
	if (!err)
		err = pn_fs_read(scenario, &bundle->yaml, NULL, diag);
	if (err)
		return err;
	bundle->verdict = read_json(bundle->dir, "verdict.json");
	if (!bundle->verdict)
		return pn_diag_set(diag, -EINVAL, "%s: no verdict.json in it; expected a case that has ended, such as runs/latest/cases/0001", path);
	read_journal(bundle);
	kmsg = pn_caselog_read(bundle->dir, "kmsg.jsonl");
	err = pn_signature_of(bundle->verdict, kmsg, &bundle->signature);
	json_decref(kmsg);
	return err ? pn_diag_set(diag, err, "%s: this case did not fail: %s", path, pn_text(bundle->verdict, "verdict")) : 0;
}

int pn_bundle_open(const char *path, struct pn_bundle **ret_bundle, struct pn_diag *diag)
{
	struct pn_bundle *bundle = g_new0(struct pn_bundle, 1);
	int err = 0;

	bundle->id = g_path_get_basename(path);
	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		bundle->dir = g_strdup(path);
	else if (!g_file_test(path, G_FILE_TEST_EXISTS))
		err = pn_diag_set(diag, -ENOENT, "%s: not there; expected a bundle or a case directory, such as runs/latest/cases/0001", path);
	else
		err = unpack(bundle, path, diag);
	if (!err)
		err = read_bundle(bundle, path, diag);
	if (err)
		pn_bundle_free(bundle);
	else
		*ret_bundle = bundle;
	return err;
}

void pn_bundle_free(struct pn_bundle *bundle)
{
	if (!bundle)
		return;
	if (bundle->unpacked > 0)
		pn_owned_release(bundle->unpacked, NULL);
	g_free(bundle->dir);
	g_free(bundle->yaml);
	g_free(bundle->driver);
	g_strfreev(bundle->differences);
	g_free(bundle->id);
	json_decref(bundle->parts);
	json_decref(bundle->verdict);
	pn_signature_deinit(&bundle->signature);
	g_free(bundle);
}

/** struct part - one part, what tells two of it apart, and what it takes for a difference to forbid a comparison */
static const struct part {
	const char *name, *field, *label;
	bool blocks, blocks_exact;
} parts[] = {
    {"kernel", "sha256", "release", true, true}, {"driver", "sha256", "label", true, true},   {"qemu", "sha256", NULL, true, true},
    {"image", "sha256", "name", false, true},	 {"loads", "sha256", "names", false, true},   {"harness", "sha256", NULL, false, false},
    {"host", "cpu", NULL, false, false},	 {"host", "kernel", NULL, false, false},
};

static char *describe(const json_t *all, const struct part *part)
{
	const json_t *object = json_object_get(all, part->name);
	const char *value = json_string_value(json_object_get(object, part->field));
	const char *label = part->label ? json_string_value(json_object_get(object, part->label)) : NULL;
	int width = strcmp(part->field, "sha256") ? 80 : 12;

	if (!value)
		return g_strdup("unknown");
	return label ? g_strdup_printf("%.*s (%s)", width, value, label) : g_strdup_printf("%.*s", width, value);
}

char **pn_bundle_differences(const struct pn_bundle *bundle, const json_t *here, bool *ret_block)
{
	GPtrArray *lines = g_ptr_array_new();

	*ret_block = false;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		const struct part *part = &parts[i];
		json_t *there = json_object_get(json_object_get(bundle->parts, part->name), part->field);
		json_t *now = json_object_get(json_object_get(here, part->name), part->field);
		g_autofree char *was = describe(bundle->parts, part), *is = describe(here, part);
		bool sha256 = !strcmp(part->field, "sha256");

		if (there == now || json_equal(there, now)) /* the loads of a case that has none are nowhere */
			continue;
		*ret_block |= bundle->exact ? part->blocks_exact : part->blocks;
		g_ptr_array_add(lines, g_strdup_printf("%s%s%s: there %s, here %s", part->name, sha256 ? "" : " ", sha256 ? "" : part->field, was, is));
	}
	g_ptr_array_add(lines, NULL);
	return (char **)g_ptr_array_free(lines, FALSE);
}
