/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's start, from an initramfs with nothing mounted (guests/images/README.md says what is in it). */
#include "init.h"

#include "agent.h"
#include "cgroup.h"
#include "module.h"
#include "program.h"
#include "request.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <malloc.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOOLS_IMAGE "/tools.squashfs"
#define TOOLS_DIR "/tools"
#define HEAP_BYTES (8u << 20)
#define STACK_BYTES (256u << 10)
#define SWAP_MARK_AT 4086 /* of pages of 4 KiB */

static const struct {
	const char *type, *path, *data;
	unsigned long flags;
} mounts[] = {
	{"devtmpfs", "/dev", "mode=0755", MS_NOSUID},
	{"proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"tracefs", "/sys/kernel/tracing", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV},
	{"tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV},
	{"tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV},
};

/*
 * Never the balloon's: which driver gets it is the harness's to say. pvpanic-pci: without it a panic is silent for the host; in every boot,
 * so that a guest that has been reset can still tell.
 */
static const char *const modules[] = {"virtio_pci", "virtio_mmio", "virtio_console", "virtio_blk", "loop", "squashfs", "pvpanic-pci"};

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].path, 0755);
		if (mount(mounts[i].type, mounts[i].path, mounts[i].type, mounts[i].flags, mounts[i].data) < 0)
			pn_agent_log("mount %s: %s", mounts[i].path, strerror(errno));
	}
}

static void use_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	for (int to = 0; to < 3 && fd >= 0; to++)
		dup2(fd, to);
	if (fd > 2)
		close(fd);
}

static void load_modules(void)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		int r = pn_module_load(modules[i], "", NULL);

		if (r < 0)
			pn_agent_log("%s", pn_fail_text(r));
	}
}

/* The tools' image on a loop device, read-only. Return: 0 or a negative errno. */
static int mount_tools(void)
{
	struct loop_config config = {.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR};
	int image = open(TOOLS_IMAGE, O_RDONLY | O_CLOEXEC), control, device, number, r = 0;
	char path[32];

	if (image < 0)
		return -errno;
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (number < 0) {
		close(image);
		return -errno;
	}
	close(control);
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	device = open(path, O_RDONLY | O_CLOEXEC);
	config.fd = image;
	if (device < 0 || ioctl(device, LOOP_CONFIGURE, &config) < 0)
		r = -errno;
	mkdir(TOOLS_DIR, 0755);
	if (r == 0 && mount(path, TOOLS_DIR, "squashfs", MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
		r = -errno;
	close(image);
	if (device >= 0)
		close(device);
	return r;
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
		request.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &request);
	}
	close(fd);
}

/* Does this disk hold a kernel that hibernated? Its mark is where swap has its own, at the end of the first page. */
static bool is_asleep_on(const char *disk)
{
	static const char mark[] = "S1SUSPEND";
	char path[64], found[sizeof(mark) - 1];
	bool asleep;
	int fd;

	snprintf(path, sizeof(path), "/dev/%.32s", disk);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	asleep = pread(fd, found, sizeof(found), SWAP_MARK_AT) == (ssize_t)sizeof(found) && memcmp(found, mark, sizeof(found)) == 0;
	close(fd);
	return asleep;
}

/*
 * Before anything else is begun: what this boot did would be lost, and what it wrote would not be what the other one knows. Comes back only when there
 * is nobody to wake, or the kernel could not.
 */
static void wake_hibernated(void)
{
	char path[64], number[32];
	DIR *dir = opendir("/sys/block");
	const struct dirent *entry;
	int r;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vd", 2) != 0 || !is_asleep_on(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/sys/block/%.32s/dev", entry->d_name);
		r = pn_agent_read(path, number, sizeof(number));
		if (r >= 0)
			r = pn_agent_write("/sys/power/resume", number);
		pn_agent_log("%s holds a hibernated kernel that could not be woken: %s", entry->d_name, r < 0 ? strerror(-r) : "see the kernel's log");
	}
	if (dir)
		closedir(dir);
}

void pn_init_guest(void)
{
	int r;

	mount_all();
	use_console();
	setenv("PATH", pn_program_path, 1);
	setenv("HOME", "/tmp", 1);
	umask(022);
	r = pn_cgroup_init();
	if (r < 0)
		pn_agent_log("cgroups: %s: OOM kills of loads will be unknown", strerror(-r));
	load_modules();
	wake_hibernated();
	r = mount_tools();
	if (r < 0)
		pn_agent_log("%s: %s: fio and stress-ng will be missing", TOOLS_IMAGE, strerror(-r));
	raise_loopback();
}

/* The stack as deep as it will ever be needed. */
static void __attribute__((noinline)) touch_stack(void)
{
	volatile char deep[STACK_BYTES];

	for (size_t i = 0; i < sizeof(deep); i += 4096)
		deep[i] = 0;
}

void pn_init_shield(void)
{
	struct sched_param lowest = {.sched_priority = 1};
	int r = pn_agent_write("/proc/self/oom_score_adj", "-1000");
	char *heap;

	if (r < 0)
		pn_agent_log("oom_score_adj: %s", strerror(-r));
	/* What is freed stays ours, so that a later allocation of the same size asks the kernel for nothing. */
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_TOP_PAD, 1 << 20);
	heap = malloc(HEAP_BYTES);
	if (heap)
		memset(heap, 1, HEAP_BYTES);
	__asm__ volatile("" : : "r"(heap) : "memory"); /* or the compiler finds that all this does nothing */
	free(heap);
	touch_stack();
	/* All there is, touched and kept; what comes later (outputs of loads) only as far as it is used. */
	if (mlockall(MCL_CURRENT) < 0 || mlockall(MCL_FUTURE | MCL_ONFAULT) < 0)
		pn_agent_log("mlockall: %s", strerror(errno));
	/*
	 * Real-time not for speed but for memory: the kernel lets such a task dip into its reserves where any other would wait in reclaim,
	 * and an agent behind a hundred busy loads must still answer. It runs a fraction of a percent of the time; children do not inherit it.
	 */
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) < 0)
		pn_agent_log("SCHED_RR: %s", strerror(errno));
}
