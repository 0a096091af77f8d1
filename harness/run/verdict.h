/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_task_end;

/**
 * pn_verdict_of_end() - the raw verdict of a case whose process has ended
 * @case_dir: where its outcome.json would be
 * @end: how its process ended
 *
 * An outcome that the process left counts; anything else is BROK with what became of the process and what it was last seen doing.
 * Return: a new object {"verdict","reason","findings","metrics",...}; json_decref() by the caller.
 */
json_t *pn_verdict_of_end(const char *case_dir, const struct pn_task_end *end);

/** pn_verdict_broken() - a verdict BROK with a reason. Return: a new object. */
json_t *pn_verdict_broken(const char *reason);

/**
 * pn_verdict_add_leftovers() - the host oracle's last word: what the case's process left behind after its end
 * @leftovers: array of {"kind","what"}; nothing happens when it is empty
 *
 * A verdict of PASS becomes BROK: it is the harness that did not clean up.
 */
void pn_verdict_add_leftovers(json_t *verdict, const json_t *leftovers);

/**
 * pn_verdict_expect() - turn a verdict round for a case that is meant not to pass (self-tests of the harness)
 * @expect: "pass", "fail:ORACLE", "brok" or "brok:TEXT"
 *
 * As expected is PASS. A wrong FAIL or PASS is FAIL; a BROK that was not expected stays BROK.
 */
void pn_verdict_expect(json_t *verdict, const char *expect);

/**
 * pn_verdict_known() - a verdict of pn_verdict_expect() on a known issue of somebody else's
 * @reason: what is known; NULL: nothing, and nothing happens
 * @expires: YYYY-MM-DD
 * @today: the same form; NULL: by the host's clock
 *
 * It fails as known: PASS, "known" in the verdict, with the reason. It passes: FAIL, news that somebody has to look at. From @expires on it is
 * FAIL either way. BROK stays: nothing was shown.
 */
void pn_verdict_known(json_t *verdict, const char *reason, const char *expires, const char *today);
