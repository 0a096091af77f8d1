/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's loop: epoll and a list of timers. One event is taken at a time, so a handler may remove any source without leaving a
 * stale event behind; epoll's own rotation keeps it fair. No allocation after init.
 */
#include "loop.h"

#include "agent.h"
#include "exact.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static int epoll_fd = -1;
static struct pn_loop_timer *timers;
static bool stopped;
static int exit_code;

int pn_loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd < 0 ? -errno : 0;
}

static int control(struct pn_loop_source *source, int what, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(epoll_fd, what, source->fd, &event) < 0 ? -errno : 0;
}

int pn_loop_add(struct pn_loop_source *source, uint32_t events)
{
	return control(source, EPOLL_CTL_ADD, events);
}

int pn_loop_change(struct pn_loop_source *source, uint32_t events)
{
	return control(source, EPOLL_CTL_MOD, events);
}

void pn_loop_remove(struct pn_loop_source *source)
{
	if (source->fd < 0)
		return;
	/* Said aloud, since a child that holds a copy of the descriptor would keep it watched. */
	control(source, EPOLL_CTL_DEL, 0);
	close(source->fd);
	source->fd = -1;
}

void pn_loop_arm(struct pn_loop_timer *timer, uint64_t due_ns)
{
	timer->due_ns = due_ns;
	if (timer->armed)
		return;
	timer->armed = true;
	timer->next = timers;
	timers = timer;
}

void pn_loop_disarm(struct pn_loop_timer *timer)
{
	struct pn_loop_timer **at;

	if (!timer->armed)
		return;
	for (at = &timers; *at != timer; at = &(*at)->next)
		;
	*at = timer->next;
	timer->armed = false;
}

static struct pn_loop_timer *earliest(void)
{
	struct pn_loop_timer *best = timers;

	for (struct pn_loop_timer *timer = timers; timer; timer = timer->next) {
		if (timer->due_ns < best->due_ns)
			best = timer;
	}
	return best;
}

/* Milliseconds until the next timer, rounded up so that it is due when the wait ends; -1 for ever. */
static int wait_ms(void)
{
	const struct pn_loop_timer *timer = earliest();
	uint64_t now = pn_now_ns(), left;

	if (!timer)
		return -1;
	left = timer->due_ns > now ? timer->due_ns - now : 0;
	return left > 3600000000000ull ? 3600000 : (int)((left + 999999) / 1000000);
}

static void fire_due(void)
{
	struct pn_loop_timer *timer = earliest();

	if (!timer || timer->due_ns > pn_now_ns())
		return;
	pn_loop_disarm(timer);
	timer->fire(timer);
}

int pn_loop_run(void)
{
	while (!stopped) {
		struct epoll_event event;
		int n = epoll_wait(epoll_fd, &event, 1, pn_exact_spin() ? 0 : wait_ms());

		if (n > 0) {
			struct pn_loop_source *source = event.data.ptr;

			source->ready(source, event.events);
		}
		fire_due();
	}
	return exit_code;
}

void pn_loop_stop(int code)
{
	stopped = true;
	exit_code = code;
}
