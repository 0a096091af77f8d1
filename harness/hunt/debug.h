/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <sys/types.h>

struct pn_diag;
struct pn_guest;

/**
 * pn_debug_sections() - where the sections of a module are in the guest
 * @module: as insmod knows it; it is loaded
 * @ret_text: "ADDRESS -s .data ADDRESS ..." as gdb's add-symbol-file takes it; g_free()
 *
 * Return: 0 or a negative errno.
 */
int pn_debug_sections(struct pn_guest *guest, const char *module, char **ret_text, struct pn_diag *diag);

/**
 * pn_debug_gdb() - gdb on a guest, on this process's terminal; the guest is stopped meanwhile
 * @symbols: file with the driver's debug information; NULL: none
 * @sections: as pn_debug_sections(); NULL: none
 * @socket: path for QEMU's end, short
 *
 * Blocks until gdb ends. Return: 0; -ENOENT when there is no gdb; or another negative errno.
 */
int pn_debug_gdb(struct pn_guest *guest, const char *symbols, const char *sections, const char *socket, struct pn_diag *diag);

/**
 * pn_debug_start() - gdb on this process's terminal, in its foreground: Ctrl-C is gdb's alone
 * @socket: where it connects to
 * @ret_pid: a child; pn_debug_wait()
 *
 * Return: 0, or -ENOENT when there is no gdb.
 */
int pn_debug_start(const char *symbols, const char *sections, const char *socket, pid_t *ret_pid, struct pn_diag *diag);

/** pn_debug_wait() - until gdb has ended; takes the terminal back */
void pn_debug_wait(pid_t gdb);
