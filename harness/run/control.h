/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct pn_diag;
struct pn_scenario;

/*
 * A control run: what does monitoring itself cost? Windows of one guest with the sampler on against windows with it off, in pairs of random
 * order; the cost is the median of the differences within a pair, so that what guest and host do besides cancels out.
 *
 * CPU times, not wall times: a busy host makes a window longer for nobody. What the host's kernel does for others on our CPU (interrupts) is
 * in them.
 */

/** struct pn_control_config - what to measure; all borrowed */
struct pn_control_config {
	const struct pn_scenario *scenario; /* its guest, probes and sampling interval */
	const char *uri;		    /* libvirt; NULL: the embedded driver */
	const char *dir;		    /* exists; guest's files and samples go there */
	unsigned int pairs;
	uint64_t window_ns;
	uint64_t seed; /* of the order within pairs */
};

/** struct pn_control_cost - shares of one CPU, in percent */
struct pn_control_cost {
	double host; /* harness and qemu together */
	double harness; /* libvirt's embedded driver in it */
	double qemu;	/* without its vCPUs */
	double guest;	/* of one vCPU */
};

/** struct pn_control_pair - a window without sampling and one with it */
struct pn_control_pair {
	struct pn_control_cost control, sampled;
};

/**
 * pn_control_measure() - start a guest with the stock driver and measure
 * @ret_pairs: as many as @config->pairs
 *
 * Blocks for two windows and two seconds a pair. In a process of its own where the caller must not open libvirt; what it owns is released
 * by pn_owned_release_all(). Return: 0 or a negative errno.
 */
int pn_control_measure(const struct pn_control_config *config, struct pn_control_pair *ret_pairs, struct pn_diag *diag);

/** enum pn_control_part - of struct pn_control_cost */
enum pn_control_part { PN_CONTROL_HOST, PN_CONTROL_HARNESS, PN_CONTROL_QEMU, PN_CONTROL_GUEST, PN_CONTROL_PARTS };

/** struct pn_control_figure - one part over all pairs, in percent of a CPU */
struct pn_control_figure {
	const char *name;
	double control, sampled; /* medians */
	double cost, low, high;	 /* of the differences within pairs: median, smallest, largest */
};

/** pn_control_figure() - medians of one part */
struct pn_control_figure pn_control_figure(const struct pn_control_pair *pairs, unsigned int count, enum pn_control_part part);

/** pn_control_json() - control.json: {"host":{"cost_percent",...},"guest":{...},...,"pairs":[...]}; json_decref() by the caller */
json_t *pn_control_json(const struct pn_control_pair *pairs, unsigned int count, uint64_t window_ns);
