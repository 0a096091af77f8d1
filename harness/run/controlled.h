/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_controlled;
struct pn_diag;
struct pn_guest;
struct pn_host;
struct pn_libvirtd;
struct pn_scenario;

/*
 * A law of memory control over the guests of a case, in this process: looks at all, decides, sets targets, once a tick. The same code that the daemon
 * runs and the simulator runs, over real guests. Its faults come between what is seen and the law, or end the law between two orders.
 * Or (controller.daemon) balloond itself, over a libvirtd of the case: then this only looks on, by the host's eyes and by what the daemon tells.
 *
 * It keeps controller.jsonl in the case's directory, a journal:
 *	"controller" {law, daemon, host_bytes, reserve_bytes, tick_ns, guests: [NAMES]}, first
 *	"tick"	{decision_ns: CPU time of the law (absent with the daemon), guests: {NAME: {memory_bytes, target_bytes, actual_bytes, resident_bytes, demand_bytes, used_bytes, bound_bytes, trust, reason}}}
 *		a figure that could not be read is absent
 *	"order"	{guest, from_bytes, target_bytes, reason, trust, error}
 *	"fault"	{name, guest, state: "fired"|"over"}
 *	"bounds" {hits: {NAME: how often its memory cgroup was at its limit}}, last, with controller.cgroups
 */

/**
 * struct pn_controlled_config - who controls whom; borrowed until pn_controlled_stop()
 * @scenario: of the case, with a controller and members
 * @guests: one a member, in their order
 * @host: that they run in
 * @libvirtd: that the daemon and the host talk to; NULL without controller.daemon
 */
struct pn_controlled_config {
	const struct pn_scenario *scenario;
	struct pn_guest *const *guests;
	struct pn_host *host;
	struct pn_libvirtd *libvirtd;
	const char *case_dir;
};

/** pn_controlled_start() - a law, or balloond, takes the guests over. Return: 0 or a negative errno. */
int pn_controlled_start(const struct pn_controlled_config *config, struct pn_controlled **ret_controlled, struct pn_diag *diag);

/** pn_controlled_stop() - it lets go of them; targets stay; writes controller.json. NULL is fine. Return: 0 or the first negative errno of its record. */
int pn_controlled_stop(struct pn_controlled *controlled, struct pn_diag *diag);

/**
 * pn_controlled_judge() - judge a record
 * @records: of controller.jsonl
 *
 * Return: {"finding":{oracle: "controller", verdict, reason}, "metrics":{NAME:{value,unit}}}: FAIL when the reserve was touched by honest guests after
 * they had once been brought within the budget, or never were; BROK when a fault never fired or there was too little to judge by.
 */
json_t *pn_controlled_judge(const struct pn_scenario *scenario, const json_t *records);
