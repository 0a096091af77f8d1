/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

struct pn_scenario;

/** enum pn_beat - who is sampled, each at a pace of its own; a probe that may block on QEMU must not be on the host's */
enum pn_beat { PN_BEAT_HOST, PN_BEAT_MONITOR, PN_BEAT_GUEST, PN_BEAT_COUNT };

/** pn_beat_names - "host", "monitor", "guest": "src" of a line of samples.jsonl */
extern const char *const pn_beat_names[PN_BEAT_COUNT];

/**
 * pn_beat_pace_ns() - how often a beat samples
 *
 * At the scenario's rate, 10 Hz by default; the guest under TCG once a second at most: there a sample costs the vCPU 4 to 6 ms
 * (README.md). Marks are exact whatever the pace.
 */
uint64_t pn_beat_pace_ns(const struct pn_scenario *scenario, enum pn_beat beat);

/** pn_beat_interval_ns() - how often a beat beats: its pace, or faster where the scenario wants its eager probes faster (sample-monitor, sample-free) */
uint64_t pn_beat_interval_ns(const struct pn_scenario *scenario, enum pn_beat beat);
