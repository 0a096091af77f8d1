// SPDX-License-Identifier: GPL-2.0-only
/* Which way guests are run, chosen by the URI. */

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "guest.h"
#include "private.h"

const char *const pn_backing_names[PN_BACKING_COUNT] = {
	[PN_BACKING_4K] = "4k",
	[PN_BACKING_THP] = "thp",
	[PN_BACKING_MEMFD] = "memfd",
	[PN_BACKING_HUGETLB] = "hugetlb",
};

/*
 * Files, sockets and process ids of guests are used directly, so libvirtd must be on this host: a URI that names a server or a transport
 * that may leave the host is refused, also where it happens to lead back here.
 */
int pn_host_check_uri(const char *uri, struct pn_diag *diag)
{
	static const char expected[] = "a libvirtd of this host: qemu:///system, qemu:///session or qemu+unix:///system?socket=PATH";
	g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);
	const char *scheme = parsed ? g_uri_get_scheme(parsed) : "";
	const char *server = parsed ? g_uri_get_host(parsed) : NULL;
	bool local = strcmp(scheme, "qemu") == 0 || strcmp(scheme, "qemu+unix") == 0;

	if (local && !(server && *server) && (strcmp(g_uri_get_path(parsed), "/system") == 0 || strcmp(g_uri_get_path(parsed), "/session") == 0))
		return 0;
	return pn_diag_value(diag, "command line", "--connect", uri, expected);
}

int pn_host_open(const struct pn_host_config *config, struct pn_host **ret_host, struct pn_diag *diag)
{
	struct pn_host *host = g_new0(struct pn_host, 1);
	int err;

	host->ops = g_strcmp0(config->uri, "loopback") == 0 ? &pn_guest_ops_loopback : &pn_guest_ops_virt;
	host->uri = g_strdup(config->uri);
	host->run_dir = g_strdup(config->run_dir);
	err = host->ops->open(host, config, diag);
	if (err) {
		g_free(host->uri);
		g_free(host->run_dir);
		g_free(host);
		return err;
	}
	*ret_host = host;
	return 0;
}

void pn_host_close(struct pn_host *host)
{
	if (!host)
		return;
	host->ops->close(host);
	g_free(host->uri);
	g_free(host->run_dir);
	g_free(host);
}

int pn_host_again(struct pn_host *host, struct pn_diag *diag)
{
	return host->ops->again ? host->ops->again(host, diag) : pn_diag_set(diag, -ENOTSUP, "these guests are run by nobody who could go");
}

int pn_guest_prepare(struct pn_host *host, const struct pn_machine *machine, struct pn_diag *diag)
{
	return host->ops->prepare(host, machine, diag);
}
