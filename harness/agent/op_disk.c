/* SPDX-License-Identifier: GPL-2.0-only */
/* Disks and swap of the guest, and its page cache. All of it may block on a device, so all of it is jobs. */
#include "ops.h"

#include "agent.h"
#include "job.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <unistd.h>

#define TIMEOUT_MS 60000
#define SWAP_VERSION_OFFSET 1024
#define SWAP_SIGNATURE "SWAPSPACE2"

/*
 * A swap signature as mkswap writes it (struct swap_header, include/linux/swap.h): version 1, last page, no bad pages, magic at the end of
 * the first page. The harness gives each guest an empty disk, so the guest writes it.
 */
static int format_swap(int fd, uint64_t bytes, const char *device)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t first[65536] = {0};
	uint32_t version = 1, last = bytes / page - 1;

	if (bytes < (uint64_t)page * 10 || page > (long)sizeof(first))
		return pn_fail(-EINVAL, "swap.on: device: %.100s is too small for swap", device);
	memcpy(first + SWAP_VERSION_OFFSET, &version, sizeof(version));
	memcpy(first + SWAP_VERSION_OFFSET + 4, &last, sizeof(last));
	memcpy(first + page - strlen(SWAP_SIGNATURE), SWAP_SIGNATURE, strlen(SWAP_SIGNATURE));
	if (pwrite(fd, first, page, 0) != page || fsync(fd) < 0)
		return pn_fail(errno ? -errno : -EIO, "swap.on: %.100s: %m", device);
	return 0;
}

static int size_of(int fd, uint64_t *ret_bytes)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_bytes = st.st_size;
	return S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, ret_bytes) < 0 ? -errno : 0;
}

static int swap_on_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	char magic[sizeof(SWAP_SIGNATURE) - 1];
	const char *device;
	uint64_t bytes;
	int64_t priority;
	int fd, r = pn_arg_path(request, "device", &device);

	if (r == 0)
		r = pn_arg_integer(request, "priority", 0, SWAP_FLAG_PRIO_MASK, 0, &priority);
	if (r < 0)
		return r;
	fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0 || (r = size_of(fd, &bytes)) < 0)
		return pn_fail(-errno, "swap.on: %.100s: %m", device);
	if (pread(fd, magic, sizeof(magic), sysconf(_SC_PAGESIZE) - sizeof(magic)) != sizeof(magic) ||
	    memcmp(magic, SWAP_SIGNATURE, sizeof(magic)) != 0) {
		r = format_swap(fd, bytes, device);
		if (r < 0)
			return r;
	}
	close(fd);
	if (swapon(device, SWAP_FLAG_PREFER | (int)priority) < 0)
		return pn_fail(-errno, "swap.on: %.100s: %m", device);
	*ret_reply = json_pack("{s:I}", "bytes", (json_int_t)(bytes - sysconf(_SC_PAGESIZE)));
	return 0;
}

static int run_swap_on(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, swap_on_child, TIMEOUT_MS);
}

static int swap_off_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const char *device;
	int r = pn_arg_path(request, "device", &device);

	if (r == 0 && swapoff(device) < 0)
		r = pn_fail(-errno, "swap.off: %.100s: %m", device);
	return r;
}

static int run_swap_off(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, swap_off_child, TIMEOUT_MS);
}

static int make_fs(const char *fs, const char *device)
{
	/* No journal and nothing left for later: a load shall meet its own writes, not the making of its file system. */
	const char *const argv[] = {"mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=0,nodiscard", device, NULL};

	if (strcmp(fs, "ext4") != 0)
		return pn_fail(-EINVAL, "disk.mount: fs: '%.50s' can't be made here; expected ext4", fs);
	return pn_program_run(argv);
}

static int mount_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const char *device, *path, *fs;
	struct statvfs vfs;
	int r = pn_arg_path(request, "device", &device);

	if (r == 0)
		r = pn_arg_path(request, "path", &path);
	if (r == 0)
		r = pn_arg_string(request, "fs", "ext4", &fs);
	if (r == 0 && json_is_true(json_object_get(request->args, "mkfs")))
		r = make_fs(fs, device);
	if (r < 0)
		return r;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return pn_fail(-errno, "disk.mount: %.100s: %m", path);
	if (mount(device, path, fs, MS_NOATIME, NULL) < 0)
		return pn_fail(-errno, "disk.mount: %.100s on %.100s: %m", device, path);
	if (statvfs(path, &vfs) < 0)
		return pn_fail(-errno, "disk.mount: %.100s: %m", path);
	*ret_reply = json_pack("{s:I}", "bytes", (json_int_t)vfs.f_bavail * (json_int_t)vfs.f_frsize);
	return 0;
}

static int run_mount(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, mount_child, TIMEOUT_MS);
}

static int unmount_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const char *path;
	int r = pn_arg_path(request, "path", &path);

	if (r == 0 && umount2(path, 0) < 0)
		r = pn_fail(-errno, "disk.unmount: %.100s: %m", path);
	return r;
}

static int run_unmount(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, unmount_child, TIMEOUT_MS);
}

static int drop_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	char text[8];
	int64_t what;
	int r = pn_arg_integer(request, "what", 1, 3, 3, &what);

	if (r < 0)
		return r;
	sync(); /* dirty pages can't be dropped */
	snprintf(text, sizeof(text), "%" PRId64, what);
	r = pn_agent_write("/proc/sys/vm/drop_caches", text);
	return r < 0 ? pn_fail(r, "drop_caches: %s", strerror(-r)) : 0;
}

static int run_drop_caches(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, drop_child, TIMEOUT_MS);
}

const struct pn_op pn_ops_disk[] = {
	{"swap.on", "swap on a device, formatted first when it is not", run_swap_on},
	{"swap.off", "swap off", run_swap_off},
	{"disk.mount", "mount a disk, made first when asked", run_mount},
	{"disk.unmount", "unmount a disk", run_unmount},
	{"drop_caches", "write back and drop page cache (1), slab (2) or both (3)", run_drop_caches},
	{0},
};
