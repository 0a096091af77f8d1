// SPDX-License-Identifier: GPL-2.0-only
/*
 * `puncture doctor`: every piece that a run may need, what it costs to be without it, and the one command that mends it. A table of
 * checks; what a scenario can ask of the host comes from the planner's own table of requirements, so the two can't disagree.
 */
#include "commands.h"

#include <glib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <pwd.h>

#include "../../guests/images/image.h"
#include "../../guests/images/recipe.h"
#include "../base/cache.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "../observe/perf.h"
#include "../run/hostinfo.h"
#include "../run/progress.h"
#include "../run/run.h"
#include "../scenario/require.h"
#include "text.h"

#define ROOM_BYTES (2 * PN_GIB)
#define MEMORY_BYTES (2 * PN_GIB)
#define COLUMN 24
#define USUAL_GUEST_BYTES (512 * PN_MIB)

/** struct check - one piece */
struct check {
	const char *name;
	bool must;	  /* nothing runs without it */
	const char *cost; /* what it costs to be without it */
	const char *mend; /* the command */
	/* @look: is it there? @ret_what: what is there, or what is wrong; freed with g_free() */
	bool (*look)(char **ret_what);
};

static bool look_qemu(char **ret_what)
{
	const char *const argv[] = {"qemu-system-x86_64", "--version", NULL};
	struct pn_diag diag = {0};
	char *out = NULL;

	if (pn_spawn_run(argv, NULL, 10 * PN_NS_PER_S, &out, &diag)) {
		*ret_what = g_strdup(diag.text);
		return false;
	}
	out[strcspn(out, "\n")] = '\0';
	*ret_what = out;
	return true;
}

static bool look_libvirt(char **ret_what)
{
	static const char *const places[] = {"/usr/lib/x86_64-linux-gnu/libvirt", "/usr/lib/libvirt", "/usr/lib64/libvirt", NULL};

	for (const char *const *place = places; *place; place++) {
		g_autofree char *path = g_build_filename(*place, "connection-driver", "libvirt_driver_qemu.so", NULL);

		if (access(path, R_OK))
			continue;
		*ret_what = g_steal_pointer(&path);
		return true;
	}
	*ret_what = g_strdup("libvirt_driver_qemu.so is nowhere to be found");
	return false;
}

static bool look_user(char **ret_what)
{
	if (geteuid()) {
		*ret_what = g_strdup("not needed: not root");
		return true;
	}
	*ret_what = g_strdup(getpwnam("libvirt-qemu") ? "libvirt-qemu exists" : "there is no user libvirt-qemu");
	return getpwnam("libvirt-qemu");
}

static bool look_root(char **ret_what)
{
	*ret_what = g_strdup_printf("user id %u", (unsigned int)geteuid());
	return geteuid() == 0;
}

static bool look_cache(char **ret_what)
{
	struct pn_diag diag = {0};
	char *root = pn_cache_root(&diag);

	*ret_what = root ? root : g_strdup(diag.text);
	if (!root)
		return false;
	return access(root, W_OK) == 0;
}

static bool look_state(char **ret_what)
{
	*ret_what = g_strdup(pn_owned_state_dir());
	return access(*ret_what, W_OK) == 0;
}

static bool has_room(const char *path, char **ret_what)
{
	struct statvfs vfs;
	char size[16];

	if (statvfs(path, &vfs)) {
		*ret_what = g_strdup(path);
		return false;
	}
	*ret_what = g_strdup_printf("%s free in %s", pn_bytes_format((uint64_t)vfs.f_bavail * vfs.f_frsize, size, sizeof(size)), path);
	return (uint64_t)vfs.f_bavail * vfs.f_frsize >= ROOM_BYTES;
}

static bool look_cache_room(char **ret_what)
{
	g_autofree char *root = pn_cache_root(NULL);

	return has_room(root ? root : "/", ret_what);
}

static bool look_run_room(char **ret_what)
{
	return has_room(".", ret_what);
}

static bool look_memory(char **ret_what)
{
	uint64_t bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	char size[16];

	*ret_what = g_strdup_printf("%s free", pn_bytes_format(bytes, size, sizeof(size)));
	return bytes >= MEMORY_BYTES;
}

static bool look_image(char **ret_what)
{
	struct pn_image *image = NULL;
	struct pn_diag diag = {0};

	if (pn_image_find("cloud", &image, &diag)) {
		*ret_what = g_strdup("the image 'cloud' is not built yet");
		return false;
	}
	*ret_what = g_strdup_printf("cloud, Linux %s", image->release);
	pn_image_free(image);
	return true;
}

/* what the recipe takes from this host */
static bool look_userland(char **ret_what)
{
	struct pn_recipe *recipe = NULL;
	struct pn_diag diag = {0};
	g_autoptr(GString) missing = g_string_new(NULL);

	if (pn_recipe_read("cloud", &recipe, NULL, &diag)) {
		*ret_what = g_strdup(diag.text);
		return false;
	}
	for (unsigned int i = 0; i < recipe->files_count; i++)
		if (access(recipe->files[i].file, R_OK))
			g_string_append_printf(missing, "%s%s (package %s)", missing->len ? ", " : "", recipe->files[i].file,
					       recipe->files[i].package ? recipe->files[i].package : "?");
	pn_recipe_free(recipe);
	*ret_what = g_strdup(missing->len ? missing->str : "all files of the recipe 'cloud' are there");
	return !missing->len;
}

static bool look_kvm(char **ret_what)
{
	return pn_hostinfo_accel(NULL, ret_what) == PN_ACCEL_KVM;
}

static bool look_counters(char **ret_what)
{
	/* PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK */
	static const struct pn_perf_event event = {.name = "task_clock_ns", .type = 1, .config = 1};
	const char *reason = "";
	struct pn_perf *perf = NULL;

	if (pn_perf_open(&event, gettid(), &perf, &reason)) {
		*ret_what = g_strdup(reason);
		return false;
	}
	pn_perf_close(perf);
	*ret_what = g_strdup("libperf counts");
	return true;
}

static const struct check checks[] = {
	{"emulator", true, "no guest can run", "apt-get install qemu-system-x86", look_qemu},
	{"libvirt", true, "no guest can run", "apt-get install libvirt-daemon-driver-qemu", look_libvirt},
	{"libvirt user", true, "libvirt's embedded driver refuses to start as root", "apt-get install libvirt-daemon-system", look_user},
	{"cache", true, "nothing that is built can be kept", "mkdir -p ${XDG_CACHE_HOME:-~/.cache}/puncture", look_cache},
	{"state", true, "what a killed run leaves could not be found again", "mkdir -p /run/puncture", look_state},
	{"guest programs", true, "the guest image can't be built", "ci/setup", look_userland},
	{"cache room", true, "images and snapshots may not fit: 2 GiB are wanted", "puncture images --prune", look_cache_room},
	{"run room", true, "records of cases may not fit: 2 GiB are wanted", "puncture run --out DIR, on a larger disk", look_run_room},
	{"memory", true, "guests may be killed for want of memory: 2 GiB are wanted", "end other programs", look_memory},
	{"root", false, "swap, cgroups, huge pages and other host settings can't be changed", "sudo puncture", look_root},
	{"guest image", false, "the first run builds it: some tens of seconds", "puncture images build cloud", look_image},
	{"KVM", false, "guests run under TCG: several times slower; wall times compare with those under TCG only",
	 "run on a host whose CPU virtualisation is open to it (modprobe kvm_intel or kvm_amd)", look_kvm},
	{"counters", false, "CPU time, faults and switches of QEMU's threads are not measured",
	 "ci/libperf build && meson setup --reconfigure build", look_counters},
};

/** struct tally - what has been seen */
struct tally {
	unsigned int musts; /* missing */
	unsigned int wants;
	bool colour;
};

static void print(struct tally *tally, const char *name, bool there, bool must, const char *what, const char *cost, const char *mend)
{
	const char *word = there ? "ok" : must ? "MISSING" : "without";
	const char *colour = there ? "\033[32m" : must ? "\033[31m" : "\033[33m";
	g_autofree char *term = g_strdup_printf("%s%-8s%s%s", tally->colour ? colour : "", word, tally->colour ? "\033[0m" : "", name);
	g_autofree char *mending = mend ? g_strdup_printf("mend: %s", mend) : NULL;

	pn_text_item(stdout, 0, term, COLUMN, what);
	if (there)
		return;
	tally->musts += must;
	tally->wants += !must;
	pn_text_item(stdout, COLUMN - 1, "", COLUMN, cost);
	if (mending)
		printf("%*s%s\n", COLUMN, "", mending); /* not wrapped: to be copied */
}

/** struct mend - how the host can be made to meet a requirement of the planner's table */
static const struct mend {
	const char *requirement;
	const char *command;
} mends[] = {
	{"hugetlb", "sysctl vm.nr_hugepages=512"},
	{"thp", "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"},
	{"zswap", "boot a host kernel with CONFIG_ZSWAP"},
	{"ksm", "boot a host kernel with CONFIG_KSM"},
	{"pmu", "run on a host that has a PMU, or give the virtual machine one"},
};

/* a requirement that no entry of its own above covers */
static void check_requirement(struct tally *tally, const struct pn_requirement *requirement)
{
	struct pn_scenario usual = {.guest.memory_bytes = USUAL_GUEST_BYTES};
	g_autofree char *why = pn_require_check(requirement->name, &usual);
	const char *mend = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(mends); i++)
		if (!strcmp(mends[i].requirement, requirement->name))
			mend = mends[i].command;
	print(tally, requirement->name, !why, false, why ? why : requirement->help, "cases that require it are skipped", mend);
}

static bool covered(const char *requirement)
{
	static const char *const above[] = {"kvm", "root", "memory", NULL};

	return g_strv_contains(above, requirement);
}

static int run(const struct pn_opts *opts, struct pn_diag *diag)
{
	struct tally tally = {.colour = pn_progress_colour(STDOUT_FILENO)};

	pn_run_init();
	for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
		g_autofree char *what = NULL;
		bool there = checks[i].look(&what);

		print(&tally, checks[i].name, there, checks[i].must, what, checks[i].cost, checks[i].mend);
	}
	for (const struct pn_requirement *requirement = pn_requirements; requirement->name; requirement++)
		if (!covered(requirement->name))
			check_requirement(&tally, requirement);
	if (tally.musts)
		printf("\n%u missing: the main job can't run\n", tally.musts);
	else
		printf("\nthe main job can run%s\n", tally.wants ? "; what stands as 'without' is optional" : "");
	return tally.musts ? PN_EXIT_BROKEN : PN_EXIT_PASS;
}

const struct pn_command pn_command_doctor = {
	.name = "doctor",
	.summary = "what this host can do, what is missing, and what mends it",
	.usage = "",
	.description = "Looks at everything a run may need: says what is there, what it costs to be\n"
		       "without the rest, and the command that mends it. KVM is judged by booting a\n"
		       "guest, once per host and kernel. Exits with 3 when the main job can't run.",
	.run = run,
};
