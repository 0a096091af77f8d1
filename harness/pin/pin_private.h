/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What pin.c and counts.c share. */

#include <glib.h>
#include <sys/types.h>

#include "pin.h"

/** struct pin_point - a point as the harness knows it */
struct pin_point {
	bool used;
	bool holding;
	struct pn_pin_point point;
};

/** struct pn_pin */
struct pn_pin {
	char *shared_path, *socket_path;
	const struct pn_pin_shared *shared; /* written by another process */
	int listener;
	GThread *thread;

	GMutex lock; /* all below */
	GCond moved;
	int fd; /* -1: the plugin has not connected yet */
	bool gone, quit;
	uint32_t version; /* of the plugin; 0: no hello yet */
	uint32_t serial, done;
	struct pin_point points[PN_PIN_POINTS_MAX];
	unsigned int holding;

	/* of the driver under test */
	uint64_t base, size;	 /* where it is now; 0: nowhere yet */
	GArray *symbols;	 /* of the driver; NULL: not known */
	GArray *before;		 /* struct pn_pin_covered: what had been executed here before it came back; NULL: all counts */
	GArray *retired;	 /* struct pn_pin_covered: executed where it was before */
};
