/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Where the harness finds its own parts at run time. Both trees have the layout of the source and build directories, so that one
 * relative path serves a checkout and an installation:
 *
 *	share/	 guests/images/NAME.yaml, drivers-under-test/, workloads/
 *	libexec/ harness/agent/puncture-agent, workloads/native/pn-NAME, harness/rings/pn-rings.so
 *
 * The first of these that holds the part wins: the environment, the build or source directory compiled in, the installation
 * directory compiled in.
 */

#define PN_PATHS_AGENT "harness/agent/puncture-agent"
#define PN_PATHS_RINGS "harness/rings/pn-rings.so"
#define PN_PATHS_NATIVE "workloads/native"
#define PN_PATHS_RECIPES "guests/images"
#define PN_PATHS_DRIVERS "drivers-under-test"

/** pn_paths_share() - architecture-independent parts: $PUNCTURE_SHARE, the source tree or PREFIX/share/puncture; static, never NULL */
const char *pn_paths_share(void);

/** pn_paths_libexec() - programs for the guest: $PUNCTURE_LIBEXEC, the build directory or PREFIX/libexec/puncture; static, never NULL */
const char *pn_paths_libexec(void);
