/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;

/*
 * An append-only file of JSON lines that several threads write: one write() a line, so a kill tears at most the last one. It keeps
 * its first error and goes on trying, so that a full disk is told and a hole in the record is never silent.
 */

struct pn_lines;

/** pn_lines_open() - open or continue DIR/NAME. Return: 0 or a negative errno. */
int pn_lines_open(const char *dir, const char *name, struct pn_lines **ret_lines, struct pn_diag *diag);

/** pn_lines_add() - append one object; stolen. Return: 0 or a negative errno. */
int pn_lines_add(struct pn_lines *lines, json_t *object);

/** pn_lines_close() - close and free; NULL is fine. Return: 0 or the first negative errno of pn_lines_add(). */
int pn_lines_close(struct pn_lines *lines);
