/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;
struct pn_libvirtd;

/*
 * A libvirtd of ours, for what needs a real one: it can be killed, and meets nothing of the host's. In mount and network namespaces of its own, the
 * directories that libvirtd is built for are directories below one of ours, where they can be seen from outside too. QEMUs that it starts are processes of the
 * host as any other, with the host's files, and outlive it.
 */

/**
 * pn_libvirtd_start() - start one and wait until it answers; root only. Blocks for seconds: it asks every emulator what it can do.
 * @dir: short (sockets lie below it), exists; whoever made it removes it, after pn_libvirtd_stop()
 *
 * Return: 0; -ENOENT without libvirtd or its directories; -ETIMEDOUT; or another negative errno.
 */
int pn_libvirtd_start(const char *dir, struct pn_libvirtd **ret_libvirtd, struct pn_diag *diag);

/** pn_libvirtd_uri() - where it answers; as long as it lives, and again when it has been resumed */
const char *pn_libvirtd_uri(const struct pn_libvirtd *libvirtd);

/** pn_libvirtd_kill() - SIGKILL; its guests go on. Return: 0 or a negative errno. */
int pn_libvirtd_kill(struct pn_libvirtd *libvirtd, struct pn_diag *diag);

/** pn_libvirtd_resume() - start it again after pn_libvirtd_kill(): it finds its guests. Return: as pn_libvirtd_start(). */
int pn_libvirtd_resume(struct pn_libvirtd *libvirtd, struct pn_diag *diag);

/** pn_libvirtd_stop() - end it and free @libvirtd; NULL is fine. Return: 0 or the first negative errno. */
int pn_libvirtd_stop(struct pn_libvirtd *libvirtd, struct pn_diag *diag);
