/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

/*
 * What an exact run is recorded by. Nothing that reached the guest has to be kept: the scenario says it all, and the guest does the same at the same
 * instruction again. So a replay is the case executed anew, and the recording is what shows that it was the same: instruction counts by region
 * wherever the record has them, all that the guest counted at each mark (the ledger's pages among it), and the console, byte by byte.
 */

/**
 * pn_recording_of() - of a case directory or an unpacked bundle
 *
 * Return: {"steps": [{"at", "insns": {region: count}}], "marks": [{"at", "guest": {counter: value}}], "console": sha256}, json_decref() by the caller;
 * NULL for a case that has no instruction counts.
 */
json_t *pn_recording_of(const char *case_dir);

/** pn_recording_digest() - all of it in one number. Return: SHA-256 in hexadecimal, g_free() by the caller. */
char *pn_recording_digest(const json_t *recording);

/**
 * pn_recording_differs() - where two part first
 *
 * Return: one line such as "phase inflate: driver: 5961 recorded, 5962 now", g_free() by the caller; NULL when they are the same.
 */
char *pn_recording_differs(const json_t *recorded, const json_t *now);
