/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_case;

/* Cases without guests, for tests whose pn_plan_build() is a double. pn_plan_free() is here, too. */

/** double_case() - an idle case of a minute at most: @index counts from 1; id, parameters and reason to skip are the caller's to add, g_malloc()ed */
void double_case(struct pn_case *planned, unsigned int index, const char *name, const char *driver, uint64_t seed);
