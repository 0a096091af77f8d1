/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "../base/units.h"
#include "../scenario/load.h"

struct pn_timeline;

/** PN_JOB_CAPTURE_BYTES - how much of a load's output is kept, each stream */
#define PN_JOB_CAPTURE_BYTES (2 * PN_MIB)

/** PN_JOB_ANSWER_NS - how long a transfer from or to the guest may take */
#define PN_JOB_ANSWER_NS (60 * PN_NS_PER_S)

/** struct pn_job - a load as it is in this guest: its words expanded. The same whenever it is made, so nothing is kept between start and stop. */
struct pn_job {
	struct pn_load *load;
	char *dir;   /* its own, in the guest */
	char **argv; /* expanded */
	struct pn_load_context context;
};

/** pn_job_init() - read a load and expand it for the guest of a timeline. Return: 0 or a negative errno. */
int pn_job_init(struct pn_job *job, const struct pn_timeline *timeline, const char *name, struct pn_diag *diag);
void pn_job_deinit(struct pn_job *job);

/** pn_job_journal() - record that a load has come to a state */
void pn_job_journal(const struct pn_timeline *timeline, const char *name, const char *state);
