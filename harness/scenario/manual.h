/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/**
 * pn_manual_keys() - everything a scenario, suite or load may say, as Markdown: keys, patterns, events, faults, requirements, from their
 * records; for `puncture list keys` and workloads/README.md (test-manual.c holds the file to it). Freed with g_free().
 */
char *pn_manual_keys(void);
