// SPDX-License-Identifier: GPL-2.0-only
/*
 * Merging: QEMU has offered its guest's memory for merging since it started (mem-merge, on by default); ksmd is let loose on it. How much is asked for is
 * nothing that KSM knows: it merges what it finds. Given back means that ksmd is stopped:
 * pages then come apart where the guest writes them, at the price of a fault each. (run=2 would unmerge other processes' pages too.)
 */
#include "mechanism.h"

#include <glib.h>

#include "../base/fs.h"
#include "shared.h"

#define DIR "/sys/kernel/mm/ksm/"

/* A scan of a guest in well under a second; a page is merged when it was the same in two. */
static const struct pn_shared_setting settings[] = {
    {DIR "pages_to_scan", "20000"}, {DIR "sleep_millisecs", "10"}, {DIR "smart_scan", "0"}, {DIR "run", "1"}};

#define SCANS 4 /* a page is looked at, found unchanged, found alike; one more for what was half way */

static uint64_t full_scans(void)
{
	g_autofree char *text = NULL;

	return pn_fs_read(DIR "full_scans", &text, NULL, NULL) == 0 ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static bool busy(struct pn_reclaim *reclaim)
{
	return reclaim->ksm && full_scans() < reclaim->scans + SCANS;
}

static int step(struct pn_reclaim *reclaim, uint64_t missing_bytes, struct pn_diag *diag)
{
	int r;

	if (reclaim->ksm)
		return 0;
	reclaim->scans = full_scans();
	r = pn_shared_take("ksm", settings, G_N_ELEMENTS(settings), diag);
	reclaim->ksm = r == 0;
	return r;
}

static int end(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	bool held = reclaim->ksm;

	reclaim->ksm = false;
	return held ? pn_shared_drop("ksm", diag) : 0;
}

/* The pages come apart where they are written; ksmd stops, so that they stay so. */
static int give_back(struct pn_reclaim *reclaim, struct pn_diag *diag)
{
	return end(reclaim, diag);
}

const struct pn_mechanism_ops pn_mechanism_ksm = {.mechanism = PN_MECHANISM_KSM, .step = step, .busy = busy, .give_back = give_back, .end = end};
