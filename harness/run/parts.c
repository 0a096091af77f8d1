// SPDX-License-Identifier: GPL-2.0-only
/* What a case is made of: the content hashes by which two hosts can tell whether they run the same thing. */
#include "parts.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../../guests/images/image.h"
#include "../base/fs.h"
#include "../guest/emulator.h"
#include "../scenario/load.h"
#include "../scenario/scenario.h"

static char *cpu_model(void)
{
	g_autofree char *text = NULL;
	char *line, *value;

	if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL) || !(line = strstr(text, "model name")) || !(value = strchr(line, ':')))
		return NULL;
	*strchrnul(value, '\n') = '\0';
	return g_strdup(g_strstrip(value + 1));
}

static json_t *host(void)
{
	g_autofree char *cpu = cpu_model();
	struct utsname names = {0};

	uname(&names);
	return json_pack("{s:s, s:s*}", "kernel", names.release, "cpu", cpu);
}

static int hash_emulator(const char *qemu, char ret_hex[65], struct pn_diag *diag)
{
	g_autofree char *path = NULL;
	int err = pn_emulator_path(qemu, &path, diag);

	return err ? err : pn_emulator_hash(path, ret_hex, diag);
}

static int add_file(GChecksum *sum, const char *dir, const char *name, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char *text = NULL;
	size_t len;
	int err = pn_fs_read(path, &text, &len, diag);

	if (!err)
		g_checksum_update(sum, (const guchar *)text, (gssize)len);
	free(text);
	return err;
}

static int add_load(GChecksum *sum, const char *workloads_dir, const char *name, struct pn_diag *diag)
{
	g_autofree char *file = g_strdup_printf("loads/%s.yaml", name);
	struct pn_load *load = NULL;
	int err = add_file(sum, workloads_dir, file, diag);

	if (!err)
		err = pn_load_read(workloads_dir, name, &load, diag);
	for (char **needed = load ? load->files : NULL; !err && needed && *needed; needed++)
		err = add_file(sum, workloads_dir, *needed, diag);
	pn_load_free(load);
	return err;
}

/* The files that its loads are started from; their programs are in the image. Return: NULL when it has none or they can't be read. */
static json_t *hash_loads(const struct pn_scenario *scenario, const char *workloads_dir, int *ret_err, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *words = NULL;
	json_t *loads = NULL;

	for (char **load = scenario->loads; load && *load; load++)
		g_ptr_array_add(names, *load);
	for (unsigned int i = 0; i < scenario->event_count; i++)
		if (scenario->events[i].action == PN_DO_LOAD_START)
			g_ptr_array_add(names, scenario->events[i].name);
	*ret_err = 0;
	for (guint i = 0; !*ret_err && i < names->len; i++)
		*ret_err = add_load(sum, workloads_dir, names->pdata[i], diag);
	g_ptr_array_add(names, NULL);
	words = g_strjoinv(" ", (char **)names->pdata);
	if (!*ret_err && *words)
		loads = json_pack("{s:s, s:s}", "sha256", g_checksum_get_string(sum), "names", words);
	g_checksum_free(sum);
	return loads;
}

int pn_parts_get(const struct pn_scenario *scenario, const struct pn_image *image, const struct pn_module *module, const char *workloads_dir,
		 json_t **ret_parts, struct pn_diag *diag)
{
	char kernel[65], qemu[65], driver[65], harness[65];
	json_t *loads;
	int err = pn_emulator_hash(image->kernel, kernel, diag);

	if (!err)
		err = hash_emulator(scenario->guest.qemu, qemu, diag);
	g_strlcpy(driver, image->hash, sizeof(driver));
	if (!err && module->path)
		err = pn_emulator_hash(module->path, driver, diag);
	if (!err)
		err = pn_emulator_hash("/proc/self/exe", harness, diag); /* by that name also where it has been replaced meanwhile */
	if (err)
		return err;
	loads = hash_loads(scenario, workloads_dir, &err, diag);
	if (err)
		return err;
	*ret_parts = json_pack("{s:{s:s, s:s, s:s*}, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s*}, s:{s:s}, s:o*, s:{s:s}, s:o}", "kernel", "sha256", kernel,
			       "release", image->release, "version", image->version, "image", "sha256", image->hash, "name", image->name, "driver",
			       "sha256", driver, "name", module->name, "label", module->label, "path", module->path, "qemu", "sha256", qemu, "loads", loads,
			       "harness", "sha256", harness, "host", host());
	return 0;
}

static char *debug_of(const char *driver)
{
	g_autofree char *base = driver && g_str_has_suffix(driver, ".ko") ? g_strndup(driver, strlen(driver) - strlen(".ko")) : NULL;
	g_autofree char *debug = base ? g_strconcat(base, ".debug", NULL) : NULL;

	return debug && g_file_test(debug, G_FILE_TEST_EXISTS) ? g_steal_pointer(&debug) : NULL;
}

int pn_parts_here(const struct pn_scenario *scenario, const char *workloads_dir, json_t **ret_parts, char **ret_driver, char **ret_debug, struct pn_diag *diag)
{
	const struct pn_machine *machine = &scenario->guest;
	struct pn_module *module = NULL;
	struct pn_image *image = NULL;
	int err = pn_image_get(machine->image ? machine->image : "cloud", machine->kernel, machine->modules, &image, diag);

	if (!err)
		err = pn_module_get(scenario->driver.name, image, &module, diag);
	if (!err)
		err = pn_parts_get(scenario, image, module, workloads_dir, ret_parts, diag);
	if (!err && ret_driver)
		*ret_driver = g_strdup(module->path);
	if (!err && ret_debug)
		*ret_debug = debug_of(module->path);
	pn_module_free(module);
	pn_image_free(image);
	return err;
}
