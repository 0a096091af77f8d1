/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads: started, watched, stopped. Each is a process group and a cgroup; its output is drained whatever the host does; its end is an event
 * whether or not somebody waits for it. A load that is over keeps its slot and output until its id or its slot is needed.
 */
#include "task.h"

#include "agent.h"
#include "cgroup.h"
#include "link.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_PATIENCE_NS 10000000000ull
#define DRAIN_NS 1000000000ull

static struct pn_task tasks[PN_TASKS_MAX];

struct pn_task *pn_task_find(const char *id)
{
	for (unsigned int i = 0; i < PN_TASKS_MAX; i++) {
		if (tasks[i].state != PN_TASK_FREE && strcmp(tasks[i].id, id) == 0)
			return &tasks[i];
	}
	return NULL;
}

/* A slot for a new load: that of an ended one of the same id, a free one, or any ended one. */
static struct pn_task *claim_slot(const char *id)
{
	struct pn_task *best = pn_task_find(id);

	for (unsigned int i = 0; i < PN_TASKS_MAX && !best; i++) {
		if (tasks[i].state == PN_TASK_FREE)
			best = &tasks[i];
	}
	for (unsigned int i = 0; i < PN_TASKS_MAX && !best; i++) {
		if (tasks[i].state == PN_TASK_ENDED && !tasks[i].stopper.op)
			best = &tasks[i];
	}
	return best;
}

/* Absent where the kernel does not count OOM kills by group: unknown is not "no". */
static void set_oom_killed(const struct pn_task *task, json_t *to)
{
	uint64_t kills;

	if (pn_cgroup_oom_kills(task->slot, &kills) == 0)
		json_object_set_new(to, "oom_killed", json_boolean(kills > task->oom_before));
}

static void set_end(const struct pn_task *task, json_t *to)
{
	if (WIFEXITED(task->status))
		json_object_set_new(to, "exit_code", json_integer(WEXITSTATUS(task->status)));
	else
		json_object_set_new(to, "signal", json_integer(WTERMSIG(task->status)));
	set_oom_killed(task, to);
}

static bool cpu_ns(const struct pn_task *task, uint64_t *ret_cpu_ns)
{
	if (pn_cgroup_cpu_ns(task->slot, ret_cpu_ns) < 0)
		return false;
	*ret_cpu_ns -= task->cpu_before_ns < *ret_cpu_ns ? task->cpu_before_ns : *ret_cpu_ns;
	return true;
}

static json_t *result(const struct pn_task *task)
{
	json_t *reply = json_pack("{s:I,s:I,s:I,s:I,s:I}", "user_ns", (json_int_t)task->user_ns, "system_ns", (json_int_t)task->system_ns,
				  "maxrss_bytes", (json_int_t)task->maxrss_bytes, "stdout_bytes", (json_int_t)task->out.total, "stderr_bytes",
				  (json_int_t)task->err.total);
	uint64_t cpu;

	set_end(task, reply);
	if (cpu_ns(task, &cpu))
		json_object_set_new(reply, "cpu_ns", json_integer(cpu));
	return reply;
}

/* The load is over and its output in: answer whoever waits. */
static void settle(struct pn_task *task)
{
	pn_loop_disarm(&task->timer);
	pn_capture_close(&task->out);
	pn_capture_close(&task->err);
	if (!task->stopper.op)
		return;
	pn_reply(&task->stopper, result(task));
	task->stopper.op = NULL;
}

static struct pn_task *task_of_timer(struct pn_loop_timer *timer)
{
	return (struct pn_task *)((char *)timer - offsetof(struct pn_task, timer));
}

static void on_timer(struct pn_loop_timer *timer)
{
	struct pn_task *task = task_of_timer(timer);

	if (task->state == PN_TASK_ENDED) { /* a grandchild keeps the pipes open: enough waited */
		settle(task);
	} else if (!task->killed) {
		task->killed = true;
		kill(-task->pid, SIGKILL);
		pn_loop_arm(timer, pn_now_ns() + KILL_PATIENCE_NS);
	} else if (task->stopper.op) {
		pn_fail(-ETIMEDOUT, "load.stop: '%s' (process %d) does not die", task->id, task->pid);
		pn_reply_error(&task->stopper, -ETIMEDOUT);
		task->stopper.op = NULL;
	}
}

static void on_line(struct pn_capture *capture, const char *line)
{
	struct pn_task *task = capture->data;

	if (strcmp(line, "READY") == 0)
		pn_link_send_json(PN_PROTO_EVENT, 0, json_pack("{s:s,s:s,s:I}", "ev", "load.ready", "id", task->id, "mono_ns", (json_int_t)pn_now_ns()));
	else if (strcmp(line, "MARK") == 0)
		pn_link_send_json(PN_PROTO_EVENT, 0, json_pack("{s:s,s:s,s:I}", "ev", "load.mark", "id", task->id, "mono_ns", (json_int_t)pn_now_ns()));
}

static void on_end(struct pn_capture *capture)
{
	struct pn_task *task = capture->data;

	if (task->state == PN_TASK_ENDED && task->out.source.fd < 0 && task->err.source.fd < 0)
		settle(task);
}

/* The pipe of exec() ends when it has happened, and has its errno otherwise. */
static void on_exec(struct pn_loop_source *source, uint32_t events)
{
	struct pn_task *task = (struct pn_task *)((char *)source - offsetof(struct pn_task, exec));
	int err = 0;
	ssize_t n = read(source->fd, &err, sizeof(err));

	if (n < 0)
		return;
	pn_loop_remove(source);
	if (n == sizeof(err)) {
		pn_fail(-err, "load.start: '%s': %s", task->id, strerror(err));
		pn_reply_error(&task->starter, -err);
		task->starter.op = NULL;
		pn_capture_close(&task->out);
		pn_capture_close(&task->err);
		task->state = PN_TASK_FREE; /* it never was a load */
		return;
	}
	if (task->state == PN_TASK_STARTING)
		task->state = PN_TASK_RUNNING;
	if (task->starter.op)
		pn_reply(&task->starter, json_pack("{s:i,s:I}", "pid", (int)task->pid, "mono_ns", (json_int_t)pn_now_ns()));
	task->starter.op = NULL;
}

/* The directory to start in, made with its parents. */
static int enter(const char *path)
{
	char part[512];

	if (strlen(path) >= sizeof(part))
		return -1;
	strcpy(part, path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(part, 0755);
		*slash = '/';
	}
	mkdir(part, 0755);
	return chdir(path);
}

static void child(const struct pn_task_config *config, unsigned int slot, const int out[2], const int err[2], const int exec[2])
{
	char adj[16];
	int nothing = open("/dev/null", O_RDONLY), why;

	pn_agent_child();
	setpgid(0, 0);
	pn_cgroup_enter(slot);
	snprintf(adj, sizeof(adj), "%d", config->oom_score_adj);
	pn_agent_write("/proc/self/oom_score_adj", adj);
	if (dup2(nothing, 0) < 0 || dup2(out[1], 1) < 0 || dup2(err[1], 2) < 0 || enter(config->cwd) < 0)
		goto failed;
	environ = (char **)config->envp;
	execvp(config->argv[0], config->argv);
failed:
	why = errno;
	if (write(exec[1], &why, sizeof(why)) < 0)
		_exit(126);
	_exit(127);
}

static void close_all(int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
}

/* The agent's ends of the pipes of a new load. */
static int watch(struct pn_task *task, const struct pn_task_config *config, int out, int err, int exec)
{
	int r;

	task->out.on_line = on_line;
	task->out.on_end = task->err.on_end = on_end;
	task->out.data = task->err.data = task;
	task->exec = (struct pn_loop_source){.fd = exec, .ready = on_exec};
	fcntl(exec, F_SETFL, O_NONBLOCK);
	r = pn_loop_add(&task->exec, EPOLLIN);
	if (pn_capture_start(&task->out, out, config->capture_bytes) < 0)
		r = -ENOMEM;
	if (pn_capture_start(&task->err, err, config->capture_bytes) < 0)
		r = -ENOMEM;
	return r;
}

static void reset(struct pn_task *task, const struct pn_task_config *config, const struct pn_request *request)
{
	task->slot = task - tasks;
	task->status = 0;
	task->start++;
	task->user_ns = task->system_ns = task->maxrss_bytes = 0;
	task->cpu_before_ns = task->oom_before = 0;
	task->killed = false;
	task->timer.fire = on_timer;
	snprintf(task->id, sizeof(task->id), "%s", config->id);
	task->starter = *request;
	task->starter.args = NULL;
	pn_cgroup_cpu_ns(task->slot, &task->cpu_before_ns);
	pn_cgroup_oom_kills(task->slot, &task->oom_before);
}

int pn_task_start(const struct pn_task_config *config, const struct pn_request *request)
{
	struct pn_task *task = claim_slot(config->id);
	int fds[6]; /* out, err, exec: read and write end each */

	if (!task)
		return pn_fail(-EAGAIN, "load.start: %d loads are running already", PN_TASKS_MAX);
	if (task->state == PN_TASK_STARTING || task->state == PN_TASK_RUNNING || task->stopper.op)
		return pn_fail(-EEXIST, "load.start: id: '%s' is running", config->id);
	if (task->state == PN_TASK_ENDED)
		settle(task);
	for (unsigned int i = 0; i < 6; i += 2) {
		if (pipe2(fds + i, O_CLOEXEC) < 0) {
			close_all(fds, i);
			return pn_fail(-errno, "load.start: pipe: %m");
		}
	}
	reset(task, config, request);
	task->pid = fork();
	if (task->pid < 0) {
		int err = -errno;

		close_all(fds, 6);
		task->state = PN_TASK_FREE;
		return pn_fail(err, "load.start: fork: %s", strerror(-err));
	}
	if (task->pid == 0)
		child(config, task->slot, fds, fds + 2, fds + 4);
	close(fds[1]);
	close(fds[3]);
	close(fds[5]);
	task->state = PN_TASK_STARTING;
	if (watch(task, config, fds[0], fds[2], fds[4]) < 0)
		kill(task->pid, SIGKILL);
	return 0;
}

int pn_task_stop(struct pn_task *task, int signal, uint64_t grace_ns, const struct pn_request *request)
{
	if (task->stopper.op)
		return pn_fail(-EBUSY, "load.stop: '%s' is being stopped already", task->id);
	task->stopper = *request;
	task->stopper.args = NULL;
	if (task->state == PN_TASK_ENDED) {
		if (!task->timer.armed)
			settle(task);
		return 0;
	}
	kill(-task->pid, signal);
	pn_loop_arm(&task->timer, pn_now_ns() + grace_ns);
	return 0;
}

bool pn_task_reaped(pid_t pid, int status, const struct rusage *usage)
{
	for (unsigned int i = 0; i < PN_TASKS_MAX; i++) {
		struct pn_task *task = &tasks[i];
		json_t *event;

		if (task->pid != pid || task->state == PN_TASK_FREE || task->state == PN_TASK_ENDED)
			continue;
		task->status = status;
		task->user_ns = usage->ru_utime.tv_sec * 1000000000ull + usage->ru_utime.tv_usec * 1000ull;
		task->system_ns = usage->ru_stime.tv_sec * 1000000000ull + usage->ru_stime.tv_usec * 1000ull;
		task->maxrss_bytes = usage->ru_maxrss * 1024ull;
		/* Whatever it has left behind goes with it; then its pipes end, or a moment is enough. */
		kill(-pid, SIGKILL);
		if (task->exec.fd >= 0)
			on_exec(&task->exec, 0);
		if (task->state == PN_TASK_FREE)
			return true;
		task->state = PN_TASK_ENDED;
		event = json_pack("{s:s,s:s}", "ev", "load.exit", "id", task->id);
		set_end(task, event);
		pn_link_send_json(PN_PROTO_EVENT, 0, event);
		pn_loop_arm(&task->timer, pn_now_ns() + (task->out.source.fd < 0 && task->err.source.fd < 0 ? 0 : DRAIN_NS));
		return true;
	}
	return false;
}

json_t *pn_task_list(void)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < PN_TASKS_MAX; i++) {
		const struct pn_task *task = &tasks[i];
		uint64_t cpu;
		json_t *one;

		if (task->state == PN_TASK_FREE)
			continue;
		one = json_pack("{s:s,s:i,s:b}", "id", task->id, "pid", (int)task->pid, "running", task->state != PN_TASK_ENDED);
		set_oom_killed(task, one);
		if (cpu_ns(task, &cpu))
			json_object_set_new(one, "cpu_ns", json_integer(cpu));
		json_array_append_new(list, one);
	}
	return list;
}
