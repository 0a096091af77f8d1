/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_diag;

/**
 * pn_ramstream_strip() - leave the zero pages out of a QEMU migration stream
 * @from, @to: files; @to is made
 * @ret_pages: pages left out
 *
 * A new guest's RAM is zero anyway, but QEMU reads every page that the stream says is zero to see whether it is: half of the time of a
 * start, and with shared memory it allocates the page. Only records of main memory ("pc.ram" and its like) are left out, never those of ROMs.
 * Return: 0; -EPROTO when the stream is not of the form known here (then use it as it is); or another negative errno.
 */
int pn_ramstream_strip(const char *from, const char *to, uint64_t *ret_pages, struct pn_diag *diag);
