/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_guest;

/**
 * pn_console_shell() - a shell in a running guest, on this process's standard input and output
 *
 * The guest's serial port is taken from its file to a terminal of the host, and a shell is started on it. Where standard input is a terminal it is
 * raw meanwhile; Ctrl-] leaves. Blocks until the shell ends, the guest goes, or the user leaves. Return: 0 or a negative errno.
 */
int pn_console_shell(struct pn_guest *guest, struct pn_diag *diag);
