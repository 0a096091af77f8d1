/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stdint.h>

#include "key.h"

struct pn_diag;
struct pn_doc;

/*
 * What files look like: for each kind of file the libcyaml tables that load it into a struct, and the records that give each key its unit,
 * range, default and help. test-schema.c holds the two together. Units stay text in the loaded structs: they are read by their records.
 */

struct pn_raw_balloon {
	bool absent, deflate_on_oom, free_page_reporting, free_page_hint, page_poison, packed, hotplug, iommu, direct;
	char *model;
	char *stats_interval;
};

struct pn_raw_guest {
	char *memory, *backing, *swap, *swap_server, *disk, *plug, *image, *kernel, *modules, *qemu, *kernel_args, *init_on_alloc;
	unsigned int vcpus;
	bool unpinned, exact;
	struct pn_raw_balloon balloon;
	char **devices;
	unsigned int devices_count;
};

struct pn_raw_driver {
	char *name, *params, *own_params, *mode;
};

struct pn_raw_event {
	char *at, *after, *action, *phase; /* the rest depends on the action, see args.h */
};

struct pn_raw_fault {
	char *fault, *at, *during, *length, *lasts;
};

struct pn_raw_waiver {
	char *oracle, *reason;
};

struct pn_raw_oracles {
	struct pn_raw_waiver *waive;
	unsigned int waive_count;
};

struct pn_raw_mix {
	char *cache, *cold, *hot, *zero, *duplicate, *incompressible, *fresh;
	unsigned int diverge;
};

struct pn_raw_known {
	char *reason, *expires, *bugs;
};

struct pn_raw_pattern {
	char *kind;
};

struct pn_raw_member {
	char *name, *delay, *stagger;
	unsigned int count; /* the rest overrides the scenario's own keys: members.c reads it from the document */
};

struct pn_raw_controller_fault {
	char *fault, *guest, *at, *length;
};

struct pn_raw_controller {
	char *law, *host, *reserve, *tick, *min;
	bool cgroups, daemon;
	char **distrusts;
	unsigned int distrusts_count;
	struct pn_raw_controller_fault *faults;
	unsigned int faults_count;
};

/** struct pn_raw_scenario - a scenario as libcyaml loads it; absent: NULL, 0 or false */
struct pn_raw_scenario {
	char *technique;
	bool unaware;
	struct pn_raw_mix mix;
	char *name, *summary, *expect, *sample, *sample_monitor, *sample_free, *settle, *runtime, *timeout;
	struct pn_raw_guest guest;
	struct pn_raw_controller controller;
	struct pn_raw_member *guests;
	unsigned int guests_count;
	struct pn_raw_driver driver;
	struct pn_raw_known known;
	struct pn_raw_pattern *pattern;
	char **load, **alongside, **probes, **requires;
	unsigned int load_count, alongside_count, probes_count, requires_count;
	struct pn_raw_event *timeline;
	unsigned int timeline_count;
	struct pn_raw_fault *faults;
	unsigned int faults_count;
	struct pn_raw_oracles oracles;
	uint64_t seed;
};

/** struct pn_raw_suite - a suite as libcyaml loads it; its `set` and `matrix` are read from the document */
struct pn_raw_suite {
	char *name, *summary, *generated;
	char **scenarios;
	unsigned int scenarios_count;
};

/** struct pn_raw_load - a load as libcyaml loads it */
struct pn_raw_load {
	char *name, *summary, *kind, *ready, *ready_cpu, *ready_timeout, *grace;
	char **argv, **files, **needs;
	unsigned int argv_count, files_count, needs_count;
	bool must_swap;
	int oom_score_adj;
};

/** struct pn_schema - one kind of file */
struct pn_schema {
	const char *name;		       /* "scenario", "suite", "load" */
	const struct cyaml_schema_value *root; /* mapping by pointer */
	const struct pn_key_info *keys;	       /* ends with a NULL name */
};

extern const struct pn_key_info pn_scenario_keys[]; /* of pn_scenario_schema; ends with an empty one */
extern const struct pn_schema pn_scenario_schema;
extern const struct pn_schema pn_suite_schema;
extern const struct pn_schema pn_load_schema;

/** pn_oracle_choices - names that oracles.waive and expect accept, those of observe's pn_oracle_table; NULL-terminated */
extern const char *const pn_oracle_choices[];

/** pn_probe_choices - names that probes accepts, those of observe's pn_probe_table; NULL-terminated */
extern const char *const pn_probe_choices[];

/**
 * pn_schema_normalise() - bring the short forms of a document into the long ones that libcyaml can load
 *
 * `driver: x` and `pattern: x` become mappings, a single name becomes a list, `idle` leaves the list of loads. Safe to repeat.
 */
void pn_schema_normalise(const struct pn_schema *schema, struct pn_doc *doc);

/**
 * pn_schema_check() - check a document against a schema: unknown keys, types, units, ranges, choices, missing keys
 *
 * The keys of `pattern`, `timeline[]` and `faults[]` are checked against the records of the kind they name.
 * Return: 0 or -EINVAL with one line.
 */
int pn_schema_check(const struct pn_schema *schema, struct pn_doc *doc, struct pn_diag *diag);

/**
 * pn_schema_load() - load a checked document with libcyaml
 * @ret_raw: the struct of the schema; freed with pn_schema_free()
 *
 * Return: 0 or -EINVAL with libcyaml's words.
 */
int pn_schema_load(const struct pn_schema *schema, struct pn_doc *doc, void **ret_raw, struct pn_diag *diag);
void pn_schema_free(const struct pn_schema *schema, void *raw);

/**
 * pn_schema_value() - a loaded text, or the default of its record where it is NULL, in the unit it is held in
 * @memory_bytes: for percentages
 *
 * Only for keys of a checked document: the text is known to be good.
 */
uint64_t pn_schema_value(const struct pn_schema *schema, const char *key, const char *text, uint64_t memory_bytes);
