// SPDX-License-Identifier: GPL-2.0-only
/* The `controller` of a case with several guests: its units, and what does not go with it. */
#include "controller.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "doc.h"
#include "names.h"
#include "scenario.h"
#include "schema.h"

static uint64_t value_of(const char *key, const char *text)
{
	return pn_schema_value(&pn_scenario_schema, key, text, 0);
}

static int refuse(struct pn_doc *doc, struct pn_diag *diag, const char *key, const char *value, const char *accepted)
{
	g_autofree char *where = pn_doc_where(doc, pn_doc_find(doc, key));

	return pn_diag_value(diag, where, key, value ? value : "(its default)", accepted);
}

void pn_controller_fill(struct pn_controller_spec *controller, const struct pn_raw_controller *raw)
{
	*controller = (struct pn_controller_spec){
		.law = g_strdup(raw->law),
		.host_bytes = value_of("controller.host", raw->host),
		.reserve_bytes = value_of("controller.reserve", raw->reserve),
		.tick_ns = value_of("controller.tick", raw->tick),
		.min_bytes = value_of("controller.min", raw->min),
		.cgroups = raw->cgroups,
		.daemon = raw->daemon,
		.distrusts = g_new0(char *, raw->distrusts_count + 1),
		.faults = g_new0(struct pn_controller_fault, raw->faults_count + 1),
	};
	for (unsigned int i = 0; i < raw->distrusts_count; i++)
		controller->distrusts[i] = g_strdup(raw->distrusts[i]);
	for (; controller->fault_count < raw->faults_count; controller->fault_count++) {
		const struct pn_raw_controller_fault *fault = &raw->faults[controller->fault_count];

		controller->faults[controller->fault_count] = (struct pn_controller_fault){
			.kind = value_of("controller.faults[].fault", fault->fault),
			.guest = g_strdup(fault->guest),
			.at_ns = value_of("controller.faults[].at", fault->at),
			.for_ns = value_of("controller.faults[].for", fault->length),
		};
	}
}

void pn_controller_clear(struct pn_controller_spec *controller)
{
	for (unsigned int i = 0; i < controller->fault_count; i++)
		g_free(controller->faults[i].guest);
	g_free(controller->faults);
	g_strfreev(controller->distrusts);
	g_free(controller->law);
}

/* Between a real daemon and its guests nobody can put words into their mouths; a law in this process has no libvirtd to lose. */
static int check_faults(struct pn_doc *doc, const struct pn_controller_spec *controller, struct pn_diag *diag)
{
	for (unsigned int i = 0; i < controller->fault_count; i++) {
		enum pn_controller_fault_kind kind = controller->faults[i].kind;

		if (controller->daemon && kind != PN_CONTROLLER_KILL && kind != PN_CONTROLLER_LIBVIRTD)
			return refuse(doc, diag, "controller.faults", pn_controller_fault_names[kind],
				      "kill or libvirtd: with controller.daemon guests speak for themselves");
		if (!controller->daemon && kind == PN_CONTROLLER_LIBVIRTD)
			return refuse(doc, diag, "controller.faults", pn_controller_fault_names[kind], "controller.daemon: true beside it");
	}
	return 0;
}

/* of one guest: what concerns the others, the names in faults, is checked with all of them */
int pn_controller_check(struct pn_doc *doc, const struct pn_scenario *guest, struct pn_diag *diag)
{
	const struct pn_controller_spec *controller = &guest->controller;
	const char *const *names = pn_names_provided("laws");
	g_autofree char *accepted = names ? g_strjoinv(", ", (char **)names) : NULL;

	if (!controller->law)
		return 0;
	if (names && !g_strv_contains(names, controller->law))
		return refuse(doc, diag, "controller.law", controller->law, accepted);
	if (!controller->host_bytes)
		return refuse(doc, diag, "controller", "(no host)", "controller.host: the memory that the guests share");
	if (controller->reserve_bytes >= controller->host_bytes)
		return refuse(doc, diag, "controller.reserve", pn_doc_text(doc, pn_doc_find(doc, "controller.reserve")), "less than controller.host");
	if (controller->min_bytes > guest->guest.memory_bytes)
		return refuse(doc, diag, "controller.min", pn_doc_text(doc, pn_doc_find(doc, "controller.min")), "no more than the guest's memory");
	if (controller->cgroups && guest->guest.backing == PN_BACKING_HUGETLB)
		return refuse(doc, diag, "controller.cgroups", "true", "another backing than hugetlb: its pages are no part of a memory cgroup");
	if (controller->daemon && strcmp(controller->law, "balloond") != 0)
		return refuse(doc, diag, "controller.law", controller->law, "balloond, with controller.daemon: it is the daemon's only law");
	if (controller->daemon && controller->cgroups)
		return refuse(doc, diag, "controller.cgroups", "true", "no controller.daemon: the libvirtd of a case has no control groups");
	if (!guest->guest.balloon.stats_interval_ns)
		return refuse(doc, diag, "guest.balloon.stats-interval", "0", "a time: a controller goes by the guest's statistics");
	for (unsigned int i = 0; i < guest->event_count; i++)
		if (guest->events[i].action == PN_DO_TARGET)
			return refuse(doc, diag, "timeline", "(a target)", "a timeline without targets: the controller sets them");
	return check_faults(doc, controller, diag);
}

static bool names_guest(const struct pn_scenario *scenario, const char *name)
{
	for (unsigned int k = 0; k < scenario->member_count; k++)
		if (strcmp(scenario->members[k]->guest_name, name) == 0)
			return true;
	return false;
}

int pn_controller_check_guests(struct pn_doc *doc, const struct pn_scenario *scenario, struct pn_diag *diag)
{
	const struct pn_controller_spec *controller = &scenario->controller;
	g_autofree char *where = pn_doc_where(doc, pn_doc_find(doc, "controller"));

	if (controller->law && !scenario->member_count)
		return pn_diag_value(diag, where, "controller.law", controller->law, "guests beside it: `guests: 4`, or a list of them");
	for (unsigned int i = 0; i < controller->fault_count; i++)
		if (controller->faults[i].guest && !names_guest(scenario, controller->faults[i].guest))
			return pn_diag_value(diag, where, "controller.faults[].guest", controller->faults[i].guest, "the name of one of the guests");
	for (char **name = controller->distrusts; name && *name; name++)
		if (!names_guest(scenario, *name))
			return pn_diag_value(diag, where, "controller.distrusts", *name, "the name of one of the guests");
	return 0;
}
