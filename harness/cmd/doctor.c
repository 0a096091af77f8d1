// SPDX-License-Identifier: GPL-2.0-only
/* The pieces that `puncture doctor` looks for, one function each. Nothing is started but what tells its version, and nothing is changed. */
#include "doctor.h"

#include <glib.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../guests/images/headers.h"
#include "../../guests/images/image.h"
#include "../../guests/images/package.h"
#include "../../guests/images/recipe.h"
#include "../../reports/report.h"
#include "../base/cache.h"
#include "../base/diag.h"
#include "../base/owned.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "../observe/perf.h"
#include "../run/hostinfo.h"

#define ROOM_BYTES (2 * PN_GIB)
#define MEMORY_BYTES (2 * PN_GIB)

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

/* Is the program there? Those of root are looked for where root has them, too: depmod is run from there. */
static bool look_program(const char *name, char **ret_what)
{
	char *path = g_find_program_in_path(name);

	if (!path) {
		path = g_build_filename("/usr/sbin", name, NULL);
		if (access(path, X_OK))
			g_clear_pointer(&path, g_free);
	}
	*ret_what = path ? path : g_strdup_printf("%s is nowhere to be found", name);
	return path;
}

static bool look_make(char **ret_what)
{
	return look_program("make", ret_what);
}

static bool look_compiler(char **ret_what)
{
	return look_program("gcc", ret_what);
}

static bool look_depmod(char **ret_what)
{
	return look_program("depmod", ret_what);
}

static bool look_mksquashfs(char **ret_what)
{
	return look_program("mksquashfs", ret_what);
}

static bool look_zoom(char **ret_what)
{
	char *dir = pn_report_zoom_dir();

	*ret_what = dir ? dir : g_strdup("uPlot has not been fetched");
	return dir;
}

/* of the image's kernel, or where there is no image yet of the one that it would be made of */
static bool look_headers(char **ret_what)
{
	struct pn_image *image = NULL;
	struct pn_package package = {0};
	struct pn_diag diag = {0};
	bool built = !pn_image_find("cloud", &image, NULL);
	g_autofree char *name = g_strconcat("linux-headers-", built ? image->release : "cloud-amd64", NULL);
	char *dir = built ? pn_headers_find(image->release) : NULL;
	bool known = dir || !pn_package_resolve(name, built ? NULL : "linux-headers-", &package, &diag);

	if (dir)
		*ret_what = dir;
	else
		*ret_what = known ? g_strdup_printf("apt can fetch %s", package.name) : g_strdup(diag.text);
	pn_package_deinit(&package);
	pn_image_free(image);
	return known;
}

/* libvirtd, or what has taken its place for QEMU */
static bool look_libvirtd(char **ret_what)
{
	static const char *const sockets[] = {"/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock", NULL};

	for (const char *const *path = sockets; *path; path++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool answers;

		g_strlcpy(address.sun_path, *path, sizeof(address.sun_path));
		answers = fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address));
		if (fd >= 0)
			close(fd);
		if (!answers)
			continue;
		*ret_what = g_strdup_printf("answers at %s", *path);
		return true;
	}
	*ret_what = g_strdup("none answers on this host");
	return false;
}

const struct pn_doctor_check pn_doctor_checks[] = {
	{"emulator", true, "no guest can run", "apt-get install qemu-system-x86", look_qemu},
	{"libvirt", true, "no guest can run", "apt-get install libvirt-daemon-driver-qemu", look_libvirt},
	{"libvirt user", true, "libvirt's embedded driver refuses to start as root", "apt-get install libvirt-daemon-system", look_user},
	{"cache", true, "nothing that is built can be kept", "mkdir -p ${XDG_CACHE_HOME:-~/.cache}/puncture", look_cache},
	{"state", true, "what a killed run leaves could not be found again", "mkdir -p /run/puncture", look_state},
	{"make", true, "our driver can't be built", "apt-get install make", look_make},
	{"compiler", true, "our driver can't be built", "apt-get install gcc", look_compiler},
	{"kernel headers", true, "our driver can't be built for the guest's kernel", "apt-get update", look_headers},
	{"depmod", true, "the guest image can't be built", "apt-get install kmod", look_depmod},
	{"mksquashfs", true, "the guest image can't be built", "apt-get install squashfs-tools", look_mksquashfs},
	{"guest programs", true, "the guest image can't be built", "ci/setup", look_userland},
	{"cache room", true, "images and snapshots may not fit: 2 GiB are wanted", "puncture images --prune", look_cache_room},
	{"run room", true, "records of cases may not fit: 2 GiB are wanted", "advice: name a directory on a larger disk with --out", look_run_room},
	{"memory", true, "guests may be killed for want of memory: 2 GiB are wanted", "advice: end other programs", look_memory},
	{"root", false, "swap, cgroups, huge pages and other host settings can't be changed", "sudo puncture doctor", look_root},
	{"guest image", false, "the first run builds it: some tens of seconds", "puncture images build cloud", look_image},
	{"KVM", false, "guests run under TCG: several times slower; wall times compare with those under TCG only",
	 "modprobe kvm_intel || modprobe kvm_amd", look_kvm},
	{"counters", false, "CPU time, faults and switches of QEMU's threads are not measured",
	 "ci/libperf build && meson setup --reconfigure build", look_counters},
	{"libvirtd", false, "--connect has nothing to go to; the embedded driver needs none",
	 "apt-get install libvirt-daemon-system && systemctl start libvirtd", look_libvirtd},
	{"zoomable plots", false, "the plots of the HTML report stand still", "apt-get install npm && reports/html/uplot fetch", look_zoom},
	{0},
};
