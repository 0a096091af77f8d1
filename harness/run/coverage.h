/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_guest;

/**
 * pn_coverage_write() - which blocks and functions of the driver under test were executed, as coverage.json (RUNDIR.md)
 * @guest: still there
 * @dir: where to
 * @module: name of the driver's module
 *
 * Writes nothing where nobody counts. Return: 0 or a negative errno.
 */
int pn_coverage_write(struct pn_guest *guest, const char *dir, const char *module, struct pn_diag *diag);
