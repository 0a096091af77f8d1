/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * How long a guest may take over a boot, in time that it was given and not in time that passed: an emulated guest with a debug kernel beside
 * others needs minutes for what takes it seconds alone.
 */

/** struct pn_patience - a wait that has begun; all in nanoseconds */
struct pn_patience {
	pid_t pid; /* of QEMU; 0: time that passes is all there is to go by */
	uint64_t allowed_ns, begun_ns, begun_cpu_ns;
};

/** pn_patience_begin() - begin to wait for a guest. @pid: of its QEMU, or 0; @allowed_ns: CPU time that this may take meanwhile */
void pn_patience_begin(struct pn_patience *patience, pid_t pid, uint64_t allowed_ns);

/**
 * pn_patience_spent() - is it in vain to wait any longer? Pure.
 * @allowed_ns: CPU time that QEMU may take
 * @passed_ns: time that has passed
 * @ran_ns: CPU time that it took meanwhile
 *
 * It is when QEMU has used up the CPU time; when that much time has passed and it hardly ran, so that it waits for something that does not come;
 * and in any case when ten times as much has passed.
 */
bool pn_patience_spent(uint64_t allowed_ns, uint64_t passed_ns, uint64_t ran_ns);

/** pn_patience_over() - the same of a wait that has begun; also when QEMU has gone */
bool pn_patience_over(const struct pn_patience *patience);

/** pn_patience_left_ns() - the longest that one may sleep before looking again; 0 when it is over */
uint64_t pn_patience_left_ns(const struct pn_patience *patience);

/** pn_patience_text() - how long that was, such as "190 s, 181 s of them on a CPU"; freed with g_free() */
char *pn_patience_text(const struct pn_patience *patience);
