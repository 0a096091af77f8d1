// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests of libvirt: by default its QEMU driver embedded in this process, with a URI a libvirtd on this host. One event loop thread per
 * process serves every connection; it is never ended, since libvirt has no way to end one safely while connections close.
 */

#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../guests/images/paths.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/memdir.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/units.h"
#include "kinds.h"
#include "emulator.h"
#include "exact.h"
#include "process.h"
#include "security.h"
#include "virt.h"

/* libvirt puts lib/qemu/domain-NNN-20 characters/monitor.sock below its root, and a unix socket's path has 107 bytes. */
#define ROOT_MAX 44

#define BOOT_TIMEOUT_NS (180 * PN_NS_PER_S)
#define WAKE_TIMEOUT_NS (30 * PN_NS_PER_S)

static void *run_events(void *data)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (;;)
		virEventRunDefaultImpl();
	return NULL;
}

static int start_events(struct pn_diag *diag)
{
	static gsize once;
	static bool running;

	if (g_once_init_enter(&once)) {
		g_setenv("LIBVIRT_DEBUG", "4", FALSE); /* errors only: its warnings are about what we do on purpose */
		running = virInitialize() == 0 && virEventRegisterDefaultImpl() == 0;
		if (running)
			g_thread_unref(g_thread_new("pn-libvirt", run_events, NULL));
		g_once_init_leave(&once, 1);
	}
	return running ? 0 : pn_virt_error(diag, -EIO, "the event loop");
}

static int make_dir(struct pn_virt *virt, const char *run_dir, struct pn_diag *diag)
{
	static unsigned int number; /* atomic: of this process's hosts */
	g_autofree char *base = g_strdup_printf("h%d.%u", (int)getpid(), g_atomic_int_add(&number, 1));
	const char *parent = run_dir && strlen(run_dir) + 1 + strlen(base) <= ROOT_MAX ? run_dir : pn_owned_state_dir();
	/* libvirt saves a guest's state with fsync at each event of its balloon, the guest locked: tenths of a second on a busy disk */
	g_autofree char *dir = virt->embedded ? pn_memdir_path(getpid(), pn_owned_process_start(getpid())) : NULL;

	if (!dir)
		dir = g_build_filename(parent, base, NULL);
	if (strlen(dir) > ROOT_MAX)
		return pn_diag_set(diag, -ENAMETOOLONG, "%s: too long for libvirt's sockets (%zu bytes, at most %d); set PUNCTURE_STATE to a shorter one",
				   dir, strlen(dir), ROOT_MAX);
	if (virt->embedded)
		return pn_virt_embed(dir, &virt->dir, diag);
	virt->dir_id = pn_owned_add("tree", json_pack("{s:s}", "path", dir), diag);
	if (virt->dir_id < 0)
		return virt->dir_id;
	virt->dir = g_steal_pointer(&dir);
	return pn_fs_mkdir_p(virt->dir, diag);
}

static void close_host(struct pn_host *host)
{
	struct pn_virt *virt = host->backend;

	if (!virt)
		return;
	if (virt->conn) {
		if (virt->callback_id >= 0)
			virConnectDomainQemuMonitorEventDeregister(virt->conn, virt->callback_id);
		virConnectClose(virt->conn);
	}
	if (virt->dir_id > 0)
		pn_owned_release(virt->dir_id, NULL);
	if (virt->embedded && virt->dir)
		pn_virt_unembed();
	g_hash_table_unref(virt->guests);
	g_hash_table_unref(virt->probed);
	g_mutex_clear(&virt->lock);
	g_free(virt->dir);
	g_free(virt->logs);
	g_free(virt);
	host->backend = NULL;
}

/* A libvirtd is somebody else's set-up: what would keep its guests from our files is said here, not by the first one that fails. */
static int check_security(struct pn_virt *virt, const char *uri, struct pn_diag *diag)
{
	char *capabilities = virConnectGetCapabilities(virt->conn);
	struct pn_diag words = { 0 };
	int err;

	if (!capabilities)
		return pn_virt_error(diag, -EIO, uri);
	err = pn_security_check(capabilities, geteuid(), &words);
	free(capabilities);
	return err ? pn_diag_set(diag, err, "--connect %s: %s", uri, words.text) : 0;
}

static int connect_libvirt(struct pn_virt *virt, const char *uri, struct pn_diag *diag)
{
	g_autofree char *embedded_uri = g_strdup_printf("qemu:///embed?root=%s", virt->dir);
	int err;

	virt->conn = virConnectOpen(uri ? uri : embedded_uri);
	if (!virt->conn)
		return pn_virt_error(diag, -ECONNREFUSED, uri ? uri : "the embedded QEMU driver");
	if (virt->embedded)
		pn_virt_embedded();
	else if ((err = check_security(virt, uri, diag)))
		return err;
	return pn_virt_listen(virt, diag);
}

static int open_host(struct pn_host *host, const struct pn_host_config *config, struct pn_diag *diag)
{
	struct pn_virt *virt = g_new0(struct pn_virt, 1);
	int err;

	virt->embedded = !config->uri;
	virt->callback_id = -1;
	g_mutex_init(&virt->lock);
	virt->guests = g_hash_table_new(g_str_hash, g_str_equal);
	virt->probed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	host->backend = virt;
	pn_guest_register_kinds();
	err = make_dir(virt, config->run_dir, diag);
	if (!err && virt->embedded)
		virt->logs = g_build_filename(virt->dir, "log", "qemu", NULL);
	if (!err)
		err = start_events(diag);
	if (!err)
		err = connect_libvirt(virt, config->uri, diag);
	if (err)
		close_host(host);
	return err;
}

/*
 * A panic is for the host to judge: the guest stays as it is. Addresses are the same in every boot, so profiles can be compared. The root
 * file system is ramfs: the guest would swap a tmpfs out, its own tools with it.
 *
 * Under TCG the kernel's clocksource watchdog takes the steady one for the liar: ticks are lost while the host has other work, the TSC goes on with the
 * host's. A guest that booted on a busy host then read its time from the ACPI timer for good, at an exit each, while another beside it did not; after S3
 * that timer even stands.
 */
static char *command_line(const struct pn_machine *machine)
{
	return g_strdup_printf("console=ttyS0 loglevel=4 panic=0 nokaslr rootfstype=ramfs%s%s%s%s", machine->accel == PN_ACCEL_TCG ? " tsc=reliable" : "",
			       machine->balloon.iommu ? " intel_iommu=on" : "", machine->kernel_args ? " " : "", machine->kernel_args ?: "");
}

int pn_virt_boot_get(const struct pn_machine *machine, struct pn_virt_boot *ret_boot, struct pn_diag *diag)
{
	struct pn_virt_boot boot = { 0 };
	int err;

	err = pn_emulator_path(machine->qemu, &boot.emulator, diag);
	if (!err)
		err = pn_emulator_hash(boot.emulator, boot.emulator_hash, diag);
	if (!err)
		err = pn_image_get(machine->image ? machine->image : "cloud", machine->kernel, machine->modules, &boot.image, diag);
	if (err) {
		pn_virt_boot_clear(&boot);
		return err;
	}
	boot.cmdline = command_line(machine);
	*ret_boot = boot;
	return 0;
}

void pn_virt_boot_clear(struct pn_virt_boot *boot)
{
	pn_image_free(boot->image);
	g_free(boot->emulator);
	g_free(boot->cmdline);
	g_free(boot->plugin);
	g_free(boot->watcher);
}

static int prepare(struct pn_host *host, const struct pn_machine *machine, struct pn_diag *diag)
{
	struct pn_virt_boot boot;
	g_autofree char *dir = NULL;
	int r = pn_virt_boot_get(machine, &boot, diag);

	if (r)
		return r;
	r = pn_virt_probe(host->backend, machine, &boot, diag);
	if (!r)
		r = pn_snapshot_get(host, machine, &boot, &dir, diag);
	pn_virt_boot_clear(&boot);
	return r;
}

static int start_from(struct pn_guest *guest, const struct pn_guest_config *config, const struct pn_virt_boot *boot, const char *snapshot,
		      struct pn_diag *diag)
{
	int err = pn_virt_create(guest, boot, snapshot != NULL, diag);

	if (!err && snapshot)
		err = pn_snapshot_load(guest, snapshot, diag);
	if (!err && config->loaded)
		err = config->loaded(guest, config->data, diag);
	if (!err && guest->machine.exact)
		err = pn_exact_begin(guest, diag);
	else if (!err)
		err = pn_guest_monitor(guest, "cont", NULL, -1, WAKE_TIMEOUT_NS, NULL, NULL, diag);
	if (!err)
		err = pn_guest_greet(guest, snapshot ? WAKE_TIMEOUT_NS : BOOT_TIMEOUT_NS, NULL, diag);
	if (err)
		pn_virt_explain(guest, diag);
	return err;
}

/* Under KVM nothing is translated; an emulator may be built without plugins. Then there are no counters, and the journal says why. */
static int want_pin(struct pn_guest *guest, struct pn_virt_boot *boot, struct pn_diag *diag)
{
	struct pn_diag words = { 0 };
	int err = -ENOTSUP;

	if (guest->machine.unpinned)
		return 0;
	if (guest->machine.accel == PN_ACCEL_KVM)
		pn_diag_set(&words, err, "KVM runs the guest's instructions, and TCG plugins see none of them");
	else
		err = pn_emulator_plugin(boot->emulator, &boot->plugin, &words);
	if (err == -ENOTSUP && guest->machine.exact)
		return pn_diag_set(diag, err, "exact mode: %s", words.text);
	if (err == -ENOTSUP && guest->journal)
		err = pn_journal_add(guest->journal, "unsupported", json_pack("{s:s,s:s}", "name", "pin", "reason", words.text));
	return err == -ENOTSUP ? 0 : err ? pn_diag_set(diag, err, "%s", words.text) : 0;
}

/* The watcher comes into QEMU as a plugin does, but needs none of what they need of TCG; under KVM it has never been tried. */
static int want_watcher(struct pn_guest *guest, struct pn_virt_boot *boot, struct pn_diag *diag)
{
	g_autofree char *watcher = g_build_filename(pn_paths_libexec(), PN_PATHS_RINGS, NULL), *plugin = NULL;
	struct pn_diag words = { 0 };
	int err = -ENOTSUP;

	if (!guest->watch_path)
		return 0;
	if (guest->machine.unpinned)
		pn_diag_set(&words, err, "guest.unpinned: the scenario wants nothing of ours in QEMU");
	else if (guest->machine.accel == PN_ACCEL_KVM)
		pn_diag_set(&words, err, "the queues are watched under TCG only");
	else
		err = pn_emulator_plugin(boot->emulator, &plugin, &words);
	if (!err && !g_file_test(watcher, G_FILE_TEST_EXISTS))
		return pn_diag_set(diag, -ENOENT, "%s: not there; build it", watcher);
	if (!err)
		boot->watcher = g_steal_pointer(&watcher);
	if (err == -ENOTSUP && guest->journal)
		err = pn_journal_add(guest->journal, "unsupported", json_pack("{s:s,s:s}", "name", "rings", "reason", words.text));
	return err == -ENOTSUP ? 0 : err ? pn_diag_set(diag, err, "%s", words.text) : 0;
}

static int start(struct pn_guest *guest, const struct pn_guest_config *config, struct pn_diag *diag)
{
	struct pn_virt_boot boot;
	g_autofree char *snapshot = NULL;
	int r = pn_virt_boot_get(&guest->machine, &boot, diag);

	if (r)
		return r;
	r = pn_virt_probe(guest->host->backend, &guest->machine, &boot, diag);
	if (!r)
		r = want_pin(guest, &boot, diag);
	if (!r)
		r = want_watcher(guest, &boot, diag);
	if (!r && !config->cold)
		r = pn_snapshot_get(guest->host, &guest->machine, &boot, &snapshot, diag);
	if (r >= 0)
		r = start_from(guest, config, &boot, snapshot, diag);
	pn_virt_boot_clear(&boot);
	return r;
}

static int signal_qemu(struct pn_guest *guest, int number, struct pn_diag *diag)
{
	struct pn_virt_guest *virt = guest->backend;

	if (!virt || virt->pidfd < 0)
		return pn_diag_set(diag, -ENOTCONN, "signal: guest '%s' has gone", guest->name);
	if (syscall(SYS_pidfd_send_signal, virt->pidfd, number, NULL, 0) == 0)
		return 0;
	return pn_diag_set(diag, errno == ESRCH ? -ENOTCONN : -errno, "signal %d to QEMU of '%s': %s", number, guest->name, g_strerror(errno));
}

static pid_t qemu_pid(const struct pn_guest *guest)
{
	GMutex *lock = (GMutex *)&guest->lock; /* it may move into another QEMU meanwhile */
	const struct pn_virt_guest *virt;
	pid_t pid;

	g_mutex_lock(lock);
	virt = guest->backend;
	pid = virt ? virt->pid : 0;
	g_mutex_unlock(lock);
	return pid;
}

const struct pn_guest_ops pn_guest_ops_virt = {
	.name = "libvirt",
	.open = open_host,
	.close = close_host,
	.again = pn_virt_again,
	.prepare = prepare,
	.start = start,
	.stop = pn_virt_stop,
	.monitor = pn_virt_monitor,
	.query = pn_virt_query,
	.signal = signal_qemu,
	.pid = qemu_pid,
	.grow = pn_virt_grow,
	.move_ahead = pn_virt_move_ahead,
	.move = pn_virt_move,
};
