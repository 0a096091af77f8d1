// SPDX-License-Identifier: GPL-2.0-only
/*
 * libvirt's QEMU driver inside this process. One process owns one root directory, so each has its own, made in a moment; what takes
 * seconds, asking QEMU for its capabilities, is kept in the project's cache and copied in.
 *
 * The driver stays up until the process ends, bound to the root it was first opened with, whatever is closed; and its threads do not
 * survive a fork. So all hosts of a process share one root. The directory goes with the last host, and when another is opened
 * the directories that the driver made at its start are made again.
 */

#include <errno.h>
#include <libvirt/libvirt.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/cache.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "virt.h"

/* No other users, labels, cgroups or namespaces; logs written by QEMU itself, since there is no virtlogd. */
const char pn_virt_qemu_conf[] =
	"user = \"root\"\n"
	"group = \"root\"\n"
	"dynamic_ownership = 0\n"
	"remember_owner = 0\n"
	"cgroup_controllers = []\n"
	"stdio_handler = \"file\"\n"
	"security_driver = \"none\"\n"
	"namespaces = []\n"
	"max_core = 0\n";

static struct {
	GMutex lock; /* all below */
	pid_t pid;   /* whose root it is; 0: none yet */
	char *dir;
	GPtrArray *made; /* what the driver made at its start; NULL before */
	unsigned int users;
	int id; /* owner record */
} root;

static int make_root(struct pn_diag *diag)
{
	g_autofree char *etc = g_build_filename(root.dir, "etc", NULL);
	g_autofree char *conf = g_build_filename(etc, "qemu.conf", NULL);
	int err;

	root.id = pn_owned_add("tree", json_pack("{s:s}", "path", root.dir), diag);
	if (root.id < 0)
		return root.id;
	err = pn_fs_mkdir_p(etc, diag);
	if (!err)
		err = pn_fs_write(conf, pn_virt_qemu_conf, strlen(pn_virt_qemu_conf), diag);
	for (guint i = 0; !err && root.made && i < root.made->len; i++)
		err = pn_fs_mkdir_p(root.made->pdata[i], diag);
	return err;
}

int pn_virt_embed(const char *wanted_dir, char **ret_dir, struct pn_diag *diag)
{
	int err = 0;

	g_mutex_lock(&root.lock);
	if (root.pid && root.pid != getpid())
		err = pn_diag_set(diag, -EDEADLK, "a process that forks must not have opened a host before: libvirt does not survive it");
	if (!err && !root.pid) {
		root.dir = g_strdup(wanted_dir);
		root.pid = getpid();
	}
	if (!err && root.users == 0)
		err = make_root(diag);
	if (!err) {
		root.users++;
		*ret_dir = g_strdup(root.dir);
	}
	g_mutex_unlock(&root.lock);
	return err;
}

static void note_made(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		if (!g_file_test(below, G_FILE_TEST_IS_DIR) || g_file_test(below, G_FILE_TEST_IS_SYMLINK))
			continue;
		note_made(below);
		g_ptr_array_add(root.made, g_steal_pointer(&below));
	}
	if (dir)
		g_dir_close(dir);
}

void pn_virt_embedded(void)
{
	g_mutex_lock(&root.lock);
	if (!root.made) {
		root.made = g_ptr_array_new();
		note_made(root.dir);
	}
	g_mutex_unlock(&root.lock);
}

void pn_virt_unembed(void)
{
	g_mutex_lock(&root.lock);
	if (--root.users == 0)
		pn_owned_release(root.id, NULL);
	g_mutex_unlock(&root.lock);
}

static char *capabilities_dir(const struct pn_virt *virt)
{
	return g_build_filename(virt->dir, "cache", "qemu", "capabilities", NULL);
}

/* Copy every file of a directory into another. */
static int copy_files(const char *from, const char *to, struct pn_diag *diag)
{
	GDir *dir = g_dir_open(from, 0, NULL);
	const char *name;
	int err = dir ? pn_fs_mkdir_p(to, diag) : pn_diag_set(diag, -ENOENT, "%s: can't be read", from);

	while (!err && (name = g_dir_read_name(dir))) {
		g_autofree char *source = g_build_filename(from, name, NULL);
		g_autofree char *target = g_build_filename(to, name, NULL);

		err = pn_fs_copy(source, target, diag);
	}
	if (dir)
		g_dir_close(dir);
	return err;
}

static int probe(struct pn_virt *virt, const struct pn_machine *machine, const struct pn_virt_boot *boot, struct pn_diag *diag)
{
	char *xml = virConnectGetDomainCapabilities(virt->conn, boot->emulator, "x86_64", "q35",
						    machine->accel == PN_ACCEL_KVM ? "kvm" : "qemu", 0);

	if (!xml)
		return pn_virt_error(diag, -EIO, boot->emulator);
	free(xml);
	return 0;
}

struct probing {
	struct pn_virt *virt;
	const struct pn_machine *machine;
	const struct pn_virt_boot *boot;
};

static int fill(const char *dir, void *data, struct pn_diag *diag)
{
	struct probing *probing = data;
	g_autofree char *from = capabilities_dir(probing->virt);
	int err = probe(probing->virt, probing->machine, probing->boot, diag);

	return err ? err : copy_files(from, dir, diag);
}

/* Whatever libvirt compares before it believes its own cache. If it finds yet another reason for doubt, it only probes again. */
static char *probe_key(const struct pn_virt_boot *boot)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *facts = NULL;
	struct stat binary = { 0 };
	unsigned long version = 0;
	struct utsname host;
	char *key;

	uname(&host);
	virGetVersion(&version, NULL, NULL);
	stat(boot->emulator, &binary);
	facts = g_strdup_printf("%s %lld %lu %s %s %d", boot->emulator_hash, (long long)binary.st_ctime, version, host.release, host.version,
				access("/dev/kvm", R_OK | W_OK));
	g_checksum_update(sum, (const guchar *)facts, -1);
	key = g_strdup(g_checksum_get_string(sum));
	g_checksum_free(sum);
	return key;
}

int pn_virt_probe(struct pn_virt *virt, const struct pn_machine *machine, const struct pn_virt_boot *boot, struct pn_diag *diag)
{
	struct probing probing = { .virt = virt, .machine = machine, .boot = boot };
	g_autofree char *key = NULL, *dir = NULL, *to = NULL;
	int err;

	if (!virt->embedded || g_hash_table_contains(virt->probed, boot->emulator))
		return 0;
	key = probe_key(boot);
	to = capabilities_dir(virt);
	err = pn_cache_get("qemucaps", key, NULL, NULL, &dir, diag);
	if (!err)
		err = copy_files(dir, to, diag);
	else if (err == -ENOENT)
		err = pn_cache_get("qemucaps", key, fill, &probing, &dir, diag);
	if (!err)
		g_hash_table_add(virt->probed, g_strdup(boot->emulator));
	return err;
}
