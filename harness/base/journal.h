/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_journal;

/**
 * pn_journal_open() - open or continue an append-only journal
 * @path: JSON lines; made if absent; a torn last line (crash in a write) is cut off first
 *
 * Return: 0 or a negative errno. The journal is thread-safe and freed with pn_journal_free().
 */
int pn_journal_open(const char *path, struct pn_journal **ret_journal, struct pn_diag *diag);
void pn_journal_free(struct pn_journal *journal);

/**
 * pn_journal_add() - append one record: {"t_ns": now, "ev": ev, ...fields}
 * @ev: kind of record, "action", "fault", "verdict", ...
 * @fields: object; stolen; may be NULL
 *
 * The line is handed to the kernel in one write before the call returns, so it survives a kill of the process.
 * Return: 0 or a negative errno.
 */
int pn_journal_add(struct pn_journal *journal, const char *ev, json_t *fields);

/**
 * pn_journal_read() - all records of a journal
 * @path: file; a torn last line is left out
 * @ret_records: array of objects; json_decref() by the caller
 *
 * Return: 0 or a negative errno.
 */
int pn_journal_read(const char *path, json_t **ret_records, struct pn_diag *diag);
