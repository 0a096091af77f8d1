/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>

struct pn_diag;
struct pn_machine;

/** struct pn_domain - all that libvirt is told about a guest; all borrowed */
struct pn_domain {
	const char *name;
	const char *uuid;
	const struct pn_machine *machine;
	const char *emulator;
	const char *kernel, *initrd, *cmdline;
	const char *console_path;
	const char *agent_path;		     /* unix socket, QEMU listens */
	const char *query_path;		     /* the same for a monitor of our own */
	const char *swap_socket;	     /* NBD server of the swap disk in place of its file; NULL: none */
	const char *swap_path, *data_path;   /* raw files; NULL: no such disk */
	bool joins;			     /* takes a guest over from another QEMU: appends to its console, and its memory comes with it */
	const char *plugin;		     /* what follows -plugin; NULL: none */
	const char *watcher;		     /* the module that QEMU loads to watch; with @watch_path only */
	const char *watch_socket;	     /* where it takes orders to tamper; with @watch_path only; NULL: nowhere */
	const char *watch_path;		     /* where the traffic of the balloon's queues is recorded; NULL: not watched */
	bool direct_io;			     /* the file system of the disks takes O_DIRECT */
	bool incoming;			     /* wait for migrate-incoming */
};

/** PN_DOMAIN_SHAPE - number of the shape of machine that this code builds: part of a snapshot's key, raised with every change of it */
#define PN_DOMAIN_SHAPE 5

/**
 * PN_DOMAIN_ICOUNT - how instructions make time in exact mode: 2^3 ns each, and idle time costs nothing; part of a snapshot's key
 *
 * Some 10^8 instructions a second are what TCG executes, plugin and all, so a second of a busy guest is about one of the host's, and load and balloon have
 * the pace towards each other and towards the timeline that they have in live mode.
 */
#define PN_DOMAIN_ICOUNT "shift=3,sleep=off"

/**
 * pn_domain_xml() - the domain as libvirt wants it
 * @ret_xml: freed with free()
 *
 * What libvirt has no element for goes through its QEMU namespace. Return: 0, -EINVAL for an extra device that is not one, or -ENOMEM.
 */
int pn_domain_xml(const struct pn_domain *domain, char **ret_xml, struct pn_diag *diag);
