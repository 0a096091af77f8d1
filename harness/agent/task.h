/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "capture.h"
#include "request.h"

#include <sys/types.h>

#define PN_TASKS_MAX 16

/** enum pn_task_state - of a load */
enum pn_task_state { PN_TASK_FREE, PN_TASK_STARTING, PN_TASK_RUNNING, PN_TASK_ENDED };

/**
 * struct pn_task - one load of the host's: a program in a process group and a cgroup of its own
 * @slot: index, and number of its cgroup
 * @start: counts the loads that had this slot
 * @exec: tells when exec() has happened or failed
 * @starter, @stopper: the requests that wait for its start and its end; op NULL when there is none
 */
struct pn_task {
	unsigned int slot, start;
	enum pn_task_state state;
	char id[64];
	pid_t pid;
	int status; /* as of wait(), once ENDED */
	uint64_t user_ns, system_ns, maxrss_bytes;
	uint64_t cpu_before_ns, oom_before; /* of the slot's group when the load started */
	struct pn_loop_source exec;
	struct pn_capture out, err;
	struct pn_loop_timer timer; /* grace of a stop, then of a kill */
	bool killed;
	struct pn_request starter, stopper;
};

/** struct pn_task_config - what to start */
struct pn_task_config {
	const char *id;
	char *const *argv;
	char *const *envp;
	const char *cwd;
	int oom_score_adj;
	size_t capture_bytes;
};

/** pn_task_start() - start a load; @request is answered when exec() has happened. Return: 0 or a negative errno with pn_fail()'s line. */
int pn_task_start(const struct pn_task_config *config, const struct pn_request *request);

/** pn_task_find() - the load of that id, or NULL */
struct pn_task *pn_task_find(const char *id);

/** pn_task_stop() - @signal to its group, SIGKILL after @grace_ns; @request is answered when it has ended. Return: 0 or a negative errno. */
int pn_task_stop(struct pn_task *task, int signal, uint64_t grace_ns, const struct pn_request *request);

/** pn_task_reaped() - a child has ended. Return: was it a load? */
struct rusage;
bool pn_task_reaped(pid_t pid, int status, const struct rusage *usage);

/** pn_task_list() - all loads that are not forgotten: array as in load.list */
json_t *pn_task_list(void);
