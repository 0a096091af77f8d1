// SPDX-License-Identifier: GPL-2.0-only
/* A user's kernel, faked, makes a whole image without network; so does a driver that is brought along. */
#include "test-fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "image.h"
#include "kernel.h"

#define RECIPE                                                                                                             \
	"name: tiny\nsummary: s\nkernel: {package: unused}\nmodules: [top]\nmodules_wanted: [absent]\n"                    \
	"files:\n  - {file: %s/extra, as: /etc/extra, package: p}\n  - {file: /bin/true, as: /usr/bin/true, package: p}\n" \
	"tools_compression: gzip\n"

struct fixture {
	char *dir;
	char *recipe;
	char *bzimage;
	char *modules;
};

static void make_agent(const char *dir, const char *text)
{
	g_autofree char *source = fixture_write(dir, "agent.c", text);
	g_autofree char *agent = g_build_filename(dir, "libexec/harness/agent/puncture-agent", NULL);
	g_autofree char *parent = g_path_get_dirname(agent);

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	fixture_run((const char *const[]){"cc", "-static", "-o", agent, source, NULL});
}

static int setup(void **state)
{
	struct fixture *fixture = g_new0(struct fixture, 1);
	g_autofree char *libexec = NULL, *text = NULL, *extra = NULL;

	if (test_dir_setup((void **)&fixture->dir) < 0)
		return -1;
	extra = fixture_write(fixture->dir, "extra", "e");
	text = g_strdup_printf(RECIPE, fixture->dir);
	fixture->recipe = fixture_write(fixture->dir, "tiny.yaml", text);
	fixture->bzimage = fixture_bzimage(fixture->dir, FIXTURE_RELEASE);
	fixture->modules = fixture_modules(fixture->dir);
	libexec = g_build_filename(fixture->dir, "libexec", NULL);
	g_setenv("PUNCTURE_LIBEXEC", libexec, TRUE);
	make_agent(fixture->dir, "int main(void){return 0;}\n");
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	int r = test_dir_teardown((void **)&fixture->dir);

	g_free(fixture->recipe);
	g_free(fixture->bzimage);
	g_free(fixture->modules);
	g_free(fixture);
	return r;
}

static struct pn_image *get(const struct fixture *fixture)
{
	struct pn_image *image = NULL;
	struct pn_diag diag = {};

	if (pn_image_get(fixture->recipe, fixture->bzimage, fixture->modules, &image, &diag) < 0)
		fail_msg("%s", diag.text);
	return image;
}

static char *names_in(const char *initrd)
{
	struct archive *archive = archive_read_new();
	g_autoptr(GString) names = g_string_new(" ");
	struct archive_entry *entry;

	archive_read_support_format_cpio(archive);
	assert_int_equal(archive_read_open_filename(archive, initrd, 65536), ARCHIVE_OK);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		g_string_append_printf(names, "%s ", archive_entry_pathname(entry));
	archive_read_free(archive);
	return g_strdup(names->str);
}

static void an_image_holds_agent_modules_and_tools(void **state)
{
	static const char *const present[] = {"init",
					      "etc/extra",
					      "tools.squashfs",
					      "usr",
					      "lib64",
					      "dev/console",
					      "lib/modules/6.1.0-test/modules.dep",
					      "lib/modules/6.1.0-test/kernel/top.ko",
					      "lib/modules/6.1.0-test/kernel/bottom.ko"};
	struct pn_image *image = get(*state);
	g_autofree char *names = names_in(image->initrd);

	assert_string_equal(image->name, "tiny");
	assert_string_equal(image->release, FIXTURE_RELEASE);
	assert_null(image->symbols);
	assert_true(g_file_test(image->kernel, G_FILE_TEST_EXISTS));
	for (unsigned int i = 0; i < G_N_ELEMENTS(present); i++) {
		g_autofree char *word = g_strdup_printf(" %s ", present[i]);

		if (!strstr(names, word))
			fail_msg("no %s in %s", present[i], names);
	}
	assert_null(strstr(names, "unused.ko"));
	pn_image_free(image);
}

static void the_same_inputs_are_the_same_image_and_a_new_agent_is_another(void **state)
{
	const struct fixture *fixture = *state;
	struct pn_image *first = get(fixture), *second = get(fixture), *third;

	assert_string_equal(first->hash, second->hash);
	make_agent(fixture->dir, "int main(void){return 1;}\n");
	third = get(fixture);
	assert_string_not_equal(first->hash, third->hash);
	pn_image_free(first);
	pn_image_free(second);
	pn_image_free(third);
}

static void what_can_not_be_an_image_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *other = g_build_filename(fixture->dir, "lib/modules/other", NULL);
	const struct {
		const char *recipe, *kernel, *modules, *says;
	} wrongs[] = {
	    {fixture->recipe, fixture->bzimage, NULL, "--kernel: needs --modules"},
	    {fixture->recipe, NULL, fixture->modules, "--modules: needs --kernel"},
	    {fixture->recipe, fixture->bzimage, other, "--modules: '"},
	    {fixture->recipe, "/bin/true", fixture->modules, "/bin/true: not a bzImage"},
	    {fixture->recipe, "/nonexistent", fixture->modules, "/nonexistent: No such file"},
	    {"nosuch", NULL, NULL, "image: 'nosuch' is not there"},
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(wrongs); i++) {
		struct pn_image *image = NULL;
		struct pn_diag diag = {};

		assert_true(pn_image_get(wrongs[i].recipe, wrongs[i].kernel, wrongs[i].modules, &image, &diag) < 0);
		assert_null(image);
		if (!strstr(diag.text, wrongs[i].says))
			fail_msg("'%s' does not say '%s'", diag.text, wrongs[i].says);
	}
}

static void an_agent_with_libraries_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	g_autofree char *agent = g_build_filename(fixture->dir, "dynamic/harness/agent/puncture-agent", NULL);
	g_autofree char *parent = g_path_get_dirname(agent), *libexec = g_build_filename(fixture->dir, "dynamic", NULL);
	g_autofree char *before = g_strdup(g_getenv("PUNCTURE_LIBEXEC"));
	struct pn_image *image = NULL;
	struct pn_diag diag = {};

	assert_int_equal(pn_fs_mkdir_p(parent, NULL), 0);
	assert_int_equal(pn_fs_copy("/bin/true", agent, NULL), 0);
	g_setenv("PUNCTURE_LIBEXEC", libexec, TRUE);
	assert_int_equal(pn_image_get(fixture->recipe, fixture->bzimage, fixture->modules, &image, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "must be static"));
	g_setenv("PUNCTURE_LIBEXEC", before, TRUE);
}

static void drivers_are_found_or_refused(void **state)
{
	const struct fixture *fixture = *state;
	struct pn_image *image = get(fixture);
	g_autofree char *ko = g_build_filename(fixture->modules, "kernel/top.ko", NULL),
			*text = fixture_write(fixture->dir, "text.ko", "text");
	struct pn_module *module = NULL;
	struct pn_diag diag = {};

	assert_int_equal(pn_module_get("stock", image, &module, NULL), 0);
	assert_string_equal(module->name, "virtio_balloon");
	assert_null(module->path);
	pn_module_free(module);
	assert_int_equal(pn_module_get(ko, image, &module, NULL), 0);
	assert_string_equal(module->name, "top");
	assert_string_equal(module->path, ko);
	pn_module_free(module);
	assert_int_equal(pn_module_get(text, image, &module, &diag), -ENOEXEC);
	assert_non_null(strstr(diag.text, "not a kernel module"));
	assert_int_equal(pn_module_get("/nonexistent.ko", image, &module, &diag), -ENOENT);
	assert_int_equal(pn_module_get("nosuch", image, &module, &diag), -ENOENT);
	assert_non_null(strstr(diag.text, "expected vballoon, stock, vballoon-leak"));
	g_free(image->release);
	image->release = g_strdup("6.6.6");
	assert_int_equal(pn_module_get(ko, image, &module, &diag), -ENOEXEC);
	assert_non_null(strstr(diag.text, "built for kernel " FIXTURE_RELEASE ", but image 'tiny' runs 6.6.6"));
	pn_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_image_holds_agent_modules_and_tools),
	    cmocka_unit_test(the_same_inputs_are_the_same_image_and_a_new_agent_is_another),
	    cmocka_unit_test(what_can_not_be_an_image_is_refused),
	    cmocka_unit_test(an_agent_with_libraries_is_refused),
	    cmocka_unit_test(drivers_are_found_or_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
