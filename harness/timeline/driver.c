// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver under test in the guest: loaded, bound, unbound, unloaded.
 *
 * Invariant: "loaded" is never taken from the loader's word. A module whose parts were loaded in the wrong order, or whose probe failed,
 * loads without an error and then no page ever moves, so after each step the device itself is asked who drives it.
 */
#include "driver.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#include "../base/cache.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../pin/pin.h"
#include "../pin/symbols.h"
#include "../scenario/scenario.h"
#include "guests/images/image.h"
#include "guest_file.h"
#include "timeline.h"

#define GUEST_TIMEOUT_NS (30 * PN_NS_PER_S)			 /* in the guest: a driver that takes longer is wedged */
#define ANSWER_TIMEOUT_NS (GUEST_TIMEOUT_NS + 5 * PN_NS_PER_S) /* then the agent says so */
#define FREEZE_TIMEOUT_NS (60 * PN_NS_PER_S)
#define STATUS_DRIVER_OK 4 /* virtio 1.2, 2.1 */

/** struct fetching - a module's file to be fetched from the guest */
struct fetching {
	const struct pn_timeline *timeline;
	const char *path; /* in the guest */
};

/* A driver that has not come back within the guest's timeout is stuck: said in the journal, for the liveness oracle. */
static int ask(const struct pn_timeline *timeline, json_t *request, json_t **ret_reply, struct pn_diag *diag)
{
	g_autofree char *op = g_strdup(json_string_value(json_object_get(request, "op")));
	uint64_t asked_ns = pn_clock_now_ns(), waited_ns;
	int r;

	json_object_set_new(request, "timeout_ms", json_integer(GUEST_TIMEOUT_NS / PN_NS_PER_MS));
	r = pn_guest_agent(timeline->guest, request, ANSWER_TIMEOUT_NS, ret_reply, diag);
	waited_ns = pn_clock_now_ns() - asked_ns;
	if (r < 0 && waited_ns >= GUEST_TIMEOUT_NS)
		pn_journal_add(timeline->journal, "driver",
			       json_pack("{s:s,s:s,s:I}", "state", "stuck", "op", op, "waited_ns", (json_int_t)waited_ns));
	return r;
}

int pn_driver_bound(const struct pn_timeline *timeline, json_t **ret_bound, struct pn_diag *diag)
{
	return ask(timeline, json_pack("{s:s}", "op", "driver.bound"), ret_bound, diag);
}

static void journal(const struct pn_timeline *timeline, const char *state, json_t *bound)
{
	json_t *fields = json_pack("{s:s}", "state", state);
	static const char *const keys[] = {"driver", "device", "features", "status"};

	for (unsigned int i = 0; i < G_N_ELEMENTS(keys); i++)
		if (json_object_get(bound, keys[i]))
			json_object_set(fields, keys[i], json_object_get(bound, keys[i]));
	pn_journal_add(timeline->journal, "driver", fields);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "?";
}

/* Status may be a number or the text sysfs shows ("0x0000000f"). */
static uint64_t status_bits(const json_t *bound)
{
	const json_t *status = json_object_get(bound, "status");

	if (json_is_integer(status))
		return (uint64_t)json_integer_value(status);
	return json_is_string(status) ? g_ascii_strtoull(json_string_value(status), NULL, 0) : 0;
}

/* The device must be driven and the driver must have said that it is ready. */
static int expect_bound(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	const char *label = timeline->driver->label;
	json_t *bound;
	int r;

	r = pn_driver_bound(timeline, &bound, diag);
	if (r < 0)
		return r;
	if (!json_is_true(json_object_get(bound, "bound")))
		r = pn_diag_set(diag, -ENODEV, "driver '%s': loaded, but the balloon device %s is not bound to it (probe failed; see kmsg)", label,
				text(bound, "device"));
	else if (json_object_get(bound, "status") && !(status_bits(bound) & STATUS_DRIVER_OK))
		r = pn_diag_set(diag, -ENODEV, "driver '%s': bound, but device %s never saw DRIVER_OK (status 0x%llx)", label,
				text(bound, "device"), (unsigned long long)status_bits(bound));
	else
		journal(timeline, "bound", bound);
	json_decref(bound);
	return r;
}

static int expect_unbound(const struct pn_timeline *timeline, const char *state, struct pn_diag *diag)
{
	json_t *bound;
	int r;

	r = pn_driver_bound(timeline, &bound, diag);
	if (r < 0)
		return r;
	if (json_is_true(json_object_get(bound, "bound")))
		r = pn_diag_set(diag, -EBUSY, "driver '%s': the balloon device %s is still bound to '%s'", timeline->driver->label,
				text(bound, "device"), text(bound, "driver"));
	else if (state)
		journal(timeline, state, bound);
	json_decref(bound);
	return r;
}

/* A module of the host's is pushed into the guest; one of the image's own is loaded by name, with what it depends on. */
static int load_module(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	const struct pn_module *driver = timeline->driver;
	const char *params = timeline->scenario->driver.params;
	json_t *request = json_pack("{s:s}", "op", "module.load");
	g_autofree char *path = NULL;
	int r;

	if (params)
		json_object_set_new(request, "params", json_string(params));
	if (!driver->path) {
		json_object_set_new(request, "name", json_string(driver->name));
		return ask(timeline, request, NULL, diag);
	}
	path = g_strdup_printf("%s/%s.ko", PN_DRIVER_DIR, driver->name);
	json_object_set_new(request, "path", json_string(path));
	if (pn_guest_machine(timeline->guest)->exact) /* it is there since before the snapshot */
		return ask(timeline, request, NULL, diag);
	json_t *put = json_pack("{s:s,s:s,s:i}", "from", driver->path, "path", path, "mode", 0600);
	r = pn_guest_act(timeline->guest, &(struct pn_action){.verb = "put", .args = put, .timeout_ns = ANSWER_TIMEOUT_NS}, NULL, diag);
	json_decref(put);
	if (r < 0) {
		json_decref(request);
		return r;
	}
	return ask(timeline, request, NULL, diag);
}

static uint64_t address(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? g_ascii_strtoull(value, NULL, 0) : 0;
}

static int fetch(const char *dir, void *data, struct pn_diag *diag)
{
	const struct fetching *fetching = data;
	g_autofree char *file = g_build_filename(dir, "module.ko", NULL);
	json_t *request = json_pack("{s:s,s:s,s:s}", "op", "get", "path", fetching->path, "to", file);

	return pn_guest_agent(fetching->timeline->guest, request, ANSWER_TIMEOUT_NS, NULL, diag);
}

/* The driver's file on the host. One of the image's own is fetched from the guest once. */
static int find_file(const struct pn_timeline *timeline, const json_t *where, char **ret_file, struct pn_diag *diag)
{
	struct fetching fetching = {.timeline = timeline, .path = json_string_value(json_object_get(where, "path"))};
	g_autofree char *identity = g_strdup_printf("%s %s", timeline->driver->hash, fetching.path);
	g_autofree char *key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1), *dir = NULL;
	int r;

	if (timeline->driver->path) {
		*ret_file = g_strdup(timeline->driver->path);
		return 0;
	}
	/* In exact mode every run must ask the guest for the same. */
	r = pn_cache_get("kmod", key, pn_guest_machine(timeline->guest)->exact ? NULL : fetch, &fetching, &dir, diag);
	if (r == 0)
		*ret_file = g_build_filename(dir, "module.ko", NULL);
	return r;
}

/* Without its functions the driver is still counted; the journal says why they are not known. */
static GArray *read_symbols(const struct pn_timeline *timeline, const json_t *where, uint64_t base, uint64_t size)
{
	g_autofree char *file = NULL;
	struct pn_diag words = {0};
	GArray *symbols = NULL;
	int r;

	r = find_file(timeline, where, &file, &words);
	if (r == 0)
		r = pn_symbols_read(file, json_object_get(where, "sections"), base, size, &symbols, &words);
	if (r < 0)
		pn_journal_add(timeline->journal, "unsupported", json_pack("{s:s,s:s}", "name", "pin.functions", "reason", words.text));
	return symbols;
}

/* For whoever counts or holds the driver's instructions. */
int pn_driver_locate(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	struct pn_pin *pin = pn_guest_pin(timeline->guest);
	uint64_t base, size;
	json_t *where;
	int r;

	if (!pin)
		return 0;
	r = ask(timeline, json_pack("{s:s,s:s}", "op", "module.where", "name", timeline->driver->name), &where, diag);
	if (r < 0)
		return r;
	base = address(where, "base");
	size = (uint64_t)json_integer_value(json_object_get(where, "size"));
	pn_pin_driver(pin, base, size, read_symbols(timeline, where, base, size));
	r = pn_journal_add(timeline->journal, "module",
			   json_pack("{s:s,s:O,s:O,s:O,s:O}", "name", timeline->driver->name, "base", json_object_get(where, "base"), "size",
				     json_object_get(where, "size"), "sections", json_object_get(where, "sections"), "path",
				     json_object_get(where, "path")));
	json_decref(where);
	return r < 0 ? pn_diag_set(diag, r, "journal: where the driver lies could not be recorded") : 0;
}

int pn_driver_load(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	int r;

	r = expect_unbound(timeline, NULL, diag);
	if (r < 0)
		return r;
	r = load_module(timeline, diag);
	if (r < 0)
		return r;
	journal(timeline, "loaded", NULL);
	r = expect_bound(timeline, diag);
	return r < 0 ? r : pn_driver_locate(timeline, diag);
}

int pn_driver_unload(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	struct pn_pin *pin = pn_guest_pin(timeline->guest);
	int r;

	r = ask(timeline, json_pack("{s:s,s:s}", "op", "module.unload", "name", timeline->driver->name), NULL, diag);
	if (r < 0)
		return r;
	if (pin)
		pn_pin_driver_gone(pin);
	return expect_unbound(timeline, "unloaded", diag);
}

static int rebind(const struct pn_timeline *timeline, const char *op, const char *driver, const char *device, struct pn_diag *diag)
{
	return ask(timeline, json_pack("{s:s,s:s,s:s}", "op", op, "driver", driver, "device", device), NULL, diag);
}

int pn_driver_unbind(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	json_t *bound;
	int r;

	r = pn_driver_bound(timeline, &bound, diag);
	if (r < 0)
		return r;
	if (json_is_true(json_object_get(bound, "bound")))
		r = rebind(timeline, "driver.unbind", text(bound, "driver"), text(bound, "device"), diag);
	else
		r = pn_diag_set(diag, -ENODEV, "driver '%s': nothing is bound to the balloon device, so there is nothing to unbind",
				timeline->driver->label);
	json_decref(bound);
	return r < 0 ? r : expect_unbound(timeline, "unbound", diag);
}

int pn_driver_bind(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	json_t *bound;
	int r;

	r = pn_driver_bound(timeline, &bound, diag);
	if (r < 0)
		return r;
	/* An unbound device has no driver to name: the module's name is the driver's (KBUILD_MODNAME). */
	r = rebind(timeline, "driver.bind", timeline->driver->name, text(bound, "device"), diag);
	json_decref(bound);
	return r < 0 ? r : expect_bound(timeline, diag);
}

int pn_driver_freeze(const struct pn_timeline *timeline, struct pn_diag *diag)
{
	int r = pn_guest_file_write(timeline, "/sys/module/suspend/parameters/pm_test_delay", "1", 0, diag);

	if (!r)
		r = pn_guest_file_write(timeline, "/sys/power/pm_test", "devices", 0, diag);
	return r < 0 ? r : pn_guest_file_write(timeline, "/sys/power/state", "freeze", FREEZE_TIMEOUT_NS, diag);
}
