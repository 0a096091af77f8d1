/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <sqlite3.h>

#include "history.h"

/* Inside the history: the database and short ways to ask it. */

struct pn_history {
	sqlite3 *db;
	char *path;
};

/** HISTORY_VERSION - of the schema this program writes */
#define HISTORY_VERSION 3

/** history_migrations - what makes version i + 1 of version i */
extern const char *const history_migrations[HISTORY_VERSION];

/** history_fail() - turn SQLite's last error into one line. Return: a negative errno. */
int history_fail(const struct pn_history *history, const char *doing, struct pn_diag *diag);

/** history_exec() - statements without results. Return: 0 or a negative errno. */
int history_exec(struct pn_history *history, const char *sql, struct pn_diag *diag);

/**
 * history_prepare() - a statement with its arguments bound
 * @types: one letter each: 's' const char * (NULL allowed), 'i' int64_t, 'f' double
 *
 * Return: the statement, sqlite3_finalize() by the caller; NULL with @diag filled.
 */
sqlite3_stmt *history_prepare(struct pn_history *history, struct pn_diag *diag, const char *sql, const char *types, ...);

/** history_do() - history_prepare(), run it to its end, finalize. Return: 0 or a negative errno. */
int history_do(struct pn_history *history, struct pn_diag *diag, const char *sql, const char *types, ...);

/** history_text() - a text column, "" for NULL; valid until the next step */
const char *history_text(sqlite3_stmt *statement, int column);

/** history_uid() - what makes a run the same run when it is imported again; g_free() by the caller */
char *history_uid(const struct pn_rundir *run);
