/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a driver's counters without ever waiting for the driver. Question and answer are each one write below PIPE_BUF, so never torn. */
#include "reader.h"

#include "agent.h"
#include "loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug"

_Static_assert(sizeof(struct pn_reader_answer) <= PIPE_BUF, "an answer has to be one write");

static pid_t pid;
static int ask_fd = -1;
static struct pn_loop_source answers = {.fd = -1};
static void (*waiting)(const struct pn_reader_answer *answer);
static uint64_t asked_ns;

/* Counters of one device of the driver appended to the answer. Why they can't be read tells a driver that has none from one that has them another time. */
static void add_file(struct pn_reader_answer *answer, const char *path)
{
	size_t used = strlen(answer->text);
	int n = pn_agent_read(path, answer->text + used, sizeof(answer->text) - used);

	if (n >= 0)
		answer->err = 0;
	else if (answer->err)
		answer->err = n;
	if (n < 0)
		answer->text[used] = 0;
}

static void read_counters(const char *module, struct pn_reader_answer *answer)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	answer->text[0] = 0;
	answer->err = -ENOENT;
	snprintf(path, sizeof(path), DEBUGFS "/%s", module);
	dir = opendir(path);
	if (!dir)
		answer->err = -errno;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && entry->d_name[1] == '.')
			continue;
		snprintf(path, sizeof(path), DEBUGFS "/%s/%s/counters", module, entry->d_name);
		add_file(answer, path);
	}
	if (dir)
		closedir(dir);
}

static void child(int questions, int replies)
{
	char module[64];
	ssize_t n;

	pn_agent_child();
	while ((n = read(questions, module, sizeof(module) - 1)) > 0) {
		struct pn_reader_answer answer = {0};
		struct timespec used;

		module[n] = 0;
		read_counters(module, &answer);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		answer.cpu_ns = used.tv_sec * 1000000000ull + used.tv_nsec;
		if (write(replies, &answer, sizeof(answer)) < 0)
			break;
	}
	_exit(0);
}

static void on_answer(struct pn_loop_source *source, uint32_t events)
{
	static struct pn_reader_answer answer;
	void (*done)(const struct pn_reader_answer *answer) = waiting;
	ssize_t n = read(source->fd, &answer, sizeof(answer));

	if (n < 0)
		return;
	waiting = NULL;
	if (n != sizeof(answer)) { /* it was killed */
		pn_loop_remove(source);
		close(ask_fd);
		ask_fd = -1;
		answer = (struct pn_reader_answer){.err = -EIO};
	}
	answer.text[sizeof(answer.text) - 1] = 0;
	if (done)
		done(&answer);
}

static int start(void)
{
	int questions[2], replies[2];

	if (pipe2(questions, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(replies, O_CLOEXEC) < 0) {
		close(questions[0]);
		close(questions[1]);
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		close(questions[1]);
		close(replies[0]);
		child(questions[0], replies[1]);
	}
	close(questions[0]);
	close(replies[1]);
	if (pid < 0) {
		pid = 0;
		close(questions[1]);
		close(replies[0]);
		return -EAGAIN;
	}
	ask_fd = questions[1];
	answers = (struct pn_loop_source){.fd = replies[0], .ready = on_answer};
	fcntl(answers.fd, F_SETFL, O_NONBLOCK);
	fcntl(ask_fd, F_SETFL, O_NONBLOCK);
	return pn_loop_add(&answers, EPOLLIN);
}

int pn_reader_ask(const char *module, void (*done)(const struct pn_reader_answer *answer))
{
	int r;

	if (waiting)
		return -EBUSY;
	if (ask_fd < 0) {
		r = start();
		if (r < 0)
			return r;
	}
	if (write(ask_fd, module, strlen(module)) < 0)
		return -errno;
	waiting = done;
	asked_ns = pn_now_ns();
	return 0;
}

pid_t pn_reader_stuck(uint64_t *ret_since_ns)
{
	*ret_since_ns = asked_ns;
	return waiting ? pid : 0;
}

bool pn_reader_reaped(pid_t reaped)
{
	if (pid != reaped || pid == 0)
		return false;
	pid = 0;
	return true;
}
