// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of calls and the thread that makes them. A call is shared by the one who waits and the thread; whichever leaves last
 * frees it. Abandoned means: the waiter left after the thread had begun.
 */

#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"

struct call {
	char *line;
	int fd;
	bool begun;
	bool done;
	bool abandoned;
	int err;
	char *reply;
	uint64_t latency_ns;
	struct pn_diag diag;
};

struct pn_calls {
	pn_calls_fn *fn;
	void *data;
	GThread *thread;
	GMutex lock; /* all below, and the calls */
	GCond moved;
	GQueue waiting;
	bool quit;
};

static void call_free(struct call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	g_free(call->line);
	free(call->reply);
	g_free(call);
}

static void *run(void *data)
{
	struct pn_calls *calls = data;

	g_mutex_lock(&calls->lock);
	for (;;) {
		struct call *call = g_queue_pop_head(&calls->waiting);
		uint64_t begin_ns;

		if (!call) {
			if (calls->quit)
				break;
			g_cond_wait(&calls->moved, &calls->lock);
			continue;
		}
		call->begun = true;
		g_mutex_unlock(&calls->lock);
		begin_ns = pn_clock_now_ns();
		call->err = calls->fn(calls->data, call->line, call->fd, &call->reply, &call->diag);
		call->latency_ns = pn_clock_now_ns() - begin_ns;
		g_mutex_lock(&calls->lock);
		call->done = true;
		if (call->abandoned)
			call_free(call);
		g_cond_broadcast(&calls->moved);
	}
	g_mutex_unlock(&calls->lock);
	return NULL;
}

struct pn_calls *pn_calls_new(pn_calls_fn *fn, void *data)
{
	struct pn_calls *calls = g_new0(struct pn_calls, 1);

	calls->fn = fn;
	calls->data = data;
	g_mutex_init(&calls->lock);
	g_cond_init(&calls->moved);
	g_queue_init(&calls->waiting);
	calls->thread = g_thread_new("pn-monitor", run, calls);
	return calls;
}

void pn_calls_free(struct pn_calls *calls)
{
	if (!calls)
		return;
	g_mutex_lock(&calls->lock);
	calls->quit = true;
	g_cond_broadcast(&calls->moved);
	g_mutex_unlock(&calls->lock);
	g_thread_join(calls->thread);
	g_cond_clear(&calls->moved);
	g_mutex_clear(&calls->lock);
	g_free(calls);
}

/* Lock held. Take the outcome, or leave the call behind. */
static int leave(struct pn_calls *calls, struct call *call, uint64_t timeout_ns, char **ret_reply, uint64_t *ret_latency_ns,
		 struct pn_diag *diag)
{
	int err = call->err;

	if (!call->done && call->begun) {
		call->abandoned = true;
		return pn_diag_set(diag, -ETIMEDOUT, "monitor: no answer within %llu ms", (unsigned long long)(timeout_ns / PN_NS_PER_MS));
	}
	if (!call->done) {
		g_queue_remove(&calls->waiting, call);
		err = pn_diag_set(diag, -ETIMEDOUT, "monitor: busy with an earlier command for %llu ms",
				  (unsigned long long)(timeout_ns / PN_NS_PER_MS));
	} else if (err) {
		pn_diag_set(diag, err, "%s", call->diag.text);
	} else {
		if (ret_reply)
			*ret_reply = g_steal_pointer(&call->reply);
		if (ret_latency_ns)
			*ret_latency_ns = call->latency_ns;
	}
	call_free(call);
	return err;
}

int pn_calls_run(struct pn_calls *calls, const char *line, int fd, uint64_t timeout_ns, char **ret_reply, uint64_t *ret_latency_ns,
		 struct pn_diag *diag)
{
	gint64 deadline_us = g_get_monotonic_time() + (gint64)(timeout_ns / PN_NS_PER_US) + 1;
	struct call *call = g_new0(struct call, 1);
	int err;

	call->line = g_strdup(line);
	call->fd = -1;
	if (fd >= 0) {
		/* A copy: an abandoned call may use it after the caller has closed its own. */
		call->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (call->fd < 0) {
			err = pn_diag_set(diag, -errno, "monitor: %s", g_strerror(errno));
			call_free(call);
			return err;
		}
	}
	g_mutex_lock(&calls->lock);
	g_queue_push_tail(&calls->waiting, call);
	g_cond_broadcast(&calls->moved);
	while (!call->done) {
		if (!g_cond_wait_until(&calls->moved, &calls->lock, deadline_us))
			break;
	}
	err = leave(calls, call, timeout_ns, ret_reply, ret_latency_ns, diag);
	g_mutex_unlock(&calls->lock);
	return err;
}
