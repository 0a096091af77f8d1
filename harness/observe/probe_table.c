// SPDX-License-Identifier: GPL-2.0-only
/* The table of probes. A new probe is one record in a file of its own and one line here. */

#include "probe.h"

const struct pn_probe *const pn_probe_table[] = {
    &pn_probe_perf,    &pn_probe_sched,	  &pn_probe_smaps, &pn_probe_ram,   &pn_probe_meminfo, &pn_probe_psi,
    &pn_probe_harness, &pn_probe_balloon, &pn_probe_stats, &pn_probe_block, &pn_probe_pin,   &pn_probe_guest, &pn_probe_free,
    NULL,
};
