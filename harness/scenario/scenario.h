/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../guest/machine.h"

struct pn_diag;

/** enum pn_event_do - what one event of a timeline does; the table pn_event_kinds (scenario/event.c) has name, help and arguments of each
 */
enum pn_event_do {
	PN_DO_TARGET,	  /* new balloon target: @balloon_bytes */
	PN_DO_HOLD,	  /* let time pass: @for_ns */
	PN_DO_FAULT,	  /* arm fault @name (with @fault_args), disarm it after @for_ns (0: at the end of the timeline) */
	PN_DO_LOAD_START, /* start load @name */
	PN_DO_LOAD_STOP,  /* stop load @name */
	PN_DO_LIFECYCLE,  /* lifecycle action @name: pause, resume, reset, unbind, bind, unload, load */
	PN_DO_TOUCH,	  /* the guest writes its free memory */
	PN_DO_RECLAIM,	  /* the host gets @asked_bytes back by the scenario's technique, @balloon_bytes of them by a target; within @for_ns */
	PN_DO_NEED,	  /* the guest uses all of its mix; given up after @for_ns */
	PN_DO_GIVE_BACK,  /* the technique is undone; the guest uses all of its mix */
};

/** enum pn_event_after - what an event waits for */
enum pn_event_after {
	PN_AFTER_TIME,	   /* @at_ns from the start of the timeline */
	PN_AFTER_PREVIOUS, /* the end of the previous event that is not PN_AFTER_TIME, then @at_ns more */
	PN_AFTER_POINT,	   /* a vCPU reaching @point of the guest's code; the event is done while it is held there */
	PN_AFTER_SETTLED,  /* the balloon at its target at rest (or the settle timeout), then @at_ns more */
};

/** struct pn_event - one step of a timeline; events of PN_AFTER_TIME may overlap the waiting of others, the rest run in order */
struct pn_event {
	enum pn_event_do action;
	enum pn_event_after after;
	uint64_t at_ns;
	uint64_t for_ns;
	uint64_t asked_bytes;
	uint64_t
	    balloon_bytes; /* size of the balloon asked for, not of what is left to the guest; may be unaligned or too large on purpose */
	char *name;
	char *point; /* PN_AFTER_POINT: as harness/pin/notation.h reads it */
	char *fault_args; /* JSON object text, or NULL */
	char *phase;   /* label of the measuring phase that starts here ("inflate", "deflate", "oscillate", ...; "setup" is not measured);
			  NULL: goes on */
	bool may_miss; /* PN_DO_TARGET: out of reach on purpose; resting short of it is no failure. PN_DO_FAULT: not firing is none */
};

/** pn_phase_measured() - is a phase part of what is measured? Not "setup", nor one that begins with "warm": they make the state to start from */
static inline bool pn_phase_measured(const char *phase)
{
	return strcmp(phase, "setup") && strncmp(phase, "warm", strlen("warm"));
}

/** struct pn_driver_spec - the driver under test */
struct pn_driver_spec {
	char *name;   /* "vballoon", "stock", a variant's name, a path to a .ko */
	char *params; /* module parameters; NULL: none */
};

/** struct pn_oracle_waiver - an oracle that a scenario switches off, and why */
struct pn_oracle_waiver {
	char *oracle;
	char *reason;
};

/** enum pn_controller_fault_kind - what goes wrong between guests and their controller; pn_controller_fault_names has the names */
enum pn_controller_fault_kind {
	PN_CONTROLLER_STALE,   /* statistics stand still */
	PN_CONTROLLER_MISSING, /* neither statistics nor size can be read */
	PN_CONTROLLER_UNSET,   /* all statistics read -1 */
	PN_CONTROLLER_LIE,     /* more available than there is, counters that run backwards */
	PN_CONTROLLER_GREED,   /* all memory is said to be in use */
	PN_CONTROLLER_KILL,    /* dies between two orders, and is started again */
	PN_CONTROLLER_LIBVIRTD, /* the libvirtd between a daemon and its guests is killed, and started again after a time */
	PN_CONTROLLER_FAULTS,
};

/** pn_controller_fault_names - by enum pn_controller_fault_kind; NULL-terminated */
extern const char *const pn_controller_fault_names[];

/** struct pn_controller_fault - one of them */
struct pn_controller_fault {
	enum pn_controller_fault_kind kind;
	char *guest; /* whose; NULL: all */
	uint64_t at_ns, for_ns;
};

/** struct pn_controller_spec - who sets the targets of a case's guests in place of their timelines */
struct pn_controller_spec {
	char *law;	     /* as `puncture list laws` has it; NULL: nobody does */
	uint64_t host_bytes; /* that guests share; QEMU's own memory is not counted */
	uint64_t reserve_bytes;
	uint64_t tick_ns;
	uint64_t min_bytes; /* of each guest */
	bool cgroups;	    /* the law's bounds are enforced on the guests' QEMUs */
	bool daemon;	    /* balloond itself, over a libvirtd of its own; else the law in this process */
	char **distrusts;   /* names of guests that it must come to distrust; NULL-terminated */
	struct pn_controller_fault *faults;
	unsigned int fault_count;
};

/** struct pn_mix - what a guest's memory is filled with */
struct pn_mix {
	uint64_t cache_bytes, cold_bytes, hot_bytes, zero_bytes, duplicate_bytes, incompressible_bytes;
	uint64_t fresh_bytes;	/* taken anew when all is needed */
	unsigned int diverge_per_s; /* duplicate pages that become different */
};

/**
 * struct pn_scenario - one runnable case's worth of scenario: matrix and --set already applied, every unit converted
 *
 * Made by pn_plan_build(); all strings owned by it.
 */
struct pn_scenario {
	char *name;
	char *summary;
	char *file; /* it was read from */
	struct pn_machine guest;
	struct pn_driver_spec driver;
	char **loads; /* names under workloads/loads, started before the timeline and stopped after it; NULL-terminated, empty for idle */
	struct pn_event *events;
	unsigned int event_count;
	char **probes; /* names; NULL-terminated; NULL: all */
	struct pn_oracle_waiver *waivers;
	unsigned int waiver_count;
	char **requires;    /* "swap", "disk", "kvm", "hugetlb", "pmu", ...; beyond what the rest of the scenario implies */
	char *expect;	    /* "pass"; or, for tests of the harness itself: "fail:ORACLE", "brok", "brok:TEXT" (the reason contains TEXT) */
	char *known_reason;  /* a known issue: why @expect is a failure; NULL: none */
	char *known_expires; /* YYYY-MM-DD, the first day on which it is let stand no longer */
	uint64_t sample_ns; /* sampling interval of the probes */
	uint64_t sample_monitor_ns; /* of the monitor; 0: as beat.c says */
	uint64_t sample_free_ns;    /* of the host's free memory by itself; 0: with the rest */
	uint64_t settle_timeout_ns; /* a target not reached in this time is a liveness failure */
	uint64_t runtime_ns;	    /* planned length of the measured part */
	uint64_t timeout_ns;	    /* a case that lives longer hangs: it is killed and BROK */
	uint64_t seed;
	char *technique; /* name (technique.h); NULL: none */
	bool unaware;	 /* nothing in the guest plays along with it */
	struct pn_mix mix;
	struct pn_controller_spec controller; /* of the whole case */
	char *guest_name;  /* of one guest among several; NULL: the scenario's only guest */
	uint64_t delay_ns; /* of one guest among several: its timeline begins so much after that of the case */
	/*
	 * The guests of a case with several, each a scenario of its own with its name; NULL: there is one, which this scenario describes. Of a
	 * scenario with members only what holds for the whole case counts: name, summary, expect, timeout, requires.
	 */
	struct pn_scenario **members;
	unsigned int member_count;
};

/** pn_scenario_guests() - how many guests a case of this scenario has */
static inline unsigned int pn_scenario_guests(const struct pn_scenario *scenario)
{
	return scenario->member_count ? scenario->member_count : 1;
}

/** pn_scenario_guest() - the scenario of one of a case's guests, from 0; the scenario itself where it has only one */
static inline struct pn_scenario *pn_scenario_guest(struct pn_scenario *scenario, unsigned int index)
{
	return scenario->member_count ? scenario->members[index] : scenario;
}

/** pn_scenario_measured_late() - does the timeline begin with a phase that is not measured, so that measuring starts with a later one? */
static inline bool pn_scenario_measured_late(const struct pn_scenario *scenario)
{
	for (unsigned int i = 0; i < scenario->event_count; i++) {
		if (scenario->events[i].phase)
			return !pn_phase_measured(scenario->events[i].phase);
	}
	return false;
}

/** struct pn_case - a planned case */
struct pn_case {
	unsigned int index; /* from 1, in plan order */
	char *id;	    /* "smoke/inflate,driver=stock,load=idle"; unique and stable in the run, no white space */
	struct pn_scenario *scenario;
	char *yaml;	   /* the resolved scenario, which run alone does the same again */
	char *params_json; /* the matrix axes of this case as a JSON object: {"driver":"stock","load":"idle","backing":"4k",...} */
	char *skip_reason; /* NULL: runnable as far as the scenario can tell */
};

/** struct pn_plan_config - what the command line adds to the scenarios */
struct pn_plan_config {
	const char *const *names; /* scenario or suite names, or files; NULL-terminated */
	const char *const *sets;  /* "key=value", NULL-terminated; may be NULL */
	const char *driver;	  /* NULL: the scenario's, also its matrix axis */
	const char *kernel, *modules, *qemu, *image;
	uint64_t seed;		   /* 0: drawn from the scenario's name, so that it is the same tomorrow */
	unsigned int repeat;	   /* 0 counts as 1 */
	const char *workloads_dir; /* where scenarios/ and suites/ are */
};

/** struct pn_plan - all cases of a run, in order */
struct pn_plan {
	struct pn_case *cases;
	unsigned int count;
};

/**
 * pn_plan_build() - read scenarios and suites, expand every matrix and repeat, check everything
 *
 * Nothing is started. Return: 0; -EINVAL or -ENOENT with one clear line (file:line, key, value, accepted); or another negative errno.
 */
int pn_plan_build(const struct pn_plan_config *config, struct pn_plan **ret_plan, struct pn_diag *diag);
void pn_plan_free(struct pn_plan *plan);
