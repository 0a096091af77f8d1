/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "../hunt/lab.h"
#include "command.h"

/*
 * What the commands that make trials (repro, shrink, bisect, fuzz) have in common.
 */

#define HUNT_OPTIONS                                                                                                                       \
	{"jobs", "N", "trials at once; default 1", false, NULL},                                                                           \
	{"connect", "URI", "run guests in this libvirtd, not in the embedded driver", false, NULL},                                        \
	{"out", "DIR", "directory of the trials; default: runs/TIMESTAMP-COMMAND", false, "DIR"}

/** struct hunt - a lab as the command line asks for it */
struct hunt {
	struct pn_lab lab;
	char *dir, *workloads_dir;
};

/**
 * hunt_run() - make the directory and the lab, after repairing what dead runs left; work; close the lab
 * @command: part of the directory's name
 * @work: what the command does with it; its result is the command's
 *
 * Return: @work's, PN_EXIT_INTERRUPTED in place of -EINTR.
 */
int hunt_run(const struct pn_opts *args, const char *command, int (*work)(const struct pn_opts *args, struct hunt *hunt, void *data, struct pn_diag *diag),
	     void *data, struct pn_diag *diag);

/**
 * hunt_case() - open the failed case that the command line names
 * @driver: filled with the bundle's driver when this host's own is another one; NULL otherwise
 *
 * Says on stdout what it is and what differs here. Return: 0; -EXDEV when something differs that forbids a comparison, unless --anyway; or
 * another negative errno.
 */
struct pn_bundle;
int hunt_case(const struct pn_opts *args, const char *path, struct pn_bundle **ret_bundle, const char **ret_driver, struct pn_diag *diag);
