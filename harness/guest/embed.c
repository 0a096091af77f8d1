// SPDX-License-Identifier: GPL-2.0-only
/*
 * libvirt's QEMU driver inside this process. One process owns one root directory, so each has its own, made in a moment; what takes
 * seconds, asking QEMU for its capabilities, is kept in the project's cache and copied in.
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
#include "virt.h"

/* No other users, labels, cgroups or namespaces; logs written by QEMU itself, since there is no virtlogd. */
static const char qemu_conf[] =
	"user = \"root\"\n"
	"group = \"root\"\n"
	"dynamic_ownership = 0\n"
	"remember_owner = 0\n"
	"cgroup_controllers = []\n"
	"stdio_handler = \"file\"\n"
	"security_driver = \"none\"\n"
	"namespaces = []\n"
	"max_core = 0\n";

int pn_virt_embed(struct pn_virt *virt, struct pn_diag *diag)
{
	g_autofree char *etc = g_build_filename(virt->dir, "etc", NULL);
	g_autofree char *conf = g_build_filename(etc, "qemu.conf", NULL);
	int err = pn_fs_mkdir_p(etc, diag);

	return err ? err : pn_fs_write(conf, qemu_conf, strlen(qemu_conf), diag);
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
