// SPDX-License-Identifier: GPL-2.0-only
/* Bundles: packed and read back, damaged, hostile, from another machine. */
#include "fake.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#include "bundle.h"

#define YAML "summary: x\nseed: 7\npattern: inflate\n"
#define PARTS                                                                                                                              \
	"{\"t_ns\":2,\"ev\":\"parts\",\"kernel\":{\"sha256\":\"11aa\",\"release\":\"6.1.0-1\"},\"image\":{\"sha256\":\"22\",\"name\":\"cloud\"},"       \
	"\"driver\":{\"sha256\":\"33\",\"name\":\"vballoon\",\"label\":\"stock\"},\"qemu\":{\"sha256\":\"44\"},\"host\":{\"cpu\":\"fast\","          \
	"\"kernel\":\"6.6\"}}\n"

static void test_round_trip(void **state)
{
	g_autofree char *dir = fake_case(*state, YAML, PARTS), *path = g_build_filename(*state, "b.tar.xz", NULL), *unpacked = NULL, *manifest_path = NULL;
	struct pn_bundle *bundle = NULL;
	json_t *manifest;
	struct pn_diag diag = {0};

	if (pn_bundle_pack(dir, path, &diag))
		fail_msg("%s", diag.text);
	if (pn_bundle_open(path, &bundle, &diag))
		fail_msg("%s", diag.text);
	assert_string_equal(bundle->id, "one,driver=x");
	assert_string_equal(bundle->yaml, YAML);
	assert_string_equal(bundle->signature.oracle, "ledger");
	assert_string_equal(json_string_value(json_object_get(json_object_get(bundle->parts, "kernel"), "release")), "6.1.0-1");
	assert_null(bundle->driver);
	assert_false(bundle->exact);
	unpacked = g_strdup(bundle->dir);
	manifest_path = g_build_filename(unpacked, "manifest.json", NULL);
	manifest = json_load_file(manifest_path, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(manifest, "seed")), 7);
	json_decref(manifest);
	pn_bundle_free(bundle);
	assert_false(g_file_test(unpacked, G_FILE_TEST_EXISTS));
}

static void test_not_one(void **state)
{
	g_autofree char *dir = fake_case(*state, YAML, NULL), *verdict = g_build_filename(dir, "verdict.json", NULL);
	g_autofree char *journal = g_build_filename(dir, "journal.jsonl", NULL);
	struct pn_bundle *bundle = NULL;
	struct pn_diag diag = {0};

	assert_int_equal(pn_bundle_open("/nonexistent", &bundle, &diag), -ENOENT);
	assert_int_equal(pn_bundle_open(journal, &bundle, &diag), -EINVAL);
	assert_int_equal(pn_fs_write(verdict, "{\"verdict\":\"PASS\",\"findings\":[]}", 32, NULL), 0);
	assert_int_equal(pn_bundle_open(dir, &bundle, &diag), -ENODATA);
	assert_non_null(strstr(diag.text, "did not fail: PASS"));
	assert_int_equal(pn_bundle_pack(dir, verdict, &diag), -ENODATA);
}

static void make_archive(const char *path, const char *name, int type, const char *text)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_write_add_filter_xz(archive);
	archive_write_set_format_pax_restricted(archive);
	assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, (unsigned int)type);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, type == AE_IFREG ? (la_int64_t)strlen(text) : 0);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(entry, text);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	if (type == AE_IFREG)
		archive_write_data(archive, text, strlen(text));
	archive_entry_free(entry);
	archive_write_free(archive);
}

/* somebody else's archive writes nowhere but into its own directory */
static void test_hostile(void **state)
{
	static const struct {
		const char *name;
		int type;
		const char *text, *says;
	} archives[] = {
	    {"../evil", AE_IFREG, "x", "plain names"},
	    {"/tmp/puncture-evil", AE_IFREG, "x", "plain names"},
	    {"driver/../../evil", AE_IFREG, "x", "plain names"},
	    {"link", AE_IFLNK, "/etc/passwd", "regular files"},
	    {"manifest.json", AE_IFREG, "{\"files\":{\"../../etc/passwd\":\"00\"}}", "below the bundle"},
	    {"manifest.json", AE_IFREG, "{\"driver\":\"/etc/passwd\",\"files\":{}}", "one of its files"},
	    {"manifest.json", AE_IFREG, "{\"files\":{}}", "scenario.yaml"},
	};
	g_autofree char *path = g_build_filename(*state, "evil.tar.xz", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(archives); i++) {
		struct pn_bundle *bundle = NULL;
		struct pn_diag diag = {0};

		make_archive(path, archives[i].name, archives[i].type, archives[i].text);
		assert_true(pn_bundle_open(path, &bundle, &diag) < 0);
		if (!strstr(diag.text, archives[i].says))
			fail_msg("%s: '%s' does not say '%s'", archives[i].name, diag.text, archives[i].says);
	}
	assert_false(g_file_test("/tmp/puncture-evil", G_FILE_TEST_EXISTS));
}

static void test_damaged(void **state)
{
	g_autofree char *dir = fake_case(*state, YAML, PARTS), *path = g_build_filename(*state, "b.tar.xz", NULL), *text = NULL;
	g_autofree char *manifest = g_build_filename(dir, "manifest.json", NULL);
	const char *lies = "{\"files\":{\"scenario.yaml\":\"0123456789abcdef\"}}";
	struct pn_bundle *bundle = NULL;
	struct pn_diag diag = {0};
	size_t len;

	assert_int_equal(pn_bundle_pack(dir, path, &diag), 0);
	assert_int_equal(pn_fs_read(path, &text, &len, NULL), 0);
	assert_int_equal(pn_fs_write(path, text, len / 2, NULL), 0);
	assert_true(pn_bundle_open(path, &bundle, &diag) < 0);
	/* unpacked by hand, and a file changed since */
	assert_int_equal(pn_fs_write(manifest, lies, strlen(lies), NULL), 0);
	assert_int_equal(pn_bundle_open(dir, &bundle, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "the manifest says 0123456789ab"));
}

static void test_differences(void **state)
{
	json_t *parts = json_loads(PARTS, 0, NULL), *here = json_deep_copy(parts);
	struct pn_bundle bundle = {.parts = parts};
	char **lines;
	bool block;

	lines = pn_bundle_differences(&bundle, here, &block);
	assert_null(lines[0]);
	assert_false(block);
	g_strfreev(lines);
	json_object_set_new(json_object_get(here, "host"), "cpu", json_string("slow"));
	json_object_set_new(json_object_get(here, "image"), "sha256", json_string("23"));
	lines = pn_bundle_differences(&bundle, here, &block);
	assert_string_equal(lines[0], "image: there 22 (cloud), here 23 (cloud)");
	assert_string_equal(lines[1], "host cpu: there fast, here slow");
	assert_false(block);
	g_strfreev(lines);
	bundle.exact = true;
	lines = pn_bundle_differences(&bundle, here, &block);
	assert_true(block);
	g_strfreev(lines);
	bundle.exact = false;
	json_object_set_new(here, "loads", json_pack("{s:s,s:s}", "sha256", "44", "names", "vm churn"));
	lines = pn_bundle_differences(&bundle, here, &block);
	assert_string_equal(lines[1], "loads: there unknown, here 44 (vm churn)");
	assert_false(block);
	g_strfreev(lines);
	json_object_del(json_object_get(here, "kernel"), "sha256");
	lines = pn_bundle_differences(&bundle, here, &block);
	assert_string_equal(lines[0], "kernel: there 11aa (6.1.0-1), here unknown");
	assert_true(block);
	g_strfreev(lines);
	json_decref(parts);
	json_decref(here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_round_trip, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_not_one, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_hostile, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(test_damaged, test_dir_setup, test_dir_teardown),
	    cmocka_unit_test(test_differences),
	};

	(void)fake_ops;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
