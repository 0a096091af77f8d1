// SPDX-License-Identifier: GPL-2.0-only
/* Memory plugged by libvirt, which then knows of it: whoever asks it how much the guest may have is told. Blocks as long as libvirt does. */
#include <errno.h>
#include <libvirt/libvirt.h>

#include "../base/diag.h"
#include "virt.h"

int pn_virt_grow(struct pn_guest *guest, struct pn_diag *diag)
{
	g_autofree char *xml = g_strdup_printf("<memory model='dimm'><target><size unit='b'>%llu</size><node>0</node></target></memory>",
					       (unsigned long long)guest->machine.plug_bytes);
	struct pn_virt_guest *virt;
	virDomainPtr domain = NULL;
	int err;

	g_mutex_lock(&guest->lock);
	virt = guest->backend;
	if (virt && virt->domain && virDomainRef(virt->domain) == 0)
		domain = virt->domain;
	g_mutex_unlock(&guest->lock);
	if (!domain)
		return pn_diag_set(diag, -ENOTCONN, "guest '%s' has no domain", guest->name);
	err = virDomainAttachDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE) < 0 ? pn_virt_error(diag, -EIO, guest->name) : 0;
	virDomainFree(domain);
	return err;
}
