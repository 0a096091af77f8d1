// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap files of the host. Recorded before they exist: file first, so that what a kill left half made is removed too.
 */
#include "swapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <unistd.h>

#include "diag.h"
#include "owned.h"
#include "spawn.h"
#include "units.h"

#define MKSWAP_NS (60 * PN_NS_PER_S)

static int allocate(const char *path, uint64_t bytes, struct pn_diag *diag)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), err;

	if (fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	err = posix_fallocate(fd, 0, (off_t)bytes);
	close(fd);
	return err ? pn_diag_set(diag, -err, "%s: %s", path, g_strerror(err)) : 0;
}

int pn_swapfile_make(const char *path, uint64_t bytes, struct pn_swapfile *ret_swapfile, struct pn_diag *diag)
{
	const char *argv[] = {"mkswap", path, NULL};
	struct pn_swapfile made = {0};
	g_autofree char *out = NULL;
	int r = pn_owned_add("file", json_pack("{s:s}", "path", path), diag);

	if (r < 0)
		return r;
	made.file_id = r;
	made.path = g_strdup(path);
	r = allocate(path, bytes, diag);
	if (r == 0)
		r = pn_spawn_run(argv, NULL, MKSWAP_NS, &out, diag);
	if (r >= 0)
		r = made.swap_id = pn_owned_add("swap", json_pack("{s:s}", "path", path), diag);
	if (r >= 0)
		r = swapon(path, 0) < 0 ? pn_diag_set(diag, -errno, "swapon %s: %s", path, g_strerror(errno)) : 0;
	if (r < 0) {
		pn_swapfile_remove(&made, NULL);
		return r;
	}
	*ret_swapfile = made;
	return 0;
}

int pn_swapfile_remove(struct pn_swapfile *swapfile, struct pn_diag *diag)
{
	int swap = swapfile->swap_id > 0 ? pn_owned_release(swapfile->swap_id, diag) : 0;
	int file = swapfile->file_id > 0 ? pn_owned_release(swapfile->file_id, swap ? NULL : diag) : 0;

	g_free(swapfile->path);
	*swapfile = (struct pn_swapfile){0};
	return swap ? swap : file;
}

char *pn_swapfile_refusal(const char *dir, uint64_t bytes)
{
	g_autofree char *mkswap = g_find_program_in_path("mkswap");
	struct statvfs space;
	struct statfs fs;

	if (geteuid() != 0)
		return g_strdup("no swap space: only root can add it");
	if (!mkswap)
		return g_strdup("no swap space: mkswap is missing: install util-linux");
	if (statfs(dir, &fs) < 0 || statvfs(dir, &space) < 0)
		return g_strdup_printf("no swap space: %s: %s: name a directory on a disk in PUNCTURE_SWAP_DIR", dir, g_strerror(errno));
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == NFS_SUPER_MAGIC)
		return g_strdup_printf("no swap space: no swap file can be in %s (memory, overlay or network): name a directory on a disk in PUNCTURE_SWAP_DIR", dir);
	if ((uint64_t)space.f_bavail * space.f_frsize < bytes)
		return g_strdup_printf("no swap space: %s has not %" G_GUINT64_FORMAT " MiB free: name another directory in PUNCTURE_SWAP_DIR", dir,
				       (guint64)(bytes / PN_MIB));
	return NULL;
}

const char *pn_swapfile_dir(void)
{
	const char *dir = g_getenv("PUNCTURE_SWAP_DIR");

	return dir && *dir ? dir : "/var/tmp";
}
