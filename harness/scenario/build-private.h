/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

/* What build.c and build-check.c share. */

struct pn_diag;
struct pn_doc;
struct pn_raw_scenario;
struct pn_scenario;

/** struct pn_builder - a scenario being built; all borrowed */
struct pn_builder {
	struct pn_doc *doc;
	const struct pn_raw_scenario *raw;
	const char *workloads_dir;
	struct pn_scenario *scenario;
	struct pn_diag *diag;
};

/** pn_build_own_driver() - is the driver a build of vballoon, by its name or file? Only such a one knows its modes. */
bool pn_build_own_driver(const char *name);

/** pn_build_check() - everything that can be known before a guest boots. Return: 0; -EINVAL with one line; or another negative errno. */
int pn_build_check(struct pn_builder *builder);
