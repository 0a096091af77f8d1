/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "record.h"

/* The ledger: what a record says of the balloon's pages at each mark. Private to the ledger's files. */

/** struct pn_ledger_line - the books at one mark; pages of 4 KiB */
struct pn_ledger_line {
	char label[32];
	const char *phase; /* the mark lies in; "" */
	const json_t *mark;
	uint64_t t_ns;
	int64_t managed;	   /* sum of all zones */
	int64_t held;		   /* by the driver: its own count, else by the kernel's counters; 0 with no driver */
	const char *held_by;	   /* who says so: "driver", "vmstat", "nobody" */
	int64_t counted;	   /* the kernel's balloon_inflate - balloon_deflate since the boot mark; INT64_MIN: not known */
	int64_t device;		   /* device's actual; -1: not known */
	int64_t asked;		   /* target of a settled mark; -1 otherwise */
	int64_t unaccounted_bytes; /* INT64_MIN: not known */
	bool loaded;		   /* a driver is there */
	bool moving;		   /* the balloon moved while the mark was taken */
	bool anew;		   /* the guest booted anew since the mark before */
};

/** struct pn_ledger - all lines in the order of the marks */
struct pn_ledger {
	GArray *lines; /* of struct pn_ledger_line */
	int64_t total; /* managed pages at boot */
	bool adjusts;  /* the driver takes held pages out of the managed count; stock does not with deflate-on-oom */
};

/** pn_ledger_read() - the books of a record. Return: 0, or -ENODATA with the finding BROK and saying what is missing. */
int pn_ledger_read(const struct pn_record *record, struct pn_ledger *ret_ledger, struct pn_finding *finding);
void pn_ledger_deinit(struct pn_ledger *ledger);

static inline const struct pn_ledger_line *pn_ledger_at(const struct pn_ledger *ledger, guint i)
{
	return &g_array_index(ledger->lines, struct pn_ledger_line, i);
}

/** pn_ledger_missing() - pages that are neither managed nor in the balloon; negative: too many */
int64_t pn_ledger_missing(const struct pn_ledger *ledger, const struct pn_ledger_line *line);

/** pn_ledger_judge_host() - did the host really get the memory? */
void pn_ledger_judge_host(const struct pn_record *record, const struct pn_ledger *ledger, struct pn_finding *finding);

/** pn_ledger_judge_reported() - did the host get the pages that the guest reported as free? */
void pn_ledger_judge_reported(const struct pn_record *record, struct pn_finding *finding);

/** pn_ledger_judge_stats() - do the statistics that the guest reports fit what it says of itself? */
void pn_ledger_judge_stats(const struct pn_record *record, struct pn_finding *finding);

/** pn_ledger_judge_slope() - does memory that no list of the guest's kernel has grow from mark to mark? */
void pn_ledger_judge_slope(const struct pn_record *record, const struct pn_ledger *ledger, struct pn_finding *finding);
