/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the parts of controlled.h share; for this folder only. */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "../../drivers-under-test/balloond/laws/law.h"
#include "../base/diag.h"
#include "../observe/procfs.h"
#include "../scenario/scenario.h"

/** struct pn_controlled_guest - one guest as a controller sees it */
struct pn_controlled_guest {
	const char *name;
	struct pn_guest *guest;
	uint64_t memory_bytes; /* now */
	uint64_t began_bytes, plug_bytes; /* what it began with; what it may be given besides */
	struct pn_procfs_file smaps; /* fd -1: can't be read */
	gint64 psi_us;		     /* atomic, by the guest's samples; -1: none yet */
	gint boots;		     /* atomic */
	char *boot_id;		     /* of the connection's thread */
	uint64_t target_bytes;
};

/** pn_controlled_open() - begin to look at a guest; pn_controlled_close() ends it */
void pn_controlled_open(struct pn_controlled_guest *guest, struct pn_guest *real, const struct pn_scenario *scenario);
void pn_controlled_close(struct pn_controlled_guest *guest);

/** pn_controlled_look() - what is known of it now; blocks up to @timeout_ns for each of two questions to its monitor */
void pn_controlled_look(struct pn_controlled_guest *guest, uint64_t timeout_ns, struct pn_observation *ret_observation);

/**
 * pn_controlled_spoil() - what a fault makes of an observation
 * @nth: how many ticks it has lasted
 */
void pn_controlled_spoil(enum pn_controller_fault_kind kind, const struct pn_observation *before, unsigned int nth, uint64_t memory_bytes,
			 struct pn_observation *observation);

/** pn_controlled_isolation() - how soon the controller came to distrust whom, as metrics controller.isolated_s.GUEST, from its record */
void pn_controlled_isolation(const struct pn_scenario *scenario, const json_t *records, json_t *metrics);

/** pn_controlled_misjudged() - whom it trusted or distrusted wrongly. Return: words for a person, owned by the caller; NULL: nobody. */
char *pn_controlled_misjudged(const struct pn_scenario *scenario, const json_t *records);

struct pn_controlled_bounds;
struct pn_controlled_daemon;
struct pn_host;
struct pn_journal;
struct pn_libvirtd;

/** struct pn_controlled_fault_state - one fault of the scenario under way */
struct pn_controlled_fault_state {
	unsigned int ticks; /* that it has lasted */
	bool over;
	struct pn_observation *before; /* one a guest, as it was when the fault began */
};

/** struct pn_controlled - a controller over the guests of a case */
struct pn_controlled {
	const struct pn_scenario *scenario;
	const struct pn_controller_spec *spec;
	const struct pn_law *law;
	char *case_dir;
	struct pn_journal *journal;
	struct pn_controlled_guest *guests;
	struct pn_policy_config config;
	struct pn_policy_guest *limits;
	struct pn_observation *observations;
	struct pn_decision *decisions;
	bool *decided; /* one a guest: is there a decision? */
	struct pn_controlled_fault_state *faults;
	struct pn_controlled_bounds *bounds; /* NULL: not enforced */
	struct pn_controlled_daemon *daemon; /* NULL: the law is in this process */
	unsigned int count;
	void *state; /* of the law */
	GThread *thread;
	uint64_t began_ns;
	gint ending; /* atomic */
	int err;     /* the first of the record */
	struct pn_diag diag; /* words of it */
};

/** pn_controlled_note() - add to the record, keep the first error; @fields are stolen */
void pn_controlled_note(struct pn_controlled *controlled, const char *ev, json_t *fields);

/** pn_controlled_note_fault(), pn_controlled_note_tick() - add such a record. @decision_ns: PN_UNSET: not known */
void pn_controlled_note_fault(struct pn_controlled *controlled, const struct pn_controller_fault *fault, const char *state);
void pn_controlled_note_tick(struct pn_controlled *controlled, uint64_t decision_ns);

/** pn_controlled_look_at_all() - fill the observations; blocks until each guest has answered or its time is over */
void pn_controlled_look_at_all(struct pn_controlled *controlled);

/**
 * pn_controlled_daemon_start() - balloond over the guests of a libvirtd, with the scenario's budget
 * @host, @libvirtd: of the case; borrowed
 *
 * Its configuration and log stay in the case's directory: balloond.yaml, balloond.log. Return: 0 or a negative errno.
 */
int pn_controlled_daemon_start(struct pn_controlled *controlled, struct pn_host *host, struct pn_libvirtd *libvirtd, struct pn_diag *diag);

/** pn_controlled_daemon_tick() - what it has decided and ordered since, into the record; faults of it and its libvirtd */
void pn_controlled_daemon_tick(struct pn_controlled *controlled);

/** pn_controlled_daemon_stop() - end it; its libvirtd is there afterwards. NULL is fine. Return: 0 or the first negative errno. */
int pn_controlled_daemon_stop(struct pn_controlled_daemon *daemon, struct pn_diag *diag);

/**
 * pn_controlled_bounds_new() - a memory cgroup for each guest's QEMU, without a limit so far, and a swap file, as large as all of them, for what will be above one
 *
 * Return: 0, -ENOTSUP where the host has no memory cgroups or a guest no process, or another negative errno.
 */
int pn_controlled_bounds_new(const struct pn_controlled_guest *guests, unsigned int count, struct pn_controlled_bounds **ret_bounds,
			     struct pn_diag *diag);

/**
 * pn_controlled_bounds_set() - hold a guest's memory to its bound; blocks while the kernel takes it back
 * @bound_bytes: by the law; 0: it gives none
 * @resident_bytes: of the guest's memory now; PN_UNSET: not known, nothing is done
 *
 * Return: 0 or a negative errno.
 */
int pn_controlled_bounds_set(struct pn_controlled_bounds *bounds, unsigned int index, const struct pn_controlled_guest *guest, uint64_t bound_bytes,
			     uint64_t resident_bytes, struct pn_diag *diag);

/** pn_controlled_bounds_hits() - {guest: how often its limit was hit}; empty when none was ever set. Return: owned by the caller. */
json_t *pn_controlled_bounds_hits(const struct pn_controlled_bounds *bounds, const struct pn_controlled_guest *guests);

/** pn_controlled_bounds_free() - lift all bounds, remove groups and swap. NULL is fine. Return: 0 or the first negative errno. */
int pn_controlled_bounds_free(struct pn_controlled_bounds *bounds, struct pn_diag *diag);
