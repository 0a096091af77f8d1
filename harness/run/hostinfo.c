// SPDX-License-Identifier: GPL-2.0-only
/* host.json: the host as it was when the run began. A table of files and a few things that need a question. */
#include "hostinfo.h"

#include <glib.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "../guest/accel.h"
#include "fitness.h"
#include "run.h"

#define FITNESS_WINDOW_NS (PN_NS_PER_S / 2)

/** struct setting - a file of the kernel that decides about results */
static const struct setting {
	const char *key;
	const char *path;
} settings[] = {
	{"thp", "/sys/kernel/mm/transparent_hugepage/enabled"},
	{"thp_defrag", "/sys/kernel/mm/transparent_hugepage/defrag"},
	{"ksm", "/sys/kernel/mm/ksm/run"},
	{"zswap", "/sys/module/zswap/parameters/enabled"},
	{"swappiness", "/proc/sys/vm/swappiness"},
	{"overcommit", "/proc/sys/vm/overcommit_memory"},
	{"governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"},
};

static void add_text(json_t *info, const char *key, const char *text)
{
	g_autofree char *clean = g_utf8_make_valid(text, -1);

	json_object_set_new(info, key, json_string(g_strstrip(clean)));
}

static void add_settings(json_t *info)
{
	for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
		g_autofree char *text = NULL;
		char *chosen, *end;

		if (!g_file_get_contents(settings[i].path, &text, NULL, NULL))
			continue;
		/* "always [madvise] never": the chosen one is the value */
		chosen = strchr(text, '[');
		end = chosen ? strchr(chosen, ']') : NULL;
		if (end)
			*end = '\0';
		add_text(info, settings[i].key, end ? chosen + 1 : text);
	}
}

static void add_cpu_model(json_t *info)
{
	g_autofree char *text = NULL;
	char *model, *value;

	if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
		return;
	model = strstr(text, "model name");
	value = model ? strchr(model, ':') : NULL;
	if (!value)
		return;
	*strchrnul(value, '\n') = '\0';
	add_text(info, "cpu", value + 1);
}

static void add_memory(json_t *info)
{
	g_autofree char *text = NULL;
	const char *swap;

	json_object_set_new(info, "memory_bytes", json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)));
	if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
		return;
	swap = strstr(text, "SwapTotal:");
	if (swap)
		json_object_set_new(info, "swap_bytes", json_integer((json_int_t)(strtoull(swap + strlen("SwapTotal:"), NULL, 10) * PN_KIB)));
}

/* "QEMU emulator version 7.2.22 (Debian ...)" */
static void add_qemu(json_t *info, const char *qemu)
{
	const char *const argv[] = {qemu ? qemu : "qemu-system-x86_64", "--version", NULL};
	g_autofree char *out = NULL;
	char *version;

	if (pn_spawn_run(argv, NULL, 10 * PN_NS_PER_S, &out, NULL))
		return;
	version = strstr(out, "version ");
	if (!version)
		return;
	version += strlen("version ");
	version[strcspn(version, " \n")] = '\0';
	add_text(info, "qemu", version);
}

static void add_revision(json_t *info, const char *workloads_dir)
{
	const char *const revision[] = {"git", "describe", "--always", "--dirty", "--abbrev=12", NULL};
	const char *const branch[] = {"git", "symbolic-ref", "--quiet", "--short", "HEAD", NULL};
	g_autofree char *out = NULL, *name = NULL;

	if (workloads_dir && !pn_spawn_run(revision, workloads_dir, 10 * PN_NS_PER_S, &out, NULL))
		add_text(info, "revision", out);
	/* fails on a detached head, as in CI: then there is none */
	if (workloads_dir && !pn_spawn_run(branch, workloads_dir, 10 * PN_NS_PER_S, &name, NULL))
		add_text(info, "branch", name);
}

enum pn_accel pn_hostinfo_accel(const char *qemu, char **ret_why)
{
	enum pn_accel accel = PN_ACCEL_TCG;
	struct pn_diag diag = {0};
	char why[256] = "";
	int err = pn_accel_probe(qemu, &accel, why, sizeof(why), &diag);

	if (ret_why)
		*ret_why = g_strdup(err ? diag.text : why);
	return err ? PN_ACCEL_TCG : accel;
}

json_t *pn_hostinfo_get(const struct pn_run_config *config)
{
	json_t *info = json_object();
	unsigned long libvirt = LIBVIR_VERSION_NUMBER;
	g_autofree char *libvirt_text = g_strdup_printf("%lu.%lu.%lu", libvirt / 1000000, libvirt / 1000 % 1000, libvirt % 1000);
	double load[1];
	struct utsname names;

	if (!uname(&names)) {
		add_text(info, "name", names.nodename);
		add_text(info, "kernel", names.release);
		add_text(info, "machine", names.machine);
	}
	json_object_set_new(info, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	add_cpu_model(info);
	add_memory(info);
	add_text(info, "accel", pn_hostinfo_accel(config->plan.qemu, NULL) == PN_ACCEL_KVM ? "kvm" : "tcg");
	add_qemu(info, config->plan.qemu);
	add_text(info, "libvirt", libvirt_text);
	add_text(info, "puncture", PN_VERSION);
	add_revision(info, config->plan.workloads_dir);
	add_settings(info);
	if (getloadavg(load, 1) == 1)
		json_object_set_new(info, "load1", json_real(load[0]));
	json_object_set_new(info, "fitness", pn_fitness_judge("", json_string_value(json_object_get(info, "accel")), FITNESS_WINDOW_NS));
	return info;
}
