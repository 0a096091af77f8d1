/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

#include "balloon.h"
#include "qtest.h"

/** struct pn_device_words - what a check found, one line */
struct pn_device_words {
	char text[160];
};

/**
 * struct pn_device_check - one requirement on devices; a row has one device of its own, its @check is NULL where there is nothing to check
 *
 * One that is broken by a bug that is known is let stand until the day @until, as a scenario with `known` is: later, and when it is kept
 * after all, it fails.
 */
struct pn_device_check {
	unsigned int rule;
	enum { PN_DEVICE_CHECKED, PN_DEVICE_PERMISSION, PN_DEVICE_UNSEEN } kind;
	const char *text;
	const char *why;	/* why it is not observable; NULL */
	const char *device;	/* -device argument */
	bool (*check)(struct pn_qtest *qtest, struct pn_device_words *words);
	const char *known, *until; /* of whom, why; YYYY-MM-DD, the first day on which it is let stand no longer; NULL: nothing is known */
};

/** pn_device_excuse() - say in a row's @result what is known of its check: "known" before @check->until, "expired" from then on, "surprise" when it @holds */
void pn_device_excuse(const struct pn_device_check *check, bool holds, const char *today, json_t *result);

/** what is in hints.c and legacy.c */
bool pn_device_hints_stopped(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_new_id(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_mismatched(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_left_alone(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_hints_done(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_legacy_first_stats(struct pn_qtest *qtest, struct pn_device_words *words);
bool pn_device_stat_is(struct pn_qtest *qtest, const char *name, json_int_t value, struct pn_device_words *words);

/** pn_device_send_stats() - a buffer of @count statistics, each a million and its tag. Return: does QEMU live? */
bool pn_device_send_stats(struct pn_balloon *balloon, const unsigned int *tags, unsigned int count);

/** pn_device_checks, pn_device_hostile, pn_device_bugs - end with a text of NULL */
extern const struct pn_device_check pn_device_checks[], pn_device_hostile[], pn_device_bugs[];
