// SPDX-License-Identifier: GPL-2.0-only
/*
 * One guest of libvirt's: created stopped, ended by signal. Invariant: the owner record names the process (by uuid), every file and
 * every reserved page before it exists. The process is ended first and libvirt told afterwards, because libvirt asks QEMU first and a
 * stopped or hung QEMU never answers.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "../pin/pin.h"
#include "backing.h"
#include "channel.h"
#include "domain_xml.h"
#include "emulator.h"
#include "nbd.h"
#include "process.h"
#include "qmp.h"
#include "tamper.h"
#include "virt.h"

#define HELLO_TIMEOUT_NS (20 * PN_NS_PER_S)
#define KILL_TIMEOUT_NS (20 * PN_NS_PER_S)

static int own(const char *kind, const char *key, const char *value, int *ret_id, struct pn_diag *diag)
{
	int id = pn_owned_add(kind, json_pack("{s:s}", key, value), diag);

	if (id < 0)
		return id;
	*ret_id = id;
	return 0;
}

static bool takes_direct_io(const char *path)
{
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A sparse raw file of the guest's directory. */
static int make_disk(struct pn_guest *guest, const char *name, uint64_t bytes, char **ret_path, int *ret_id, struct pn_diag *diag)
{
	g_autofree char *path = NULL;
	int err, fd;

	if (!bytes || *ret_path || guest->machine.exact)
		return 0; /* none, or that of the QEMU that it comes from, or memory (domain_qemu.c) */
	path = g_build_filename(guest->dir, name, NULL);
	err = own("file", "path", path, ret_id, diag);
	if (err)
		return err;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
		err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	*ret_path = g_steal_pointer(&path);
	return err;
}

/* Where the plugin's files lie; both are owned before they exist. */
static int make_pin(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = guest->backend;
	g_autofree char *counters = g_strdup_printf("%.13s.c", virt->uuid), *socket = g_strdup_printf("%.13s.p", virt->uuid);
	int err;

	virt->pin_counters = g_build_filename(host->dir, counters, NULL);
	virt->pin_socket = g_build_filename(host->dir, socket, NULL);
	err = own("file", "path", virt->pin_counters, &virt->counters_id, diag);
	if (!err)
		err = own("file", "path", virt->pin_socket, &virt->socket_id, diag);
	return err ? err : pn_pin_new(virt->pin_counters, virt->pin_socket, &guest->pin, diag);
}

static int make_tamper(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = guest->backend;

	guest->tamper_path = g_strdup_printf("%s/%.13s.w", host->dir, virt->uuid);
	return own("file", "path", guest->tamper_path, &virt->tamper_id, diag);
}

static char *make_name(const struct pn_guest *guest, const char *uuid)
{
	char *name = g_strdup_printf("pn-%.8s-%.40s", uuid, guest->name);

	return g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.", '_');
}

static int describe(struct pn_guest *guest, const struct pn_virt_boot *boot, bool incoming, char **ret_xml, struct pn_diag *diag)
{
	struct pn_virt_guest *virt = guest->backend;
	g_autofree char *console = g_build_filename(guest->dir, "console.log", NULL);
	g_autofree char *plugin = guest->pin ? pn_pin_option(guest->pin, boot->plugin) : NULL;
	g_autofree char *wrapper = NULL;
	const struct pn_virt *host = guest->host->backend;
	struct pn_domain domain = {
		.name = virt->domain_name,
		.uuid = virt->uuid,
		.machine = &guest->machine,
		.emulator = boot->emulator,
		.kernel = boot->image->kernel,
		.initrd = boot->image->initrd,
		.cmdline = boot->cmdline,
		.console_path = console,
		.agent_path = virt->agent_path,
		.query_path = virt->query_path,
		.swap_path = guest->swap_path,
		.swap_socket = guest->swap_socket,
		.data_path = guest->data_path,
		.direct_io = takes_direct_io(guest->swap_path ? guest->swap_path : guest->data_path ? guest->data_path : ""),
		.plugin = plugin,
		.incoming = incoming,
		.watcher = boot->watcher,
		.watch_path = boot->watcher ? guest->watch_path : NULL,
		.watch_socket = guest->tamper_path,
		.joins = boot->joins,
	};

	if (pn_backing_needs_wrapper(&guest->machine, host->embedded)) {
		int err = pn_emulator_no_thp(boot->emulator, &wrapper, diag);

		if (err)
			return err;
		domain.emulator = wrapper;
	}
	return pn_domain_xml(&domain, ret_xml, diag);
}

static int create(struct pn_guest *guest, const char *xml, struct pn_diag *diag)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = guest->backend;
	int err;

	err = pn_backing_enter(&guest->machine, host->embedded, diag);
	if (err)
		return err;
	virt->domain = virDomainCreateXML(host->conn, xml, VIR_DOMAIN_START_PAUSED);
	if (!virt->domain)
		err = pn_virt_error(diag, -EIO, "can't start QEMU");
	pn_backing_leave(&guest->machine, host->embedded);
	if (err)
		return err;
	virt->pid = pn_process_find(virt->uuid);
	virt->pidfd = virt->pid ? pn_process_open(virt->pid) : -ESRCH;
	if (virt->pidfd < 0)
		return pn_diag_set(diag, -ENOTCONN, "guest '%s': QEMU ended right after its start", guest->name);
	return pn_backing_check(&guest->machine, virt->pid, diag);
}

static int connect_agent(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_virt_guest *virt = guest->backend;
	int fd = pn_channel_dial(virt->agent_path, diag);

	return fd < 0 ? fd : pn_guest_connect(guest, fd, diag);
}

static int serve_swap(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = guest->backend;
	g_autofree char *prefix = g_strdup_printf("%s/%.13s.n", host->dir, virt->uuid);
	int err;

	if (!guest->machine.swap_nbdkit || !guest->swap_path || guest->swap_socket)
		return 0;
	err = pn_nbd_start(guest->swap_path, prefix, &guest->nbd, diag);
	if (!err)
		guest->swap_socket = g_strdup(pn_nbd_socket(guest->nbd));
	return err;
}

static int own_guest(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = guest->backend;
	int id, err;

	err = make_disk(guest, "swap.img", guest->machine.swap_bytes, &guest->swap_path, &virt->swap_id, diag);
	if (!err)
		err = serve_swap(guest, diag);
	if (!err)
		err = make_disk(guest, "data.img", guest->machine.disk_bytes, &guest->data_path, &virt->data_id, diag);
	if (!err)
		err = own("file", "path", virt->agent_path, &virt->agent_id, diag);
	if (!err)
		err = own("file", "path", virt->query_path, &virt->query_id, diag);
	if (!err)
		err = pn_backing_reserve(&guest->machine, virt->uuid, &virt->memory_id, diag);
	if (err)
		return err;
	if (host->embedded)
		return own("qemu", "uuid", virt->uuid, &virt->process_id, diag);
	id = pn_owned_add("domain", json_pack("{s:s,s:s}", "uri", guest->host->uri, "uuid", virt->uuid), diag);
	if (id < 0)
		return id;
	virt->process_id = id;
	return 0;
}

int pn_virt_create(struct pn_guest *guest, const struct pn_virt_boot *boot, bool incoming, struct pn_diag *diag)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = g_new0(struct pn_virt_guest, 1);
	g_autofree char *uuid = g_uuid_string_random();
	char *xml = NULL;
	int err;

	g_strlcpy(virt->uuid, uuid, sizeof(virt->uuid));
	virt->domain_name = make_name(guest, uuid);
	virt->agent_path = g_strdup_printf("%s/%.13s.a", host->dir, uuid);
	virt->query_path = g_strdup_printf("%s/%.13s.q", host->dir, uuid);
	virt->pidfd = -1;
	guest->backend = virt;
	err = own_guest(guest, diag);
	if (!err && boot->plugin)
		err = make_pin(guest, diag);
	if (!err && boot->watcher)
		err = make_tamper(guest, diag);
	if (!err)
		err = describe(guest, boot, incoming, &xml, diag);
	if (err)
		return err;
	g_mutex_lock(&host->lock);
	g_hash_table_insert(host->guests, virt->uuid, guest);
	g_mutex_unlock(&host->lock);
	err = create(guest, xml, diag);
	free(xml);
	if (!err && guest->pin)
		err = pn_pin_wait(guest->pin, HELLO_TIMEOUT_NS, diag);
	if (!err)
		err = pn_qmp_open(virt->query_path, &virt->queries, diag);
	return err || boot->joins ? err : connect_agent(guest, diag);
}

/* Undo in the order of harm: the process, what libvirt keeps of it, then files and pages. */
static int release(int id, int err, struct pn_diag *diag)
{
	int r = id > 0 ? pn_owned_release(id, err ? NULL : diag) : 0;

	return err ? err : r;
}

int pn_virt_stop(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *virt = guest->backend;
	int err = 0;

	if (!virt)
		return 0;
	g_mutex_lock(&host->lock);
	g_hash_table_remove(host->guests, virt->uuid);
	g_mutex_unlock(&host->lock);
	if (virt->pidfd >= 0)
		err = pn_process_kill_fd(virt->pidfd, KILL_TIMEOUT_NS, diag);
	pn_guest_state_set(guest, PN_GUEST_GONE);
	pn_guest_hush(guest);
	/*
	 * The embedded driver notices the end and cleans up on a thread of its own. It is not asked to: it takes the zombie for a living process
	 * and would wait for init to reap it, seconds. A daemon has its own list of domains to be kept right.
	 */
	if (virt->domain && !err && !host->embedded)
		virDomainDestroy(virt->domain);
	err = release(virt->process_id, err, diag);
	pn_pin_free(guest->pin);
	guest->pin = NULL;
	pn_tamper_hang_up(guest);
	err = release(virt->tamper_id, err, diag);
	err = release(virt->counters_id, err, diag);
	err = release(virt->socket_id, err, diag);
	pn_qmp_close(virt->queries);
	err = release(virt->query_id, err, diag);
	err = release(virt->agent_id, err, diag);
	if (guest->nbd) {
		int nbd_err = pn_nbd_stop(g_steal_pointer(&guest->nbd), err ? NULL : diag);

		err = err ? err : nbd_err;
	}
	err = release(virt->data_id, err, diag);
	err = release(virt->swap_id, err, diag);
	err = release(virt->memory_id, err, diag);
	if (virt->domain)
		virDomainFree(virt->domain);
	virt->domain = NULL;
	if (virt->pidfd >= 0)
		close(virt->pidfd);
	g_free(virt->domain_name);
	g_free(virt->agent_path);
	g_free(virt->pin_counters);
	g_free(virt->pin_socket);
	g_free(virt->query_path);
	guest->backend = NULL;
	g_free(virt);
	return err;
}
