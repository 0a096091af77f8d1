/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/** struct pn_cover - which blocks of a driver were executed, added up over cases; pn_cover_deinit() */
struct pn_cover {
	GHashTable *blocks;	    /* offset -> bytes, of GUINT_TO_POINTER */
	json_t *functions;	    /* as the first case's coverage.json has them; NULL: not known */
	uint64_t executed;	    /* blocks entered, all counts added up */
	unsigned int others;	    /* cases of another build than the first one's: their offsets mean something else, and count for nothing */
};

/** pn_cover_read() - the blocks of one case, by its directory. Return: set of offsets (GUINT_TO_POINTER), empty where nobody counted; g_hash_table_unref() */
GHashTable *pn_cover_read(const char *dir);

/** pn_cover_add() - add a case's. Return: how many blocks are new. */
unsigned int pn_cover_add(struct pn_cover *cover, const char *dir);

/** pn_cover_put() - the functions with their share of covered bytes, one a line, the least covered first; without those of tracepoints */
void pn_cover_put(const struct pn_cover *cover, FILE *out);
void pn_cover_deinit(struct pn_cover *cover);
