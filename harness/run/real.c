// SPDX-License-Identifier: GPL-2.0-only
/* The parts of a run that touch guests, for the supervisor: what to prepare, what this host can do, and the case itself. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../../drivers-under-test/balloond/laws/law.h"
#include "../../guests/images/image.h"
#include "../../guests/images/mutants.h"
#include "../../guests/images/recipe.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "../guest/backing.h"
#include "../guest/emulator.h"
#include "../guest/guest.h"
#include "../guest/kinds.h"
#include "../scenario/names.h"
#include "../scenario/require.h"
#include "../scenario/scenario.h"
#include "case.h"
#include "course.h"
#include "control.h"
#include "hostinfo.h"
#include "policy.h"
#include "run.h"
#include "workdir.h"

#define CONTROL_PAIRS 6
#define CONTROL_WINDOW_NS (2 * PN_NS_PER_S)
#define EXACT_TIMEOUTS 5 /* timeouts are of live guests: one whose instructions are counted takes the longer, the more there is beside it */

static int prepare(const struct pn_scenario *scenario, const char *uri, struct pn_diag *diag)
{
	const struct pn_machine *machine = &scenario->guest;
	struct pn_machine shaped = *machine;
	g_autofree char *dir = NULL;
	struct pn_host_config config = {.uri = uri};
	struct pn_module *module = NULL;
	struct pn_image *image = NULL;
	struct pn_host *host = NULL;
	int err = pn_image_get(machine->image ? machine->image : "cloud", machine->kernel, machine->modules, &image, diag);

	if (!err)
		err = pn_module_get(scenario->driver.name, image, &module, diag);
	if (!err && machine->exact)
		pn_course_preload(&shaped, module);
	if (!err)
		err = MIN(pn_workdir_make(&dir, diag), 0);
	config.run_dir = dir;
	if (!err)
		err = pn_host_open(&config, &host, diag);
	if (!err) {
		err = pn_guest_prepare(host, &shaped, diag);
		pn_host_close(host);
	}
	pn_module_free(module);
	pn_image_free(image);
	return err < 0 ? err : 0;
}

static const char *or_none(const char *text)
{
	return text ? text : "";
}

/* all that decides about image, driver and snapshot, as a text that tells a person something, too */
static char *prepare_key(const struct pn_scenario *scenario)
{
	const struct pn_machine *m = &scenario->guest;
	const struct pn_balloon_device *b = &m->balloon;
	GString *key = g_string_new(NULL);
	char memory[16];

	g_string_printf(key, "%s image, driver %s, %s guest, %u vCPU, %s, %s", m->image ? m->image : "cloud", scenario->driver.name,
			pn_bytes_format(m->memory_bytes, memory, sizeof(memory)), m->vcpus, pn_backing_names[m->backing],
			m->accel == PN_ACCEL_KVM ? "KVM" : "TCG");
	g_string_append_printf(key, "%s%s%s%s%s%s%s", b->absent ? ", no balloon" : "", b->deflate_on_oom ? ", deflate-on-oom" : "",
			       b->free_page_reporting ? ", free-page-reporting" : "", b->free_page_hint ? ", free-page-hint" : "",
			       b->page_poison ? ", page-poison" : "", b->packed ? ", packed" : "", b->iommu ? ", iommu" : "");
	g_string_append_printf(key, "%s%s%s", b->direct ? ", direct" : "", b->model ? ", " : "", b->model ? pn_virtio_names[b->model] : "");
	if (m->exact)
		g_string_append(key, ", exact");
	if (m->swap_bytes)
		g_string_append_printf(key, ", swap %s", pn_bytes_format(m->swap_bytes, memory, sizeof(memory)));
	if (m->disk_bytes)
		g_string_append_printf(key, ", disk %s", pn_bytes_format(m->disk_bytes, memory, sizeof(memory)));
	if (m->extra_devices || m->kernel_args || m->kernel || m->modules || m->qemu)
		g_string_append_printf(key, " (%s %s %s %s %s)", or_none(m->kernel), or_none(m->modules), or_none(m->qemu),
				       or_none(m->kernel_args), or_none(m->extra_devices));
	return g_string_free(key, FALSE);
}

static char *check_kvm(const struct pn_scenario *scenario)
{
	g_autofree char *why = NULL;

	if (pn_hostinfo_accel(scenario->guest.qemu, &why) == PN_ACCEL_KVM)
		return NULL;
	return g_strdup_printf("KVM does not work here: %s", why);
}

static char *check_pin(const struct pn_scenario *scenario)
{
	g_autofree char *emulator = NULL, *plugin = NULL;
	struct pn_diag diag = {0};

	if (scenario->guest.unpinned)
		return g_strdup("guest.unpinned: without the TCG plugin no vCPU can be held at a point, nor queues be tampered with");
	if (pn_hostinfo_accel(scenario->guest.qemu, NULL) == PN_ACCEL_KVM)
		return g_strdup("points of the guest's code, and tampering with queues, need TCG, and this host runs guests under KVM");
	if (!pn_emulator_path(scenario->guest.qemu, &emulator, &diag) && !pn_emulator_plugin(emulator, &plugin, &diag))
		return NULL;
	return g_strdup(diag.text);
}

static char *check_backing(const struct pn_scenario *scenario, enum pn_backing backing)
{
	struct pn_machine machine = scenario->guest;
	struct pn_diag diag = {0};

	machine.backing = backing; /* doctor asks for each of them */
	return pn_backing_can(&machine, &diag) ? g_strdup(diag.text) : NULL;
}

static char *check_hugetlb(const struct pn_scenario *scenario)
{
	return check_backing(scenario, PN_BACKING_HUGETLB);
}

static char *check_thp(const struct pn_scenario *scenario)
{
	return check_backing(scenario, PN_BACKING_THP);
}

/* The latency probe measures times, of which there are none; disks that no load uses would only be in the way (a
 * technique's mix is a load that its events start). */
static void strip_for_exact(struct pn_scenario *scenario)
{
	unsigned int kept = 0;

	for (char **load = scenario->loads; load && *load; load++) {
		if (strcmp(*load, "touch"))
			scenario->loads[kept++] = *load;
		else
			g_free(*load);
	}
	if (scenario->loads)
		scenario->loads[kept] = NULL;
	if (!kept && !scenario->guest.swap_nbdkit && !scenario->technique)
		scenario->guest.swap_bytes = scenario->guest.disk_bytes = 0;
}

static char *event_refused(const struct pn_scenario *scenario, const struct pn_event *event)
{
	static const char *const ways[] = {"unbind", "bind", "unload", "load", NULL};

	if (event->after == PN_AFTER_POINT && event->action == PN_DO_LIFECYCLE)
		return g_strdup_printf("lifecycle action %s at a point needs the guest's answer", event->name);
	switch (event->action) {
	case PN_DO_TARGET:
	case PN_DO_HOLD:
		return NULL;
	case PN_DO_LIFECYCLE:
		return g_strv_contains(ways, event->name) ? NULL : g_strdup_printf("lifecycle action %s stops or restarts vCPUs by the host's clock", event->name);
	case PN_DO_LOAD_START:
	case PN_DO_LOAD_STOP:
	case PN_DO_RECLAIM:
	case PN_DO_NEED:
	case PN_DO_GIVE_BACK:
		if (scenario->technique) /* scenario/technique-host.c says which can't */
			return NULL;
		/* fall through */
	default:
		return g_strdup_printf("%s is timed by the host's clock", event->name);
	}
}

/* What exact mode can't give, said before anything starts. */
static char *refuse_exact(const struct pn_scenario *scenario)
{
	const struct pn_machine *machine = &scenario->guest;
	char *why = NULL;

	if (machine->vcpus != 1)
		return g_strdup_printf("exact mode: instructions repeat with one vCPU only, the scenario has %u", machine->vcpus);
	if (scenario->member_count)
		return g_strdup("exact mode: one guest only");
	if (machine->swap_nbdkit)
		return g_strdup("exact mode: nbdkit answers in the host's time");
	if (machine->virtio_mem_bytes)
		return g_strdup("exact mode: virtio-mem is served by QEMU's main loop, in the host's time");
	if (machine->balloon.free_page_hint)
		return g_strdup("exact mode: free-page-hint is served by a thread of its own");
	if (machine->unpinned)
		return g_strdup("exact mode: guest.unpinned leaves out the plugin that it needs");
	for (unsigned int i = 0; i < scenario->event_count && !why; i++)
		why = event_refused(scenario, &scenario->events[i]);
	if (!why)
		return check_pin(scenario);
	char *words = g_strdup_printf("exact mode: %s", why);

	g_free(why);
	return words;
}

static char *fit(struct pn_scenario *scenario)
{
	if (scenario->guest.exact) {
		scenario->guest.accel = PN_ACCEL_TCG;
		scenario->timeout_ns *= EXACT_TIMEOUTS;
		strip_for_exact(scenario);
		return refuse_exact(scenario);
	}
	/* the probe's answer is cached per host and kernel: it boots something once only */
	scenario->guest.accel = pn_hostinfo_accel(scenario->guest.qemu, NULL);
	for (unsigned int i = 0; i < scenario->member_count; i++)
		fit(scenario->members[i]);
	return NULL;
}

static int control(const struct pn_scenario *scenario, const char *uri, const char *path, struct pn_diag *diag)
{
	struct pn_control_pair pairs[CONTROL_PAIRS] = {0};
	g_autofree char *dir = NULL;
	struct pn_control_config config = {
		.scenario = scenario, .uri = uri, .pairs = CONTROL_PAIRS, .window_ns = CONTROL_WINDOW_NS, .seed = scenario->seed
	};
	int err = MIN(pn_workdir_make(&dir, diag), 0);
	json_t *json;
	char *text;

	config.dir = dir;
	if (!err)
		err = pn_control_measure(&config, pairs, diag);
	if (err)
		return err;
	json = pn_control_json(pairs, CONTROL_PAIRS, CONTROL_WINDOW_NS);
	text = json_dumps(json, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	err = pn_fs_write(path, text, strlen(text), diag);
	free(text);
	json_decref(json);
	return err;
}

static char **law_names(void)
{
	GPtrArray *names = g_ptr_array_new();

	for (const struct pn_law *const *law = pn_laws; *law; law++)
		g_ptr_array_add(names, g_strdup((*law)->name));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

void pn_run_init(void)
{
	pn_require_hook("kvm", check_kvm);
	pn_require_hook("pin", check_pin);
	pn_require_hook("hugetlb", check_hugetlb);
	pn_require_hook("thp", check_thp);
	pn_names_provide("drivers", pn_module_names);
	pn_names_provide("laws", law_names);
	pn_names_provide("images", pn_recipe_names);
	pn_names_provide("mutants", pn_mutants_suites);
	pn_names_provide("controls", pn_mutants_controls);
	pn_guest_register_kinds();
}

const struct pn_run_ops pn_run_ops_real = {
	.prepare = prepare,
	.prepare_key = prepare_key,
	.run_case = pn_case_run,
	.fit = fit,
	.host = pn_hostinfo_get,
	.control = control,
	.policy = pn_policy_mutants_run,
};
