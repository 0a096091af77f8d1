/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "record.h"

/* The judges of pn_oracle_table: each fills what pn_oracle_judge() prepared, a PASS without a reason. */

void pn_judge_ledger(const struct pn_record *record, struct pn_finding *finding);
void pn_judge_kernel_log(const struct pn_record *record, struct pn_finding *finding);
void pn_judge_integrity(const struct pn_record *record, struct pn_finding *finding);
void pn_judge_liveness(const struct pn_record *record, struct pn_finding *finding);
void pn_judge_host(const struct pn_record *record, struct pn_finding *finding);
void pn_judge_faults(const struct pn_record *record, struct pn_finding *finding);
void pn_judge_protocol(const struct pn_record *record, struct pn_finding *finding);
void pn_judge_sanity(const struct pn_record *record, struct pn_finding *finding);

/** pn_finding_set() - say something; only a worse verdict than what stands there, or the first reason of a PASS, is kept */
void pn_finding_set(struct pn_finding *finding, enum pn_verdict verdict, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** pn_oracle_judge() - run one oracle, by name. Return: 0 or -ENOENT. */
int pn_oracle_judge(const char *name, const struct pn_record *record, struct pn_finding *ret_finding);
