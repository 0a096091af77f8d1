// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a host must have. A case that can't run is skipped with its reason before anything boots; checks here only look.
 */
#include "require.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/units.h"
#include "scenario.h"
#include "fault.h"
#include "technique.h"

static char *check_kvm(const struct pn_scenario *scenario)
{
	if (access("/dev/kvm", R_OK | W_OK) < 0)
		return g_strdup_printf("/dev/kvm: %s", g_strerror(errno));
	return g_strdup("no boot probe has shown that KVM works here: run `puncture doctor`");
}

/* The rules of what a backing needs are with those who start guests; they put their check here (pn_require_hook()). */
static char *check_backing(const struct pn_scenario *scenario)
{
	return g_strdup("nobody has looked whether this host can: run `puncture doctor`");
}

static char *check_pmu(const struct pn_scenario *scenario)
{
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_HARDWARE, .size = sizeof(attr), .config = PERF_COUNT_HW_INSTRUCTIONS, .exclude_kernel = 1};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return g_strdup_printf("no hardware counters: %s", g_strerror(errno));
	close(fd);
	return NULL;
}

static char *check_root(const struct pn_scenario *scenario)
{
	return geteuid() == 0 ? NULL : g_strdup("needs root");
}

static char *check_libvirtd(const struct pn_scenario *scenario)
{
	static const char *const places[] = {"/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"};
	g_autofree char *program = g_find_program_in_path("libvirtd");

	if (geteuid())
		return g_strdup("needs root: a libvirtd in namespaces of its own");
	if (!program)
		return g_strdup("there is no libvirtd (package libvirt-daemon)");
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
		if (!g_file_test(places[i], G_FILE_TEST_IS_DIR))
			return g_strdup("libvirtd's directories are not there (package libvirt-daemon-system)");
	return NULL;
}

static bool has_daemon(const struct pn_scenario *scenario)
{
	return scenario->controller.daemon;
}

/* What a kernel was built with is not known before it boots; the recipe's name is. */
static char *check_fault_injection(const struct pn_scenario *scenario)
{
	if (scenario->guest.kernel || g_strcmp0(scenario->guest.image, "debug") == 0)
		return NULL;
	return g_strdup("the guest's kernel has no fault injection: run with --image debug, or a kernel of your own that has it");
}

static char *check_file(const char *path, const char *what)
{
	return access(path, F_OK) == 0 ? NULL : g_strdup_printf("the host has no %s (%s)", what, path);
}

static char *check_zswap(const struct pn_scenario *scenario)
{
	return check_file("/sys/module/zswap/parameters/enabled", "zswap");
}

static char *check_ksm(const struct pn_scenario *scenario)
{
	return check_file("/sys/kernel/mm/ksm/run", "KSM");
}

static char *check_memory(const struct pn_scenario *scenario)
{
	uint64_t there = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE), needed_bytes = scenario->guest.memory_bytes;
	char needed[16], have[16];

	for (unsigned int i = 1; i < scenario->member_count; i++)
		needed_bytes += scenario->members[i]->guest.memory_bytes;
	if (needed_bytes < there)
		return NULL;
	return g_strdup_printf("the %s %s, the host has %s", scenario->member_count ? "guests need" : "guest needs",
			       pn_bytes_format(needed_bytes, needed, sizeof(needed)), pn_bytes_format(there, have, sizeof(have)));
}

static char *check_technique(const struct pn_scenario *scenario)
{
	return pn_technique_refusal(scenario);
}

static bool has_technique(const struct pn_scenario *scenario)
{
	return scenario->technique;
}

static bool always(const struct pn_scenario *scenario)
{
	return true;
}

static bool on_hugetlb(const struct pn_scenario *scenario)
{
	return scenario->guest.backing == PN_BACKING_HUGETLB;
}

static bool on_thp(const struct pn_scenario *scenario)
{
	return scenario->guest.backing == PN_BACKING_THP;
}

static char *check_pin(const struct pn_scenario *scenario)
{
	return g_strdup("nobody has looked whether the emulator can hold vCPUs: run `puncture doctor`");
}

static const struct pn_fault_info *fault_of(const struct pn_event *event)
{
	return event->action == PN_DO_FAULT ? pn_fault_find(event->name) : NULL;
}

static bool needs_plugin(const struct pn_scenario *scenario)
{
	for (unsigned int i = 0; i < scenario->event_count; i++) {
		const struct pn_fault_info *fault = fault_of(&scenario->events[i]);

		if (scenario->events[i].after == PN_AFTER_POINT || (fault && fault->in_qemu))
			return true;
	}
	return false;
}

static bool injects(const struct pn_scenario *scenario)
{
	for (unsigned int i = 0; i < scenario->event_count; i++) {
		const struct pn_fault_info *fault = fault_of(&scenario->events[i]);

		if (fault && fault->injected)
			return true;
	}
	return false;
}

/** struct impossible - an event that can't be in a phase, whoever drives the balloon */
static const struct impossible {
	const char *fault, *phase, *reason;
} impossible[] = {
    {"hibernate", "hinting", "all that is free is with the driver until the device has had its hints, and the kernel has no memory for its image (ENOMEM)"},
    {"hibernate", "oom", "the kernel has no memory for its image (ENOMEM)"},
    {"unplug", "hinting", "the device asks for hints while a migration is under way, and QEMU takes no device away then"},
};

static const struct impossible *find_impossible(const struct pn_event *event)
{
	json_t *args = event->action == PN_DO_FAULT ? json_loads(event->fault_args ? event->fault_args : "{}", 0, NULL) : NULL;
	const char *phase = json_string_value(json_object_get(args, "while"));
	const struct impossible *found = NULL;

	for (size_t i = 0; phase && i < G_N_ELEMENTS(impossible) && !found; i++)
		if (strcmp(impossible[i].fault, event->name) == 0 && strcmp(impossible[i].phase, phase) == 0)
			found = &impossible[i];
	json_decref(args);
	return found;
}

static bool has_phase(const struct pn_scenario *scenario)
{
	for (unsigned int i = 0; i < scenario->event_count; i++)
		if (find_impossible(&scenario->events[i]))
			return true;
	return false;
}

static char *check_phase(const struct pn_scenario *scenario)
{
	for (unsigned int i = 0; i < scenario->event_count; i++) {
		const struct impossible *found = find_impossible(&scenario->events[i]);

		if (found)
			return g_strdup_printf("%s can't be while %s: %s", found->fault, found->phase, found->reason);
	}
	return NULL;
}

static bool behind_iommu(const struct pn_balloon_device *balloon)
{
	return balloon->iommu && !balloon->absent;
}

const struct pn_requirement pn_requirements[] = {
    {.name = "memory", .check = check_memory, .implied = always, .help = "more host memory than the guest has"},
    {.name = "hugetlb", .check = check_backing, .implied = on_hugetlb, .help = "2MiB huge pages and memory for the guest"},
    {.name = "thp", .check = check_backing, .implied = on_thp, .help = "transparent huge pages not switched off"},
    {.name = "pin", .check = check_pin, .implied = needs_plugin, .help = "an emulator (TCG) that can hold vCPUs at points of the guest's code, and tamper with the balloon's queues"},
    {.name = "phase", .check = check_phase, .implied = has_phase, .help = "an event that can be in the phase it is to strike in"},
    {.name = "technique", .check = check_technique, .implied = has_technique, .help = "what the scenario's technique needs: swap, cgroups, zswap, KSM"},
    {.name = "libvirtd", .check = check_libvirtd, .implied = has_daemon, .help = "root, and a libvirtd that can be started for a case"},
    {.name = "kvm", .check = check_kvm, .help = "KVM, shown to work by a boot probe"},
    {.name = "pmu", .check = check_pmu, .help = "hardware performance counters"},
    {.name = "root", .check = check_root, .help = "root on the host"},
    {.name = "fault-injection", .check = check_fault_injection, .implied = injects, .help = "a guest kernel with failslab and fail_page_alloc: image debug"},
    {.name = "zswap", .check = check_zswap, .help = "zswap in the host's kernel"},
    {.name = "ksm", .check = check_ksm, .help = "KSM in the host's kernel"},
    {},
};

static char *(*hooks[G_N_ELEMENTS(pn_requirements)])(const struct pn_scenario *scenario);

const char **pn_require_names(void)
{
	const char **names = g_new0(const char *, G_N_ELEMENTS(pn_requirements));

	for (size_t i = 0; pn_requirements[i].name; i++)
		names[i] = pn_requirements[i].name;
	return names;
}

static size_t find(const char *name)
{
	size_t i = 0;

	while (pn_requirements[i].name && strcmp(pn_requirements[i].name, name) != 0)
		i++;
	return i;
}

void pn_require_hook(const char *name, char *(*check)(const struct pn_scenario *scenario))
{
	g_assert(pn_requirements[find(name)].name);
	hooks[find(name)] = check;
}

char *pn_require_check(const char *name, const struct pn_scenario *scenario)
{
	size_t i = find(name);

	if (!pn_requirements[i].name)
		return g_strdup_printf("unknown requirement '%s'", name);
	return hooks[i] ? hooks[i](scenario) : pn_requirements[i].check(scenario);
}

/** struct mismatch - a driver known not to work with a device */
static const struct mismatch {
	const char *driver;
	bool (*has)(const struct pn_balloon_device *balloon);
	const char *reason;
} mismatches[] = {
    {"stock", behind_iommu,
     "guest.balloon.iommu: the stock driver turns VIRTIO_F_ACCESS_PLATFORM down, and QEMU then turns the driver down: nothing would move"},
};

static char *check_match(const struct pn_scenario *scenario)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mismatches); i++)
		if (g_strcmp0(mismatches[i].driver, scenario->driver.name) == 0 && mismatches[i].has(&scenario->guest.balloon))
			return g_strdup(mismatches[i].reason);
	return NULL;
}

static char *require_members(const struct pn_scenario *scenario)
{
	for (unsigned int i = 0; i < scenario->member_count; i++) {
		g_autofree char *reason = pn_require_scenario(scenario->members[i]);

		if (reason)
			return g_strdup_printf("guest %s: %s", scenario->members[i]->guest_name, reason);
	}
	return NULL;
}

char *pn_require_scenario(const struct pn_scenario *scenario)
{
	for (const struct pn_requirement *requirement = pn_requirements; requirement->name; requirement++) {
		bool said = scenario->requires && g_strv_contains((const char *const *)scenario->requires, requirement->name);
		char *reason;

		if (!said && !(requirement->implied && requirement->implied(scenario)))
			continue;
		reason = pn_require_check(requirement->name, scenario);
		if (reason)
			return reason;
	}
	return scenario->member_count ? require_members(scenario) : check_match(scenario);
}
