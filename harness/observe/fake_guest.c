// SPDX-License-Identifier: GPL-2.0-only
/* The scripted guest. */

#include "fake_guest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "record.h"

void fake_guest_init(struct pn_guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	g_mutex_init(&guest->lock);
	g_cond_init(&guest->wake);
	guest->subscribers = g_ptr_array_new();
}

void fake_guest_deinit(struct pn_guest *guest)
{
	g_ptr_array_free(guest->subscribers, TRUE);
	g_mutex_clear(&guest->lock);
	g_cond_clear(&guest->wake);
}

const struct pn_machine *pn_guest_machine(const struct pn_guest *g)
{
	return &g->machine;
}

uint64_t pn_guest_memory_bytes(const struct pn_guest *g)
{
	return FAKE_MEMORY_BYTES;
}

struct pn_pin *pn_guest_pin(const struct pn_guest *g)
{
	return NULL;
}

json_t *pn_guest_insns(const struct pn_guest *g)
{
	return NULL;
}

pid_t pn_guest_pid(const struct pn_guest *g)
{
	return getpid(); /* a process that is surely there: this one, with one thread known by role */
}

int pn_guest_threads(struct pn_guest *g, struct pn_guest_thread **ret_threads, unsigned int *ret_count, struct pn_diag *diag)
{
	struct pn_guest_thread *threads = g_new0(struct pn_guest_thread, 2);

	threads[0].tid = getpid();
	strcpy(threads[0].role, "vcpu0");
	threads[1].tid = getpid();
	strcpy(threads[1].role, "worker");
	*ret_threads = threads;
	*ret_count = 2;
	return 0;
}

enum pn_guest_state pn_guest_state(struct pn_guest *g)
{
	return g->monitor_hangs ? PN_GUEST_PAUSED : PN_GUEST_RUNNING;
}

const char *pn_guest_disk(const struct pn_guest *g, const char *which)
{
	return NULL;
}

int pn_guest_query(struct pn_guest *g, const char *command, json_t *arguments, uint64_t timeout_ns, json_t **ret_reply,
		   uint64_t *ret_latency_ns, struct pn_diag *diag)
{
	g_mutex_lock(&g->lock);
	while (g->monitor_hangs)
		g_cond_wait(&g->wake, &g->lock);
	g_mutex_unlock(&g->lock);
	if (strcmp(command, "query-balloon"))
		return pn_diag_set(diag, -EREMOTEIO, "no such command");
	*ret_reply = json_pack("{s:I}", "actual", (json_int_t)(192 * PN_MIB));
	if (ret_latency_ns)
		*ret_latency_ns = 1234;
	return 0;
}

int pn_guest_ballooned(struct pn_guest *g, uint64_t *ret_bytes, struct pn_diag *diag)
{
	*ret_bytes = 64 * PN_MIB;
	return 0;
}

int pn_guest_clock(struct pn_guest *g, unsigned int rounds, struct pn_guest_clock *ret_clock, struct pn_diag *diag)
{
	if (g->agent_silent)
		return pn_diag_set(diag, -ETIMEDOUT, "the agent is silent");
	*ret_clock = (struct pn_guest_clock){.offset_ns = FAKE_BEHIND_NS, .error_ns = 1000};
	return 0;
}

uint64_t fake_guest_now_ns(void)
{
	return pn_clock_now_ns() - FAKE_BEHIND_NS;
}

static const char *file_text(const char *path)
{
	if (strstr(path, "boot_id"))
		return "first\n";
	return strstr(path, "tainted") ? "12288\n" : "MemTotal: 8 kB\nMemFree: 5 kB\n";
}

static json_t *file_texts(const json_t *paths)
{
	json_t *files = json_array();
	const json_t *path;
	size_t i;

	json_array_foreach(paths, i, path)
		json_array_append_new(files, json_pack("{s:s}", "text", file_text(json_string_value(path))));
	return files;
}

int pn_guest_agent(struct pn_guest *g, json_t *request, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	json_t *reply = json_object();
	bool silent = g->agent_silent;

	if (pn_is(request, "op", "sample"))
		json_object_update_new(reply,
				       json_pack("{s:I, s:i}", "mono_ns", g->machine.exact ? (json_int_t)FAKE_STANDS_NS : (json_int_t)fake_guest_now_ns(), "driver.held_pages", 16384));
	else if (pn_is(request, "op", "read") && json_object_get(request, "paths"))
		json_object_set_new(reply, "files", file_texts(json_object_get(request, "paths")));
	else if (pn_is(request, "op", "read"))
		json_object_set_new(reply, "text", json_string(file_text(pn_text(request, "path"))));
	else if (pn_is(request, "op", "sample.start"))
		g_atomic_int_inc(&g->agent_starts);
	json_decref(request);
	if (silent || !ret_reply) {
		json_decref(reply);
		return silent ? pn_diag_set(diag, -ETIMEDOUT, "the agent is silent") : 0;
	}
	*ret_reply = reply;
	return 0;
}

int pn_guest_subscribe(struct pn_guest *g, pn_guest_event_fn *fn, void *data)
{
	g_mutex_lock(&g->lock);
	g_ptr_array_add(g->subscribers, (void *)fn);
	g_ptr_array_add(g->subscribers, data);
	g_mutex_unlock(&g->lock);
	return 0;
}

void pn_guest_unsubscribe(struct pn_guest *g, pn_guest_event_fn *fn, void *data)
{
	g_mutex_lock(&g->lock);
	for (guint i = 0; i < g->subscribers->len; i += 2) {
		if (g->subscribers->pdata[i] != (void *)fn || g->subscribers->pdata[i + 1] != data)
			continue;
		g_ptr_array_remove_range(g->subscribers, i, 2);
		break;
	}
	g_mutex_unlock(&g->lock);
}

void fake_guest_tell(struct pn_guest *guest, json_t *event)
{
	g_mutex_lock(&guest->lock);
	for (guint i = 0; i < guest->subscribers->len; i += 2)
		((pn_guest_event_fn *)guest->subscribers->pdata[i])(event, pn_clock_now_ns(), guest->subscribers->pdata[i + 1]);
	g_mutex_unlock(&guest->lock);
	json_decref(event);
}
