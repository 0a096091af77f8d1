/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "command.h"

/* the records of all subcommands, one per file */
extern const struct pn_command pn_command_doctor;
extern const struct pn_command pn_command_list;
extern const struct pn_command pn_command_run;
extern const struct pn_command pn_command_compare;
extern const struct pn_command pn_command_calibrate;
extern const struct pn_command pn_command_gate;
extern const struct pn_command pn_command_repro;
extern const struct pn_command pn_command_shrink;
extern const struct pn_command pn_command_bisect;
extern const struct pn_command pn_command_fuzz;
extern const struct pn_command pn_command_report;
extern const struct pn_command pn_command_merge;
extern const struct pn_command pn_command_submit;
extern const struct pn_command pn_command_history;
extern const struct pn_command pn_command_simulate;
extern const struct pn_command pn_command_images;
extern const struct pn_command pn_command_repair;
extern const struct pn_command pn_command_device;
extern const struct pn_command pn_command_help_record;
extern const struct pn_command pn_command_man;
extern const struct pn_command pn_command_completion;
