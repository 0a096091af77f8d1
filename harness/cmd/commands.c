// SPDX-License-Identifier: GPL-2.0-only
/* The table of subcommands. */
#include "commands.h"

#include <stddef.h>

const struct pn_command *const pn_command_table[] = {
	&pn_command_doctor, &pn_command_list,	 &pn_command_run,    &pn_command_compare,     &pn_command_calibrate, &pn_command_gate,
	&pn_command_repro, &pn_command_shrink, &pn_command_bisect, &pn_command_fuzz,
	&pn_command_merge,  &pn_command_submit,
	&pn_command_report, &pn_command_history, &pn_command_simulate, &pn_command_images,    &pn_command_repair,   &pn_command_device,  &pn_command_help_record,
	&pn_command_man,    &pn_command_completion, NULL,
};
