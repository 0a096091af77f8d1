/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdint.h>

struct pn_diag;

/** struct pn_symbol - a function of a module */
struct pn_symbol {
	char *name;
	uint64_t offset; /* from the module's base in memory */
	uint64_t bytes;
};

/** struct pn_range - a stretch of code, and the cold part that the compiler put elsewhere (0: none) */
struct pn_range {
	uint64_t from, to;
	uint64_t cold_from, cold_to;
};

/**
 * pn_symbols_read() - the functions of a module's file, static ones too, where the guest has put them
 * @path: .ko, not compressed
 * @sections: {name: "0xaddress"} of the module in the guest
 * @base, @size: of the module in the guest; functions outside (init, freed by now) are left out
 * @ret_symbols: array of struct pn_symbol by offset; g_array_unref()
 *
 * Return: 0; -ENOEXEC when it is no module with symbols; or another negative errno.
 */
int pn_symbols_read(const char *path, const json_t *sections, uint64_t base, uint64_t size, GArray **ret_symbols, struct pn_diag *diag);

/**
 * pn_symbols_find() - a function by the name it has in the source
 * @symbols: array of struct pn_symbol
 * @name: also found as NAME.isra.0, NAME.constprop.0 or NAME.part.0, as compilers rename
 * @ret_range: offsets
 *
 * Return: how many are called so: 1 with @ret_range, 0 or more without.
 */
unsigned int pn_symbols_find(const GArray *symbols, const char *name, struct pn_range *ret_range);
