// SPDX-License-Identifier: GPL-2.0-only
/* What a case is made of: the content hashes by which two hosts can tell whether they run the same thing. */
#include "parts.h"

#include <glib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../../guests/images/image.h"
#include "../guest/emulator.h"
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

int pn_parts_get(const struct pn_scenario *scenario, const struct pn_image *image, const struct pn_module *module, json_t **ret_parts,
		 struct pn_diag *diag)
{
	char kernel[65], qemu[65], driver[65];
	int err = pn_emulator_hash(image->kernel, kernel, diag);

	if (!err)
		err = hash_emulator(scenario->guest.qemu, qemu, diag);
	g_strlcpy(driver, image->hash, sizeof(driver));
	if (!err && module->path)
		err = pn_emulator_hash(module->path, driver, diag);
	if (err)
		return err;
	*ret_parts = json_pack("{s:{s:s, s:s, s:s*}, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s*}, s:{s:s}, s:o}", "kernel", "sha256", kernel, "release",
			       image->release, "version", image->version, "image", "sha256", image->hash, "name", image->name, "driver",
			       "sha256", driver, "name", module->name, "label", module->label, "path", module->path, "qemu", "sha256", qemu, "host", host());
	return 0;
}

static char *debug_of(const char *driver)
{
	g_autofree char *base = driver && g_str_has_suffix(driver, ".ko") ? g_strndup(driver, strlen(driver) - strlen(".ko")) : NULL;
	g_autofree char *debug = base ? g_strconcat(base, ".debug", NULL) : NULL;

	return debug && g_file_test(debug, G_FILE_TEST_EXISTS) ? g_steal_pointer(&debug) : NULL;
}

int pn_parts_here(const struct pn_scenario *scenario, json_t **ret_parts, char **ret_driver, char **ret_debug, struct pn_diag *diag)
{
	const struct pn_machine *machine = &scenario->guest;
	struct pn_module *module = NULL;
	struct pn_image *image = NULL;
	int err = pn_image_get(machine->image ? machine->image : "cloud", machine->kernel, machine->modules, &image, diag);

	if (!err)
		err = pn_module_get(scenario->driver.name, image, &module, diag);
	if (!err)
		err = pn_parts_get(scenario, image, module, ret_parts, diag);
	if (!err && ret_driver)
		*ret_driver = g_strdup(module->path);
	if (!err && ret_debug)
		*ret_debug = debug_of(module->path);
	pn_module_free(module);
	pn_image_free(image);
	return err;
}
