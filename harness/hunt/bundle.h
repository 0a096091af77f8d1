/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "signature.h"

struct pn_diag;

/*
 * A failed case to take along: one small file with all that running it again needs and all that it left. A case directory of a run
 * can be used as it is; packing it adds the driver that was run and what the bundle holds.
 *
 *	manifest.json	{"schema","made_by","case","seed","mode","signature","parts","driver","host","recording","files": {name: sha256}, "left_out"}
 *	scenario.yaml, verdict.json, journal.jsonl, ...	as in the case directory
 *	driver/NAME.ko	the driver that was run, unless it is the guest image's own
 */

#define PN_BUNDLE_NAME "bundle.tar.xz"

/** struct pn_bundle - a failed case as it was found; freed with pn_bundle_free() */
struct pn_bundle {
	char *dir;     /* case directory, or where the bundle was unpacked */
	int unpacked;  /* id of @dir in the owner record; 0: it is a case directory, and not ours */
	char *yaml;    /* resolved scenario */
	char *driver;  /* the driver's .ko in the bundle; NULL: none there */
	char *id;      /* of the case */
	bool exact;    /* it was run in exact mode */
	json_t *parts; /* what it was made of (parts.h), NULL when the record does not say so */
	json_t *verdict;
	char **differences; /* what is another here than where it was recorded, a line each; NULL: nobody has compared */
	struct pn_signature signature;
};

/**
 * pn_bundle_pack() - make a bundle of a case directory
 * @case_dir: of a case that failed or broke
 * @path: the file, replaced
 *
 * Files above 8 MiB are left out and named in the manifest, as is a driver that is not here any more. Blocks for a tenth of a second.
 * Return: 0; -ENODATA when the case did not fail; or another negative errno.
 */
int pn_bundle_pack(const char *case_dir, const char *path, struct pn_diag *diag);

/**
 * pn_bundle_open() - read a bundle or a case directory
 *
 * A bundle's files are checked against its manifest. Return: 0; -EINVAL when @path is neither or damaged; -ENODATA when the case
 * did not fail; or another negative errno.
 */
int pn_bundle_open(const char *path, struct pn_bundle **ret_bundle, struct pn_diag *diag);
void pn_bundle_free(struct pn_bundle *bundle);

/**
 * pn_bundle_differences() - what is not the same here
 * @here: parts of this host (pn_parts_here()); of the driver that will be run
 * @ret_block: is there one without which the result would mean nothing? Kernel, driver and emulator always, image and loads in exact mode
 *
 * Pure. Return: one line for each, "kernel: bundle 1a2b3c4d5e6f (6.1.0-1), here 9f8e..."; g_strfreev(). Empty when all is the same.
 */
char **pn_bundle_differences(const struct pn_bundle *bundle, const json_t *here, bool *ret_block);
