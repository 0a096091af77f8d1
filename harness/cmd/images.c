// SPDX-License-Identifier: GPL-2.0-only
/*
 * puncture images: what guests boot, before a run needs it. A run builds what it lacks by itself; this command does it ahead (on a
 * machine with network), shows what is there, and clears the cache.
 */
#include "command.h"
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>

#include "base/cache.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/exit.h"
#include "base/units.h"
#include "guests/images/image.h"
#include "guests/images/recipe.h"

/* an entry that was used in the last month stays unless another age is given */
#define KEEP_S (30 * 24 * 3600)

static const struct pn_option options[] = {
    {.name = "prune", .help = "remove cache entries that were not used for --older-than"},
    {.name = "older-than", .arg = "DURATION", .help = "with --prune: such as 12h; default 720h; 0 removes everything not in use"},
    {.name = "kernel", .arg = "FILE", .help = "with build: a bzImage in place of the recipe's kernel", .choices = "FILE"},
    {.name = "modules", .arg = "DIR", .help = "with --kernel: its lib/modules/RELEASE", .choices = "DIR"},
    {.name = "driver",
     .arg = "NAME|FILE",
     .help = "with build: build or check this driver under test too",
     .repeats = true,
     .choices = "drivers"},
    {},
};

static uint64_t file_bytes(const char *path)
{
	GStatBuf st;

	return g_stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int list(struct pn_diag *diag)
{
	g_auto(GStrv) names = pn_recipe_names();

	if (!names[0])
		return pn_diag_set(diag, -ENOENT, "images: no recipes; PUNCTURE_SHARE names the directory that holds guests/images");
	for (unsigned int i = 0; names[i]; i++) {
		struct pn_recipe *recipe = NULL;
		struct pn_image *image = NULL;
		int r = pn_recipe_read(names[i], &recipe, NULL, diag);

		if (r < 0)
			return r;
		r = pn_image_find(names[i], &image, NULL);
		printf("%-10s %-26s %s\n", names[i], r < 0 ? "not built" : image->release, recipe->summary);
		pn_image_free(image);
		pn_recipe_free(recipe);
	}
	return PN_EXIT_PASS;
}

static int build_driver(const char *driver, const struct pn_image *image, struct pn_diag *diag)
{
	struct pn_module *module = NULL;
	int r = pn_module_get(driver, image, &module, diag);

	if (r < 0)
		return r;
	printf("  driver   %s: %s\n", module->label, module->path ? module->path : "the image's own");
	pn_module_free(module);
	return 0;
}

static int build(const char *name, const struct pn_opts *args, struct pn_diag *diag)
{
	const char *const *drivers = pn_opts_all(args, "driver");
	uint64_t start_ns = pn_clock_now_ns();
	struct pn_image *image = NULL;
	char size[16], took[16];
	int r = pn_image_get(name, pn_opts_get(args, "kernel"), pn_opts_get(args, "modules"), &image, diag);

	if (r < 0)
		return r;
	printf("%s: %.16s, %s\n", image->name, image->hash, pn_duration_format(pn_clock_now_ns() - start_ns, took, sizeof(took)));
	printf("  kernel   %s: %s\n", image->release, image->kernel);
	printf("  initrd   %s: %s\n", pn_bytes_format(file_bytes(image->initrd), size, sizeof(size)), image->initrd);
	printf("  headers  %s\n", image->headers ? image->headers : "fetched when a driver is built");
	printf("  symbols  %s\n", image->symbols ? image->symbols : "none in this kernel's package");
	for (unsigned int i = 0; r >= 0 && drivers[i]; i++)
		r = build_driver(drivers[i], image, diag);
	pn_image_free(image);
	return r;
}

static int prune(const struct pn_opts *args, struct pn_diag *diag)
{
	uint64_t age_ns = KEEP_S * PN_NS_PER_S, freed = 0;
	char size[16];
	int r = pn_opts_duration(args, "older-than", &age_ns, diag);

	if (r >= 0)
		r = pn_cache_prune(age_ns / PN_NS_PER_S, &freed, diag);
	if (r < 0)
		return r;
	printf("freed %s\n", pn_bytes_format(freed, size, sizeof(size)));
	return PN_EXIT_PASS;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	const char *const *operands = pn_opts_operands(args);
	int r = 0;

	if (pn_opts_has(args, "prune"))
		return operands[0] ? pn_diag_set(diag, -EINVAL, "images: --prune goes with no operand, not with '%s'", operands[0])
				   : prune(args, diag);
	if (!operands[0] || !strcmp(operands[0], "list"))
		return list(diag);
	if (strcmp(operands[0], "build"))
		return pn_diag_value(diag, "images", "operand", operands[0], "list, or build NAME...");
	if (!operands[1])
		return build("cloud", args, diag);
	for (unsigned int i = 1; r >= 0 && operands[i]; i++)
		r = build(operands[i], args, diag);
	return r;
}

const struct pn_command pn_command_images = {
    .name = "images",
    .summary = "list, build and prune guest images",
    .usage = "[list | build [NAME|FILE]... | --prune]",
    .description = "An image is a kernel and an initramfs, made of Debian packages by a recipe in\n"
		   "guests/images, cached by the hash of all that goes into it. A run builds what it\n"
		   "needs; build does it ahead, for instance before the network goes away.",
    .options = options,
    .operands = "images",
    .operands_max = UINT_MAX,
    .run = run,
};
