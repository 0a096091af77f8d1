/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "../timeline/timeline.h"
#include "meeting.h"

struct pn_diag;
struct pn_guest;
struct pn_guest_config;
struct pn_host;
struct pn_image;
struct pn_job;
struct pn_journal;
struct pn_machine;
struct pn_module;
struct pn_reclaim;
struct pn_sampler;
struct pn_scenario;

/** struct pn_case_shared - what the guests of one case have in common */
struct pn_case_shared {
	const struct pn_job *job;
	const int *stop;
	const char *uri; /* libvirt; NULL: the embedded driver */
	GMutex lock; /* @host, @workdir; and one guest starts at a time */
	struct pn_host *host;
	int workdir; /* id of what is owned */
	struct pn_meeting begin; /* before the timelines */
	struct pn_meeting end;	 /* after them */
	void (*broke)(struct pn_case_shared *shared); /* a guest that broke is about to go: whoever acts on it must end; may be NULL */
};

/** struct pn_course - one guest of a case under way; the caller sets the first part */
struct pn_course {
	struct pn_case_shared *shared;
	const struct pn_scenario *scenario; /* of this guest */
	const char *dir;		    /* where its files go: the case's directory, or one below it */
	json_t *loads;			    /* array: what its loads measured */

	struct pn_journal *journal;
	struct pn_image *image;
	struct pn_module *module;
	struct pn_guest *guest;
	struct pn_sampler *sampler;
	struct pn_reclaim *reclaim; /* the technique at work; NULL: none */
	struct pn_timeline timeline;
	unsigned int loads_started;
	unsigned int settled; /* "settled" records so far */
	unsigned int touched; /* "touched" records so far */
	bool measuring;	      /* the mark "start" has been taken */
	bool ended;	      /* a fault has ended the guest as planned: the steps that ask it are left out */
	int mark_error;	      /* the first mark that could not be written */
};

/** pn_course_preload() - in exact mode the driver is part of what the snapshot holds. @machine borrows from @module. */
void pn_course_preload(struct pn_machine *machine, const struct pn_module *module);

/** pn_course_technique() - make the technique of the scenario, where it has one. Return: 0 or a negative errno. */
int pn_course_technique(struct pn_course *course, struct pn_diag *diag);

/** pn_course_start_within() - start the guest, within what its technique needs. Blocks as pn_guest_start(). Return: 0 or a negative errno. */
int pn_course_start_within(struct pn_course *course, const struct pn_guest_config *config, struct pn_diag *diag);

/** pn_course_mark() - a mark of the sampler; the first that could not be written is remembered in the course */
void pn_course_mark(struct pn_course *course, const char *label);

/** pn_course_driverless() - is there no driver at any time? */
bool pn_course_driverless(const struct pn_course *course);

/*
 * The steps of the way back, in this order; each returns 0 or a negative errno. pn_course_stop_loads() keeps what the loads measured.
 * pn_course_take_down() is for every way out: it stops the sampler, then the guest, and frees what the course holds.
 */
int pn_course_hear_agent(struct pn_course *course, struct pn_diag *diag);
int pn_course_end_measuring(struct pn_course *course, struct pn_diag *diag);
int pn_course_stop_loads(struct pn_course *course, struct pn_diag *diag);
int pn_course_deflate(struct pn_course *course, struct pn_diag *diag);
int pn_course_unload_driver(struct pn_course *course, struct pn_diag *diag);
int pn_course_find_leaks(struct pn_course *course, struct pn_diag *diag);
int pn_course_take_down(struct pn_course *course, struct pn_diag *diag);

/**
 * pn_course_run() - one guest from start to end; blocks
 *
 * Nothing of the guest is left when it returns; the shared host stays open. Return: 0, -EINTR when stopped, -ECANCELED when another guest
 * of the case broke, or another negative errno with @diag filled.
 */
int pn_course_run(struct pn_course *course, struct pn_diag *diag);
