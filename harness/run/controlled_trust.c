// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom a controller came to distrust, and how soon, from its record. Two kinds of guests deserve it: those that a fault of the scenario makes up, timed from the
 * fault; and those that the scenario names (`distrusts`), whose driver does it by itself: timed from the last moment at which a guest was where it had been told to
 * be, by its own word and in the host's eyes. Nobody else may be called a liar.
 */
#include "controlled_private.h"

#include <string.h>

#include "../base/units.h"

#define AT_TARGET_BYTES ((double)PN_MIB)
#define MISMATCH_BYTES (64.0 * PN_MIB) /* more than that behind a guest's word is no rounding */

static bool is(const json_t *record, const char *key, const char *value)
{
	return !g_strcmp0(json_string_value(json_object_get(record, key)), value);
}

static double seconds_of(const json_t *record)
{
	return (double)json_integer_value(json_object_get(record, "t_ns")) / 1e9;
}

static void set_isolated(json_t *metrics, const char *guest, double value)
{
	g_autofree char *name = g_strdup_printf("controller.isolated_s.%s", guest);

	json_object_set_new(metrics, name, json_pack("{s:f, s:s}", "value", value, "unit", "s"));
}

/* Return: seconds from the fault to the word that the guest is not trusted any more; -1: never */
static double isolated_after_fault(const struct pn_controller_fault *fault, const json_t *records)
{
	double fired_s = -1;
	const json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		const json_t *guest = json_object_get(json_object_get(record, "guests"), fault->guest);

		if (is(record, "ev", "fault") && is(record, "state", "fired") && is(record, "name", pn_controller_fault_names[fault->kind]))
			fired_s = seconds_of(record);
		if (fired_s >= 0 && guest && !is(guest, "trust", "fresh"))
			return seconds_of(record) - fired_s;
	}
	return -1;
}

static bool is_liar(const json_t *guest)
{
	return is(guest, "trust", "lying") || is(guest, "trust", "quarantined");
}

/* was it where it had been told to be, and no more of it on the host than it said? */
static bool is_true(const json_t *guest, double target_bytes)
{
	const json_t *actual = json_object_get(guest, "actual_bytes"), *resident = json_object_get(guest, "resident_bytes");
	double distance = json_number_value(actual) - target_bytes;

	return actual && resident && distance <= AT_TARGET_BYTES && distance >= -AT_TARGET_BYTES &&
	       json_number_value(resident) <= json_number_value(actual) + MISMATCH_BYTES;
}

/* Return: seconds from its last true moment to distrust; -1: it was trusted to the end */
static double isolated_by_itself(const char *name, const json_t *records)
{
	double true_s = -1, target_bytes = -1;
	const json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		const json_t *guest = json_object_get(json_object_get(record, "guests"), name);

		if (!guest)
			continue;
		if (true_s >= 0 && (is_liar(guest) || is(guest, "trust", "stuck")))
			return seconds_of(record) - true_s;
		if (target_bytes < 0 || is_true(guest, target_bytes)) /* as it began */
			true_s = seconds_of(record);
		if (json_object_get(guest, "target_bytes"))
			target_bytes = json_number_value(json_object_get(guest, "target_bytes"));
	}
	return -1;
}

void pn_controlled_isolation(const struct pn_scenario *scenario, const json_t *records, json_t *metrics)
{
	double seconds;

	for (unsigned int i = 0; i < scenario->controller.fault_count; i++) {
		const struct pn_controller_fault *fault = &scenario->controller.faults[i];

		/* statistics of -1 and greed that adds up are no reason to distrust anybody */
		if (!fault->guest || (fault->kind != PN_CONTROLLER_STALE && fault->kind != PN_CONTROLLER_MISSING && fault->kind != PN_CONTROLLER_LIE))
			continue;
		seconds = isolated_after_fault(fault, records);
		if (seconds >= 0)
			set_isolated(metrics, fault->guest, seconds);
	}
	for (char **name = scenario->controller.distrusts; name && *name; name++) {
		seconds = isolated_by_itself(*name, records);
		if (seconds >= 0)
			set_isolated(metrics, *name, seconds);
	}
}

/* Faults after which a guest's figures jump, and none of them is untrue. */
static const char *const no_lies[] = {"memory-plug", "qemu-stop", "reset", "panic", "vcpu-pause", NULL};

/* has it done anything, or has anything been done to it, that looks like a lie? */
static bool is_honest(const struct pn_scenario *scenario, const struct pn_scenario *guest)
{
	const struct pn_controller_spec *controller = &scenario->controller;

	for (unsigned int i = 0; i < guest->event_count; i++)
		if (guest->events[i].action == PN_DO_FAULT && !g_strv_contains(no_lies, guest->events[i].name))
			return false;
	for (unsigned int i = 0; i < controller->fault_count; i++) {
		bool of_law = controller->faults[i].kind == PN_CONTROLLER_KILL || controller->faults[i].kind == PN_CONTROLLER_LIBVIRTD;

		if (!of_law && (!controller->faults[i].guest || !strcmp(controller->faults[i].guest, guest->guest_name)))
			return false;
	}
	return !controller->distrusts || !g_strv_contains((const char *const *)controller->distrusts, guest->guest_name);
}

char *pn_controlled_misjudged(const struct pn_scenario *scenario, const json_t *records)
{
	for (char **name = scenario->controller.distrusts; name && *name; name++)
		if (isolated_by_itself(*name, records) < 0)
			return g_strdup_printf("guest %s does not do what it says, and was trusted to the end", *name);
	for (unsigned int i = 0; i < scenario->member_count; i++) {
		const char *name = scenario->members[i]->guest_name;
		const json_t *record;
		size_t k;

		if (!is_honest(scenario, scenario->members[i]))
			continue;
		json_array_foreach(records, k, record) {
			const json_t *guest = json_object_get(json_object_get(record, "guests"), name);

			if (is_liar(guest))
				return g_strdup_printf("guest %s is honest, and was called %s", name, json_string_value(json_object_get(guest, "trust")));
		}
	}
	return NULL;
}
