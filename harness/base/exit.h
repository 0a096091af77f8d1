/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/** enum pn_exit - the documented exit codes of every command */
enum pn_exit {
	PN_EXIT_PASS = 0,
	PN_EXIT_FAIL = 1,
	PN_EXIT_USAGE = 2,
	PN_EXIT_BROKEN = 3,
	PN_EXIT_REGRESSION = 6,
	PN_EXIT_CANNOT_TELL = 7,
	PN_EXIT_NOTHING_RAN = 77,
	PN_EXIT_INTERRUPTED = 130,
};
