/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;

/*
 * What this process has started or changed on the host. Each thing is recorded in a file before it is done and struck
 * out after it is undone, so whoever comes next can undo what a killed process left. One file per owner process under
 * ${PUNCTURE_STATE:-/run/puncture}/owners/, named PID-STARTTIME; an owner is dead when no process has both.
 */

/**
 * struct pn_owned_kind - one kind of thing that can be owned
 * @name: in the records
 * @help: one line, for `puncture list owned`
 * @undo: make it as if it had never been; must accept that it is half done or already undone. Return: 0 or a negative errno.
 * @present: is it still there? for the host oracle. Return: 1, 0 or a negative errno.
 */
struct pn_owned_kind {
	const char *name;
	const char *help;
	int (*undo)(const json_t *what, struct pn_diag *diag);
	int (*present)(const json_t *what, struct pn_diag *diag);
};

/** pn_owned_register() - make a further kind known (libvirt domains live above base). The record must stay valid. */
void pn_owned_register(const struct pn_owned_kind *kind);

/**
 * pn_owned_add() - record a thing before it is started or changed
 * @kind: "process" {pid,start}, "file" {path}, "tree" {path}, "dir" {path}, "setting" {path,value: the old one}, "swap" {path},
 *        "cgroup" {path}, "mount" {path}, or a registered one
 * @what: object; stolen
 *
 * Return: an id > 0, or a negative errno.
 */
int pn_owned_add(const char *kind, json_t *what, struct pn_diag *diag);

/** pn_owned_release() - undo a thing and strike it out. Return: 0 or a negative errno. */
int pn_owned_release(int id, struct pn_diag *diag);

/** pn_owned_forget() - strike a thing out that has already gone or is kept on purpose. */
void pn_owned_forget(int id);

/** pn_owned_setting() - change a kernel setting: record the old value, write the new one. Return: an id > 0, or a negative errno. */
int pn_owned_setting(const char *path, const char *value, struct pn_diag *diag);

/** pn_owned_release_all() - undo everything of this process, newest first. Return: 0, or the first negative errno (all are tried). */
int pn_owned_release_all(struct pn_diag *diag);

/** pn_owned_left() - what this process owns at the moment: array of {"kind","what"}, oldest first; json_decref() by the caller. */
json_t *pn_owned_left(void);

/**
 * pn_owned_repair() - undo what dead owners left
 * @ret_repaired: array of {"owner","kind","what"}; json_decref() by the caller; may be NULL
 *
 * Touches nothing of a living owner. Return: 0, or the first negative errno (all are tried).
 */
int pn_owned_repair(json_t **ret_repaired, struct pn_diag *diag);

/** pn_owned_disown() - after fork(): start an empty record for this process; the parent keeps its own. */
void pn_owned_disown(void);

/** pn_owned_state_dir() - ${PUNCTURE_STATE:-/run/puncture} (or $XDG_RUNTIME_DIR/puncture without root), made if absent; static. */
const char *pn_owned_state_dir(void);
