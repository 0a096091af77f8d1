// SPDX-License-Identifier: GPL-2.0-only
/* What the exit codes of base/exit.h mean, for people. */
#include "exits.h"

#include <stddef.h>

#include "../base/exit.h"

const struct pn_exit_help pn_exit_table[] = {
	{PN_EXIT_PASS, "everything passed"},
	{PN_EXIT_FAIL, "at least one case failed: the subject under test broke a rule"},
	{PN_EXIT_USAGE, "the command line or an input file is wrong; nothing was started"},
	{PN_EXIT_BROKEN, "the environment or the harness broke, and nothing failed"},
	{PN_EXIT_REGRESSION, "a gate found a regression"},
	{PN_EXIT_CANNOT_TELL, "a gate or a comparison could not tell"},
	{PN_EXIT_NOTHING_RAN, "nothing could run: every case was skipped"},
	{PN_EXIT_INTERRUPTED, "interrupted; what was measured is kept"},
	{0, NULL},
};
