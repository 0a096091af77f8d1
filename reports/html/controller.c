// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a controller of several guests saw and decided, as samples beside the others, so that the panels are made of them as of any. Its record is
 * controller.jsonl (harness/run/controlled.h). A sum with one guest left out would be a wrong number: then the moment has none.
 */
#include "html.h"

#include <string.h>

static const char *const figures[] = {"target_bytes", "demand_bytes", "resident_bytes", "bound_bytes"};

/* Return: over all guests of a tick; -1 when one is unknown */
static double sum(const json_t *guests, const char *key)
{
	const json_t *guest;
	const char *name;
	double all = 0;

	json_object_foreach((json_t *)guests, name, guest) {
		const json_t *value = json_object_get(guest, key);

		if (!value)
			return -1;
		all += json_number_value(value);
	}
	return all;
}

static void set(json_t *sample, const char *key, double value)
{
	if (value >= 0)
		json_object_set_new(sample, key, json_real(value));
}

/* The journal's words for what begins and ends. */
static void add_fault(struct pn_html_record *of_case, const json_t *line)
{
	json_t *fault = json_copy((json_t *)line);
	g_autofree char *name = g_strdup_printf("%s%s%s", pn_html_string(line, "name"), *pn_html_string(line, "guest") ? " of " : "",
						pn_html_string(line, "guest"));

	json_object_set_new(fault, "name", json_string(name));
	if (pn_html_is(line, "state", "over"))
		json_object_set_new(fault, "state", json_string("disarmed"));
	json_array_append_new(of_case->journal, fault);
}

void pn_html_controller_all(struct pn_html_record *of_case)
{
	const json_t *line;
	double budget = -1;
	size_t i;

	json_array_foreach(of_case->controller, i, line) {
		const json_t *guests = json_object_get(line, "guests");

		if (pn_html_is(line, "ev", "controller"))
			budget = json_number_value(json_object_get(line, "host_bytes")) - json_number_value(json_object_get(line, "reserve_bytes"));
		if (pn_html_is(line, "ev", "fault"))
			add_fault(of_case, line);
		if (!pn_html_is(line, "ev", "tick") || !json_is_object(guests))
			continue;
		json_t *sample = json_pack("{s:O*}", "t_ns", json_object_get(line, "t_ns"));

		set(sample, "controller.all.resident_bytes", sum(guests, "resident_bytes"));
		set(sample, "controller.all.target_bytes", sum(guests, "target_bytes"));
		set(sample, "controller.all.demand_bytes", sum(guests, "demand_bytes"));
		set(sample, "controller.budget_bytes", budget);
		json_array_append_new(of_case->samples, sample);
	}
}

void pn_html_controller_one(const struct pn_html_record *of_case, const char *name, struct pn_html_record *record)
{
	const json_t *line;
	size_t i;

	json_array_foreach(of_case->controller, i, line) {
		const json_t *guest = json_object_get(json_object_get(line, "guests"), name);
		json_t *sample;

		if (!pn_html_is(line, "ev", "tick") || !guest)
			continue;
		sample = json_pack("{s:O*}", "t_ns", json_object_get(line, "t_ns"));
		for (size_t k = 0; k < G_N_ELEMENTS(figures); k++) {
			g_autofree char *key = g_strdup_printf("controller.%s", figures[k]);

			if (json_is_number(json_object_get(guest, figures[k])))
				json_object_set(sample, key, json_object_get(guest, figures[k]));
		}
		json_array_append_new(record->samples, sample);
	}
}
