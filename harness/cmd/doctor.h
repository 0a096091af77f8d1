/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/** struct pn_doctor_check - one piece */
struct pn_doctor_check {
	const char *name;
	bool must;	  /* nothing runs without it */
	const char *cost; /* what it costs to be without it */
	const char *mend; /* the command, to be copied as it stands; "advice: ..." where none helps */
	/* @look: is it there? @ret_what: what is there, or what is wrong; freed with g_free() */
	bool (*look)(char **ret_what);
};

/** pn_doctor_checks - all pieces but the planner's requirements; ends with a NULL name */
extern const struct pn_doctor_check pn_doctor_checks[];
