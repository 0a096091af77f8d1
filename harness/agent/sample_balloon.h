/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "reader.h"

#include <stdbool.h>

/** pn_sample_balloon_counters() - what the next sample says of the driver's counters: @answer, or @err (-ETIMEDOUT: no answer in time) */
void pn_sample_balloon_counters(const struct pn_reader_answer *answer, int err);

/** pn_sample_balloon_reader_ns() - CPU time of the reader as it last said */
uint64_t pn_sample_balloon_reader_ns(void);

/** pn_sample_balloon_wants_counters() - is it worth asking for them? Not again when the driver that has the balloon now had none. */
bool pn_sample_balloon_wants_counters(const char *module);
