// SPDX-License-Identifier: GPL-2.0-only
/* The checks of a scenario that look at two keys at once, or at what else there is: files, drivers, images, loads. */
#include "build-private.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "controller.h"
#include "doc.h"
#include "event.h"
#include "load.h"
#include "names.h"
#include "require.h"
#include "schema.h"
#include "technique.h"

#define PLUG_BLOCK (128 * PN_MIB)
#define SMALLEST_DISK (16 * PN_MIB)

static int refuse(const struct pn_builder *builder, const char *key, const char *value, const char *accepted)
{
	int node = pn_doc_find(builder->doc, key);
	g_autofree char *where = pn_doc_where(builder->doc, node);

	return pn_diag_value(builder->diag, where, key, value, accepted);
}

bool pn_build_own_driver(const char *name)
{
	g_autofree char *base = g_path_get_basename(name);

	return g_str_has_prefix(base, "vballoon");
}

static int check_disk(const struct pn_builder *builder, const char *key, uint64_t bytes)
{
	return bytes && bytes < SMALLEST_DISK
		   ? refuse(builder, key, pn_doc_text(builder->doc, pn_doc_find(builder->doc, key)), "0, or at least 16MiB")
		   : 0;
}

/* libkmod needs depmod's indexes, and the directory is the user's: it is for him to make them. */
static int check_modules(const struct pn_builder *builder, const char *modules)
{
	g_autofree char *dir = g_canonicalize_filename(modules, NULL), *index = g_build_filename(dir, "modules.dep.bin", NULL);
	g_autofree char *above = g_path_get_dirname(dir), *release = g_path_get_basename(dir), *accepted = NULL;
	g_autofree char *root = g_str_has_suffix(above, "/lib/modules") ? g_strndup(above, strlen(above) - strlen("/lib/modules")) : NULL;

	if (!g_file_test(modules, G_FILE_TEST_IS_DIR))
		return refuse(builder, "guest.modules", modules, "a directory that exists");
	if (!root)
		return refuse(builder, "guest.modules", modules, "a directory .../lib/modules/RELEASE, as make modules_install makes it");
	if (g_file_test(index, G_FILE_TEST_IS_REGULAR))
		return 0;
	accepted = g_strdup_printf("a directory with modules.dep.bin, which this command makes: depmod -b '%s' %s", *root ? root : "/", release);
	return refuse(builder, "guest.modules", modules, accepted);
}

static bool is_program(const char *name)
{
	g_autofree char *path = g_find_program_in_path(name);

	return path;
}

static int check_guest(const struct pn_builder *builder)
{
	const struct pn_machine *guest = &builder->scenario->guest;
	const struct pn_raw_guest *raw = &builder->raw->guest;
	int r;

	if (guest->memory_bytes % (2 * PN_MIB))
		return refuse(builder, "guest.memory", raw->memory, "a multiple of 2MiB");
	if (guest->balloon.model == PN_VIRTIO_LEGACY && guest->balloon.packed)
		return refuse(builder, "guest.balloon.model", raw->balloon.model, "modern or transitional: packed virtqueues came with virtio 1.1");
	if (guest->balloon.model != PN_VIRTIO_MODERN && guest->balloon.iommu)
		return refuse(builder, "guest.balloon.model", raw->balloon.model, "modern: only such a device can be behind an IOMMU");
	if (guest->balloon.stats_interval_ns % PN_NS_PER_S)
		return refuse(builder, "guest.balloon.stats-interval", raw->balloon.stats_interval,
			      "whole seconds: the device can't do other");
	if (guest->modules && !guest->kernel)
		return refuse(builder, "guest.modules", guest->modules, "guest.kernel beside it");
	if (guest->kernel && !guest->modules)
		return refuse(builder, "guest.kernel", guest->kernel, "guest.modules beside it: its lib/modules/RELEASE directory");
	if (guest->kernel && !g_file_test(guest->kernel, G_FILE_TEST_IS_REGULAR))
		return refuse(builder, "guest.kernel", guest->kernel, "a file that exists");
	if (guest->modules && check_modules(builder, guest->modules) < 0)
		return -EINVAL;
	if (guest->qemu && !is_program(guest->qemu))
		return refuse(builder, "guest.qemu", guest->qemu, "a program that exists, by its path or in PATH");
	if (guest->plug_bytes && (guest->plug_bytes % PLUG_BLOCK || guest->plug_bytes == guest->memory_bytes))
		return refuse(builder, "guest.plug", raw->plug, "a multiple of 128MiB, a memory block of x86, and not the guest's memory again");
	if (guest->plug_bytes && (guest->backing == PN_BACKING_HUGETLB || guest->exact))
		return refuse(builder, "guest.plug", raw->plug, "another backing than hugetlb, and no exact mode");
	r = check_disk(builder, "guest.swap", guest->swap_bytes);
	return r < 0 ? r : check_disk(builder, "guest.disk", guest->disk_bytes);
}

/* A name of something that another layer has, or a file of that kind. */
static int check_provided(const struct pn_builder *builder, const char *key, const char *value, const char *kind, const char *suffix)
{
	const char *const *names = pn_names_provided(kind);
	g_autofree char *listed = names && *names ? pn_key_nearest(value, names) : g_strdup("a name");
	g_autofree char *accepted = g_strdup_printf("%s, or a %s file that exists", listed, suffix);

	if (strchr(value, '/') || g_str_has_suffix(value, suffix)) {
		if (g_str_has_suffix(value, suffix) && g_file_test(value, G_FILE_TEST_IS_REGULAR))
			return 0;
	} else if (!names || g_strv_contains(names, value)) {
		return 0;
	}
	return refuse(builder, key, value, accepted);
}

static int check_driver(const struct pn_builder *builder)
{
	const char *mode = builder->raw->driver.mode, *name = builder->scenario->driver.name;
	int r = check_provided(builder, "driver.name", name, "drivers", ".ko");
	g_autofree char *accepted = NULL;

	if (r < 0 || !mode || pn_build_own_driver(name) || !strcmp(mode, "pfn"))
		return r;
	accepted = g_strdup_printf("pfn, the only one that driver %s knows", name);
	return refuse(builder, "driver.mode", mode, accepted);
}

static int check_image(const struct pn_builder *builder)
{
	const char *image = builder->scenario->guest.image;

	return image ? check_provided(builder, "guest.image", image, "images", ".yaml") : 0;
}

static int check_need(const struct pn_builder *builder, const char *name, const char *need)
{
	bool swap = strcmp(need, "swap") == 0;
	const char *key = swap ? "guest.swap" : "guest.disk";
	g_autofree char *accepted = NULL;

	if (swap ? builder->scenario->guest.swap_bytes : builder->scenario->guest.disk_bytes)
		return 0;
	accepted = g_strdup_printf("a size: load '%s' needs a %s disk", name, swap ? "swap" : "data");
	return refuse(builder, key, "0", accepted);
}

/* The place of a load for error texts: its list item or event, wherever that stands. */
static int refuse_load(const struct pn_builder *builder, const char *name)
{
	g_autofree char *accepted = pn_names_accepted(builder->workloads_dir, "loads", name);
	static const struct {
		const char *list, *leaf;
	} places[] = {{"load", ""}, {"alongside", ""}, {"timeline", ".load"}};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
		for (int k = 0;; k++) {
			g_autofree char *item = g_strdup_printf("%s[%d]", places[i].list, k);
			g_autofree char *path = g_strconcat(item, places[i].leaf, NULL);
			int node = pn_doc_find(builder->doc, path);

			if (!pn_doc_find(builder->doc, item))
				break;
			if (node && g_strcmp0(pn_doc_text(builder->doc, node), name) == 0)
				return refuse(builder, path, name, accepted);
		}
	return refuse(builder, "timeline", name, accepted);
}

static int check_load(const struct pn_builder *builder, const char *name)
{
	struct pn_load *load = NULL;
	g_autofree char *path = pn_names_path(builder->workloads_dir, "loads", name);
	int r;

	if (!path)
		return refuse_load(builder, name);
	r = pn_load_read(builder->workloads_dir, name, &load, builder->diag);
	for (char **need = load ? load->needs : NULL; r >= 0 && *need; need++)
		r = check_need(builder, name, *need);
	pn_load_free(load);
	return r;
}

static int check_loads(const struct pn_builder *builder)
{
	const struct pn_scenario *scenario = builder->scenario;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	int r = 0;

	for (char **load = scenario->loads; r >= 0 && *load; load++) {
		if (!g_hash_table_add(seen, *load))
			return refuse(builder, "load", *load, "each load once, here or in alongside");
		r = check_load(builder, *load);
	}
	for (unsigned int i = 0; r >= 0 && i < scenario->event_count; i++)
		if (scenario->events[i].action == PN_DO_LOAD_START)
			r = check_load(builder, scenario->events[i].name);
	return r;
}

static int check_requires(const struct pn_builder *builder)
{
	g_autofree const char **names = pn_require_names();

	for (char **name = builder->scenario->requires; *name; name++)
		if (!g_strv_contains(names, *name)) {
			g_autofree char *accepted = pn_key_nearest(*name, names);

			return refuse(builder, "requires", *name, accepted);
		}
	return 0;
}

static int check_expect(const struct pn_builder *builder)
{
	const struct pn_scenario *scenario = builder->scenario;
	const char *expect = scenario->expect;
	g_autofree char *oracles = g_strjoinv(", fail:", (char **)pn_oracle_choices);
	g_autofree char *accepted = g_strdup_printf("pass, brok, brok:TEXT, fail:%s", oracles), *oracle = NULL;

	if (strcmp(expect, "pass") == 0 || strcmp(expect, "brok") == 0 || (g_str_has_prefix(expect, "brok:") && expect[5]))
		return 0;
	if (g_str_has_prefix(expect, "fail:")) /* fail:ORACLE:WORD, how its reason begins */
		oracle = g_strndup(expect + 5, strcspn(expect + 5, ":"));
	if (!oracle || !g_strv_contains(pn_oracle_choices, oracle) || g_str_has_suffix(expect, ":"))
		return refuse(builder, "expect", expect, accepted);
	for (unsigned int i = 0; i < scenario->waiver_count; i++)
		if (strcmp(scenario->waivers[i].oracle, oracle) == 0)
			return refuse(builder, "expect", expect, "an oracle that oracles.waive leaves on");
	return 0;
}

static int check_known(const struct pn_builder *builder)
{
	const struct pn_scenario *scenario = builder->scenario;
	unsigned int year, month, day;
	int end = 0;

	if (!scenario->known_reason)
		return 0;
	if (!g_str_has_prefix(scenario->expect, "fail:"))
		return refuse(builder, "expect", scenario->expect, "fail:ORACLE, since the scenario has `known`");
	if (strlen(scenario->known_expires) != 10 || sscanf(scenario->known_expires, "%4u-%2u-%2u%n", &year, &month, &day, &end) != 3 || end != 10 ||
	    !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
		return refuse(builder, "known.expires", scenario->known_expires, "a day such as 2027-06-30");
	return 0;
}

static int check_waivers(const struct pn_builder *builder)
{
	for (unsigned int i = 0; i < builder->scenario->waiver_count; i++) {
		g_autofree char *key = g_strdup_printf("oracles.waive[%u].reason", i);
		g_autofree char *reason = g_strstrip(g_strdup(builder->scenario->waivers[i].reason));

		if (!*reason)
			return refuse(builder, key, "", "a reason: it stands in the report");
	}
	return 0;
}

int pn_build_check(struct pn_builder *builder)
{
	int (*const checks[])(const struct pn_builder *) = {check_guest,	   check_image,	 check_driver,
							   check_requires, check_expect, check_known, check_waivers};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(checks); i++)
		r = checks[i](builder);
	if (r >= 0)
		r = pn_technique_check(builder->doc, builder->scenario, builder->diag);
	if (r >= 0)
		r = pn_events_read(builder->doc, builder->raw, builder->scenario, builder->diag);
	if (r >= 0)
		r = pn_controller_check(builder->doc, builder->scenario, builder->diag);
	return r < 0 ? r : check_loads(builder);
}
