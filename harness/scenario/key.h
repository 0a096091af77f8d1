/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pn_diag;

/*
 * Records that describe what may be written in a YAML file: the keys of a scenario, the parameters of a pattern, the arguments of an
 * event or of a fault. Checks, defaults, error texts and documentation all come from these records.
 */

/** enum pn_key_type - what a value is; decides how its text is read and in which unit it is held */
enum pn_key_type {
	PN_KEY_BYTES,	 /* size with a unit, held in bytes */
	PN_KEY_SHARE,	 /* size, or percent of the guest's memory; held in bytes */
	PN_KEY_DURATION, /* duration with a unit, held in nanoseconds */
	PN_KEY_MOMENT,	 /* a duration, or a point of the guest's code (harness/pin/notation.h): held as 0 and its text */
	PN_KEY_COUNT,	 /* whole number */
	PN_KEY_INTEGER,	 /* whole number with sign; min and max are read as int64_t */
	PN_KEY_FLAG,	 /* true or false (on, off, yes, no), held as 1 or 0 */
	PN_KEY_CHOICE,	 /* one of @choices, held as its index and its text */
	PN_KEY_NAME,	 /* a name without white space */
	PN_KEY_TEXT,	 /* any text */
	PN_KEY_NAMES,	 /* a name or a list of names */
	PN_KEY_TEXTS,	 /* a text or a list of texts */
	PN_KEY_MAP,	 /* a mapping, its keys have records of their own */
	PN_KEY_MAPS,	 /* a list of mappings */
};

/**
 * struct pn_key_info - record of one key
 * @name: as written; dotted for nested keys of a file ("guest.balloon.packed"), "[]" after a list ("timeline[].at")
 * @type: what the value is
 * @required: a file without it is refused
 * @min: smallest value in the unit it is held in; for PN_KEY_SHARE of the bytes
 * @max: largest; 0: no limit of its own
 * @percent_max: PN_KEY_SHARE: largest percentage; 0: 100
 * @choices: PN_KEY_CHOICE, and PN_KEY_NAMES where not any name will do: NULL-terminated
 * @fallback: text of the default, read like a value in the file; NULL: nothing
 * @help: one line
 */
struct pn_key_info {
	const char *name;
	enum pn_key_type type;
	bool required;
	uint64_t min;
	uint64_t max;
	unsigned int percent_max;
	const char *const *choices;
	const char *fallback;
	const char *help;
};

/** struct pn_key_value - a value read by a record */
struct pn_key_value {
	uint64_t number;  /* bytes, nanoseconds, count, flag, index of the choice; int64_t for PN_KEY_INTEGER */
	const char *text; /* borrowed from the caller's text */
};

/**
 * pn_key_parse() - read a scalar by its record
 * @key: the record
 * @text: what stands in the file
 * @memory_bytes: size of the guest for percentages
 * @ret_value: the value in the unit it is held in
 *
 * Return: 0, or -EINVAL for a wrong form, a missing unit or a value out of range.
 */
int pn_key_parse(const struct pn_key_info *key, const char *text, uint64_t memory_bytes, struct pn_key_value *ret_value);

/** pn_key_quote() - a number as a file would have it: exact, with its unit, unlike pn_bytes_format(); freed with g_free() */
char *pn_key_quote(enum pn_key_type type, uint64_t number);

/** pn_key_accepted() - what a key accepts, for error texts and documentation; freed with g_free() */
char *pn_key_accepted(const struct pn_key_info *key);

/** pn_key_find() - record of a name in a table that ends with a NULL name; NULL when there is none */
const struct pn_key_info *pn_key_find(const struct pn_key_info *table, const char *name);

/**
 * pn_key_nearest() - say which names are accepted, the most similar first
 * @name: what was written
 * @names: what there is, NULL-terminated
 *
 * Return: text such as "memory, vcpus or swap", at most five names of more; freed with g_free().
 */
char *pn_key_nearest(const char *name, const char *const *names);
