// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection made anew, after its libvirtd has gone and come back. Invariant: guests change to their domain of the new connection one by one, under their
 * lock, and keep the old one until then; what is asked meanwhile fails as everything does without a libvirtd.
 */
#include <errno.h>
#include <libvirt/libvirt-qemu.h>

#include "../base/diag.h"
#include "virt.h"

static int change_over(struct pn_guest *guest, virConnectPtr conn, struct pn_diag *diag)
{
	struct pn_virt_guest *virt = guest->backend;
	virDomainPtr domain = virDomainLookupByUUIDString(conn, virt->uuid), old;

	if (!domain)
		return pn_virt_error(diag, -ENOTCONN, guest->name);
	g_mutex_lock(&guest->lock);
	old = virt->domain;
	virt->domain = domain;
	g_mutex_unlock(&guest->lock);
	if (old)
		virDomainFree(old);
	return 0;
}

int pn_virt_again(struct pn_host *host, struct pn_diag *diag)
{
	struct pn_virt *virt = host->backend;
	virConnectPtr old = virt->conn, conn;
	GHashTableIter iter;
	struct pn_guest *guest;
	int err = 0;

	if (virt->embedded)
		return pn_diag_set(diag, -ENOTSUP, "the embedded driver is in this process: it has no libvirtd to lose");
	conn = virConnectOpen(host->uri);
	if (!conn)
		return pn_virt_error(diag, -ECONNREFUSED, host->uri);
	if (virt->callback_id >= 0)
		virConnectDomainQemuMonitorEventDeregister(old, virt->callback_id);
	g_mutex_lock(&virt->lock);
	virt->conn = conn;
	g_hash_table_iter_init(&iter, virt->guests);
	while (!err && g_hash_table_iter_next(&iter, NULL, (gpointer *)&guest))
		err = change_over(guest, conn, diag);
	g_mutex_unlock(&virt->lock);
	virConnectClose(old);
	return err ? err : pn_virt_listen(virt, diag);
}
