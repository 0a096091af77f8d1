/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "balloon.h"
#include "qtest.h"

/** struct pn_device_words - what a check found, one line */
struct pn_device_words {
	char text[160];
};

/** struct pn_device_check - one requirement on devices; a row has one device of its own, its @check is NULL where there is nothing to check */
struct pn_device_check {
	unsigned int rule;
	enum { PN_DEVICE_CHECKED, PN_DEVICE_PERMISSION, PN_DEVICE_UNSEEN, PN_DEVICE_UNTRIED } kind;
	const char *text;
	const char *why;	/* why it is not observable, or not tried; NULL */
	const char *device;	/* -device argument */
	bool (*check)(struct pn_qtest *qtest, struct pn_device_words *words);
};

/** pn_device_checks, pn_device_hostile - end with a text of NULL */
extern const struct pn_device_check pn_device_checks[], pn_device_hostile[];
