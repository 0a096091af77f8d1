/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs: whatever may block is done in a child of the agent, which writes ready-made frames of the protocol into a pipe. The agent takes
 * whole frames out of it and only while the link has room, so a host that does not read stops the child, not the agent. A job that outlives
 * its timeout is answered for and killed; if it can't die (it sleeps uninterruptibly in a wedged driver) it keeps its slot and is reported.
 */
#include "job.h"

#include "agent.h"
#include "balloon_cpu.h"
#include "link.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX 32
#define BLOB_CHUNK 16384u

struct job {
	struct pn_loop_source out; /* first: found by address */
	struct pn_loop_timer timeout;
	struct pn_request request; /* args is NULL */
	char op[32];
	pid_t pid; /* 0: slot free or child reaped */
	int status;
	uint64_t since_ns;
	bool used, answered, late;
	uint8_t *buf; /* frame being read */
	size_t have, cap;
};

static struct job jobs[JOBS_MAX];
static int child_out = -1;

static struct job *job_of_timer(struct pn_loop_timer *timer)
{
	return (struct job *)((char *)timer - offsetof(struct job, timeout));
}

static void finish(struct job *job)
{
	if (job->out.fd >= 0 || job->pid)
		return;
	pn_loop_disarm(&job->timeout);
	free(job->buf);
	job->buf = NULL;
	job->used = false;
}

static void answer_error(struct job *job, int err)
{
	if (!job->answered)
		pn_reply_error(&job->request, err);
	else
		pn_fail_text(err);
	job->answered = true;
}

static void on_timeout(struct pn_loop_timer *timer)
{
	struct job *job = job_of_timer(timer);

	pn_fail(-ETIMEDOUT, "%s: not done in time; its process %d is left behind", job->op, job->pid);
	answer_error(job, -ETIMEDOUT);
	job->late = true;
	if (job->pid)
		kill(job->pid, SIGKILL);
	pn_loop_remove(&job->out);
	finish(job);
}

static int write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= n;
	}
	return 0;
}

static int write_frame(uint8_t kind, uint32_t id, const void *bytes, size_t len)
{
	struct pn_proto_header header;
	int r = pn_proto_header_fill(&header, kind, id, len);

	if (r < 0)
		return r;
	r = write_all(child_out, &header, sizeof(header));
	return r < 0 ? r : write_all(child_out, bytes, len);
}

int pn_job_blob(const struct pn_request *request, const void *bytes, size_t len)
{
	const char *at = bytes;
	int r = 0;

	while (len > 0 && r == 0) {
		size_t step = len < BLOB_CHUNK ? len : BLOB_CHUNK;

		r = write_frame(PN_PROTO_BLOB, request->id, at, step);
		at += step;
		len -= step;
	}
	return r;
}

static void run_child(const struct pn_request *request, pn_job_fn *fn, int in_fd)
{
	json_t *reply = NULL;
	char *text;
	int r;

	pn_agent_child();
	r = fn(request, in_fd, &reply);
	text = json_dumps(pn_reply_make(r, reply), JSON_COMPACT);
	if (!text || write_frame(PN_PROTO_REPLY, request->id, text, strlen(text)) < 0)
		_exit(1);
	_exit(0);
}

/* Make room for the frame whose header is in, or for a header. Return: bytes that are wanted, 0 without memory (tried again later). */
static size_t frame_size(struct job *job)
{
	struct pn_proto_header header;
	size_t need = sizeof(header);
	uint8_t *bigger;

	if (job->have >= sizeof(header)) {
		memcpy(&header, job->buf, sizeof(header));
		need += header.length;
	}
	if (need <= job->cap)
		return need;
	bigger = realloc(job->buf, need);
	if (!bigger)
		return 0;
	job->buf = bigger;
	job->cap = need;
	return need;
}

/* Hand a whole frame on. */
static void forward(struct job *job)
{
	struct pn_proto_header header;

	memcpy(&header, job->buf, sizeof(header));
	if (!job->answered && job->request.generation == pn_link_generation())
		pn_link_send(header.kind, job->request.id, job->buf + sizeof(header), header.length);
	if (header.kind == PN_PROTO_REPLY) {
		job->answered = true;
		/* The driver may be another one now, and its work counts from its first item on. */
		if (strncmp(job->op, "module.", 7) == 0 || strncmp(job->op, "driver.", 7) == 0)
			pn_balloon_cpu_refresh();
	}
	job->have = 0;
}

/* What the child has written. Return: false once the pipe is at its end. */
static bool pull_frames(struct job *job)
{
	while (pn_link_roomy()) {
		size_t need = frame_size(job);
		ssize_t n = need ? read(job->out.fd, job->buf + job->have, need - job->have) : -1;

		if (n == 0)
			return false;
		if (n < 0)
			return true;
		job->have += n;
		if (job->have >= sizeof(struct pn_proto_header) && job->have == frame_size(job))
			forward(job);
	}
	return true;
}

static void pull(struct job *job)
{
	if (job->out.fd < 0)
		return;
	if (pull_frames(job)) {
		pn_loop_change(&job->out, pn_link_roomy() ? EPOLLIN : 0);
		return;
	}
	pn_loop_remove(&job->out);
	pn_fail(-EIO, "%s: its process ended without an answer", job->op);
	answer_error(job, -EIO);
	finish(job);
}

static void on_out(struct pn_loop_source *source, uint32_t events)
{
	pull((struct job *)source);
}

void pn_job_pull(void)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].used)
			pull(&jobs[i]);
	}
}

bool pn_job_reaped(pid_t pid, int status)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		if (!jobs[i].used || jobs[i].pid != pid)
			continue;
		jobs[i].pid = 0;
		jobs[i].status = status;
		finish(&jobs[i]);
		return true;
	}
	return false;
}

static struct job *free_slot(void)
{
	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		if (!jobs[i].used)
			return &jobs[i];
	}
	return NULL;
}

static int start(const struct pn_request *request, pn_job_fn *fn, uint64_t timeout_ns, int in[2])
{
	struct job *job = free_slot();
	int out[2];
	pid_t pid;

	if (!job)
		return pn_fail(-EAGAIN, "%s: %d operations are under way or stuck already", request->op, JOBS_MAX);
	if (pipe2(out, O_CLOEXEC) < 0)
		return pn_fail(-errno, "%s: pipe: %m", request->op);
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		close(out[0]);
		close(out[1]);
		return pn_fail(err, "%s: fork: %s", request->op, strerror(-err));
	}
	if (pid == 0) {
		child_out = out[1];
		if (in[1] >= 0)
			close(in[1]);
		run_child(request, fn, in[0]);
	}
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	*job = (struct job){.out = {.fd = out[0], .ready = on_out}, .timeout = {.fire = on_timeout}, .request = *request, .pid = pid,
			    .since_ns = pn_now_ns(), .used = true};
	snprintf(job->op, sizeof(job->op), "%s", request->op);
	job->request.op = job->op;
	job->request.args = NULL;
	pn_loop_add(&job->out, EPOLLIN);
	pn_loop_arm(&job->timeout, job->since_ns + timeout_ns);
	return 0;
}

int pn_job_start(const struct pn_request *request, pn_job_fn *fn, uint64_t timeout_ns)
{
	int none[2] = {-1, -1};

	return start(request, fn, timeout_ns, none);
}

int pn_job_start_fed(const struct pn_request *request, pn_job_fn *fn, uint64_t timeout_ns, int *ret_feed_fd)
{
	int in[2], r;

	if (pipe2(in, O_CLOEXEC) < 0)
		return pn_fail(-errno, "%s: pipe: %m", request->op);
	r = start(request, fn, timeout_ns, in);
	close(in[0]);
	if (r < 0) {
		close(in[1]);
		return r;
	}
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	*ret_feed_fd = in[1];
	return 0;
}

json_t *pn_job_stuck(void)
{
	json_t *stuck = json_array();

	for (unsigned int i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].used && jobs[i].late && jobs[i].pid)
			json_array_append_new(stuck, json_pack("{s:s,s:i,s:I}", "op", jobs[i].op, "pid", jobs[i].pid, "since_ns",
							       (json_int_t)jobs[i].since_ns));
	}
	return stuck;
}
