// SPDX-License-Identifier: GPL-2.0-only
/* Putting the guest's times on the host's clock. Pure. */

#include "guest_time.h"

#include <glib.h>

#include "../base/units.h"

#define LATE_NS (250 * PN_NS_PER_MS)
#define LATE_RUN 5

int pn_guest_time_shift(struct pn_guest_time *clock, uint64_t guest_ns, uint64_t host_ns, uint64_t *ret_host_ns)
{
	int64_t needed = (int64_t)(host_ns - guest_ns), late = needed - clock->offset_ns;
	int stepped = 0;

	if (late > (int64_t)(LATE_NS + clock->error_ns)) {
		if (!clock->late || needed < clock->late_offset_ns)
			clock->late_offset_ns = needed;
		if (++clock->late >= LATE_RUN) {
			clock->offset_ns = clock->late_offset_ns;
			clock->late = 0;
			stepped = 1;
		}
	} else {
		clock->late = 0;
	}
	*ret_host_ns = MIN((uint64_t)((int64_t)guest_ns + clock->offset_ns), host_ns);
	return stepped;
}
