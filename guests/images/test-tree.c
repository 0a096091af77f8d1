// SPDX-License-Identifier: GPL-2.0-only
#include "test-fixture.h"

#include <unistd.h>

#include "tree.h"

/* magic, then ino mode uid gid nlink mtime size devmajor devminor rdevmajor rdevminor namesize check, 8 hex digits each */
#define HEADER(ino, mode, size, rmajor, rminor, namesize) \
	"070701" ino mode "00000000"                      \
	"00000000"                                        \
	"00000001"                                        \
	"00000000" size "00000000"                        \
	"00000000" rmajor rminor namesize "00000000"

/* In the order of names, whatever the order of adding; names and content are padded to four bytes. */
static const char golden[] = HEADER("00000001", "000041ed", "00000000", "00000000", "00000000", "00000004") "bin\0\0\0" HEADER(
    "00000002", "000081ed", "00000003", "00000000", "00000000",
    "00000008") "bin/one\0\0\0"
		"one\0" HEADER("00000003", "0000a1ff", "00000003", "00000000", "00000000",
			       "00000008") "bin/two\0\0\0"
					   "one\0" HEADER("00000004", "000041ed", "00000000", "00000000", "00000000",
							  "00000004") "dev\0\0\0" HEADER("00000005", "00002180", "00000000", "00000005",
											 "00000001", "0000000c") "dev/console\0\0\0";

static struct pn_tree *sample(const char *dir)
{
	g_autofree char *one = fixture_write(dir, "source", "one");
	struct pn_tree *tree = pn_tree_new();

	pn_tree_add_node(tree, "/dev/console", 0600, 5, 1);
	pn_tree_add_link(tree, "/bin/two", "one");
	pn_tree_add_file(tree, "/bin/one", one, 0755);
	return tree;
}

static void an_archive_is_the_golden_one_to_the_byte(void **state)
{
	struct pn_tree *tree = sample(*state);
	g_autofree char *out = g_build_filename(*state, "cpio", NULL);
	g_autofree char *bytes = NULL;
	size_t len;

	assert_int_equal(pn_tree_write_cpio(tree, out, NULL), 0);
	assert_int_equal(pn_fs_read(out, &bytes, &len, NULL), 0);
	assert_true(len > sizeof(golden) - 1);
	assert_memory_equal(bytes, golden, sizeof(golden) - 1);
	assert_non_null(memmem(bytes + sizeof(golden) - 1, len - sizeof(golden) + 1, "TRAILER!!!", 10));
	pn_tree_free(tree);
}

static void a_missing_source_is_an_error_not_an_empty_file(void **state)
{
	struct pn_tree *tree = pn_tree_new();
	g_autofree char *out = g_build_filename(*state, "cpio", NULL);
	struct pn_diag diag = {};

	pn_tree_add_file(tree, "/x", "/nonexistent/x", 0644);
	assert_int_equal(pn_tree_write_cpio(tree, out, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/x"));
	pn_tree_free(tree);
}

static void a_staged_tree_has_content_links_and_modes(void **state)
{
	struct pn_tree *tree = sample(*state);
	g_autofree char *dir = g_build_filename(*state, "stage", NULL);
	g_autofree char *two = g_build_filename(dir, "bin/two", NULL);
	g_autofree char *text = NULL;
	struct stat st;

	assert_int_equal(pn_fs_mkdir_p(dir, NULL), 0);
	assert_int_equal(pn_tree_stage(tree, dir, NULL), 0);
	assert_int_equal(lstat(two, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(two, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(pn_fs_read(two, &text, NULL, NULL), 0);
	assert_string_equal(text, "one");
	pn_tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_archive_is_the_golden_one_to_the_byte),
	    cmocka_unit_test(a_missing_source_is_an_error_not_an_empty_file),
	    cmocka_unit_test(a_staged_tree_has_content_links_and_modes),
	};

	return cmocka_run_group_tests(tests, test_dir_setup, test_dir_teardown);
}
