/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/**
 * pn_build_failed() - one line of a log of make's thousands
 * @log: path of the log; it is kept in the cache under @kept, since its own place goes with the build
 * @what: what did not build, for the words
 *
 * Return: -EIO, with the first line that tells of an error.
 */
int pn_build_failed(const char *log, const char *kept, const char *what, struct pn_diag *diag);
