/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ends or suspends the guest. The reply is sent first and the deed done when the device has it, or after a moment if the host does not
 * read; by a child, since suspending blocks its caller and a wedged driver may keep it for ever.
 */
#include "ops.h"

#include "agent.h"
#include "link.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#define CHECK_NS 1000000ull
#define PATIENCE_NS 1000000000ull
#define HIBERNATED "/run/hibernated"

static void do_suspend(const char *key)
{
	pn_agent_write("/sys/power/state", "mem");
}

/*
 * The kernel writes itself to swap and reboots; init of the next boot finds the image (pn_init_guest()) and gives the machine back to it. The write comes
 * back when all of that is over, or when the kernel or a driver refused; the file says which.
 */
static void do_hibernate(const char *key)
{
	int r = pn_agent_write("/sys/power/disk", "reboot");
	FILE *file;

	if (r >= 0)
		r = pn_agent_write("/sys/power/state", "disk");
	file = fopen(HIBERNATED, "we");
	if (!file)
		return;
	fputs(r < 0 ? strerror(-r) : "woken", file);
	fclose(file);
}

static void do_poweroff(const char *key)
{
	sync();
	reboot(RB_POWER_OFF);
}

static void do_reboot(const char *key)
{
	sync();
	reboot(RB_AUTOBOOT);
}

static void do_sysrq(const char *key)
{
	pn_agent_write("/proc/sys/kernel/sysrq", "1");
	pn_agent_write("/proc/sysrq-trigger", key);
}

static void do_panic(const char *key)
{
	do_sysrq("c");
}

static const struct deed {
	const char *name;
	void (*run)(const char *key);
} deeds[] = {
	{"suspend", do_suspend}, {"hibernate", do_hibernate}, {"poweroff", do_poweroff},
	{"reboot", do_reboot},	 {"panic", do_panic},	      {"sysrq", do_sysrq},
};

static const struct deed *pending;
static char pending_key[2];
static struct pn_loop_timer timer;
static uint64_t deadline_ns;

static void on_timer(struct pn_loop_timer *t)
{
	const struct deed *deed = pending;
	pid_t pid;

	if (!pn_link_empty() && pn_now_ns() < deadline_ns) {
		pn_loop_arm(&timer, pn_now_ns() + CHECK_NS);
		return;
	}
	pending = NULL;
	pid = fork();
	if (pid == 0) {
		pn_agent_child();
		deed->run(pending_key);
		_exit(0);
	}
	if (pid < 0)
		pn_agent_log("lifecycle %s: fork: %s", deed->name, strerror(errno));
}

static int run_lifecycle(const struct pn_request *request, json_t **ret_reply)
{
	const char *what, *key;
	int r = pn_arg_string(request, "do", NULL, &what);

	if (r == 0)
		r = pn_arg_string(request, "key", "", &key);
	if (r < 0)
		return r;
	if (!pn_agent_is_init())
		return pn_fail(-EPERM, "lifecycle: this agent is not PID 1 of a guest");
	if (pending)
		return pn_fail(-EBUSY, "lifecycle: %s is about to be done", pending->name);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (strcmp(deeds[i].name, what) == 0)
			pending = &deeds[i];
	}
	if (!pending)
		return pn_fail(-EINVAL, "lifecycle: do: '%.50s' is not accepted; expected suspend, hibernate, poweroff, reboot, panic or sysrq",
			       what);
	if (pending->run == do_sysrq && strlen(key) != 1) {
		pending = NULL;
		return pn_fail(-EINVAL, "lifecycle: key: expected one character");
	}
	unlink(HIBERNATED);
	pending_key[0] = key[0];
	timer.fire = on_timer;
	deadline_ns = pn_now_ns() + PATIENCE_NS;
	pn_loop_arm(&timer, 0);
	return 0;
}

const struct pn_op pn_ops_lifecycle[] = {
	{"lifecycle", "suspend, hibernate, poweroff, reboot, panic, sysrq", run_lifecycle},
	{0},
};
