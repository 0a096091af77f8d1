// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is KVM usable? /dev/kvm may open, and KVM_CREATE_VM succeed, where a guest never leaves its firmware, or where each of its instructions is
 * emulated and a kernel would take hours. So a guest is booted: its boot sector counts down from 2^28, writes two letters to QEMU's
 * debug port and resets, which ends QEMU. All that must happen before the deadline: a processor needs some tenths of a second for it, an
 * emulated one minutes. (A processor too old to run real mode by itself is taken for one that can't: TCG is the safe answer.)
 */

#include "accel.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/cache.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "emulator.h"

#define DEADLINE_NS (6 * PN_NS_PER_S)

#define PROBE 2 /* raised with every change of what is booted: answers of another probe don't count */

/* cli; mov ecx, 2^28; dec ecx, jnz; 'P' and 'N' to port 0xe9; reset by the keyboard controller (port 0x64, 0xfe); hlt for ever */
static const unsigned char code[] = { 0xfa, 0x66, 0xb9, 0x00, 0x00, 0x00, 0x10, 0x66, 0x49, 0x75, 0xfc, 0xb0, 'P',
				      0xe6, 0xe9, 0xb0, 'N',  0xe6, 0xe9, 0xb0, 0xfe, 0xe6, 0x64, 0xf4, 0xeb, 0xfd };

struct probing {
	const char *emulator;
	const char *accel;
};

static int write_answer(const char *dir, const char *answer, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "answer", NULL);

	return pn_fs_write(path, answer, strlen(answer), diag);
}

static int boot_sector(const char *dir, void *data, struct pn_diag *diag)
{
	const struct probing *probing = data;
	g_autofree char *disk = g_build_filename(dir, "sector", NULL), *log = g_build_filename(dir, "debug", NULL);
	g_autofree char *drive = g_strdup_printf("file=%s,format=raw,if=ide", disk), *debug = g_strdup_printf("file:%s", log);
	const char *argv[] = { probing->emulator, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc", "-m", "32",
			       "-accel", probing->accel, "-no-reboot", "-debugcon", debug, "-drive", drive, NULL };
	unsigned char sector[64 * 512] = { 0 };
	g_autofree char *heard = NULL;
	struct pn_diag words = { 0 };
	char answer[1100];
	int err;

	memcpy(sector, code, sizeof(code));
	sector[510] = 0x55;
	sector[511] = 0xaa;
	err = pn_fs_write(disk, sector, sizeof(sector), diag);
	if (err)
		return err;
	err = pn_spawn_run(argv, NULL, DEADLINE_NS, NULL, &words);
	if (err == -ETIMEDOUT)
		g_snprintf(answer, sizeof(answer), "no a guest did not get through its boot sector within %llu s",
			   (unsigned long long)(DEADLINE_NS / PN_NS_PER_S));
	else if (err)
		g_snprintf(answer, sizeof(answer), "no %s", words.text);
	else if (!g_file_get_contents(log, &heard, NULL, NULL) || !g_str_has_suffix(heard, "PN"))
		g_strlcpy(answer, "no a guest ended before its boot sector ran", sizeof(answer));
	else
		g_strlcpy(answer, "yes a guest booted", sizeof(answer));
	return write_answer(dir, answer, diag);
}

static char *probe_key(const char *hash, const char *accel)
{
	g_autofree char *cpu = NULL, *facts = NULL, *model = NULL;
	struct utsname host;
	char *line = NULL;

	uname(&host);
	if (!pn_fs_read("/proc/cpuinfo", &cpu, NULL, NULL))
		line = strstr(cpu, "model name");
	model = line ? g_strndup(line, strcspn(line, "\n")) : g_strdup("?");
	facts = g_strdup_printf("%d %s %s %s %s %s %s", PROBE, hash, accel, host.nodename, host.release, host.version, model);
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, facts, -1);
}

int pn_accel_probe(const char *qemu, enum pn_accel *ret_accel, char *reason, size_t reason_size, struct pn_diag *diag)
{
	g_autofree char *emulator = NULL, *key = NULL, *dir = NULL, *path = NULL, *answer = NULL;
	struct probing probing = { .accel = "kvm" };
	char hash[65];
	bool yes;
	int err;

	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		if (reason)
			g_snprintf(reason, reason_size, "/dev/kvm: %s", g_strerror(errno));
		*ret_accel = PN_ACCEL_TCG;
		return 0;
	}
	err = pn_emulator_path(qemu, &emulator, diag);
	if (!err)
		err = pn_emulator_hash(emulator, hash, diag);
	if (err)
		return err;
	probing.emulator = emulator;
	key = probe_key(hash, probing.accel);
	err = pn_cache_get("accel", key, boot_sector, &probing, &dir, diag);
	if (err)
		return err;
	path = g_build_filename(dir, "answer", NULL);
	err = pn_fs_read(path, &answer, NULL, diag);
	if (err)
		return err;
	yes = g_str_has_prefix(answer, "yes ");
	if (reason)
		g_strlcpy(reason, strchr(answer, ' ') ? strchr(answer, ' ') + 1 : answer, reason_size);
	*ret_accel = yes ? PN_ACCEL_KVM : PN_ACCEL_TCG;
	return 0;
}
