/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/**
 * pn_init_guest() - what PID 1 has to do before the loop: file systems, modules, tools, loopback interface
 *
 * Blocks until the modules are in. What fails is logged and gone on without: the host sees it in the kernel log, and an agent that answers
 * is worth more than one that gave up.
 */
void pn_init_guest(void);

/** pn_init_shield() - make the agent survive what it is there to report: memory locked and touched, spared by the OOM killer, real-time */
void pn_init_shield(void);
