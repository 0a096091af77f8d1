/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Is this host fit for measuring times? Looked at before anything is measured, kept in host.json under "fitness":
 *
 *   {"verdict":"UNFIT","window_s":0.5,"checks":[{"name":"steal","state":"unfit","value":0.08,"limit":0.02,"wanted":"at most 2.0 %","says":"8 % of ..."}]}
 *
 * States: fit, unfit, noted (decides about figures, is neither good nor bad), unknown (this host does not tell; never taken for fit).
 */

/**
 * pn_fitness_judge() - look at the host
 * @root: "" for this host; tests put a directory with a copy of the kernel's files here
 * @accel: "kvm" or "tcg", for the record
 * @window_ns: how long to look at what the CPUs do
 *
 * Blocks for @window_ns. Return: the object above; json_decref() by the caller. "verdict" is UNFIT when a check is unfit, else FIT.
 */
json_t *pn_fitness_judge(const char *root, const char *accel, uint64_t window_ns);

/** pn_fitness_fit() - does the object say FIT? False for NULL. */
bool pn_fitness_fit(const json_t *fitness);
