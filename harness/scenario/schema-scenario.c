// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schema of a scenario: libcyaml's tables and the records of its keys, side by side.
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

const char *const pn_controller_fault_names[] = {[PN_CONTROLLER_STALE] = "stale",
						 [PN_CONTROLLER_MISSING] = "missing",
						 [PN_CONTROLLER_UNSET] = "unset",
						 [PN_CONTROLLER_LIE] = "lie",
						 [PN_CONTROLLER_GREED] = "greed",
						 [PN_CONTROLLER_KILL] = "kill",
						 [PN_CONTROLLER_FAULTS] = NULL};

static const char *const backings[] = {[PN_BACKING_4K] = "4k",
				       [PN_BACKING_THP] = "thp",
				       [PN_BACKING_MEMFD] = "memfd",
				       [PN_BACKING_HUGETLB] = "hugetlb",
				       [PN_BACKING_COUNT] = NULL};

static const char *const on_alloc[] = {"0", "1", NULL};
static const char *const modes[] = {"strict", "fast", "pfn", NULL};

static const char *const models[] = {[PN_VIRTIO_MODERN] = "modern",
				     [PN_VIRTIO_TRANSITIONAL] = "transitional",
				     [PN_VIRTIO_LEGACY] = "legacy",
				     [PN_VIRTIO_COUNT] = NULL};

const char *const pn_oracle_choices[] = {"sanity", "faults", "ledger", "integrity", "liveness", "protocol", "kernel-log", "host", NULL};

const char *const pn_probe_choices[] = {"guest",   "balloon", "stats", "block", "meminfo", "psi",
					"harness", "perf",    "sched", "smaps", "ram",	   "pin", "free", NULL};

#define DAY (24 * 3600 * PN_NS_PER_S)
#define MAP(key, text)                                        \
	{                                                     \
		.name = key, .type = PN_KEY_MAP, .help = text \
	}
/* a key of one guest among several: members.c puts it over the scenario's, where it is checked */
#define OWN(key, kind)                                                             \
	{                                                                          \
		.name = key, .type = kind, .help = "in place of the scenario's"   \
	}
#define ON_OFF(key, text)                                                           \
	{                                                                           \
		.name = key, .type = PN_KEY_FLAG, .fallback = "false", .help = text \
	}

static const char *const swap_servers[] = {"qemu", "nbdkit", NULL};

static const struct pn_key_info scenario_keys[] = {
    {.name = "name", .type = PN_KEY_NAME, .help = "part of the case's id; default: the file's name"},
    {.name = "summary", .type = PN_KEY_TEXT, .required = true, .help = "one line for `puncture list scenarios`"},
    MAP("guest", "shape of the guest"),
    {.name = "guest.memory",
     .type = PN_KEY_BYTES,
     .min = 192 * PN_MIB,
     .max = 1ULL << 40,
     .fallback = "512MiB",
     .help = "guest memory; a multiple of 2MiB"},
    {.name = "guest.vcpus", .type = PN_KEY_COUNT, .min = 1, .max = 64, .fallback = "1", .help = "vCPUs"},
    {.name = "guest.backing", .type = PN_KEY_CHOICE, .choices = backings, .fallback = "4k", .help = "host memory under the guest's"},
    {.name = "guest.image", .type = PN_KEY_NAME, .help = "recipe under guests/images; default: cloud"},
    {.name = "guest.kernel", .type = PN_KEY_TEXT, .help = "a kernel of your own (bzImage); needs guest.modules"},
    {.name = "guest.modules", .type = PN_KEY_TEXT, .help = "its lib/modules/RELEASE directory"},
    {.name = "guest.qemu", .type = PN_KEY_TEXT, .help = "emulator binary; default: found in PATH"},
    {.name = "guest.swap", .type = PN_KEY_BYTES, .max = 1ULL << 40, .fallback = "0", .help = "size of the swap disk; 0: none"},
    {.name = "guest.swap-server",
     .type = PN_KEY_CHOICE,
     .choices = swap_servers,
     .fallback = "qemu",
     .help = "who serves the swap disk; nbdkit: it can fail, be slow and hang"},
    {.name = "guest.disk", .type = PN_KEY_BYTES, .max = 1ULL << 40, .fallback = "0", .help = "size of the data disk; 0: none"},
    {.name = "guest.devices", .type = PN_KEY_TEXTS, .help = "further QEMU -device arguments"},
    {.name = "guest.kernel-args", .type = PN_KEY_TEXT, .help = "appended to the kernel's command line"},
    ON_OFF("guest.exact", "exact mode: instructions counted, the guest's own time, the vCPU held while the host acts (`run --exact`)"),
    ON_OFF("guest.unpinned", "without the TCG plugin: no instruction counts, no points"),
    {.name = "guest.init-on-alloc",
     .type = PN_KEY_CHOICE,
     .choices = on_alloc,
     .help = "does the guest's kernel zero pages as it hands them out; default: as it was built"},
    MAP("guest.balloon", "properties of the balloon device"),
    ON_OFF("guest.balloon.absent", "no balloon device at all"),
    ON_OFF("guest.balloon.deflate-on-oom", "offer DEFLATE_ON_OOM"),
    ON_OFF("guest.balloon.free-page-reporting", "offer PAGE_REPORTING"),
    ON_OFF("guest.balloon.free-page-hint", "offer FREE_PAGE_HINT"),
    ON_OFF("guest.balloon.page-poison", "offer PAGE_POISON"),
    ON_OFF("guest.balloon.packed", "packed virtqueues"),
    ON_OFF("guest.balloon.hotplug", "behind a root port, so that the fault unplug can take it away"),
    ON_OFF("guest.balloon.iommu", "behind a virtual IOMMU"),
    ON_OFF("guest.balloon.direct", "no indirect descriptors"),
    {.name = "guest.balloon.model",
     .type = PN_KEY_CHOICE,
     .choices = models,
     .fallback = "modern",
     .help = "which generation of virtio the device speaks; legacy: from before virtio 1.0"},
    {.name = "guest.balloon.stats-interval",
     .type = PN_KEY_DURATION,
     .max = 3600 * PN_NS_PER_S,
     .fallback = "0",
     .help = "how often the device asks for statistics, whole seconds; 0: never"},
    {.name = "guests",
     .type = PN_KEY_MAPS,
     .help = "several guests in one case, each with the scenario's keys and its own in their place; a number alone: so many alike; see Several guests"},
    {.name = "guests[].name", .type = PN_KEY_NAME, .help = "of the guest, of its files and metrics; default: g and its number"},
    {.name = "guests[].count", .type = PN_KEY_COUNT, .min = 1, .max = PN_MEMBERS_MAX, .fallback = "1", .help = "so many alike; -1, -2, ... after the name"},
    {.name = "guests[].delay",
     .type = PN_KEY_DURATION,
     .max = DAY,
     .fallback = "0",
     .help = "its timeline begins so much later than the case's"},
    {.name = "guests[].stagger", .type = PN_KEY_DURATION, .max = DAY, .fallback = "0", .help = "with count: delay of each against the one before"},
    MAP("guests[].guest", "its keys go over those of `guest`, one by one"),
    OWN("guests[].driver", PN_KEY_NAME),
    OWN("guests[].load", PN_KEY_NAMES),
    OWN("guests[].alongside", PN_KEY_NAMES),
    MAP("guests[].pattern", "in place of the scenario's pattern or timeline"),
    {.name = "guests[].timeline", .type = PN_KEY_MAPS, .help = "in place of the scenario's pattern or timeline"},
    OWN("guests[].faults", PN_KEY_MAPS),
    MAP("guests[].oracles", "in place of the scenario's"),
    OWN("guests[].settle", PN_KEY_DURATION),
    MAP("controller", "who sets the targets of several guests, in place of their timelines; see A controller"),
    {.name = "controller.law", .type = PN_KEY_NAME, .help = "as `puncture list laws` has it; without it nobody"},
    {.name = "controller.host", .type = PN_KEY_BYTES, .min = 192 * PN_MIB, .max = 1ULL << 50, .help = "memory that the guests share; needed"},
    {.name = "controller.reserve", .type = PN_KEY_BYTES, .max = 1ULL << 50, .fallback = "64MiB", .help = "of it, what must stay free"},
    {.name = "controller.tick",
     .type = PN_KEY_DURATION,
     .min = 100 * PN_NS_PER_MS,
     .max = 60 * PN_NS_PER_S,
     .fallback = "1s",
     .help = "between two decisions"},
    {.name = "controller.min", .type = PN_KEY_BYTES, .min = 64 * PN_MIB, .max = 1ULL << 40, .fallback = "160MiB", .help = "the least that a guest is left"},
    {.name = "controller.faults", .type = PN_KEY_MAPS, .help = "what goes wrong between guests and controller"},
    {.name = "controller.faults[].fault",
     .type = PN_KEY_CHOICE,
     .required = true,
     .choices = pn_controller_fault_names,
     .help = "statistics that stand still, nothing to be read, statistics of -1, contradictions, all said to be in use; controller killed between two orders"},
    {.name = "controller.faults[].guest", .type = PN_KEY_NAME, .help = "whose; default: all"},
    {.name = "controller.faults[].at", .type = PN_KEY_DURATION, .max = DAY, .fallback = "0", .help = "since the timelines' start"},
    {.name = "controller.faults[].for", .type = PN_KEY_DURATION, .max = DAY, .fallback = "10s", .help = "how long; kill: waits so long for an order to die after"},
    MAP("driver", "driver under test; its name alone is enough"),
    {.name = "driver.name",
     .type = PN_KEY_NAME,
     .fallback = "vballoon",
     .help = "vballoon, stock, a variant such as vballoon-leak, or a path to a .ko"},
    {.name = "driver.params", .type = PN_KEY_TEXT, .help = "module parameters"},
    {.name = "driver.own-params",
     .type = PN_KEY_TEXT,
     .help = "further ones for vballoon and its variants only, in a scenario that other drivers run too"},
    {.name = "driver.mode",
     .type = PN_KEY_CHOICE,
     .choices = modes,
     .help = "how pages go to the device, as vballoon's parameter of that name; other drivers know pfn only"},
    {.name = "load",
     .type = PN_KEY_NAMES,
     .help = "loads under workloads/loads, started before the timeline and stopped after it; idle: none"},
    {.name = "alongside",
     .type = PN_KEY_NAMES,
     .help = "further loads, kept when `load` is overridden or an axis: the latency probe `touch`"},
    MAP("pattern", "a timeline from a few parameters; its kind alone is enough"),
    {.name = "pattern.kind", .type = PN_KEY_CHOICE, .required = true, .choices = pn_pattern_names, .help = "which; parameters below"},
    {.name = "timeline", .type = PN_KEY_MAPS, .help = "events in place of a pattern"},
    {.name = "timeline[].do",
     .type = PN_KEY_CHOICE,
     .required = true,
     .choices = pn_event_kind_names,
     .help = "kind of event; arguments below"},
    {.name = "timeline[].at",
     .type = PN_KEY_MOMENT,
     .max = DAY,
     .help = "time since the timeline's start, or since what `after` names; or a function of driver or kernel: done while a vCPU is held there"},
    {.name = "timeline[].after",
     .type = PN_KEY_CHOICE,
     .choices = pn_event_after_names,
     .help = "wait for the previous event, or for the balloon to settle; without it and without `at`: previous"},
    {.name = "timeline[].phase", .type = PN_KEY_NAME, .help = "a measuring phase of this name starts here; `setup` is not measured"},
    {.name = "faults", .type = PN_KEY_MAPS, .help = "faults merged into the pattern or timeline"},
    {.name = "faults[].fault", .type = PN_KEY_NAME, .required = true, .help = "which one; arguments below"},
    {.name = "faults[].at",
     .type = PN_KEY_MOMENT,
     .max = DAY,
     .fallback = "0",
     .help = "time since the timeline's start, or since `during` began; or a function of driver or kernel"},
    {.name = "faults[].during", .type = PN_KEY_NAME, .help = "phase that `at` counts from"},
    {.name = "faults[].for",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = DAY,
     .help = "disarm it after this time; otherwise at the end of the timeline"},
    {.name = "faults[].lasts",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = DAY,
     .help = "`for` of a fault that lasts, of no account for one that is over when it has happened: where the fault is an axis"},
    {.name = "probes", .type = PN_KEY_NAMES, .choices = pn_probe_choices, .help = "probes that sample; default: all"},
    MAP("oracles", "what judges the case"),
    {.name = "oracles.waive", .type = PN_KEY_MAPS, .help = "oracles switched off"},
    {.name = "oracles.waive[].oracle", .type = PN_KEY_CHOICE, .required = true, .choices = pn_oracle_choices, .help = "which"},
    {.name = "oracles.waive[].reason", .type = PN_KEY_TEXT, .required = true, .help = "why; stands in the report"},
    {.name = "requires", .type = PN_KEY_NAMES, .help = "what the host must have; the case is SKIP without it"},
    {.name = "expect", .type = PN_KEY_TEXT, .fallback = "pass", .help = "pass; for tests of the harness: fail:ORACLE, brok, brok:TEXT"},
    MAP("known", "a known issue of somebody else's driver or emulator: `expect: fail:ORACLE` is what it does, and a pass is news"),
    {.name = "known.reason", .type = PN_KEY_TEXT, .required = true, .help = "what is wrong, and why it is let stand"},
    {.name = "known.expires", .type = PN_KEY_TEXT, .required = true, .help = "day such as 2027-06-30: from then on the case fails until somebody has looked again"},
    {.name = "known.bugs", .type = PN_KEY_TEXT, .help = "numbers in the catalogue of real bugs, or where it was reported"},
    MAP("matrix", "axes: dotted key to list of values; exclude and include; see Matrix"),
    {.name = "sample",
     .type = PN_KEY_DURATION,
     .min = 10 * PN_NS_PER_MS,
     .max = 60 * PN_NS_PER_S,
     .fallback = "100ms",
     .help = "sampling interval"},
    {.name = "sample-monitor",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = 60 * PN_NS_PER_S,
     .help = "how often the monitor is asked; default: `sample`, but not more often than every 250ms: it costs a core 2ms"},
    {.name = "sample-free",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = 60 * PN_NS_PER_S,
     .help = "how often the host's free memory is read, by itself; default: with the rest"},
    {.name = "settle",
     .type = PN_KEY_DURATION,
     .min = 10 * PN_NS_PER_MS,
     .max = 3600 * PN_NS_PER_S,
     .fallback = "30s",
     .help = "a target not reached in this time is a liveness failure"},
    {.name = "runtime",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = DAY,
     .help = "planned length; no event may lie after it; default: the timeline's own"},
    {.name = "timeout",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_S,
     .max = 30 * DAY,
     .fallback = "2min",
     .help = "a case that lives longer hangs: killed and BROK"},
    {.name = "seed", .type = PN_KEY_COUNT, .min = 1, .max = PN_SEED_MAX, .help = "default: drawn from the name"},
    {},
};

const struct pn_schema pn_scenario_schema = {.name = "scenario", .root = &scenario_root, .keys = scenario_keys};
