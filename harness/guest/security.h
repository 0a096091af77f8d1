/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <sys/types.h>

struct pn_diag;

/**
 * pn_security_check() - may QEMU under this libvirtd use files of ours?
 * @capabilities: libvirt's XML (virConnectGetCapabilities(); libvirt.org/formatcaps.html, host/secmodel)
 * @uid: who we are
 *
 * Guests' files lie in the run directory and the cache. Return: 0; -EACCES when a security driver other than DAC confines QEMU or DAC runs
 * it as another user, with what to change in qemu.conf; -EPROTO for what is not such XML.
 */
int pn_security_check(const char *capabilities, uid_t uid, struct pn_diag *diag);
