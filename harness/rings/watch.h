/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "qemu.h"

/**
 * pn_watch_start() - put watched registers over those of the machine's balloon device; on QEMU's main thread, the machine complete
 *
 * Writes the first line of the stream, "watch": on, or off and why.
 */
void pn_watch_start(const struct qemu_api *api);
