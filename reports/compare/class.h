/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

/*
 * The class of a machine: what must be the same before two figures may be compared at all. Accelerator, CPU model, number of CPUs.
 */

/** pn_class_of() - "tcg, Intel(R) Xeon(R) Processor, 2 CPUs" from a run's host.json; NULL when it does not say. g_free() by the caller. */
char *pn_class_of(const json_t *host);

/** pn_class_slug() - the class as a file name without suffix: "tcg-intel-r-xeon-r-processor-2-cpus". g_free() by the caller. */
char *pn_class_slug(const char *class);
