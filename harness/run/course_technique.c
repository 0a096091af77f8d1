// SPDX-License-Identifier: GPL-2.0-only
/* The technique of a guest's scenario: made before the guest, which is born within what the technique needs. */
#include "course.h"

#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "../technique/reclaim.h"
#include "run.h"

int pn_course_technique(struct pn_course *course, struct pn_diag *diag)
{
	int err;

	if (!course->scenario->technique)
		return 0;
	err = pn_reclaim_new(course->scenario, course->journal, course->dir, &course->reclaim, diag);
	if (!err)
		course->timeline.technique = pn_reclaim_technique(course->reclaim);
	return err;
}

int pn_course_start_within(struct pn_course *course, const struct pn_guest_config *config, struct pn_diag *diag)
{
	int err = course->reclaim ? pn_reclaim_enter(course->reclaim, diag) : 0, left;

	if (err)
		return err;
	err = pn_guest_start(course->shared->host, config, &course->guest, diag);
	left = course->reclaim ? pn_reclaim_leave(course->reclaim, course->guest, err ? NULL : diag) : 0;
	return err ? err : left;
}
