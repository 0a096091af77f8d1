// SPDX-License-Identifier: GPL-2.0-only
/* How guests that nobody owns any more are ended, for the owner record. Only what the record names is touched, by uuid. */

#include "kinds.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "backing.h"
#include "process.h"

#define KILL_TIMEOUT_NS (20 * PN_NS_PER_S)

static const char *uuid_of(const json_t *what)
{
	const char *uuid = json_string_value(json_object_get(what, "uuid"));

	return uuid && g_uuid_string_is_valid(uuid) ? uuid : NULL;
}

static int qemu_undo(const json_t *what, struct pn_diag *diag)
{
	const char *uuid = uuid_of(what);

	return uuid ? pn_process_kill(uuid, KILL_TIMEOUT_NS, diag) : pn_diag_set(diag, -EINVAL, "owner record: a guest without a uuid");
}

static int qemu_present(const json_t *what, struct pn_diag *diag)
{
	const char *uuid = uuid_of(what);

	return uuid && pn_process_find(uuid) != 0;
}

static virDomainPtr find_domain(const json_t *what, virConnectPtr *ret_conn)
{
	const char *uuid = uuid_of(what);

	*ret_conn = uuid ? virConnectOpen(json_string_value(json_object_get(what, "uri"))) : NULL;
	return *ret_conn ? virDomainLookupByUUIDString(*ret_conn, uuid) : NULL;
}

/* The daemon is told after the process has ended, as everywhere; a daemon that has gone knows of no domain either. */
static int domain_undo(const json_t *what, struct pn_diag *diag)
{
	virConnectPtr conn;
	virDomainPtr domain;
	int err = qemu_undo(what, diag);

	if (err)
		return err;
	domain = find_domain(what, &conn);
	if (domain) {
		virDomainDestroy(domain);
		virDomainFree(domain);
	}
	if (conn)
		virConnectClose(conn);
	return 0;
}

static int domain_present(const json_t *what, struct pn_diag *diag)
{
	virConnectPtr conn;
	virDomainPtr domain;

	if (qemu_present(what, diag))
		return 1;
	domain = find_domain(what, &conn);
	if (domain)
		virDomainFree(domain);
	if (conn)
		virConnectClose(conn);
	return domain != NULL;
}

static const struct pn_owned_kind kinds[] = {
	{ "qemu", "a guest's process, known by its uuid", qemu_undo, qemu_present },
	{ "domain", "a guest of a libvirtd, known by its uuid", domain_undo, domain_present },
	{ "hugetlb", "huge pages that the host lets guests allocate", pn_backing_undo, pn_backing_present },
};

/* Errors are returned, not printed: a domain that has gone by itself is no news. */
static void keep_quiet(void *data, virErrorPtr error)
{
}

void pn_guest_register_kinds(void)
{
	static gsize once;

	if (!g_once_init_enter(&once))
		return;
	virSetErrorFunc(NULL, keep_quiet);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		pn_owned_register(&kinds[i]);
	g_once_init_leave(&once, 1);
}
