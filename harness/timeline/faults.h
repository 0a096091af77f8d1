/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../scenario/fault.h"
#include "conductor.h"

/*
 * Faults as mechanisms. Each has a thread: it waits for the moment to strike, arms, waits until the fault has shown itself, lets it last,
 * disarms. The declarations (names, arguments, help) are in scenario/fault.c; here is one struct pn_fault_ops for each of them.
 */

/** enum pn_fault_flags */
enum pn_fault_flags {
	PN_FAULT_HOLDS = 1 << 0,      /* the guest or its driver stands still from arm to disarm: the balloon's rest means nothing */
	PN_FAULT_DEAF = 1 << 1,	      /* the monitor does not answer from arm to disarm */
	PN_FAULT_BY_AGENT = 1 << 2,   /* armed through the agent, so it strikes a round trip later than it was sent */
	PN_FAULT_OWN_ACTUAL = 1 << 3, /* changes `actual` itself, or takes its time while the balloon goes on, so that can't tell afterwards whether the balloon was moving */
};

/** struct pn_strike - the moment a fault is to strike at, and the balloon's movement then */
struct pn_strike {
	const char *motion;	  /* "any", "inflating", "deflating", or a phase (strike_phase.h) */
	unsigned int at_progress; /* percent; 0: at once */
	uint64_t delay_ns;	  /* from sent to struck, at most */
	/* of the moment itself: */
	unsigned int generation;
	uint64_t seen_ns;
	uint64_t bytes, asked_bytes, from_bytes;
	double bytes_per_ns; /* speed at which it moved */
};

/** struct pn_fault_run - one fault of a timeline */
struct pn_fault_run {
	struct pn_conductor *conductor;
	const struct pn_fault_info *info;
	const struct pn_fault_ops *ops;
	unsigned int event;
	uint64_t for_ns;
	json_t *args;
	struct pn_strike strike;
	GThread *thread;
	bool told; /* it has fired, or will not any more; under the conductor's lock */
	bool lasting; /* it has fired and is not disarmed yet; under the conductor's lock */
	json_t *evidence; /* object: what showed that it fired; filled by ops->fired() */
	void *data;	  /* of the family; freed with g_free() */
};

/**
 * struct pn_fault_ops - mechanism of one fault
 * @name: as declared
 * @flags: enum pn_fault_flags
 * @ahead: what takes its time and can be there before the timeline begins; NULL: nothing. Return: 0 or a negative errno.
 * @prepare: what can be known before the strike (baselines); NULL: nothing
 * @arm: do it. Blocks. Return: 0 or a negative errno.
 * @fired: has it shown itself? Called with growing gaps until it has. Fills @evidence. NULL: it has when armed. Return: 1, 0 or a negative errno.
 * @disarm: undo it; must accept that arm failed half way; NULL: nothing to undo. Return: 0 or a negative errno.
 */
struct pn_fault_ops {
	const char *name;
	unsigned int flags;
	int (*ahead)(struct pn_guest *guest, struct pn_diag *diag);
	int (*prepare)(struct pn_fault_run *run, struct pn_diag *diag);
	int (*arm)(struct pn_fault_run *run, struct pn_diag *diag);
	int (*fired)(struct pn_fault_run *run, struct pn_diag *diag);
	int (*disarm)(struct pn_fault_run *run, struct pn_diag *diag);
};

extern const struct pn_fault_ops pn_fault_oom, pn_fault_vcpu_pause, pn_fault_qemu_stop, pn_fault_qemu_kill, pn_fault_unbind, pn_fault_unload,
	pn_fault_reset, pn_fault_hibernate, pn_fault_agent_wedge, pn_fault_panic, pn_fault_migration, pn_fault_migrate_cancel,
	pn_fault_unplug, pn_fault_save_restore, pn_fault_migrate, pn_fault_throttle, pn_fault_host_pressure, pn_fault_host_oom,
	pn_fault_main_loop_stop, pn_fault_iothread_stop, pn_fault_discard_fail, pn_fault_discard_slow, pn_fault_compaction, pn_fault_offline,
	pn_fault_thp, pn_fault_suspend, pn_fault_flap, pn_fault_swap_fail, pn_fault_swap_slow, pn_fault_swap_hang, pn_fault_swap_full, pn_fault_alloc_fail,
	pn_fault_alloc_nth, pn_fault_interrupts, pn_fault_used_ring, pn_fault_config_space, pn_fault_driver_output, pn_fault_memory_plug, pn_fault_postcopy;

/** pn_fault_ops_find() - mechanism of a declared fault; NULL when there is none (a unit test forbids that) */
const struct pn_fault_ops *pn_fault_ops_find(const char *name);

/** pn_faults_ahead() - do ahead of the timeline what its faults need time for. Return: 0 or a negative errno. */
int pn_faults_ahead(const struct pn_timeline *timeline, struct pn_diag *diag);

/**
 * pn_faults_start() - start the fault of an event
 *
 * One that strikes at once is waited for until it has fired, unless the event is one of an instant: so "after previous" means after the
 * kernel has run out of memory, however long a slow machine takes for that. One that waits for its moment is not.
 * Return: 0; or a negative errno, also of a fault that did not fire.
 */
int pn_faults_start(struct pn_conductor *conductor, unsigned int event, struct pn_diag *diag);

/** pn_faults_end() - the timeline is over: wait for faults whose time runs still, disarm the rest, join all threads */
void pn_faults_end(struct pn_conductor *conductor);

/** pn_strike_init() - read the moment from the arguments of a fault. Return: 0 or -EINVAL. */
int pn_strike_init(struct pn_strike *strike, const json_t *args, struct pn_diag *diag);

/** pn_strike_at_once() - does it strike at once, or wait for a movement of the balloon */
bool pn_strike_at_once(const struct pn_strike *strike);

/**
 * pn_strike_wait() - wait for the moment
 * @evidence: gets what showed a phase
 *
 * Return: 1 when it is there, 0 when the timeline ended before it came, or as pn_conductor_wait().
 */
int pn_strike_wait(struct pn_strike *strike, struct pn_conductor *conductor, json_t *evidence, struct pn_diag *diag);

/**
 * pn_strike_held() - was the balloon still moving as asked when the fault struck
 * @sent_ns: when arming began
 * @look: ask the device once more: its actual stands still since the strike
 * @evidence: gets "bytes", "asked_bytes", "bytes_per_s" of the moment
 *
 * Return: 1 yes, 0 no, or a negative errno.
 */
int pn_strike_held(const struct pn_strike *strike, struct pn_conductor *conductor, uint64_t sent_ns, bool look, json_t *evidence,
		   struct pn_diag *diag);
