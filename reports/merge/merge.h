/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;

/** struct pn_merged - what was put together */
struct pn_merged {
	unsigned int runs;	 /* shards, and attempts at them */
	unsigned int unreadable; /* of the directories given: killed before there was a plan */
	unsigned int cases;	 /* of the whole plan, or of one class of machine */
	unsigned int repeated;	 /* results left out because another attempt had ended the case before */
	unsigned int elsewhere;	 /* cases left out because they ran on another class of machine */
	json_t *classes;	 /* {"tcg, CPU model, 2 CPUs": number of cases} */
};

/**
 * pn_merge() - put the shards of one run together to one run directory
 * @out: made new; a merge of the same run that stands there is replaced whole
 * @dirs: run directories of `puncture run --shard`, several attempts at one shard among them; NULL-terminated
 * @class: take only cases that ran on this class of machine (pn_class_slug()); NULL: all
 *
 * Each case of the whole plan is there once: the result that was there first counts. A case of which no shard has a result stands there as not
 * run. When the machines are of several classes, host.json keeps only what is the same on all of them: gate and history then refuse its
 * figures, as unlike machines are never compared. Return: 0; -EINVAL naming the directory that does not fit; or another negative errno.
 * @ret_merged: cleared with pn_merged_clear().
 */
int pn_merge(const char *out, const char *const *dirs, const char *class, struct pn_merged *ret_merged, struct pn_diag *diag);
void pn_merged_clear(struct pn_merged *merged);
