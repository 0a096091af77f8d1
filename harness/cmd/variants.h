/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "../run/run.h"
#include "command.h"

/** struct variants - two variants of the same scenarios, as `compare` and `calibrate` take them from the command line */
struct variants {
	struct pn_run_config config; /* variant A, and the run itself */
	struct pn_plan_config b;
	struct pn_run_pairs pairs;
	json_t *head;		    /* of plan.json */
	GPtrArray *sets_a, *sets_b; /* NULL-terminated */
	char *workloads;
};

/** VARIANTS_OPTIONS - options that both commands have */
#define VARIANTS_OPTIONS                                                                                                \
	{"set", "KEY=VALUE", "override a key of the scenarios on both sides (`puncture list keys`)", true, "keys"},     \
	    {"metric", "NAME", "judge this metric, and no other than those asked for", true, NULL},                     \
	    {"connect", "URI", "run guests in this libvirtd, not in the embedded driver", false, NULL},                 \
	    {"fit-within", "DURATION", "measure on a quiet host only: wait so long for it, then refuse (exit 3)", false, NULL}, \
	    {"seed", "N", "seed of the scenarios and of the order; default: the scenarios' own", false, NULL},          \
	{                                                                                                               \
		"out", "DIR", "run directory; default: runs/TIMESTAMP-NAME, and runs/latest points to it", false, "DIR" \
	}

/**
 * variants_read() - from the options to two variants
 * @a, @b: "KEY=VALUE" of each side, NULL-terminated: driver, kernel, modules, qemu, image, or a key of `puncture list keys`
 * @pairs: at most so many
 * @ret_variants: filled; borrows from @args; variants_clear() by the caller in any case
 *
 * Return: 0 or -EINVAL with one line.
 */
int variants_read(const struct pn_opts *args, const char *const *a, const char *const *b, unsigned int pairs, struct variants *ret_variants,
		  struct pn_diag *diag);
void variants_clear(struct variants *variants);

/** variants_put_troubles() - what did not pass, with the commands that do it again, to stdout; a few of many */
void variants_put_troubles(const char *dir);
