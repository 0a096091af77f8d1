/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/** pn_guest_register_kinds() - teach the owner record how guests are undone; once per process, before pn_owned_repair(). Repeats are fine. */
void pn_guest_register_kinds(void);
