/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct pn_diag;
struct pn_journal;

/*
 * The run directory as the supervisor writes it (RUNDIR.md). One process at a time: it holds a lock on RUN/lock. A reserve of disk
 * space is set aside at the start and given up when the disk is full, so that what has been measured can still be written down.
 */
struct pn_store {
	char *dir;
	char *id; /* last part of @dir */
	struct pn_journal *journal;
	int lock_fd;
	bool full; /* the disk is full and the reserve used: no further case may start */
};

/**
 * pn_store_create() - make a new run directory
 * @dir: its path, or NULL for runs/TIMESTAMP-NAME below the current directory, to which runs/latest will point
 * @name: what is run, for the default path
 *
 * Return: 0; -EEXIST when @dir holds a run already; or another negative errno.
 */
int pn_store_create(const char *dir, const char *name, struct pn_store **ret_store, struct pn_diag *diag);

/** pn_store_open() - take up a run directory again. Return: 0; -EBUSY when another process is at it; or another negative errno. */
int pn_store_open(const char *dir, struct pn_store **ret_store, struct pn_diag *diag);

/** pn_store_close() - release the lock and the reserve, free @store. NULL is fine. */
void pn_store_close(struct pn_store *store);

/** pn_store_case_dir() - path of a case's directory, @index from 1; freed with g_free() */
char *pn_store_case_dir(const struct pn_store *store, unsigned int index);

/**
 * pn_store_write() - write a file of the run whole
 * @path: relative to the run directory
 * @text: its content
 *
 * Uses the reserve when the disk is full (and sets @store->full). Return: 0 or a negative errno.
 */
int pn_store_write(struct pn_store *store, const char *path, const char *text, struct pn_diag *diag);

/** pn_store_write_json() - as pn_store_write(), of a value. Return: 0 or a negative errno. */
int pn_store_write_json(struct pn_store *store, const char *path, const json_t *value, struct pn_diag *diag);

/** pn_store_note() - append to the run's journal; a failure is told by @store->full */
void pn_store_note(struct pn_store *store, const char *ev, json_t *fields);

/** pn_store_has_room() - is there room for one more case's record? When not, @store->full is set. */
bool pn_store_has_room(struct pn_store *store);
