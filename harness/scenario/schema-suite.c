// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schemas of a suite and of a load.
 */
#include "schema.h"

#include "../base/units.h"

#define POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, structure, member) CYAML_FIELD_STRING_PTR(key, POINTER, structure, member, 0, CYAML_UNLIMITED)
#define NAMES(key, structure, member) CYAML_FIELD_SEQUENCE(key, POINTER, structure, member, &text_entry, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t suite_fields[] = {
    TEXT("name", struct pn_raw_suite, name),
    TEXT("summary", struct pn_raw_suite, summary),
    NAMES("scenarios", struct pn_raw_suite, scenarios),
    TEXT("generated", struct pn_raw_suite, generated),
    CYAML_FIELD_IGNORE("set", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_IGNORE("matrix", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t suite_root = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pn_raw_suite, suite_fields)};

static const char *const generated[] = {"mutants", "controls", "peers", NULL};

static const struct pn_key_info suite_keys[] = {
    {.name = "name", .type = PN_KEY_NAME, .help = "first part of its cases' ids; default: the file's name"},
    {.name = "summary", .type = PN_KEY_TEXT, .required = true, .help = "one line for `puncture list suites`"},
    {.name = "scenarios", .type = PN_KEY_NAMES, .help = "names under workloads/scenarios, in the order they run; required without `generated`"},
    {.name = "generated",
     .type = PN_KEY_CHOICE,
     .choices = generated,
     .help = "members made of a list: mutants (drivers-under-test/mutants: each with its scenario and what it must fail by, and the driver as it is), controls (that driver only), peers (workloads/peers.yaml)"},
    {.name = "set", .type = PN_KEY_MAP, .help = "dotted key to value: overrides for each scenario"},
    {.name = "matrix", .type = PN_KEY_MAP, .help = "axes for each scenario; an axis of the scenario's own with that key is replaced"},
    {},
};

const struct pn_schema pn_suite_schema = {.name = "suite", .root = &suite_root, .keys = suite_keys};

static const cyaml_schema_field_t load_fields[] = {
    TEXT("name", struct pn_raw_load, name),
    TEXT("summary", struct pn_raw_load, summary),
    TEXT("kind", struct pn_raw_load, kind),
    NAMES("argv", struct pn_raw_load, argv),
    NAMES("files", struct pn_raw_load, files),
    NAMES("needs", struct pn_raw_load, needs),
    CYAML_FIELD_BOOL("must-swap", CYAML_FLAG_OPTIONAL, struct pn_raw_load, must_swap),
    CYAML_FIELD_INT("oom-score-adj", CYAML_FLAG_OPTIONAL, struct pn_raw_load, oom_score_adj),
    TEXT("ready", struct pn_raw_load, ready),
    TEXT("ready-cpu", struct pn_raw_load, ready_cpu),
    TEXT("ready-timeout", struct pn_raw_load, ready_timeout),
    TEXT("grace", struct pn_raw_load, grace),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t load_root = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct pn_raw_load, load_fields)};

static const char *const kinds[] = {"stress-ng", "fio", "native", NULL};
static const char *const readies[] = {"line", "cpu", NULL};

static const struct pn_key_info load_keys[] = {
    {.name = "name", .type = PN_KEY_NAME, .help = "default: the file's name"},
    {.name = "summary", .type = PN_KEY_TEXT, .required = true, .help = "one line for `puncture list loads`"},
    {.name = "kind", .type = PN_KEY_CHOICE, .required = true, .choices = kinds, .help = "whose output the result is read from"},
    {.name = "argv", .type = PN_KEY_TEXTS, .required = true, .help = "list of words, program first; placeholders below"},
    {.name = "files", .type = PN_KEY_NAMES, .help = "files below workloads/, put into {dir} before the start"},
    {.name = "needs", .type = PN_KEY_NAMES, .help = "swap, disk: what the guest must have"},
    {.name = "must-swap", .type = PN_KEY_FLAG, .fallback = "false", .help = "a case with it that swapped nothing is BROK"},
    {.name = "oom-score-adj", .type = PN_KEY_INTEGER, .min = (uint64_t)-1000, .max = 1000, .fallback = "0", .help = "who is killed first"},
    {.name = "ready",
     .type = PN_KEY_CHOICE,
     .choices = readies,
     .fallback = "cpu",
     .help = "started when it printed READY on a line, or when it has used ready-cpu"},
    {.name = "ready-cpu",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = 60 * PN_NS_PER_S,
     .fallback = "50ms",
     .help = "CPU time of its processes"},
    {.name = "ready-timeout",
     .type = PN_KEY_DURATION,
     .min = 100 * PN_NS_PER_MS,
     .max = 600 * PN_NS_PER_S,
     .fallback = "20s",
     .help = "not ready by then: BROK"},
    {.name = "grace",
     .type = PN_KEY_DURATION,
     .min = PN_NS_PER_MS,
     .max = 600 * PN_NS_PER_S,
     .fallback = "5s",
     .help = "between SIGTERM and SIGKILL"},
    {},
};

const struct pn_schema pn_load_schema = {.name = "load", .root = &load_root, .keys = load_keys};
