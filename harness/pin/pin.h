/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

struct pn_diag;
struct pn_pin;
struct _GArray;

/*
 * The harness's end of the TCG plugin of one guest: what it has counted, and points where it holds a vCPU.
 *
 * While a vCPU is held neither "stop" nor a migration may be asked of QEMU: both wait for that vCPU, and nobody answers any more.
 */

/** struct pn_pin_counts - instructions executed so far, by region */
struct pn_pin_counts {
	uint64_t driver; /* the driver under test, wherever it was loaded */
	uint64_t kernel; /* the rest of the kernel, other modules among it */
	uint64_t user;
};

/** struct pn_pin_hold - a vCPU that stands at a point */
struct pn_pin_hold {
	unsigned int id; /* of the point */
	unsigned int vcpu;
	uint64_t hits;	/* since the point was set */
	uint64_t insns; /* all that the guest has executed */
};

/**
 * typedef pn_pin_held_fn - a vCPU has come to a point and is held
 *
 * On the pin's thread: must not block, must not call pn_pin_set().
 */
typedef void pn_pin_held_fn(const struct pn_pin_hold *hold, void *data);

/** struct pn_pin_point - where to hold a vCPU */
struct pn_pin_point {
	enum pn_pin_kind kind;
	uint64_t from, to;	     /* of the function; @to 0: unknown, which PN_PIN_EXIT does not accept */
	uint64_t cold_from, cold_to; /* its cold part; 0: none */
	uint64_t nth;		     /* which hit holds; 0: each */
	pn_pin_held_fn *held;
	void *data;
};

/**
 * pn_pin_new() - make the file of counters and listen for the plugin
 * @shared_path: made here; the caller owns it (and has recorded so)
 * @socket_path: the same; at most 107 bytes
 *
 * Return: 0 or a negative errno.
 */
int pn_pin_new(const char *shared_path, const char *socket_path, struct pn_pin **ret_pin, struct pn_diag *diag);

/** pn_pin_free() - hang up, upon which the plugin lets every vCPU go. NULL is fine. */
void pn_pin_free(struct pn_pin *pin);

/** pn_pin_option() - what follows QEMU's -plugin. @plugin: path of the shared object. Freed with g_free(). */
char *pn_pin_option(const struct pn_pin *pin, const char *plugin);

/** pn_pin_wait() - wait until the plugin has said hello. Return: 0, -ETIMEDOUT, or -EPROTO for a plugin of another version. */
int pn_pin_wait(struct pn_pin *pin, uint64_t timeout_ns, struct pn_diag *diag);

/**
 * pn_pin_set() - set a point and wait until it is in force
 * @timeout_ns: 0: do not wait; it is in force once the guest has gone on
 * @ret_id: its number
 *
 * Takes until the guest next runs a module's code or goes idle, so no vCPU of a guest with one may be held by another point; and it
 * throws away what QEMU has translated, which costs the guest some 0.1 s.
 * Return: 0; -EINVAL for a point that can't be; -ENOSPC when there are PN_PIN_POINTS_MAX; -ENOTCONN; -ETIMEDOUT.
 */
int pn_pin_set(struct pn_pin *pin, const struct pn_pin_point *point, uint64_t timeout_ns, unsigned int *ret_id, struct pn_diag *diag);

/** pn_pin_clear() - take a point away; a vCPU held there goes on. Never blocks. */
void pn_pin_clear(struct pn_pin *pin, unsigned int id);

/** pn_pin_release() - the vCPU held at a point goes on. Never blocks. Return: 0, or -ENOENT when none is held there. */
int pn_pin_release(struct pn_pin *pin, unsigned int id);

/** pn_pin_release_all() - whoever is held goes on. Return: how many were. */
unsigned int pn_pin_release_all(struct pn_pin *pin);

/** pn_pin_holding() - how many vCPUs are held now */
unsigned int pn_pin_holding(struct pn_pin *pin);

/** pn_pin_hits() - how often a point has been hit since it was set */
uint64_t pn_pin_hits(struct pn_pin *pin, unsigned int id);

/**
 * pn_pin_driver() - where the driver under test is in the guest's memory, from now on
 * @base, @size: of its module (/proc/modules)
 * @symbols: its functions (symbols.h); stolen; NULL: not known
 *
 * What was executed there before counts too (the module's init): the first time all of it; later only what was since pn_pin_driver_gone(), or since now when
 * nobody said that it had gone from elsewhere.
 */
void pn_pin_driver(struct pn_pin *pin, uint64_t base, uint64_t size, struct _GArray *symbols);

/** pn_pin_driver_gone() - it is nowhere any more: unloaded, or the machine was reset. What it has executed stays counted. Never blocks. */
void pn_pin_driver_gone(struct pn_pin *pin);

/** pn_pin_symbols() - the driver's functions: array of struct pn_symbol; NULL when not known. Borrowed, until pn_pin_driver() is called again. */
const struct _GArray *pn_pin_symbols(struct pn_pin *pin);

/** pn_pin_base() - where the driver is in memory; 0: nowhere yet */
uint64_t pn_pin_base(struct pn_pin *pin);

/** pn_pin_counts() - instructions so far. Return: 0; -ENODATA while the plugin has not begun; -EOVERFLOW when it ran out of counters. */
int pn_pin_counts(struct pn_pin *pin, struct pn_pin_counts *ret_counts);

/** struct pn_pin_covered - a block of the driver that was executed */
struct pn_pin_covered {
	uint64_t offset; /* from the module's base */
	uint32_t insns;
	uint32_t bytes;
	uint64_t count;
};

/** pn_pin_coverage() - all blocks of the driver that were executed so far, by offset. @ret_blocks: g_free(). Return: how many. */
unsigned int pn_pin_coverage(struct pn_pin *pin, struct pn_pin_covered **ret_blocks);
