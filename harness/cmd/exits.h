/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/** struct pn_exit_help - one exit code and what it means */
struct pn_exit_help {
	int code;
	const char *help;
};

/** pn_exit_table - all exit codes, for the help and the man page; ends with a NULL help */
extern const struct pn_exit_help pn_exit_table[];
