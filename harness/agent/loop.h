/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** struct pn_loop_source - a descriptor that is watched; embedded in its owner */
struct pn_loop_source {
	int fd;
	void (*ready)(struct pn_loop_source *source, uint32_t events); /* may remove any source, this one too */
};

/** struct pn_loop_timer - fires once when armed; embedded in its owner, zeroed at first */
struct pn_loop_timer {
	void (*fire)(struct pn_loop_timer *timer);
	uint64_t due_ns; /* pn_now_ns() */
	bool armed;
	struct pn_loop_timer *next;
};

/** pn_loop_init() - Return: 0 or a negative errno. */
int pn_loop_init(void);

/** pn_loop_add() - watch @source for @events (EPOLLIN ...). Return: 0 or a negative errno. */
int pn_loop_add(struct pn_loop_source *source, uint32_t events);

/** pn_loop_change() - watch for other events; 0 watches for none. Return: 0 or a negative errno. */
int pn_loop_change(struct pn_loop_source *source, uint32_t events);

/** pn_loop_remove() - stop watching and close; @source->fd is -1 afterwards. A source whose fd is -1 is fine. */
void pn_loop_remove(struct pn_loop_source *source);

/** pn_loop_arm() - fire at @due_ns, in place of an earlier time asked for */
void pn_loop_arm(struct pn_loop_timer *timer, uint64_t due_ns);
void pn_loop_disarm(struct pn_loop_timer *timer);

/** pn_loop_run() - until pn_loop_stop(). Return: what that was given. */
int pn_loop_run(void);
void pn_loop_stop(int code);
