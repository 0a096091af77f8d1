/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/** merged_report() - merge (reports/merge/merge.h) and print the report of the whole. Return: enum pn_exit or a negative errno. */
int merged_report(const char *out, const char *const *dirs, const char *class, struct pn_diag *diag);
