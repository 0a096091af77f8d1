// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process pool: fork, watch the clock, reap. Invariant: when pn_pool_run() returns, every child has been waited for. Ends are told
 * by a pipe (what the task returned) and by the wait status (what became of it). Limit: what a task starts outside its process
 * group (QEMU is a daemon) is not killed here; the owner records know it.
 */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/units.h"

#define TICK_MS 500

/** struct told - what a child says through its pipe; small enough to be written at once */
struct told {
	int err;
	struct pn_diag diag;
};

/** struct slot - a running child */
struct slot {
	struct pn_task *task; /* NULL: free */
	pid_t pid;
	unsigned long long start;
	int pipe_fd;
	uint64_t began_ns;
	bool timed_out;
	bool killed;
};

/** struct pool - the state of pn_pool_run() */
struct pool {
	const struct pn_pool_ops *ops;
	void *data;
	struct slot *slots;
	unsigned int jobs;
	unsigned int running;
	unsigned int stops; /* SIGINT and SIGTERM so far */
	int signal_fd;
	sigset_t old_mask;
};

static int task_stop; /* in a child only */

static void on_stop(int signal)
{
	task_stop = 1;
}

static void redirect(const char *log_path)
{
	int in = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = log_path ? open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	dup2(in, STDIN_FILENO);
	dup2(out < 0 ? in : out, STDOUT_FILENO);
	dup2(out < 0 ? in : out, STDERR_FILENO);
}

static _Noreturn void child_main(const struct pool *pool, const struct pn_task *task, pid_t parent, int pipe_fd)
{
	struct sigaction action = {.sa_handler = on_stop};
	struct told told = {0};

	/* if the harness is killed its cases end too, and the next start repairs what they leave */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0);
	pn_owned_disown();
	redirect(task->log_path);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &pool->old_mask, NULL);
	told.err = task->run(task->data, &task_stop, &told.diag);
	fflush(NULL);
	if (write(pipe_fd, &told, sizeof(told)) != sizeof(told))
		_exit(1);
	_exit(0);
}

static int start_task(struct pool *pool, struct slot *slot, struct pn_task *task)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	fflush(NULL); /* or the child would print it again */
	*slot = (struct slot){.task = task, .pipe_fd = fds[0], .began_ns = pn_clock_now_ns()};
	slot->pid = fork();
	if (slot->pid < 0) {
		close(fds[0]);
		close(fds[1]);
		slot->task = NULL;
		return -EAGAIN;
	}
	if (!slot->pid)
		child_main(pool, task, parent, fds[1]);
	close(fds[1]);
	setpgid(slot->pid, slot->pid); /* in both, so that it is done before anyone kills the group */
	slot->start = pn_owned_process_start(slot->pid);
	pool->running++;
	return 0;
}

static void fill_end(const struct slot *slot, int status, struct pn_task_end *end)
{
	struct told told;
	bool returned = read(slot->pipe_fd, &told, sizeof(told)) == sizeof(told);

	*end = (struct pn_task_end){.pid = slot->pid, .start = slot->start, .duration_ns = pn_clock_now_ns() - slot->began_ns};
	if (returned) {
		end->how = PN_TASK_RETURNED;
		end->err = told.err;
		end->diag = told.diag;
	} else if (WIFEXITED(status)) {
		end->how = PN_TASK_EXITED;
		end->code = WEXITSTATUS(status);
	} else {
		end->how = slot->timed_out ? PN_TASK_TIMED_OUT : slot->killed ? PN_TASK_KILLED : PN_TASK_CRASHED;
		end->code = WTERMSIG(status);
	}
}

static void reap(struct pool *pool)
{
	for (unsigned int i = 0; i < pool->jobs; i++) {
		struct slot *slot = &pool->slots[i];
		struct pn_task *task = slot->task;
		struct pn_task_end end;
		int status;

		if (!task || waitpid(slot->pid, &status, WNOHANG) != slot->pid)
			continue;
		kill(-slot->pid, SIGKILL); /* what it started in its own group */
		fill_end(slot, status, &end);
		close(slot->pipe_fd);
		slot->task = NULL;
		pool->running--;
		pool->ops->ended(task, &end, pool->data);
	}
}

static void signal_all(struct pool *pool, int signal)
{
	for (unsigned int i = 0; i < pool->jobs; i++) {
		struct slot *slot = &pool->slots[i];

		if (!slot->task)
			continue;
		slot->killed = signal == SIGKILL || slot->task->disposable;
		kill(slot->killed ? -slot->pid : slot->pid, slot->killed ? SIGKILL : signal);
	}
}

static void check_deadlines(struct pool *pool)
{
	uint64_t now_ns = pn_clock_now_ns();

	for (unsigned int i = 0; i < pool->jobs; i++) {
		struct slot *slot = &pool->slots[i];

		if (!slot->task || !slot->task->timeout_ns || slot->timed_out || now_ns - slot->began_ns < slot->task->timeout_ns)
			continue;
		slot->timed_out = true;
		kill(-slot->pid, SIGKILL);
	}
}

static void read_signals(struct pool *pool)
{
	struct signalfd_siginfo info;

	while (read(pool->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		pool->stops++;
		signal_all(pool, pool->stops == 1 ? SIGTERM : SIGKILL);
		if (pool->ops->stopping)
			pool->ops->stopping(pool->stops, pool->data);
	}
}

static int fill_slots(struct pool *pool)
{
	for (unsigned int i = 0; i < pool->jobs && !pool->stops; i++) {
		struct pn_task *task;
		int err;

		if (pool->slots[i].task)
			continue;
		task = pool->ops->next(pool->data);
		if (!task)
			break;
		err = start_task(pool, &pool->slots[i], task);
		if (err)
			return err;
	}
	return 0;
}

static void wait_for_something(struct pool *pool)
{
	struct pollfd poll_fd = {.fd = pool->signal_fd, .events = POLLIN};
	int64_t wait_ms = TICK_MS;
	uint64_t now_ns = pn_clock_now_ns();

	for (unsigned int i = 0; i < pool->jobs; i++) {
		const struct slot *slot = &pool->slots[i];
		uint64_t deadline_ns = slot->began_ns + (slot->task ? slot->task->timeout_ns : 0);

		if (!slot->task || !slot->task->timeout_ns || slot->timed_out)
			continue;
		wait_ms = deadline_ns <= now_ns ? 0 : MIN(wait_ms, (int64_t)((deadline_ns - now_ns) / PN_NS_PER_MS) + 1);
	}
	poll(&poll_fd, 1, (int)wait_ms);
	read_signals(pool);
	check_deadlines(pool);
	reap(pool);
	if (pool->ops->tick)
		pool->ops->tick(pool->running, pool->data);
}

/* when no more can be started: end the rest as the user would */
static void drain(struct pool *pool)
{
	signal_all(pool, SIGTERM);
	while (pool->running)
		wait_for_something(pool);
}

int pn_pool_run(unsigned int jobs, const struct pn_pool_ops *ops, void *data, struct pn_diag *diag)
{
	g_autofree struct slot *slots = g_new0(struct slot, jobs);
	struct pool pool = {.ops = ops, .data = data, .slots = slots, .jobs = jobs};
	sigset_t mask;
	int err;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &pool.old_mask);
	pool.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (pool.signal_fd < 0) {
		err = pn_diag_set(diag, -errno, "signalfd: %s", g_strerror(errno));
		sigprocmask(SIG_SETMASK, &pool.old_mask, NULL);
		return err;
	}
	for (;;) {
		err = fill_slots(&pool);
		if (err || !pool.running)
			break;
		wait_for_something(&pool);
	}
	if (err) {
		pn_diag_set(diag, err, "a case's process could not be started: %s", g_strerror(-err));
		drain(&pool);
	}
	close(pool.signal_fd);
	sigprocmask(SIG_SETMASK, &pool.old_mask, NULL);
	return err ? err : pool.stops ? -EINTR : 0;
}
