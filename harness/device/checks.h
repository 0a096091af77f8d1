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
	enum { PN_DEVICE_CHECKED, PN_DEVICE_PERMISSION, PN_DEVICE_UNSEEN } kind;
	const char *text;
	const char *why;	/* why it is not observable; NULL */
	const char *device;	/* -device argument */
	bool (*check)(struct pn_qtest *qtest, struct pn_device_words *words);
};

/** what is in hints.c and legacy.c */
bool pn_device_hints_stopped(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_new_id(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_mismatched(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_left_alone(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_done(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_legacy_first_stats(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_stat_is(struct pn_qtest *qtest, const char *name, json_int_t value, struct pn_device_words *words);

/** pn_device_checks, pn_device_hostile - end with a text of NULL */
extern const struct pn_device_check pn_device_checks[], pn_device_hostile[];
