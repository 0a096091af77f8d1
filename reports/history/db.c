// SPDX-License-Identifier: GPL-2.0-only
/*
 * The database file: opened, migrated, asked. WAL, so that readers never wait; writers wait for each other. Every change is made within
 * BEGIN IMMEDIATE, which takes the write lock before anything is read: no writer ever works on what another is changing.
 */
#include "private.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"

#define WAIT_MS 60000
#define APPLICATION_ID 0x706e6869 /* "pnhi": so that another program's database is not taken for ours */

const char *const history_migrations[HISTORY_VERSION] = {
    /* 1: runs, their cases, the values of their metrics */
    "CREATE TABLE run (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, name TEXT NOT NULL, dir TEXT NOT NULL, class TEXT NOT NULL,"
    " start_s REAL NOT NULL, revision TEXT NOT NULL, kernel TEXT NOT NULL, qemu TEXT NOT NULL);"
    "CREATE TABLE result (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, case_id TEXT NOT NULL, number INTEGER NOT NULL,"
    " verdict TEXT NOT NULL, reason TEXT NOT NULL, duration_s REAL NOT NULL, PRIMARY KEY (run, number)) WITHOUT ROWID;"
    "CREATE TABLE value (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, case_id TEXT NOT NULL, metric TEXT NOT NULL,"
    " number INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (case_id, metric, run, number)) WITHOUT ROWID;"
    "CREATE INDEX value_of_run ON value (run);",
    /* 2: what a run measures, so that work in progress is not taken for main */
    "ALTER TABLE run ADD COLUMN branch TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX run_by_time ON run (class, branch, start_s);",
    /* 3: the guests' kernels, which come anew with the distribution and change figures without a change of ours */
    "ALTER TABLE run ADD COLUMN guest TEXT NOT NULL DEFAULT '';",
};

int history_fail(const struct pn_history *history, const char *doing, struct pn_diag *diag)
{
	int code = sqlite3_errcode(history->db) & 0xff;

	return pn_diag_set(diag,
			   code == SQLITE_BUSY	   ? -EBUSY
			   : code == SQLITE_FULL   ? -ENOSPC
			   : code == SQLITE_NOTADB ? -EINVAL
						   : -EIO,
			   "%s: %s: %s", history->path, doing, sqlite3_errmsg(history->db));
}

int history_exec(struct pn_history *history, const char *sql, struct pn_diag *diag)
{
	return sqlite3_exec(history->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : history_fail(history, "history", diag);
}

static sqlite3_stmt *prepare(struct pn_history *history, struct pn_diag *diag, const char *sql, const char *types, va_list args)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(history->db, sql, -1, &statement, NULL);

	for (int i = 0; code == SQLITE_OK && types[i]; i++) {
		if (types[i] == 's')
			code = sqlite3_bind_text(statement, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
		else if (types[i] == 'i')
			code = sqlite3_bind_int64(statement, i + 1, va_arg(args, int64_t));
		else
			code = sqlite3_bind_double(statement, i + 1, va_arg(args, double));
	}
	if (code == SQLITE_OK)
		return statement;
	history_fail(history, "asking", diag);
	sqlite3_finalize(statement);
	return NULL;
}

sqlite3_stmt *history_prepare(struct pn_history *history, struct pn_diag *diag, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;

	va_start(args, types);
	statement = prepare(history, diag, sql, types, args);
	va_end(args);
	return statement;
}

int history_do(struct pn_history *history, struct pn_diag *diag, const char *sql, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list args;
	int code;

	va_start(args, types);
	statement = prepare(history, diag, sql, types, args);
	va_end(args);
	if (!statement)
		return -EIO;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		;
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? 0 : history_fail(history, "writing", diag);
}

const char *history_text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

static int number_of(struct pn_history *history, const char *pragma, int *ret_number, struct pn_diag *diag)
{
	sqlite3_stmt *statement = history_prepare(history, diag, pragma, "");

	if (!statement)
		return -EIO;
	if (sqlite3_step(statement) != SQLITE_ROW) {
		sqlite3_finalize(statement);
		return history_fail(history, "reading", diag);
	}
	*ret_number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return 0;
}

/* with the write lock held: another process may have done it meanwhile */
static int migrate_locked(struct pn_history *history, struct pn_diag *diag)
{
	int version = 0, application = 0, tables = 0, err = number_of(history, "PRAGMA user_version", &version, diag);

	if (!err)
		err = number_of(history, "PRAGMA application_id", &application, diag);
	if (!err)
		err = number_of(history, "SELECT count(*) FROM sqlite_master", &tables, diag);
	if (err)
		return err;
	if (tables && application != APPLICATION_ID)
		return pn_diag_set(diag, -EINVAL, "%s: a database of another program", history->path);
	if (version > HISTORY_VERSION)
		return pn_diag_set(diag, -EINVAL, "%s: version %d is newer than this program, which knows %d", history->path, version,
				   HISTORY_VERSION);
	for (; !err && version < HISTORY_VERSION; version++)
		err = history_exec(history, history_migrations[version], diag);
	if (!err) {
		g_autofree char *mark =
		    g_strdup_printf("PRAGMA user_version = %d; PRAGMA application_id = %d", HISTORY_VERSION, APPLICATION_ID);

		err = history_exec(history, mark, diag);
	}
	return err;
}

/* a look without the lock: what is up to date is opened without waiting for anybody */
static bool up_to_date(struct pn_history *history)
{
	int version = 0, application = 0;

	return !number_of(history, "PRAGMA user_version", &version, NULL) && version == HISTORY_VERSION &&
	       !number_of(history, "PRAGMA application_id", &application, NULL) && application == APPLICATION_ID;
}

static int migrate(struct pn_history *history, struct pn_diag *diag)
{
	int err = up_to_date(history) ? 0 : history_exec(history, "BEGIN IMMEDIATE", diag);

	if (!err && sqlite3_get_autocommit(history->db))
		return 0;
	if (err)
		return err;
	err = migrate_locked(history, diag);
	if (err) {
		history_exec(history, "ROLLBACK", NULL);
		return err;
	}
	return history_exec(history, "COMMIT", diag);
}

static int open_file(struct pn_history *history, struct pn_diag *diag)
{
	if (sqlite3_open_v2(history->path, &history->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		return history_fail(history, "opening", diag);
	sqlite3_busy_timeout(history->db, WAIT_MS);
	/* NORMAL: a killed process loses nothing; a host that dies may lose its last import, which can be made again */
	return history_exec(history, "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL", diag);
}

int pn_history_open(const char *path, struct pn_history **ret_history, struct pn_diag *diag)
{
	g_autofree char *folder = g_path_get_dirname(path);
	struct pn_history *history;
	int err = pn_fs_mkdir_p(folder, diag);

	if (err)
		return err;
	history = g_new0(struct pn_history, 1);
	history->path = g_strdup(path);
	err = open_file(history, diag);
	/* migrated before the journal mode is touched: another program's database is left as it is */
	if (!err)
		err = migrate(history, diag);
	if (!err)
		err = history_exec(history, "PRAGMA journal_mode = WAL", diag);
	if (err == -EBUSY) /* another process is at it this very moment, and switches too */
		err = 0;
	if (err)
		pn_history_close(history);
	else
		*ret_history = history;
	return err;
}

void pn_history_close(struct pn_history *history)
{
	if (!history)
		return;
	sqlite3_close(history->db);
	g_free(history->path);
	g_free(history);
}

char *pn_history_path(void)
{
	const char *path = g_getenv("PUNCTURE_HISTORY");

	return path && *path ? g_strdup(path) : g_build_filename(g_get_user_data_dir(), "puncture", "history.sqlite", NULL);
}
