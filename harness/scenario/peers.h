/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

struct pn_diag;

/** struct pn_peer_case - a case of somebody else's balloon tests, and what does it here: an entry of workloads/peers.yaml */
struct pn_peer_case {
	char *peer;	 /* whose: "tp-qemu" */
	char *name;	 /* what they check, in words */
	char **scenarios; /* that check it here; NULL-terminated, empty when none does yet */
	char *elsewhere; /* what checks it outside of scenarios, or why nothing does; NULL: the scenarios do */
	char *exact;	 /* what ours demands */
};

/** struct pn_peers - all of them; freed with pn_peers_free() */
struct pn_peers {
	struct pn_peer_case *list;
	unsigned int count;
};

/**
 * pn_peers_read() - read workloads/peers.yaml
 *
 * Every scenario named must be there, and every case has a scenario or says what does it instead. Return: 0; -EINVAL or -ENOENT with one line.
 */
int pn_peers_read(const char *workloads_dir, struct pn_peers *ret_peers, struct pn_diag *diag);
void pn_peers_free(struct pn_peers *peers);

/** pn_peers_suite() - the suite of all their scenarios, each once, as YAML text; g_free() by the caller */
char *pn_peers_suite(const struct pn_peers *peers);
