// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways through the driver on which it may allocate, for the sweep of its allocations (fault_nth.c). Where the driver has come to is asked of device and
 * kernel; as seldom as can be, for an answer of the debug kernel takes a fifth of a second, and there are hundreds of allocations.
 */
#include "alloc_path.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "conductor.h"
#include "driver.h"
#include "guest_file.h"
#include "timeline.h"

#define POLL_NS (20 * PN_NS_PER_MS)
#define DEFLATED "balloon_deflate" /* of /proc/vmstat, in pages */

/* An answer that can't be had is the caller's error, and no word of the driver's. */
static int fatal(int r)
{
	return r == -EREMOTEIO || r == -ENODEV || r == -EBUSY ? 0 : r;
}

static int is_bound(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	json_t *bound;
	int r = pn_driver_bound(walk->conductor->timeline, &bound, diag);

	if (r < 0)
		return r;
	r = json_is_true(json_object_get(bound, "bound"));
	json_decref(bound);
	return r;
}

static int has_arrived(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return walk->arrived;
}

static int unbind(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return pn_driver_unbind(walk->conductor->timeline, diag);
}

static int bind(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	int r = is_bound(walk, diag);

	return r == 0 ? pn_driver_bind(walk->conductor->timeline, diag) : MIN(r, 0);
}

/* Of calls that ask the device themselves where they have got to. */
static int arrive(struct pn_alloc_walk *walk, int r)
{
	walk->arrived = r == 0;
	return fatal(r);
}

static int go_probe(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return arrive(walk, pn_driver_bind(walk->conductor->timeline, diag));
}

static int bind_at_last(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return walk->arrived ? 0 : pn_driver_bind(walk->conductor->timeline, diag);
}

static int go_remove(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return arrive(walk, pn_driver_unbind(walk->conductor->timeline, diag));
}

static int is_at(struct pn_alloc_walk *walk, uint64_t bytes, struct pn_diag *diag)
{
	uint64_t now_bytes = 0;
	int r = pn_guest_ballooned(walk->conductor->timeline->guest, &now_bytes, diag);

	return r < 0 ? r : now_bytes == bytes;
}

static int send(struct pn_alloc_walk *walk, uint64_t bytes, struct pn_diag *diag)
{
	return pn_guest_balloon(walk->conductor->timeline->guest, bytes, diag);
}

static int must_reach(struct pn_alloc_walk *walk, uint64_t bytes, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + walk->conductor->timeline->scenario->settle_timeout_ns;
	int r = send(walk, bytes, diag);

	while (r == 0) {
		r = is_at(walk, bytes, diag);
		if (r != 0)
			return MIN(r, 0);
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIME, "with no allocation failing any more the balloon does not reach %llu KiB",
					   (unsigned long long)(bytes / PN_KIB));
		r = pn_conductor_wait(walk->conductor, pn_clock_now_ns() + POLL_NS, diag);
	}
	return r;
}

static int rest(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return must_reach(walk, walk->rest_bytes, diag);
}

static int go_inflate(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return send(walk, walk->rest_bytes + walk->step_bytes, diag);
}

static int is_inflated(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return is_at(walk, walk->rest_bytes + walk->step_bytes, diag);
}

static int inflate_and_back(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	int r = must_reach(walk, walk->rest_bytes + walk->step_bytes, diag);

	return r < 0 ? r : rest(walk, diag);
}

static int has_enough(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	if (walk->rest_bytes < walk->step_bytes)
		return pn_diag_set(diag, -EINVAL, "the balloon holds less than the step: nothing to deflate");
	return 0;
}

static int go_deflate(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return send(walk, walk->rest_bytes - walk->step_bytes, diag);
}

static int is_deflated(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return is_at(walk, walk->rest_bytes - walk->step_bytes, diag);
}

static int deflate_and_back(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	int r = must_reach(walk, walk->rest_bytes - walk->step_bytes, diag);

	return r < 0 ? r : rest(walk, diag);
}

/* Counted before the driver is asked for anything: how soon it takes its pages again is its own affair. */
static int before_oom(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	int r = pn_guest_file_write(walk->conductor->timeline, "/proc/sys/kernel/sysrq", "1", 0, diag);

	return r < 0 ? r : pn_guest_vmstat(walk->conductor->timeline, DEFLATED, &walk->released, diag);
}

/*
 * The kernel's OOM killer, asked for by hand: the driver's notifier is called as in a real shortage, on a worker, and gives back what it gives. Whom the killer
 * takes afterwards, for a shortage by hand is not over with that, may be the process that asked.
 */
static int go_oom(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return fatal(pn_guest_file_write(walk->conductor->timeline, "/proc/sysrq-trigger", "f", 0, diag));
}

static int has_released(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	uint64_t now = 0;
	int r = pn_guest_vmstat(walk->conductor->timeline, DEFLATED, &now, diag);

	return r < 0 ? r : now > walk->released;
}

static int go_freeze(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	return arrive(walk, pn_driver_freeze(walk->conductor->timeline, diag));
}

/* A driver that came back without its queues takes no target. */
static int freeze_and_rest(struct pn_alloc_walk *walk, struct pn_diag *diag)
{
	int r = pn_driver_freeze(walk->conductor->timeline, diag);

	return r < 0 ? r : rest(walk, diag);
}

static const struct pn_alloc_path paths[] = {
	{"probe", unbind, go_probe, has_arrived, bind_at_last},
	{"remove", NULL, go_remove, has_arrived, bind},
	{"inflate", NULL, go_inflate, is_inflated, inflate_and_back},
	{"deflate", has_enough, go_deflate, is_deflated, deflate_and_back},
	{"oom", before_oom, go_oom, has_released, rest},
	{"freeze", NULL, go_freeze, has_arrived, freeze_and_rest},
};

const struct pn_alloc_path *pn_alloc_path_find(const char *name)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(paths); i++)
		if (g_strcmp0(paths[i].name, name) == 0)
			return &paths[i];
	return NULL;
}
