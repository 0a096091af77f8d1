/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "own_limits.h"

struct pn_diag;

/** struct pn_daemon_config - the configuration as written; strings are its own */
struct pn_daemon_config {
	char *connection;  /* libvirt URI */
	char **guests;	   /* names or UUIDs; NULL: all */
	char **exclude;	   /* the same; NULL: none */
	char *capacity;	   /* text; NULL: all memory of the host */
	char *reserve;	   /* size, or percent of the capacity */
	uint64_t interval_ns;
	uint64_t timeout_ns;
	uint64_t stats_period_s; /* 0: left as it is */
	bool dry_run;
	bool cgroups;
	struct pn_limits limits;
	char *status_socket;
	mode_t status_mode;
	char *status_group; /* NULL: the daemon's own */
	char *metrics;	    /* ADDRESS:PORT; NULL: none */
	char *pressure;	    /* directory (pressure.h); NULL: none */
	struct pn_policy_config policy; /* knobs only: capacity, reserve and what depends on the interval are filled in later */
};

/**
 * pn_daemon_config_read() - read a configuration file
 * @path: YAML; NULL: all defaults
 * @ret_config: freed with pn_daemon_config_free()
 *
 * Return: 0, or a negative errno with one line: file:line, key, value, what is accepted.
 */
int pn_daemon_config_read(const char *path, struct pn_daemon_config **ret_config, struct pn_diag *diag);
void pn_daemon_config_free(struct pn_daemon_config *config);

/**
 * pn_daemon_config_host() - the policy's configuration for a host
 * @host_bytes: all its memory
 *
 * Return: 0, or -EINVAL when the reserve is not below the capacity, or that not within the host's memory.
 */
int pn_daemon_config_host(const struct pn_daemon_config *config, uint64_t host_bytes, struct pn_policy_config *ret_policy, struct pn_diag *diag);

/** pn_daemon_config_wants() - is a guest of this name and UUID among those to be controlled? */
bool pn_daemon_config_wants(const struct pn_daemon_config *config, const char *name, const char *uuid);

/** pn_daemon_config_manual() - all keys as text for a person; freed with g_free() */
char *pn_daemon_config_manual(void);
