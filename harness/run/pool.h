/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/diag.h"

/*
 * Runs tasks, each in a forked process of its own, some at a time. Whatever a task does (crash, hang, exit) is an end like any other
 * and never takes the pool along. SIGINT and SIGTERM ask the running tasks to end themselves and start no more; a second one kills.
 */

/** struct pn_task - one task; borrowed until its end has been told */
struct pn_task {
	/**
	 * @run: the task, in a child process: own process group, standard input empty, no signal handlers but SIGTERM's
	 *
	 * @stop becomes non-zero when it shall end itself soon. Return: 0 or a negative errno with @diag filled; both reach the pool.
	 */
	int (*run)(void *data, const int *stop, struct pn_diag *diag);
	void *data;
	const char *log_path; /* standard output and error of the child are appended to it; NULL: they go nowhere */
	uint64_t timeout_ns;  /* the child and its process group are killed after this; 0: never */
	bool disposable;      /* nothing of it is worth an orderly end: the first wish to stop kills it */
};

/** enum pn_task_how - how a task ended */
enum pn_task_how { PN_TASK_RETURNED, PN_TASK_EXITED, PN_TASK_CRASHED, PN_TASK_TIMED_OUT, PN_TASK_KILLED };

/** struct pn_task_end - the end of a task */
struct pn_task_end {
	enum pn_task_how how;
	int err;		  /* PN_TASK_RETURNED: what @run returned */
	int code;		  /* PN_TASK_EXITED: exit code of a task that left without returning; PN_TASK_CRASHED: signal */
	struct pn_diag diag;	  /* PN_TASK_RETURNED: why */
	pid_t pid;		  /* has been waited for */
	unsigned long long start; /* of the process, as pn_owned_process_start() */
	uint64_t duration_ns;
};

/** struct pn_pool_ops - where tasks come from and where their ends go; all called in the pool's own process */
struct pn_pool_ops {
	/* @next: the next task, or NULL when there is none to start now; not called again once it said so while nothing runs */
	struct pn_task *(*next)(void *data);
	/* @ended: a task has ended */
	void (*ended)(struct pn_task *task, const struct pn_task_end *end, void *data);
	/* @tick: about twice a second, for progress; may be NULL */
	void (*tick)(unsigned int running, void *data);
	/* @stopping: the user has asked to end, @times times so far; may be NULL */
	void (*stopping)(unsigned int times, void *data);
};

/**
 * pn_pool_run() - run tasks until there are no more
 * @jobs: how many at once, at least 1
 *
 * Blocks. SIGINT, SIGTERM and SIGCHLD are blocked meanwhile. Return: 0; -EINTR when the user ended it; or another negative errno.
 */
int pn_pool_run(unsigned int jobs, const struct pn_pool_ops *ops, void *data, struct pn_diag *diag);
