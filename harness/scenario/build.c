// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a resolved document to a struct pn_scenario: schema and conversion; build-check.c has the checks.
 */
#include "build.h"
#include "build-private.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/texts.h"
#include "../base/units.h"
#include "controller.h"
#include "doc.h"
#include "event.h"
#include "load.h"
#include "members.h"
#include "names.h"
#include "require.h"
#include "schema.h"
#include "seed.h"
#include "technique.h"

static uint64_t value_of(const char *key, const char *text)
{
	return pn_schema_value(&pn_scenario_schema, key, text, 0);
}

/* "A PREFIXB", "A", "PREFIXB", or NULL when there is neither */
static char *join(const char *a, const char *prefix, const char *b)
{
	return b ? g_strconcat(a ? a : "", a && *a ? " " : "", prefix, b, NULL) : g_strdup(a);
}

static void fill_guest(struct pn_machine *guest, const struct pn_raw_guest *raw)
{
	const struct pn_raw_balloon *balloon = &raw->balloon;
	g_auto(GStrv) devices = pn_texts_copy(raw->devices, raw->devices_count);

	guest->memory_bytes = value_of("guest.memory", raw->memory);
	guest->vcpus = raw->vcpus ? raw->vcpus : value_of("guest.vcpus", NULL);
	guest->backing = value_of("guest.backing", raw->backing);
	guest->swap_bytes = value_of("guest.swap", raw->swap);
	guest->swap_nbdkit = value_of("guest.swap-server", raw->swap_server) == 1;
	guest->disk_bytes = value_of("guest.disk", raw->disk);
	guest->plug_bytes = value_of("guest.plug", raw->plug);
	guest->extra_devices = raw->devices_count ? g_strjoinv("\n", devices) : NULL;
	guest->kernel_args = raw->init_on_alloc ? join(raw->kernel_args, "init_on_alloc=", raw->init_on_alloc) : g_strdup(raw->kernel_args);
	guest->image = g_strdup(raw->image);
	guest->kernel = g_strdup(raw->kernel);
	guest->modules = g_strdup(raw->modules);
	guest->qemu = g_strdup(raw->qemu);
	guest->unpinned = raw->unpinned;
	guest->exact = raw->exact;
	guest->balloon = (struct pn_balloon_device){
	    .absent = balloon->absent,
	    .deflate_on_oom = balloon->deflate_on_oom,
	    .free_page_reporting = balloon->free_page_reporting,
	    .free_page_hint = balloon->free_page_hint,
	    .page_poison = balloon->page_poison,
	    .packed = balloon->packed,
	    .hotplug = balloon->hotplug,
	    .iommu = balloon->iommu,
	    .direct = balloon->direct,
	    .model = value_of("guest.balloon.model", balloon->model),
	    .stats_interval_ns = value_of("guest.balloon.stats-interval", balloon->stats_interval),
	};
}

static void fill_driver(struct pn_driver_spec *driver, const struct pn_raw_driver *raw)
{
	g_autofree char *own = NULL;

	driver->name = g_strdup(raw->name ? raw->name : pn_key_find(pn_scenario_schema.keys, "driver.name")->fallback);
	own = pn_build_own_driver(driver->name) ? join(raw->own_params, "mode=", raw->mode) : NULL;
	driver->params = join(raw->params, "", own);
}

static void fill_loads(struct pn_scenario *scenario, const struct pn_raw_scenario *raw)
{
	GPtrArray *loads = g_ptr_array_new();

	for (unsigned int i = 0; i < raw->alongside_count; i++) /* first: the latency probe sees the other loads start */
		g_ptr_array_add(loads, g_strdup(raw->alongside[i]));
	for (unsigned int i = 0; i < raw->load_count; i++)
		g_ptr_array_add(loads, g_strdup(raw->load[i]));
	g_ptr_array_add(loads, NULL);
	scenario->loads = (char **)g_ptr_array_free(loads, FALSE);
}

static void fill(struct pn_builder *builder, const char *name, uint64_t seed)
{
	const struct pn_raw_scenario *raw = builder->raw;
	struct pn_scenario *scenario = builder->scenario;

	scenario->name = g_strdup(raw->name ? raw->name : name);
	scenario->summary = g_strdup(raw->summary);
	scenario->file = g_strdup(pn_doc_file(builder->doc));
	fill_guest(&scenario->guest, &raw->guest);
	fill_driver(&scenario->driver, &raw->driver);
	pn_technique_fill(scenario, raw);
	pn_controller_fill(&scenario->controller, &raw->controller);
	fill_loads(scenario, raw);
	scenario->probes = raw->probes_count ? pn_texts_copy(raw->probes, raw->probes_count) : NULL;
	scenario->requires = pn_texts_copy(raw->requires, raw->requires_count);
	scenario->expect = g_strdup(raw->expect ? raw->expect : pn_key_find(pn_scenario_schema.keys, "expect")->fallback);
	scenario->known_reason = g_strdup(raw->known.reason);
	scenario->known_expires = g_strdup(raw->known.expires);
	scenario->waivers = g_new0(struct pn_oracle_waiver, raw->oracles.waive_count + 1);
	for (; scenario->waiver_count < raw->oracles.waive_count; scenario->waiver_count++) {
		scenario->waivers[scenario->waiver_count].oracle = g_strdup(raw->oracles.waive[scenario->waiver_count].oracle);
		scenario->waivers[scenario->waiver_count].reason = g_strdup(raw->oracles.waive[scenario->waiver_count].reason);
	}
	scenario->sample_ns = value_of("sample", raw->sample);
	scenario->sample_monitor_ns = value_of("sample-monitor", raw->sample_monitor);
	scenario->sample_free_ns = value_of("sample-free", raw->sample_free);
	scenario->settle_timeout_ns = value_of("settle", raw->settle);
	scenario->runtime_ns = value_of("runtime", raw->runtime);
	scenario->timeout_ns = value_of("timeout", raw->timeout);
	scenario->seed = seed;
}

static int build_guest(struct pn_doc *doc, const char *name, uint64_t seed, const char *workloads_dir, struct pn_scenario **ret_scenario,
		       struct pn_diag *diag)
{
	struct pn_builder builder = {.doc = doc, .workloads_dir = workloads_dir, .diag = diag};
	void *raw = NULL;
	int r;

	pn_schema_normalise(&pn_scenario_schema, doc);
	r = pn_schema_check(&pn_scenario_schema, doc, diag);
	if (r >= 0)
		r = pn_schema_load(&pn_scenario_schema, doc, &raw, diag);
	if (r < 0)
		return r;
	builder.raw = raw;
	builder.scenario = g_new0(struct pn_scenario, 1);
	fill(&builder, name, seed);
	r = pn_build_check(&builder);
	pn_schema_free(&pn_scenario_schema, raw);
	if (r < 0) {
		pn_scenario_free(builder.scenario);
		return r;
	}
	*ret_scenario = builder.scenario;
	return 0;
}

static int build_member(const struct pn_member *member, const char *name, uint64_t seed, const char *workloads_dir, struct pn_scenario *scenario,
			struct pn_diag *diag)
{
	g_autofree char *base = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
	struct pn_scenario *guest;
	int r = build_guest(member->doc, name, pn_seed_of(base, member->name, NULL), workloads_dir, &guest, diag);

	if (r < 0)
		return r;
	guest->guest_name = g_strdup(member->name);
	guest->delay_ns = member->delay_ns;
	scenario->members[scenario->member_count++] = guest;
	return 0;
}

int pn_scenario_build(struct pn_doc *doc, const char *name, uint64_t seed, const char *workloads_dir, struct pn_scenario **ret_scenario,
		      struct pn_diag *diag)
{
	g_autoptr(GArray) members = NULL;
	struct pn_scenario *scenario;
	int r;

	pn_schema_normalise(&pn_scenario_schema, doc);
	r = pn_schema_check(&pn_scenario_schema, doc, diag);
	if (r >= 0)
		r = pn_members_expand(doc, &members, diag);
	if (r >= 0) /* what holds for the whole case is read of the first guest: all have it from the scenario */
		r = build_guest(members->len ? g_array_index(members, struct pn_member, 0).doc : doc, name, seed, workloads_dir, &scenario, diag);
	if (r < 0)
		return r;
	scenario->members = members->len ? g_new0(struct pn_scenario *, members->len) : NULL;
	for (guint i = 0; r >= 0 && i < members->len; i++)
		r = build_member(&g_array_index(members, struct pn_member, i), name, seed, workloads_dir, scenario, diag);
	if (r >= 0)
		r = pn_controller_check_guests(doc, scenario, diag);
	if (r < 0) {
		pn_scenario_free(scenario);
		return r;
	}
	*ret_scenario = scenario;
	return 0;
}

void pn_scenario_free(struct pn_scenario *scenario)
{
	if (!scenario)
		return;
	const struct pn_machine *guest = &scenario->guest;
	const void *texts[] = {scenario->name,	 scenario->summary,    scenario->file,	   scenario->driver.name, scenario->driver.params,
			       scenario->expect, guest->extra_devices, guest->kernel_args, guest->image,	  guest->kernel,
			       guest->modules,	 guest->qemu,	       scenario->guest_name, scenario->known_reason, scenario->known_expires,
			       scenario->technique};

	for (unsigned int i = 0; i < scenario->member_count; i++)
		pn_scenario_free(scenario->members[i]);
	pn_controller_clear(&scenario->controller);
	g_free(scenario->members);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free((void *)texts[i]);
	for (unsigned int i = 0; i < scenario->event_count; i++)
		pn_event_clear(&scenario->events[i]);
	g_free(scenario->events);
	for (unsigned int i = 0; i < scenario->waiver_count; i++) {
		g_free(scenario->waivers[i].oracle);
		g_free(scenario->waivers[i].reason);
	}
	g_free(scenario->waivers);
	g_strfreev(scenario->loads);
	g_strfreev(scenario->probes);
	g_strfreev(scenario->requires);
	g_free(scenario);
}
