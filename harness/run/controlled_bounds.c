// SPDX-License-Identifier: GPL-2.0-only
/*
 * The law's bounds enforced: each QEMU in a memory cgroup of its own (version 1 or 2), and swap on the host for what is above the bound. virtio-balloon
 * enforces nothing; this does.
 *
 * A bound is of the guest's memory. QEMU's own memory and what was touched before the group was entered, which kernels since 6.x no longer move into it, are not
 * the law's: so a limit is what the group is charged now, and as much more or less as the guest's memory is from its bound. Never told to the guest.
 *
 * Limits: between two ticks QEMU's own growth counts against the guest. Memory touched before the group was entered can't be taken back by it.
 */
#include "controlled_private.h"

#include <errno.h>
#include <unistd.h>

#include "../base/cgroup.h"
#include "../base/diag.h"
#include "../base/swapfile.h"
#include "../base/units.h"
#include "../guest/guest.h"

#define LEAST_BYTES (16 * PN_MIB) /* QEMU itself */
#define STEP_BYTES PN_MIB	  /* changes below it are not worth a system call */
#define NO_LIMIT INT64_MAX

/** struct bound - one guest's */
struct bound {
	struct pn_cgroup cgroup;
	int64_t limit_bytes; /* as set last */
};

struct pn_controlled_bounds {
	struct bound *bounds;
	unsigned int count;
	struct pn_swapfile swap;
	bool set; /* any, ever */
};

static int enter(struct bound *bound, struct pn_guest *guest, struct pn_diag *diag)
{
	int r = pn_guest_pid(guest) > 0 ? 0 : pn_diag_set(diag, -ENOTSUP, "controller.cgroups: this guest has no process on the host");

	bound->limit_bytes = NO_LIMIT;
	r = r ? r : pn_cgroup_make(&bound->cgroup, "memory", diag);
	return r < 0 ? r : pn_cgroup_enter(&bound->cgroup, pn_guest_pid(guest), false, diag);
}

int pn_controlled_bounds_new(const struct pn_controlled_guest *guests, unsigned int count, struct pn_controlled_bounds **ret_bounds,
			     struct pn_diag *diag)
{
	struct pn_controlled_bounds *self = g_new0(struct pn_controlled_bounds, 1);
	g_autofree char *path = g_strdup_printf("%s/puncture-controlled-%d", pn_swapfile_dir(), (int)getpid());
	uint64_t bytes = 0;
	int r;

	self->bounds = g_new0(struct bound, count);
	self->count = count;
	for (unsigned int i = 0; i < count; i++)
		bytes += guests[i].memory_bytes;
	r = pn_swapfile_make(path, bytes, &self->swap, diag);
	for (unsigned int i = 0; i < count && r >= 0; i++)
		r = enter(&self->bounds[i], guests[i].guest, diag);
	if (r < 0) {
		pn_controlled_bounds_free(self, NULL);
		return r;
	}
	*ret_bounds = self;
	return 0;
}

int pn_controlled_bounds_set(struct pn_controlled_bounds *self, unsigned int index, const struct pn_controlled_guest *guest, uint64_t bound_bytes,
			     uint64_t resident_bytes, struct pn_diag *diag)
{
	struct bound *bound = &self->bounds[index];
	int64_t limit = NO_LIMIT;
	uint64_t charged = 0;
	char text[32] = "-1";
	int r;

	if (!bound_bytes || resident_bytes == PN_UNSET) /* a law without bounds, a guest that is gone */
		return 0;
	if (bound_bytes < guest->memory_bytes) {
		r = pn_cgroup_count(&bound->cgroup, bound->cgroup.v2 ? "memory.current" : "memory.usage_in_bytes", NULL, &charged, diag);
		if (r < 0)
			return r;
		limit = MAX((int64_t)charged + (int64_t)bound_bytes - (int64_t)resident_bytes, (int64_t)LEAST_BYTES);
		g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, limit);
	}
	self->set = true;
	if (limit == bound->limit_bytes || (limit != NO_LIMIT && bound->limit_bytes != NO_LIMIT && ABS(limit - bound->limit_bytes) < (int64_t)STEP_BYTES))
		return 0;
	r = pn_cgroup_set(&bound->cgroup, "memory.limit_in_bytes", "memory.max", limit == NO_LIMIT && bound->cgroup.v2 ? "max" : text, diag);
	if (r == 0)
		bound->limit_bytes = limit;
	/* version 1 gives up when it does not get enough out in time: what it got counts, and the next tick asks again */
	return r == -EBUSY || r == -EINTR ? 0 : r;
}

json_t *pn_controlled_bounds_hits(const struct pn_controlled_bounds *self, const struct pn_controlled_guest *guests)
{
	json_t *hits = json_object();

	for (unsigned int i = 0; i < self->count && self->set; i++) {
		const struct pn_cgroup *cgroup = &self->bounds[i].cgroup;
		uint64_t count = 0;
		int r = cgroup->v2 ? pn_cgroup_count(cgroup, "memory.events", "max", &count, NULL) :
				     pn_cgroup_count(cgroup, "memory.failcnt", NULL, &count, NULL);

		if (r == 0)
			json_object_set_new(hits, guests[i].name, json_integer((json_int_t)count));
	}
	return hits;
}

int pn_controlled_bounds_free(struct pn_controlled_bounds *self, struct pn_diag *diag)
{
	int first = 0, r;

	if (!self)
		return 0;
	for (unsigned int i = 0; i < self->count; i++) {
		r = pn_cgroup_remove(&self->bounds[i].cgroup, first ? NULL : diag);
		first = first ? first : r;
	}
	r = pn_swapfile_remove(&self->swap, first ? NULL : diag);
	g_free(self->bounds);
	g_free(self);
	return first ? first : r;
}
