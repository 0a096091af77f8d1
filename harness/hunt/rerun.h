/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_guest;

/* One execution of a case for gdb, in a process of its own (reverse.h). For reverse.c only. */

#define PN_RERUN_BREAKS_MAX 12
#define PN_RERUN_TEXT_MAX 96
#define PN_RERUN_SECTIONS_MAX 2048

/** enum pn_rerun_goal - where an execution is to stop for gdb */
enum pn_rerun_goal {
	PN_RERUN_END,	/* the end of the timeline */
	PN_RERUN_BACK,	/* nowhere: which hit is the last before @position? */
	PN_RERUN_FORTH, /* nowhere: which hit is the first after @position? */
	PN_RERUN_HIT,	/* hit number @hit */
	PN_RERUN_BEGIN, /* the beginning of the timeline */
};

/** struct pn_rerun_shared - what the executions hand on; in memory that all their processes share, one at a time */
struct pn_rerun_shared {
	enum pn_rerun_goal goal;
	uint64_t position; /* instructions of the guest; UINT64_MAX: the end */
	unsigned int hit;
	bool waiting; /* gdb waits to hear where the guest has stopped */
	bool done;    /* gdb has gone */
	int err;
	unsigned int break_count;
	char breaks[PN_RERUN_BREAKS_MAX][PN_RERUN_TEXT_MAX]; /* without Z: "0,ffffffffc0001234,1" */
	char greeting[1024];				     /* gdb's qSupported; empty: none yet */
	char sections[PN_RERUN_SECTIONS_MAX];
};

struct pn_rerun;

/**
 * pn_rerun_begin() - QEMU's stub opened and connected to, breakpoints set
 * @guest: loaded, not yet run
 * @gdb_fd: gdb; borrowed
 * @stub: path for QEMU's socket; short, owned by the caller
 *
 * Return: 0 or a negative errno.
 */
int pn_rerun_begin(struct pn_guest *guest, int gdb_fd, const char *stub, struct pn_rerun_shared *shared, struct pn_rerun **ret_rerun,
		   struct pn_diag *diag);

/** pn_rerun_at_begin() - the timeline begins. Does not return when it is the goal: the process ends when gdb wants another execution. */
void pn_rerun_at_begin(struct pn_rerun *rerun);

/** pn_rerun_at_end() - the timeline has ended. Does not return. */
_Noreturn void pn_rerun_at_end(struct pn_rerun *rerun);
