/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "../hunt/lab.h"
#include "../run/jobs.h"
#include "command.h"

/*
 * What the commands that make trials (repro, shrink, bisect, fuzz) have in common.
 */

/* @AT_ONCE: the default of --jobs, in words: of those that call hunt_widen() it is HUNT_WIDE */
#define HUNT_OPTIONS(AT_ONCE)                                                                                                              \
	{"jobs", "N", "trials at once; default " AT_ONCE, false, NULL},                                                                    \
	{"connect", "URI", "run guests in this libvirtd, not in the embedded driver", false, NULL},                                        \
	{"out", "DIR", "directory of the trials; default: runs/TIMESTAMP-COMMAND", false, "DIR"}

#define HUNT_WIDE "as many as CPUs and memory allow"

/** struct hunt - a lab as the command line asks for it */
struct hunt {
	struct pn_lab lab;
	char *dir, *workloads_dir;
	bool jobs_given;
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

/** hunt_widen() - where the command line does not say how many trials run at once: as many as this host has room for */
void hunt_widen(struct hunt *hunt, const struct pn_jobs_need *need);

/**
 * hunt_case() - open the failed case that the command line names
 * @ret_driver: filled with the bundle's driver when this host's own is another one; NULL otherwise
 * @ret_need: what a trial of it needs; may be NULL
 *
 * Says on stdout what it is and what differs here. Return: 0; -EXDEV when something differs that forbids a comparison, unless --anyway; or
 * another negative errno.
 */
struct pn_bundle;
int hunt_case(const struct pn_opts *args, const char *path, struct pn_bundle **ret_bundle, const char **ret_driver, struct pn_jobs_need *ret_need,
	      struct pn_diag *diag);
