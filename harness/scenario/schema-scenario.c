// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schema of a scenario: libcyaml's tables. The records of its keys are in keys-scenario.c.
 */
#include "event.h"
#include "fault.h"
#include "members.h"
#include "scenario.h"
#include "pattern.h"
#include "schema.h"
#include "seed.h"

#include "../base/units.h"

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, structure, member) CYAML_FIELD_STRING_PTR(key, POINTER, structure, member, 0, CYAML_UNLIMITED)
#define FLAG(key, structure, member) CYAML_FIELD_BOOL(key, OPTIONAL, structure, member)
#define NAMES(key, structure, member) CYAML_FIELD_SEQUENCE(key, POINTER, structure, member, &text_entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t balloon_fields[] = {
    FLAG("absent", struct pn_raw_balloon, absent),
    FLAG("deflate-on-oom", struct pn_raw_balloon, deflate_on_oom),
    FLAG("free-page-reporting", struct pn_raw_balloon, free_page_reporting),
    FLAG("free-page-hint", struct pn_raw_balloon, free_page_hint),
    FLAG("page-poison", struct pn_raw_balloon, page_poison),
    FLAG("packed", struct pn_raw_balloon, packed),
    FLAG("hotplug", struct pn_raw_balloon, hotplug),
    FLAG("iommu", struct pn_raw_balloon, iommu),
    FLAG("direct", struct pn_raw_balloon, direct),
    TEXT("model", struct pn_raw_balloon, model),
    TEXT("stats-interval", struct pn_raw_balloon, stats_interval),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t guest_fields[] = {
    TEXT("memory", struct pn_raw_guest, memory),
    CYAML_FIELD_UINT("vcpus", OPTIONAL, struct pn_raw_guest, vcpus),
    TEXT("backing", struct pn_raw_guest, backing),
    TEXT("image", struct pn_raw_guest, image),
    TEXT("kernel", struct pn_raw_guest, kernel),
    TEXT("modules", struct pn_raw_guest, modules),
    TEXT("qemu", struct pn_raw_guest, qemu),
    TEXT("swap", struct pn_raw_guest, swap),
    TEXT("swap-server", struct pn_raw_guest, swap_server),
    TEXT("disk", struct pn_raw_guest, disk),
    TEXT("plug", struct pn_raw_guest, plug),
    NAMES("devices", struct pn_raw_guest, devices),
    TEXT("kernel-args", struct pn_raw_guest, kernel_args),
    FLAG("unpinned", struct pn_raw_guest, unpinned),
    TEXT("init-on-alloc", struct pn_raw_guest, init_on_alloc),
    FLAG("exact", struct pn_raw_guest, exact),
    CYAML_FIELD_MAPPING("balloon", OPTIONAL, struct pn_raw_guest, balloon, balloon_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t member_fields[] = {
    TEXT("name", struct pn_raw_member, name),
    CYAML_FIELD_UINT("count", OPTIONAL, struct pn_raw_member, count),
    TEXT("delay", struct pn_raw_member, delay),
    TEXT("stagger", struct pn_raw_member, stagger),
    CYAML_FIELD_IGNORE("guest", OPTIONAL),
    CYAML_FIELD_IGNORE("driver", OPTIONAL),
    CYAML_FIELD_IGNORE("load", OPTIONAL),
    CYAML_FIELD_IGNORE("alongside", OPTIONAL),
    CYAML_FIELD_IGNORE("pattern", OPTIONAL),
    CYAML_FIELD_IGNORE("timeline", OPTIONAL),
    CYAML_FIELD_IGNORE("faults", OPTIONAL),
    CYAML_FIELD_IGNORE("oracles", OPTIONAL),
    CYAML_FIELD_IGNORE("settle", OPTIONAL),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t member_entry = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pn_raw_member, member_fields)};

static const cyaml_schema_field_t controller_fault_fields[] = {
    TEXT("fault", struct pn_raw_controller_fault, fault),
    TEXT("guest", struct pn_raw_controller_fault, guest),
    TEXT("at", struct pn_raw_controller_fault, at),
    TEXT("for", struct pn_raw_controller_fault, length),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t controller_fault_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pn_raw_controller_fault, controller_fault_fields)};

static const cyaml_schema_field_t controller_fields[] = {
    TEXT("law", struct pn_raw_controller, law),
    TEXT("host", struct pn_raw_controller, host),
    TEXT("reserve", struct pn_raw_controller, reserve),
    TEXT("tick", struct pn_raw_controller, tick),
    TEXT("min", struct pn_raw_controller, min),
    FLAG("cgroups", struct pn_raw_controller, cgroups),
    FLAG("daemon", struct pn_raw_controller, daemon),
    NAMES("distrusts", struct pn_raw_controller, distrusts),
    CYAML_FIELD_SEQUENCE("faults", POINTER, struct pn_raw_controller, faults, &controller_fault_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t driver_fields[] = {
    TEXT("name", struct pn_raw_driver, name),
    TEXT("params", struct pn_raw_driver, params),
    TEXT("own-params", struct pn_raw_driver, own_params),
    TEXT("mode", struct pn_raw_driver, mode),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t pattern_fields[] = {
    TEXT("kind", struct pn_raw_pattern, kind),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t event_fields[] = {
    TEXT("at", struct pn_raw_event, at),
    TEXT("after", struct pn_raw_event, after),
    TEXT("do", struct pn_raw_event, action),
    TEXT("phase", struct pn_raw_event, phase),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t event_entry = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pn_raw_event, event_fields)};

static const cyaml_schema_field_t fault_fields[] = {
    TEXT("fault", struct pn_raw_fault, fault),
    TEXT("at", struct pn_raw_fault, at),
    TEXT("during", struct pn_raw_fault, during),
    TEXT("for", struct pn_raw_fault, length),
    TEXT("lasts", struct pn_raw_fault, lasts),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t fault_entry = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pn_raw_fault, fault_fields)};

static const cyaml_schema_field_t waiver_fields[] = {
    TEXT("oracle", struct pn_raw_waiver, oracle),
    TEXT("reason", struct pn_raw_waiver, reason),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t waiver_entry = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pn_raw_waiver, waiver_fields)};

static const cyaml_schema_field_t oracles_fields[] = {
    CYAML_FIELD_SEQUENCE("waive", POINTER, struct pn_raw_oracles, waive, &waiver_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t mix_fields[] = {
    TEXT("cache", struct pn_raw_mix, cache),
    TEXT("cold", struct pn_raw_mix, cold),
    TEXT("hot", struct pn_raw_mix, hot),
    TEXT("zero", struct pn_raw_mix, zero),
    TEXT("duplicate", struct pn_raw_mix, duplicate),
    TEXT("incompressible", struct pn_raw_mix, incompressible),
    TEXT("fresh", struct pn_raw_mix, fresh),
    CYAML_FIELD_UINT("diverge", OPTIONAL, struct pn_raw_mix, diverge),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t known_fields[] = {
    TEXT("reason", struct pn_raw_known, reason),
    TEXT("expires", struct pn_raw_known, expires),
    TEXT("bugs", struct pn_raw_known, bugs),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t scenario_fields[] = {
    TEXT("name", struct pn_raw_scenario, name),
    TEXT("summary", struct pn_raw_scenario, summary),
    CYAML_FIELD_MAPPING("guest", OPTIONAL, struct pn_raw_scenario, guest, guest_fields),
    CYAML_FIELD_SEQUENCE("guests", POINTER, struct pn_raw_scenario, guests, &member_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_MAPPING("controller", OPTIONAL, struct pn_raw_scenario, controller, controller_fields),
    CYAML_FIELD_MAPPING("driver", OPTIONAL, struct pn_raw_scenario, driver, driver_fields),
    TEXT("technique", struct pn_raw_scenario, technique),
    CYAML_FIELD_BOOL("unaware", OPTIONAL, struct pn_raw_scenario, unaware),
    CYAML_FIELD_MAPPING("mix", OPTIONAL, struct pn_raw_scenario, mix, mix_fields),
    NAMES("load", struct pn_raw_scenario, load),
    NAMES("alongside", struct pn_raw_scenario, alongside),
    CYAML_FIELD_MAPPING_PTR("pattern", POINTER, struct pn_raw_scenario, pattern, pattern_fields),
    CYAML_FIELD_SEQUENCE("timeline", POINTER, struct pn_raw_scenario, timeline, &event_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("faults", POINTER, struct pn_raw_scenario, faults, &fault_entry, 0, CYAML_UNLIMITED),
    NAMES("probes", struct pn_raw_scenario, probes),
    CYAML_FIELD_MAPPING("oracles", OPTIONAL, struct pn_raw_scenario, oracles, oracles_fields),
    NAMES("requires", struct pn_raw_scenario, requires),
    TEXT("expect", struct pn_raw_scenario, expect),
    CYAML_FIELD_MAPPING("known", OPTIONAL, struct pn_raw_scenario, known, known_fields),
    CYAML_FIELD_IGNORE("matrix", OPTIONAL),
    TEXT("sample", struct pn_raw_scenario, sample),
    TEXT("sample-monitor", struct pn_raw_scenario, sample_monitor),
    TEXT("sample-free", struct pn_raw_scenario, sample_free),
    TEXT("settle", struct pn_raw_scenario, settle),
    TEXT("runtime", struct pn_raw_scenario, runtime),
    TEXT("timeout", struct pn_raw_scenario, timeout),
    CYAML_FIELD_UINT("seed", OPTIONAL, struct pn_raw_scenario, seed),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t scenario_root = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pn_raw_scenario, scenario_fields)};

const struct pn_schema pn_scenario_schema = {.name = "scenario", .root = &scenario_root, .keys = pn_scenario_keys};
