/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

/**
 * pn_caselog_read() - the lines of one file of a case's record
 * @dir: case directory
 * @name: "journal.jsonl", "kmsg.jsonl"
 *
 * Of a case with several guests the lines of the case's own file, if it has one, then those of each guest. Return: array, empty when there is
 * no such file; json_decref() by the caller.
 */
json_t *pn_caselog_read(const char *dir, const char *name);
