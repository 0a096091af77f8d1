/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_diag;
struct pn_timeline;

/* Files of the running guest, above all of its /proc and /sys, through the agent. All block for at most the timeout and return 0 or a negative errno. */

/** pn_guest_file_read() - the whole text of a file in the guest; @ret_text is freed with g_free() */
int pn_guest_file_read(const struct pn_timeline *timeline, const char *path, char **ret_text, struct pn_diag *diag);

/** pn_guest_file_write() - write @text to a file in the guest in one call; @timeout_ns: 0 for that of a file that answers at once */
int pn_guest_file_write(const struct pn_timeline *timeline, const char *path, const char *text, uint64_t timeout_ns, struct pn_diag *diag);

/** pn_guest_vmstat() - sum of the lines of /proc/vmstat that begin with @prefix; -ENOTSUP where this kernel has none */
int pn_guest_vmstat(const struct pn_timeline *timeline, const char *prefix, uint64_t *ret_count, struct pn_diag *diag);
