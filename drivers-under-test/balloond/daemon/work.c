// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of libvirt on threads of their own. Invariant: nothing here looks at anything that the asker may free. Limit: a libvirtd answers at most
 * max_client_requests (5) calls of a connection at once, and all its workers may hang in monitors: then it answers nobody.
 */
#include "work.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "own_limits.h"

#define KIB 1024
#define UNSET_KIB (UINT64_MAX / KIB) /* 2^64-1 says "not set" in bytes, and libvirt has divided it */

static void clear_sample(gpointer data)
{
	struct pn_sample *sample = data;

	g_free(sample->name);
	if (sample->domain)
		virDomainFree(sample->domain);
}

struct pn_work *pn_work_new(enum pn_work_kind kind, virConnectPtr conn, GAsyncQueue *done, uint64_t serial)
{
	struct pn_work *work = g_new0(struct pn_work, 1);

	work->kind = kind;
	work->serial = serial;
	work->done = g_async_queue_ref(done);
	work->conn = conn;
	if (conn)
		virConnectRef(conn);
	work->target_bytes = work->bound_bytes = PN_UNSET;
	work->samples = g_array_new(FALSE, TRUE, sizeof(struct pn_sample));
	g_array_set_clear_func(work->samples, clear_sample);
	return work;
}

void pn_work_free(struct pn_work *work)
{
	g_array_unref(work->samples);
	if (work->domain)
		virDomainFree(work->domain);
	if (work->skip)
		g_hash_table_unref(work->skip);
	if (work->conn)
		virConnectClose(work->conn);
	g_async_queue_unref(work->done);
	g_free(work->words);
	g_free(work->uri);
	g_free(work->metadata);
	g_free(work);
}

static void failed(struct pn_work *work, int err)
{
	const char *words = virGetLastErrorMessage();

	work->err = err;
	g_free(work->words);
	work->words = g_strdup(words ? words : g_strerror(-err));
}

static void connect_to(struct pn_work *work)
{
	virNodeInfo info;

	work->conn = work->read_only ? virConnectOpenReadOnly(work->uri) : virConnectOpen(work->uri);
	if (!work->conn) {
		failed(work, -ECONNREFUSED);
		return;
	}
	virConnectSetKeepAlive(work->conn, 5, 3); /* drivers without a daemon can't, and need not */
	virConnectRegisterCloseCallback(work->conn, work->closed, work->closed_data, NULL);
	if (virNodeGetInfo(work->conn, &info) < 0)
		failed(work, -EIO);
	else
		work->host_bytes = (uint64_t)info.memory * KIB;
}

static uint64_t param(const virDomainStatsRecord *record, const char *name, uint64_t unit)
{
	unsigned long long value;

	if (virTypedParamsGetULLong(record->params, record->nparams, name, &value) != 1)
		return PN_UNSET;
	return unit > 1 ? value >= UNSET_KIB ? PN_UNSET : value * unit : value;
}

static void fill_stats(struct pn_sample *sample, const virDomainStatsRecord *record)
{
	uint64_t updated_s = param(record, "balloon.last-update", 1);

	sample->observation = (struct pn_observation){
		.resident_bytes = param(record, "balloon.rss", KIB),
		.actual_bytes = param(record, "balloon.current", KIB),
		.stats_ns = updated_s == PN_UNSET ? 0 : updated_s * 1000000000ULL,
		.total_bytes = param(record, "balloon.available", KIB),
		.available_bytes = param(record, "balloon.usable", KIB),
		.free_bytes = param(record, "balloon.unused", KIB),
		.swap_in_bytes = param(record, "balloon.swap_in", KIB),
		.major_faults = param(record, "balloon.major_fault", 1),
		.psi_some_ns = PN_UNSET,
	};
	/* without these the monitor was not asked: the size is then what libvirt last heard of */
	if (sample->observation.resident_bytes == PN_UNSET && updated_s == PN_UNSET)
		sample->observation.actual_bytes = PN_UNSET;
	sample->max_bytes = param(record, "balloon.maximum", KIB);
	sample->answered = sample->max_bytes != PN_UNSET;
}

/* a driver without these statistics still says how large its guests are */
static void fill_info(struct pn_sample *sample)
{
	virDomainInfo info;

	if (virDomainGetInfo(sample->domain, &info) < 0)
		return;
	sample->observation = (struct pn_observation){
		.resident_bytes = PN_UNSET, .actual_bytes = (uint64_t)info.memory * KIB, .total_bytes = PN_UNSET, .available_bytes = PN_UNSET,
		.free_bytes = PN_UNSET,	    .swap_in_bytes = PN_UNSET,			 .major_faults = PN_UNSET, .psi_some_ns = PN_UNSET,
	};
	sample->max_bytes = (uint64_t)info.maxMem * KIB;
	sample->answered = true;
}

static void add_samples(struct pn_work *work, virDomainPtr *domains, int count)
{
	for (int i = 0; i < count; i++) {
		struct pn_sample sample = {.name = g_strdup(virDomainGetName(domains[i])), .domain = domains[i]};

		virDomainRef(domains[i]);
		virDomainGetUUIDString(domains[i], sample.uuid);
		g_array_append_val(work->samples, sample);
	}
}

static struct pn_sample *find_sample(GArray *samples, virDomainPtr domain)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	virDomainGetUUIDString(domain, uuid);
	for (guint i = 0; i < samples->len; i++)
		if (strcmp(g_array_index(samples, struct pn_sample, i).uuid, uuid) == 0)
			return &g_array_index(samples, struct pn_sample, i);
	return NULL;
}

/* In one call for all. A domain whose monitor is in use comes back without its balloon, and counts as not answered. */
static void get_stats(struct pn_work *work, virDomainPtr *domains)
{
	virDomainStatsRecordPtr *records = NULL;
	int count = virDomainListGetStats(domains, VIR_DOMAIN_STATS_BALLOON, &records, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
	guint next = 0;

	if (count < 0) {
		virErrorPtr error = virGetLastError();

		if (!error || error->code != VIR_ERR_NO_SUPPORT)
			failed(work, -EIO);
		for (guint i = 0; !work->err && i < work->samples->len; i++)
			fill_info(&g_array_index(work->samples, struct pn_sample, i));
		return;
	}
	for (int i = 0; i < count; i++) {
		/* they come in the order that was asked for, with some left out: no search through all of them for each */
		struct pn_sample *sample = NULL;

		for (guint k = next; k < work->samples->len && !sample; k++)
			if (strcmp(g_array_index(work->samples, struct pn_sample, k).name, virDomainGetName(records[i]->dom)) == 0) {
				sample = &g_array_index(work->samples, struct pn_sample, k);
				next = k + 1;
			}
		sample = sample ? sample : find_sample(work->samples, records[i]->dom);
		if (sample)
			fill_stats(sample, records[i]);
		if (sample && !sample->answered)
			fill_info(sample);
	}
	virDomainStatsRecordListFree(records);
}

static void look(struct pn_work *work)
{
	virDomainPtr *domains = NULL, single[] = {work->domain, NULL};
	g_autofree virDomainPtr *wanted = NULL;
	int count = work->domain ? 1 : virConnectListAllDomains(work->conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE), asked = 0;

	if (count < 0) {
		failed(work, -EIO);
		return;
	}
	add_samples(work, work->domain ? single : domains, count);
	wanted = g_new0(virDomainPtr, count + 1);
	for (int i = 0; i < count; i++)
		if (!work->skip || !g_hash_table_contains(work->skip, g_array_index(work->samples, struct pn_sample, i).uuid))
			wanted[asked++] = g_array_index(work->samples, struct pn_sample, i).domain;
	if (asked)
		get_stats(work, wanted);
	for (int i = 0; domains && i < count; i++)
		virDomainFree(domains[i]);
	free(domains);
}

static void greet(struct pn_work *work)
{
	char *xml = virDomainGetMetadata(work->domain, VIR_DOMAIN_METADATA_ELEMENT, PN_LIMITS_URI, 0);

	work->metadata = g_strdup(xml);
	free(xml);
	if (work->period_s && virDomainSetMemoryStatsPeriod(work->domain, work->period_s, VIR_DOMAIN_AFFECT_LIVE) < 0)
		failed(work, -EREMOTEIO);
}

static void set_bound(struct pn_work *work)
{
	virTypedParameterPtr params = NULL;
	int count = 0, room = 0;

	if (work->bound_bytes == PN_UNSET)
		return;
	if (virTypedParamsAddULLong(&params, &count, &room, VIR_DOMAIN_MEMORY_HARD_LIMIT, (work->bound_bytes + KIB - 1) / KIB) < 0 ||
	    virDomainSetMemoryParameters(work->domain, params, count, VIR_DOMAIN_AFFECT_LIVE) < 0) {
		work->bound_refused = true;
		g_free(work->words);
		work->words = g_strdup(virGetLastErrorMessage());
	}
	virTypedParamsFree(params, count);
}

static void obey(struct pn_work *work)
{
	if (work->bound_first)
		set_bound(work);
	if (work->bound_first && work->bound_refused)
		return; /* a target above its bound would have it killed */
	if (work->target_bytes != PN_UNSET &&
	    virDomainSetMemoryFlags(work->domain, (unsigned long)(work->target_bytes / KIB), VIR_DOMAIN_AFFECT_LIVE) < 0)
		failed(work, -EREMOTEIO);
	if (!work->bound_first)
		set_bound(work);
}

static void run(gpointer data, gpointer user)
{
	static void (*const kinds[])(struct pn_work *work) = {
		[PN_WORK_CONNECT] = connect_to, [PN_WORK_LOOK] = look, [PN_WORK_GREET] = greet, [PN_WORK_ORDER] = obey,
	};
	struct pn_work *work = data;
	g_autoptr(GAsyncQueue) done = g_async_queue_ref(work->done);

	virResetLastError();
	kinds[work->kind](work);
	g_async_queue_push(done, work);
}

void pn_work_begin(struct pn_work *work)
{
	static gsize once;
	static GThreadPool *pool;

	if (g_once_init_enter(&once)) {
		pool = g_thread_pool_new(run, NULL, -1, FALSE, NULL);
		g_once_init_leave(&once, 1);
	}
	g_thread_pool_push(pool, work, NULL);
}
