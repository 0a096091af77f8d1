// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reset, pressed or after a panic, and the way back. All that the guest's memory held is gone: driver, loads, swap, mounts. What a load had measured before the
 * reset is lost; it is started anew, and the journal says so.
 *
 * The new boot is told from the old one by its boot_id; an agent that merely said hello again (its port was reopened) is not a reboot.
 */
#include "reboot.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/patience.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../pin/pin.h"
#include "driver.h"
#include "../scenario/scenario.h"
#include "loads.h"
#include "timeline.h"

#define PANIC_TIMEOUT_NS (20 * PN_NS_PER_S)
#define PANIC_POLL_NS (5 * PN_NS_PER_MS)
#define BOOT_CPU_NS (120 * PN_NS_PER_S) /* 3 s under emulation, a minute with the debug kernel */

/** struct hello - waits for the agent of a new boot; filled on the connection's thread */
struct hello {
	GMutex lock;
	GCond came;
	char *old_boot_id;
	bool any; /* the old boot's id is not known: the next hello is of another boot */
	bool again;
};

static void on_event(const json_t *event, uint64_t host_ns, void *data)
{
	struct hello *hello = data;
	const char *ev = json_string_value(json_object_get(event, "ev"));
	const char *boot_id = json_string_value(json_object_get(event, "boot_id"));

	if (!ev || strcmp(ev, "hello") != 0 || !boot_id)
		return;
	g_mutex_lock(&hello->lock);
	if (hello->any || (hello->old_boot_id && strcmp(boot_id, hello->old_boot_id) != 0))
		hello->again = true;
	g_cond_signal(&hello->came);
	g_mutex_unlock(&hello->lock);
}

/* Not by a hello of our own: that would start the stream of the kernel log anew. */
static int boot_id_read(const struct pn_timeline *timeline, char **ret_boot_id, struct pn_diag *diag)
{
	json_t *reply;
	int r;

	r = pn_guest_agent(timeline->guest, json_pack("{s:s,s:s}", "op", "read", "path", "/proc/sys/kernel/random/boot_id"), 0, &reply, diag);
	if (r < 0)
		return r;
	*ret_boot_id = g_strdup(json_string_value(json_object_get(reply, "text")));
	json_decref(reply);
	if (!*ret_boot_id || !*g_strstrip(*ret_boot_id))
		return pn_diag_set(diag, -EPROTO, "agent: the guest has no boot_id");
	return 0;
}

static int wait_for_boot(const struct pn_timeline *timeline, struct hello *hello, struct pn_diag *diag)
{
	g_autofree char *waited = NULL;
	struct pn_patience patience;
	int r = -ETIMEDOUT;

	pn_patience_begin(&patience, pn_guest_pid(timeline->guest), BOOT_CPU_NS);
	g_mutex_lock(&hello->lock);
	while (!hello->again && !pn_patience_over(&patience)) {
		if (timeline->stop && __atomic_load_n(timeline->stop, __ATOMIC_RELAXED)) {
			r = -EINTR;
			break;
		}
		g_cond_wait_until(&hello->came, &hello->lock, g_get_monotonic_time() + 50 * G_TIME_SPAN_MILLISECOND);
	}
	if (hello->again)
		r = 0;
	g_mutex_unlock(&hello->lock);
	if (r == -EINTR)
		return pn_diag_set(diag, r, "interrupted while the guest was booting after a reset");
	waited = pn_patience_text(&patience);
	return r < 0 ? pn_diag_set(diag, r, "reset: the agent did not come back within %s", waited) : 0;
}

/* A panic stops the guest (-action panic=pause), which its state shows; the reset button is what brings it back. */
static int panic(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + PANIC_TIMEOUT_NS;
	int r = pn_guest_agent(timeline->guest, json_pack("{s:s,s:s}", "op", "lifecycle", "do", "panic"), 0, NULL, diag);

	while (r == 0 && pn_guest_state(timeline->guest) != PN_GUEST_CRASHED) {
		if (pn_clock_now_ns() >= deadline_ns)
			r = pn_diag_set(diag, -ETIMEDOUT, "panic: the guest did not panic within %llu s",
					(unsigned long long)(PANIC_TIMEOUT_NS / PN_NS_PER_S));
		pn_clock_sleep_until(pn_clock_now_ns() + PANIC_POLL_NS);
	}
	return r;
}

static int press(const struct pn_timeline *timeline, enum pn_reboot_by by, struct pn_diag *diag)
{
	int r = by == PN_REBOOT_BY_PANIC ? panic(timeline, diag) : 0;

	if (r == 0)
		r = pn_guest_act(timeline->guest, &(struct pn_action){.verb = "reset"}, NULL, diag);
	if (r == 0 && by == PN_REBOOT_BY_PANIC)
		r = pn_guest_act(timeline->guest, &(struct pn_action){.verb = "resume"}, NULL, diag);
	return r;
}

static int reset_and_wait(const struct pn_timeline *timeline, enum pn_reboot_by by, struct hello *hello, struct pn_diag *diag)
{
	int r;

	r = pn_guest_subscribe(timeline->guest, on_event, hello);
	if (r < 0)
		return pn_diag_set(diag, r, "reset: can't listen for the agent's hello");
	r = press(timeline, by, diag);
	if (r == 0)
		r = wait_for_boot(timeline, hello, diag);
	pn_guest_unsubscribe(timeline->guest, on_event, hello);
	return r;
}

/* What the guest had before, it gets again. What loads measure from here on counts: the way back is part of the case. */
static int come_back(const struct pn_timeline *timeline, bool driven, char *const *loads, struct pn_diag *diag)
{
	int r = 0;

	if (pn_guest_machine(timeline->guest)->swap_bytes)
		r = pn_fixture_need(timeline, "swap", diag);
	if (r == 0 && driven)
		r = pn_driver_load(timeline, diag);
	for (char *const *name = loads; r == 0 && name && *name; name++)
		r = pn_load_start(timeline, *name, diag);
	return r == 0 ? pn_loads_mark(timeline, diag) : r;
}

static int wait_reset(const struct pn_timeline *timeline, enum pn_reboot_by by, bool held, struct pn_diag *diag)
{
	struct hello hello = {.any = held};
	int r = 0;

	g_mutex_init(&hello.lock);
	g_cond_init(&hello.came);
	if (!held)
		r = boot_id_read(timeline, &hello.old_boot_id, diag);
	if (r == 0)
		r = reset_and_wait(timeline, by, &hello, diag);
	g_cond_clear(&hello.came);
	g_mutex_clear(&hello.lock);
	g_free(hello.old_boot_id);
	return r;
}

int pn_reboot(const struct pn_timeline *timeline, enum pn_reboot_by by, struct pn_diag *diag)
{
	struct pn_pin *pin = pn_guest_pin(timeline->guest);
	bool held = pin && pn_pin_holding(pin) && by == PN_REBOOT_BY_RESET;
	g_auto(GStrv) running = NULL;
	json_t *bound = NULL;
	bool driven;
	int r;

	/* A guest with a held vCPU can't be asked what it has, and asking would let it go: then it is what the scenario says. */
	if (held) {
		r = wait_reset(timeline, by, true, diag);
		return r < 0 ? r : come_back(timeline, !timeline->scenario->guest.balloon.absent, timeline->scenario->loads, diag);
	}
	r = pn_driver_bound(timeline, &bound, diag);
	if (r < 0)
		return r;
	driven = json_is_true(json_object_get(bound, "bound"));
	json_decref(bound);
	r = pn_loads_running(timeline, &running, diag);
	if (r == 0)
		r = wait_reset(timeline, by, false, diag);
	return r < 0 ? r : come_back(timeline, driven, running, diag);
}
