// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection to libvirt and what comes back from workers. Invariant: this thread never calls what may reach a monitor, or what may wait for a
 * libvirtd that does not answer.
 */
#include "virt_private.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "../../../harness/base/clock.h"
#include "../../../harness/base/diag.h"
#include "../../../harness/base/units.h"

static void free_known(gpointer data)
{
	struct known *known = data;

	pn_limits_clear(&known->limits);
	if (known->domain)
		virDomainFree(known->domain);
	g_free(known->name);
	g_free(known);
}

static gpointer run_events(gpointer data)
{
	for (;;)
		virEventRunDefaultImpl();
	return NULL;
}

static void keep_quiet(void *data, virErrorPtr error)
{
}

struct pn_virt_host *pn_virt_host_new(void (*log)(void *data, const char *event, json_t *fields), void *data)
{
	static gsize once;
	struct pn_virt_host *host = g_new0(struct pn_virt_host, 1);

	if (g_once_init_enter(&once)) {
		virSetErrorFunc(NULL, keep_quiet); /* errors are returned, not printed */
		virInitialize();
		virEventRegisterDefaultImpl();
		g_thread_unref(g_thread_new("libvirt", run_events, NULL));
		g_once_init_leave(&once, 1);
	}
	host->log = log;
	host->data = data;
	host->lost = g_new0(gint, 1); /* never freed: the closing callback may come at any time */
	host->done = g_async_queue_new_full((GDestroyNotify)pn_work_free);
	host->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_known);
	g_mutex_init(&host->lock);
	return host;
}

static void forget_connection(struct pn_virt_host *host)
{
	GHashTableIter iter;
	struct known *known;

	if (!host->conn)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(host->events); i++)
		if (host->events[i] >= 0)
			virConnectDomainEventDeregisterAny(host->conn, host->events[i]);
	g_mutex_lock(&host->lock);
	g_hash_table_iter_init(&iter, host->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		/* calls of the old connection still come back; what they say is old */
		g_clear_pointer(&known->domain, virDomainFree);
		known->looking = known->ordering = known->greeting = known->suspect = false;
		g_atomic_int_set(&known->metadata_stale, 1); /* until it is read again what was known of it holds */
		g_atomic_int_inc(&known->boots); /* it may have been reset unseen: its counters may start anew */
	}
	g_mutex_unlock(&host->lock);
	g_clear_pointer(&host->conn, virConnectClose);
	host->serial += 1000000;
}

void pn_virt_host_free(struct pn_virt_host *host)
{
	if (!host)
		return;
	forget_connection(host);
	g_hash_table_unref(host->known);
	g_async_queue_unref(host->done);
	g_mutex_clear(&host->lock);
	g_free(host->failure_words);
	g_free(host);
}

void pn_virt_say(struct pn_virt_host *host, const char *event, const char *guest, const char *words)
{
	json_t *fields = json_object();

	if (guest)
		json_object_set_new(fields, "guest", json_string(guest));
	if (words)
		json_object_set_new(fields, "words", json_string(words));
	host->log(host->data, event, fields);
	json_decref(fields);
}

static void on_close(virConnectPtr conn, int reason, void *data)
{
	g_atomic_int_set((gint *)data, 1);
}

static int on_reboot(virConnectPtr conn, virDomainPtr domain, void *data)
{
	struct pn_virt_host *host = data;
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct known *known;

	virDomainGetUUIDString(domain, uuid);
	g_mutex_lock(&host->lock);
	known = g_hash_table_lookup(host->known, uuid);
	if (known)
		g_atomic_int_inc(&known->boots);
	g_mutex_unlock(&host->lock);
	return 0;
}

static void on_metadata(virConnectPtr conn, virDomainPtr domain, int type, const char *uri, void *data)
{
	struct pn_virt_host *host = data;
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct known *known;

	virDomainGetUUIDString(domain, uuid);
	g_mutex_lock(&host->lock);
	known = g_hash_table_lookup(host->known, uuid);
	if (known)
		g_atomic_int_set(&known->metadata_stale, 1);
	g_mutex_unlock(&host->lock);
}

static void connected(struct pn_virt_host *host, struct pn_work *work)
{
	host->connecting = false;
	if (work->err) {
		host->failure = work->err;
		g_free(host->failure_words);
		host->failure_words = g_strdup(work->words);
		return;
	}
	host->conn = work->conn;
	work->conn = NULL;
	host->host_bytes = work->host_bytes;
	host->failure = 0;
	host->events[0] =
		virConnectDomainEventRegisterAny(host->conn, NULL, VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot), host, NULL);
	host->events[1] = virConnectDomainEventRegisterAny(host->conn, NULL, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
							   VIR_DOMAIN_EVENT_CALLBACK(on_metadata), host, NULL);
	pn_virt_say(host, "connected", NULL, NULL);
}

static void take(struct pn_virt_host *host, struct pn_work *work)
{
	static void (*const kinds[])(struct pn_virt_host *host, struct pn_work *work) = {
		[PN_WORK_CONNECT] = connected, [PN_WORK_LOOK] = pn_virt_looked, [PN_WORK_GREET] = pn_virt_greeted, [PN_WORK_ORDER] = pn_virt_ordered,
	};

	if (work->kind == PN_WORK_CONNECT || work->conn == host->conn)
		kinds[work->kind](host, work);
	pn_work_free(work);
}

/* Until all that was begun for this has come back, or the time is over. */
void pn_virt_wait(struct pn_virt_host *host, unsigned int count, uint64_t serial, uint64_t timeout_ns)
{
	uint64_t deadline_ns = pn_clock_now_ns() + timeout_ns, now_ns;

	while (count && (now_ns = pn_clock_now_ns()) < deadline_ns) {
		struct pn_work *work = g_async_queue_timeout_pop(host->done, (deadline_ns - now_ns) / 1000 + 1);

		if (!work)
			continue;
		count -= work->serial == serial;
		take(host, work);
	}
}

void pn_virt_begin(struct pn_work *work, const struct known *known)
{
	if (known) {
		work->domain = known->domain;
		virDomainRef(known->domain);
		g_strlcpy(work->uuid, known->uuid, sizeof(work->uuid));
	}
	pn_work_begin(work);
}

int pn_virt_host_connect(struct pn_virt_host *host, const char *uri, uint64_t timeout_ns, uint64_t *ret_host_bytes, struct pn_diag *diag)
{
	if (host->conn && g_atomic_int_get(host->lost)) {
		pn_virt_say(host, "disconnected", NULL, NULL);
		forget_connection(host);
	}
	if (!host->conn && !host->connecting) {
		struct pn_work *work = pn_work_new(PN_WORK_CONNECT, NULL, host->done, ++host->serial);

		g_atomic_int_set(host->lost, 0);
		work->uri = g_strdup(uri);
		work->closed = on_close;
		work->closed_data = host->lost;
		host->connecting = true;
		host->failure = 0;
		pn_work_begin(work);
	}
	if (!host->conn)
		pn_virt_wait(host, 1, host->serial, timeout_ns);
	if (host->conn) {
		*ret_host_bytes = host->host_bytes;
		return 0;
	}
	if (host->failure)
		return pn_diag_set(diag, -ECONNREFUSED, "%s: %s", uri, host->failure_words);
	return pn_diag_set(diag, -EAGAIN, "%s: no answer yet", uri);
}
