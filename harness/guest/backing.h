/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct pn_diag;
struct pn_machine;

/* What host memory a guest gets, as far as the host has to be prepared for it. A host that can't is refused, never approximated. */

/**
 * pn_backing_can() - can this host give a guest such memory now? The rule behind the requirements "hugetlb" and "thp" as well
 *
 * Takes microseconds, changes nothing. Return: 0; -EOPNOTSUPP, -ENOMEM or -EINVAL with the reason in @diag.
 */
int pn_backing_can(const struct pn_machine *machine, struct pn_diag *diag);

/** pn_backing_needs_wrapper() - must QEMU be started by pn_emulator_no_thp(), since the one who starts it can't be told to? */
bool pn_backing_needs_wrapper(const struct pn_machine *machine, bool embedded);

/**
 * pn_backing_reserve() - let the host allocate the huge pages of a guest
 * @claim: name of the claim: the guest's uuid
 * @ret_id: owner record; 0 when nothing was needed
 *
 * Return: 0; -ENOMEM or -EOPNOTSUPP when the host has not got them; or another negative errno.
 */
int pn_backing_reserve(const struct pn_machine *machine, const char *claim, int *ret_id, struct pn_diag *diag);

/**
 * pn_backing_enter() - prepare this process for starting QEMU; pn_backing_leave() right after
 * @embedded: QEMU will be a child of this process
 *
 * One guest is started at a time. Return: 0 or -EOPNOTSUPP.
 */
int pn_backing_enter(const struct pn_machine *machine, bool embedded, struct pn_diag *diag);
void pn_backing_leave(const struct pn_machine *machine, bool embedded);

/** pn_backing_check() - has the running QEMU what was asked for? Return: 0 or -EOPNOTSUPP. */
int pn_backing_check(const struct pn_machine *machine, pid_t pid, struct pn_diag *diag);

/** pn_backing_undo(), pn_backing_present() - of the owned kind "hugetlb" {"claim"} */
int pn_backing_undo(const json_t *what, struct pn_diag *diag);
int pn_backing_present(const json_t *what, struct pn_diag *diag);
