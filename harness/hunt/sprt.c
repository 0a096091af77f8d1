// SPDX-License-Identifier: GPL-2.0-only
/* Wald's bounds log((1-beta)/alpha) and log(beta/(1-alpha)) on the log likelihood ratio of the hits. */
#include "sprt.h"

#include <math.h>

enum pn_sprt_answer pn_sprt_answer(const struct pn_sprt *test)
{
	double ratio = test->hits * log(test->p1 / test->p0) + (test->runs - test->hits) * log((1 - test->p1) / (1 - test->p0));

	if (ratio >= log((1 - test->beta) / test->alpha))
		return PN_SPRT_BAD;
	if (ratio <= log(test->beta / (1 - test->alpha)))
		return PN_SPRT_GOOD;
	return PN_SPRT_OPEN;
}

unsigned int pn_sprt_runs_to_good(const struct pn_sprt *test)
{
	return (unsigned int)ceil(log(test->beta / (1 - test->alpha)) / log((1 - test->p1) / (1 - test->p0)));
}
