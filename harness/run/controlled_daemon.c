// SPDX-License-Identifier: GPL-2.0-only
/*
 * balloond itself over the guests of a case. It is given the scenario's budget, sees its guests by its libvirtd alone, and sets their targets; what goes into the
 * record is its own word (status, log) beside what the host sees. Pressure of the guests reaches it by files, as from any agent.
 *
 * Limits: CPU time of a decision is not known here. QEMU's own memory, which libvirt counts with the guest's, is allowed for (OVERHEAD_BYTES a guest).
 */
#include "controlled_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../drivers-under-test/balloond/daemon/status.h"
#include "../../guests/images/paths.h"
#include "../base/clock.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../guest/libvirtd.h"

#define OVERHEAD_BYTES (200 * PN_MIB) /* of a QEMU under TCG */
#define UP_NS (20 * PN_NS_PER_S)
#define LOOK_NS (2 * PN_NS_PER_MS)

struct pn_controlled_daemon {
	struct pn_host *host;
	struct pn_libvirtd *libvirtd;
	char *dir, *socket, *pressure, *program, *config, *log;
	int dir_id, process_id; /* owner record */
	pid_t pid;
	size_t read; /* of its log, so far */
	bool away;   /* its libvirtd is */
	json_t *status; /* as last told; NULL: nothing */
};

static int write_config(const struct pn_controlled *controlled, const struct pn_controlled_daemon *self, struct pn_diag *diag)
{
	const struct pn_controller_spec *spec = controlled->spec;
	g_autofree char *text = g_strdup_printf(
		"connection: %s\nhost: {capacity: %" G_GUINT64_FORMAT "KiB, reserve: %" G_GUINT64_FORMAT "KiB}\n"
		"limits: {min: %" G_GUINT64_FORMAT "KiB, overhead: %" G_GUINT64_FORMAT "KiB}\n"
		"interval: %" G_GUINT64_FORMAT "ms\ntimeout: %" G_GUINT64_FORMAT "ms\nstatus: {socket: %s}\npressure: %s\n",
		pn_libvirtd_uri(self->libvirtd), (guint64)((spec->host_bytes + controlled->count * OVERHEAD_BYTES) / PN_KIB),
		(guint64)(spec->reserve_bytes / PN_KIB), (guint64)(spec->min_bytes / PN_KIB), (guint64)(OVERHEAD_BYTES / PN_KIB), (guint64)(spec->tick_ns / PN_NS_PER_MS), (guint64)(spec->tick_ns / PN_NS_PER_MS * 2 / 5), self->socket, self->pressure);

	return pn_fs_write(self->config, text, strlen(text), diag);
}

/* Between fork and exec of a process with threads: system calls only. @go: says when the parent has recorded us. */
static void become(const struct pn_controlled_daemon *self, int go)
{
	int log = open(self->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	char byte;

	if (log < 0 || read(go, &byte, 1) != 1 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(126);
	setsid();
	execl(self->program, "balloond", "--config", self->config, (char *)NULL);
	_exit(127);
}

static int spawn(struct pn_controlled_daemon *self, struct pn_diag *diag)
{
	int go[2], err = 0;

	if (pipe2(go, O_CLOEXEC) < 0)
		return pn_diag_set(diag, -errno, "balloond: %s", g_strerror(errno));
	self->pid = fork();
	if (self->pid == 0)
		become(self, go[0]);
	if (self->pid < 0)
		err = pn_diag_set(diag, -errno, "balloond: %s", g_strerror(errno));
	if (!err) {
		self->process_id = pn_owned_add(
			"process", json_pack("{s:i, s:I}", "pid", (int)self->pid, "start", (json_int_t)pn_owned_process_start(self->pid)), diag);
		err = MIN(self->process_id, 0);
	}
	if (!err && write(go[1], "", 1) != 1)
		err = pn_diag_set(diag, -errno, "balloond: %s", g_strerror(errno));
	close(go[0]);
	close(go[1]);
	return err;
}

static bool has_ended(struct pn_controlled_daemon *self)
{
	if (self->pid > 0 && waitpid(self->pid, NULL, WNOHANG) == self->pid)
		self->pid = 0;
	return self->pid <= 0;
}

static void ask(struct pn_controlled_daemon *self)
{
	json_decref(self->status);
	self->status = NULL;
	pn_status_ask(self->socket, &self->status, NULL);
}

/* does it say that all is well, with all guests in sight? */
static bool is_up(const struct pn_controlled *controlled, const struct pn_controlled_daemon *self)
{
	const char *state = json_string_value(json_object_get(self->status, "state"));

	return !g_strcmp0(state, "running") && json_array_size(json_object_get(self->status, "guests")) == controlled->count;
}

static int wait_up(const struct pn_controlled *controlled, struct pn_controlled_daemon *self, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + UP_NS;

	for (ask(self); !is_up(controlled, self); ask(self)) {
		if (has_ended(self))
			return pn_diag_set(diag, -EIO, "balloond ended right after its start; its words are in %s", self->log);
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "balloond has not found its %u guests within %llu s; its words are in %s", controlled->count,
					   UP_NS / PN_NS_PER_S, self->log);
		pn_clock_sleep_until(pn_clock_now_ns() + 10 * LOOK_NS);
	}
	return 0;
}

static int kill_it(struct pn_controlled_daemon *self, int number)
{
	if (self->pid > 0 && !has_ended(self)) {
		kill(self->pid, number);
		waitpid(self->pid, NULL, 0);
	}
	self->pid = 0;
	if (self->process_id > 0)
		pn_owned_forget(self->process_id);
	self->process_id = 0;
	return 0;
}

static int furnish(const struct pn_controlled *controlled, struct pn_controlled_daemon *self, struct pn_diag *diag)
{
	int err;

	self->dir = g_strdup_printf("%s/d%d", pn_owned_state_dir(), (int)getpid());
	self->socket = g_build_filename(self->dir, "status", NULL);
	self->pressure = g_build_filename(self->dir, "pressure", NULL);
	self->config = g_build_filename(controlled->case_dir, "balloond.yaml", NULL);
	self->log = g_build_filename(controlled->case_dir, "balloond.log", NULL);
	self->program = g_build_filename(pn_paths_libexec(), PN_PATHS_DRIVERS, "balloond", "daemon", "balloond", NULL);
	if (!g_file_test(self->program, G_FILE_TEST_IS_EXECUTABLE))
		return pn_diag_set(diag, -ENOENT, "%s is not there: build it", self->program);
	self->dir_id = pn_owned_add("tree", json_pack("{s:s}", "path", self->dir), diag);
	err = self->dir_id < 0 ? self->dir_id : pn_fs_mkdir_p(self->pressure, diag);
	return err ? err : write_config(controlled, self, diag);
}

int pn_controlled_daemon_start(struct pn_controlled *controlled, struct pn_host *host, struct pn_libvirtd *libvirtd, struct pn_diag *diag)
{
	struct pn_controlled_daemon *self = g_new0(struct pn_controlled_daemon, 1);
	int err;

	self->host = host;
	self->libvirtd = libvirtd;
	err = furnish(controlled, self, diag);
	err = err ? err : spawn(self, diag);
	err = err ? err : wait_up(controlled, self, diag);
	if (err)
		pn_controlled_daemon_stop(self, NULL);
	else
		controlled->daemon = self;
	return err;
}

/* A domain is called pn-UUID8-NNNN-GUEST. */
static int index_of(const struct pn_controlled *controlled, const char *domain)
{
	for (unsigned int i = 0; domain && i < controlled->count; i++) {
		size_t skip = strlen("pn-01234567-0001-");

		if (strlen(domain) > skip && strcmp(domain + skip, controlled->guests[i].name) == 0)
			return (int)i;
	}
	return -1;
}

static int find_name(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (g_strcmp0(names[i], name) == 0)
			return i;
	return 0;
}

static uint64_t bytes_of(const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : PN_UNSET;
}

/* As any agent would: the guest's own word, in the kernel's form. */
static void pass_pressure(const struct pn_controlled_daemon *self, const struct pn_controlled_guest *guest, const char *domain)
{
	gint64 psi_us = __atomic_load_n(&guest->psi_us, __ATOMIC_RELAXED);
	g_autofree char *path = g_build_filename(self->pressure, domain, NULL);
	g_autofree char *text = g_strdup_printf("some avg10=0.00 avg60=0.00 avg300=0.00 total=%" G_GINT64_FORMAT "\n", psi_us);

	if (psi_us >= 0)
		pn_fs_write(path, text, strlen(text), NULL);
}

static void take_status(struct pn_controlled *controlled, struct pn_controlled_daemon *self)
{
	const json_t *guest;
	size_t k;

	memset(controlled->decided, 0, controlled->count * sizeof(*controlled->decided));
	json_array_foreach(json_object_get(self->status, "guests"), k, guest) {
		int i = index_of(controlled, json_string_value(json_object_get(guest, "name")));

		/* of a guest that it does not control yet it only says what it would keep for it */
		if (i < 0 || !json_is_true(json_object_get(guest, "control")))
			continue;
		controlled->decisions[i] = (struct pn_decision){
			.target_bytes = bytes_of(guest, "target_bytes"),
			.demand_bytes = bytes_of(guest, "demand_bytes"),
			.trust = find_name(pn_trust_names, PN_TRUST_COUNT, json_string_value(json_object_get(guest, "trust"))),
			.reason = find_name(pn_reason_names, PN_REASON_COUNT, json_string_value(json_object_get(guest, "reason"))),
		};
		controlled->decided[i] = true;
		pass_pressure(self, &controlled->guests[i], json_string_value(json_object_get(guest, "name")));
	}
}

/* One line of its log; an order is one of ours. */
static bool take_line(struct pn_controlled *controlled, const char *line)
{
	json_t *event = json_loads(line, 0, NULL);
	int i = index_of(controlled, json_string_value(json_object_get(event, "guest")));
	bool order = i >= 0 && !g_strcmp0(json_string_value(json_object_get(event, "event")), "target");

	if (order) {
		json_t *fields = json_pack("{s:s, s:O*, s:O*, s:O*, s:O*}", "guest", controlled->guests[i].name, "from_bytes",
					   json_object_get(event, "from_bytes"), "target_bytes", json_object_get(event, "target_bytes"), "reason",
					   json_object_get(event, "reason"), "trust", json_object_get(event, "trust"));

		pn_controlled_note(controlled, "order", fields);
	}
	json_decref(event);
	return order;
}

/* Return: orders since it was read last */
static unsigned int take_log(struct pn_controlled *controlled, struct pn_controlled_daemon *self)
{
	g_autofree char *text = NULL;
	unsigned int orders = 0;
	char *from, *end;
	size_t length;

	if (pn_fs_read(self->log, &text, &length, NULL) || length <= self->read)
		return 0;
	for (from = text + self->read; (end = strchr(from, '\n')); from = end + 1) {
		*end = '\0';
		orders += take_line(controlled, from);
	}
	self->read = (size_t)(from - text);
	return orders;
}

static void fail(struct pn_controlled *controlled, int err)
{
	if (err && !controlled->err)
		controlled->err = err;
}

/* Killed as soon as it has said its first order of a decision: the others it has made up its mind about are not sent, or are on their way. */
static void strike_daemon(struct pn_controlled *controlled, struct pn_controlled_daemon *self, const struct pn_controller_fault *fault,
			  struct pn_controlled_fault_state *state)
{
	uint64_t until_ns = MIN(controlled->began_ns + fault->at_ns + fault->for_ns, pn_clock_now_ns() + controlled->spec->tick_ns);

	while (!take_log(controlled, self)) {
		if (pn_clock_now_ns() >= until_ns || g_atomic_int_get(&controlled->ending))
			return;
		pn_clock_sleep_until(pn_clock_now_ns() + LOOK_NS);
	}
	kill_it(self, SIGKILL);
	pn_controlled_note_fault(controlled, fault, "fired");
	state->ticks = 1;
	g_clear_pointer(&self->status, json_decref); /* what it told before it died is over */
	fail(controlled, spawn(self, &controlled->diag));
}

static void strike_libvirtd(struct pn_controlled *controlled, struct pn_controlled_daemon *self, const struct pn_controller_fault *fault,
			    struct pn_controlled_fault_state *state, uint64_t now_ns)
{
	int err;

	if (!state->ticks) {
		fail(controlled, pn_libvirtd_kill(self->libvirtd, &controlled->diag));
		self->away = true;
		state->ticks = 1;
	} else if (state->ticks == 1 && !g_strcmp0(json_string_value(json_object_get(self->status, "state")), "not connected")) {
		pn_controlled_note_fault(controlled, fault, "fired"); /* only when the daemon has felt it */
		state->ticks = 2;
	} else if (self->away && now_ns >= controlled->began_ns + fault->at_ns + fault->for_ns) {
		err = pn_libvirtd_resume(self->libvirtd, &controlled->diag);
		err = err ? err : pn_host_again(self->host, &controlled->diag);
		self->away = err != 0;
		fail(controlled, err);
	}
}

static void strike(struct pn_controlled *controlled, struct pn_controlled_daemon *self, unsigned int index)
{
	const struct pn_controller_fault *fault = &controlled->spec->faults[index];
	struct pn_controlled_fault_state *state = &controlled->faults[index];
	uint64_t now_ns = pn_clock_now_ns();

	if (state->over || now_ns < controlled->began_ns + fault->at_ns)
		return;
	if (fault->kind == PN_CONTROLLER_LIBVIRTD)
		strike_libvirtd(controlled, self, fault, state, now_ns);
	else if (!state->ticks)
		strike_daemon(controlled, self, fault, state);
	if (state->ticks && !self->away && is_up(controlled, self)) {
		state->over = fault->kind != PN_CONTROLLER_LIBVIRTD || now_ns >= controlled->began_ns + fault->at_ns + fault->for_ns;
		if (state->over)
			pn_controlled_note_fault(controlled, fault, "over");
	}
}

void pn_controlled_daemon_tick(struct pn_controlled *controlled)
{
	struct pn_controlled_daemon *self = controlled->daemon;

	pn_controlled_look_at_all(controlled);
	ask(self);
	take_status(controlled, self);
	take_log(controlled, self);
	pn_controlled_note_tick(controlled, PN_UNSET);
	if (has_ended(self))
		fail(controlled, pn_diag_set(&controlled->diag, -EIO, "balloond has ended by itself; its words are in %s", self->log));
	for (unsigned int i = 0; i < controlled->spec->fault_count && !controlled->err; i++)
		strike(controlled, self, i);
}

int pn_controlled_daemon_stop(struct pn_controlled_daemon *daemon, struct pn_diag *diag)
{
	int err = 0;

	if (!daemon)
		return 0;
	kill_it(daemon, SIGTERM);
	if (daemon->away) {
		err = pn_libvirtd_resume(daemon->libvirtd, diag);
		err = err ? err : pn_host_again(daemon->host, diag);
	}
	if (daemon->dir_id > 0)
		pn_owned_release(daemon->dir_id, NULL);
	json_decref(daemon->status);
	g_free(daemon->dir);
	g_free(daemon->socket);
	g_free(daemon->pressure);
	g_free(daemon->program);
	g_free(daemon->config);
	g_free(daemon->log);
	g_free(daemon);
	return err;
}
