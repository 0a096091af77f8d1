// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop of a law over real guests. Guests are looked at side by side, so one whose monitor hangs costs the others its timeout and no more; targets go
 * out one after the other, those that fall first.
 */
#include "controlled.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "controlled_private.h"

#define QUERY_TIMEOUT_NS (300 * PN_NS_PER_MS)
#define ORDER_TIMEOUT_NS (500 * PN_NS_PER_MS)

void pn_controlled_note(struct pn_controlled *self, const char *ev, json_t *fields)
{
	int err = pn_journal_add(self->journal, ev, fields);

	if (err && !self->err)
		self->err = err;
}

/* A law begins from the sizes that it finds, as one that was started anew must. */
static int begin_law(struct pn_controlled *self)
{
	g_autofree uint64_t *targets = g_new0(uint64_t, self->count);

	for (unsigned int i = 0; i < self->count; i++)
		targets[i] = self->guests[i].target_bytes;
	self->state = self->law->new(&self->config, self->limits, targets, self->count);
	return self->state ? 0 : -EINVAL;
}

/* A guest has been given more memory: a law of the new sizes, which knows what the old one knew. */
static void resize_law(struct pn_controlled *self)
{
	void *old = self->state;

	if (begin_law(self)) {
		self->state = old;
		self->err = self->err ? self->err : -EINVAL;
		return;
	}
	for (unsigned int i = 0; self->law->adopt && i < self->count; i++)
		self->law->adopt(self->state, i, old, i);
	self->law->free(old);
}

static void follow_sizes(struct pn_controlled *self)
{
	bool changed = false;

	for (unsigned int i = 0; i < self->count; i++) {
		if (self->limits[i].max_bytes == self->guests[i].memory_bytes)
			continue;
		changed = true;
		/* the balloon is as large as it was: what it was told leaves so much more now, and it is told again */
		self->guests[i].target_bytes += self->guests[i].memory_bytes - self->limits[i].max_bytes;
		self->limits[i].max_bytes = self->guests[i].memory_bytes;
	}
	if (changed)
		resize_law(self);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * PN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void look_one(gpointer data, gpointer user)
{
	struct pn_controlled *self = user;
	unsigned int i = GPOINTER_TO_UINT(data) - 1;

	pn_controlled_look(&self->guests[i], QUERY_TIMEOUT_NS, &self->observations[i]);
}

void pn_controlled_look_at_all(struct pn_controlled *self)
{
	GThreadPool *pool = g_thread_pool_new(look_one, self, (int)self->count, FALSE, NULL);

	for (unsigned int i = 0; i < self->count; i++)
		g_thread_pool_push(pool, GUINT_TO_POINTER(i + 1), NULL);
	g_thread_pool_free(pool, FALSE, TRUE);
}

void pn_controlled_note_fault(struct pn_controlled *self, const struct pn_controller_fault *fault, const char *state)
{
	pn_controlled_note(self, "fault",
	     json_pack("{s:s, s:s, s:s}", "name", pn_controller_fault_names[fault->kind], "guest", fault->guest ? fault->guest : "", "state", state));
}

static void spoil(struct pn_controlled *self, unsigned int index, uint64_t now_ns)
{
	const struct pn_controller_fault *fault = &self->spec->faults[index];
	struct pn_controlled_fault_state *state = &self->faults[index];
	uint64_t from_ns = self->began_ns + fault->at_ns;

	if (fault->kind == PN_CONTROLLER_KILL || fault->kind == PN_CONTROLLER_LIBVIRTD || state->over || now_ns < from_ns)
		return;
	if (now_ns >= from_ns + fault->for_ns && state->ticks) {
		state->over = true;
		pn_controlled_note_fault(self, fault, "over");
		return;
	}
	if (!state->ticks++) {
		memcpy(state->before, self->observations, self->count * sizeof(*state->before));
		pn_controlled_note_fault(self, fault, "fired");
	}
	for (unsigned int i = 0; i < self->count; i++)
		if (!fault->guest || strcmp(fault->guest, self->guests[i].name) == 0)
			pn_controlled_spoil(fault->kind, &state->before[i], state->ticks, self->guests[i].memory_bytes, &self->observations[i]);
}

/* the fault that is to kill the law now, after its first order of this tick; NULL: none */
static const struct pn_controller_fault *killing(struct pn_controlled *self, uint64_t now_ns)
{
	for (unsigned int i = 0; i < self->spec->fault_count; i++)
		if (self->spec->faults[i].kind == PN_CONTROLLER_KILL && !self->faults[i].over && now_ns >= self->began_ns + self->spec->faults[i].at_ns)
			return &self->spec->faults[i];
	return NULL;
}

static void order(struct pn_controlled *self, unsigned int i)
{
	struct pn_controlled_guest *guest = &self->guests[i];
	const struct pn_decision *decision = &self->decisions[i];
	uint64_t balloon = guest->memory_bytes - MIN(decision->target_bytes, guest->memory_bytes);
	struct pn_action action = {.verb = "balloon", .args = json_pack("{s:I}", "bytes", (json_int_t)balloon), .timeout_ns = ORDER_TIMEOUT_NS};
	int err = pn_guest_act(guest->guest, &action, NULL, NULL);

	json_decref(action.args);
	pn_controlled_note(self, "order",
	     json_pack("{s:s, s:I, s:I, s:s, s:s, s:i}", "guest", guest->name, "from_bytes", (json_int_t)guest->target_bytes, "target_bytes",
		       (json_int_t)decision->target_bytes, "reason", pn_reason_names[decision->reason], "trust", pn_trust_names[decision->trust], "error", -err));
	/* a monitor that is late may still do it: it counts as done, which is the safe side of the books */
	guest->target_bytes = decision->target_bytes;
}

/* Return: was the law killed in between? */
static bool order_some(struct pn_controlled *self, bool falling, const struct pn_controller_fault *kill)
{
	for (unsigned int i = 0; i < self->count; i++) {
		const struct pn_decision *decision = &self->decisions[i];

		if ((decision->target_bytes < self->guests[i].target_bytes) != falling)
			continue;
		if (decision->target_bytes == self->guests[i].target_bytes && !decision->retry)
			continue;
		order(self, i);
		if (kill)
			return true;
	}
	return false;
}

static void restart(struct pn_controlled *self, const struct pn_controller_fault *fault)
{
	pn_controlled_note_fault(self, fault, "fired");
	self->faults[fault - self->spec->faults].over = true;
	self->law->free(self->state);
	pn_controlled_look_at_all(self);
	for (unsigned int i = 0; i < self->count; i++)
		if (self->observations[i].actual_bytes != PN_UNSET)
			self->guests[i].target_bytes = self->observations[i].actual_bytes;
	if (begin_law(self) && !self->err)
		self->err = -EINVAL;
	pn_controlled_note_fault(self, fault, "over");
}

static void set_bytes(json_t *fields, const char *key, uint64_t bytes)
{
	if (bytes != PN_UNSET)
		json_object_set_new(fields, key, json_integer((json_int_t)bytes));
}

static void set_decision(json_t *one, const struct pn_decision *decision)
{
	json_object_set_new(one, "trust", json_string(pn_trust_names[decision->trust]));
	json_object_set_new(one, "reason", json_string(pn_reason_names[decision->reason]));
	set_bytes(one, "target_bytes", decision->target_bytes);
	set_bytes(one, "demand_bytes", decision->demand_bytes);
	if (decision->bound_bytes)
		set_bytes(one, "bound_bytes", decision->bound_bytes);
}

void pn_controlled_note_tick(struct pn_controlled *self, uint64_t decision_ns)
{
	json_t *guests = json_object(), *fields = json_pack("{s:o}", "guests", guests);

	set_bytes(fields, "decision_ns", decision_ns);
	for (unsigned int i = 0; i < self->count; i++) {
		const struct pn_observation *o = &self->observations[i];
		json_t *one = json_object();

		if (self->decided[i])
			set_decision(one, &self->decisions[i]);
		set_bytes(one, "memory_bytes", self->guests[i].memory_bytes);
		set_bytes(one, "actual_bytes", o->actual_bytes);
		set_bytes(one, "resident_bytes", o->resident_bytes);
		if (o->total_bytes != PN_UNSET && o->available_bytes != PN_UNSET && o->available_bytes <= o->total_bytes)
			set_bytes(one, "used_bytes", o->total_bytes - o->available_bytes);
		json_object_set_new(guests, self->guests[i].name, one);
	}
	pn_controlled_note(self, "tick", fields);
}

static void enforce(struct pn_controlled *self, unsigned int i)
{
	int err = pn_controlled_bounds_set(self->bounds, i, &self->guests[i], self->decisions[i].bound_bytes, self->observations[i].resident_bytes, NULL);

	if (err && err != -ENOENT && !self->err) /* its QEMU may have gone */
		self->err = err;
}

static void tick(struct pn_controlled *self)
{
	uint64_t now_ns, began_ns;
	const struct pn_controller_fault *kill;

	pn_controlled_look_at_all(self);
	now_ns = pn_clock_now_ns();
	for (unsigned int i = 0; i < self->spec->fault_count; i++)
		spoil(self, i, now_ns);
	follow_sizes(self);
	memset(self->decisions, 0, self->count * sizeof(*self->decisions)); /* laws other than ours leave most of it */
	memset(self->decided, 1, self->count * sizeof(*self->decided));
	began_ns = cpu_ns();
	self->law->step(self->state, self->observations, now_ns, self->decisions);
	pn_controlled_note_tick(self, cpu_ns() - began_ns);
	/* before the targets: nobody may grow into what its bound does not allow yet */
	for (unsigned int i = 0; self->bounds && i < self->count; i++)
		enforce(self, i);
	kill = killing(self, now_ns);
	if (order_some(self, true, kill) || order_some(self, false, kill))
		restart(self, kill);
}

static gpointer run(gpointer data)
{
	struct pn_controlled *self = data;
	uint64_t due_ns = self->began_ns;

	while (!g_atomic_int_get(&self->ending) && !self->err) {
		uint64_t now_ns;

		if (self->daemon)
			pn_controlled_daemon_tick(self);
		else
			tick(self);
		due_ns = MAX(due_ns + self->spec->tick_ns, pn_clock_now_ns());
		while ((now_ns = pn_clock_now_ns()) < due_ns && !g_atomic_int_get(&self->ending))
			g_usleep(MIN(due_ns - now_ns, 50 * PN_NS_PER_MS) / 1000 + 1);
	}
	return NULL;
}

static void fill(struct pn_controlled *self, struct pn_guest *const *guests)
{
	self->config = pn_policy_defaults();
	self->config.capacity_bytes = self->spec->host_bytes;
	self->config.reserve_bytes = self->spec->reserve_bytes;
	self->config.bounds_enforced = self->spec->cgroups;
	for (unsigned int i = 0; i < self->count; i++) {
		const struct pn_scenario *guest = self->scenario->members[i];

		pn_controlled_open(&self->guests[i], guests[i], guest);
		self->guests[i].target_bytes = guest->guest.memory_bytes; /* no target has been set so far */
		self->limits[i] = (struct pn_policy_guest){.min_bytes = self->spec->min_bytes, .max_bytes = guest->guest.memory_bytes, .weight = 1};
	}
}

static void free_all(struct pn_controlled *self)
{
	if (self->state)
		self->law->free(self->state);
	for (unsigned int i = 0; i < self->count; i++)
		pn_controlled_close(&self->guests[i]);
	for (unsigned int i = 0; i < self->spec->fault_count; i++)
		g_free(self->faults[i].before);
	pn_journal_free(self->journal);
	g_free(self->guests);
	g_free(self->limits);
	g_free(self->observations);
	g_free(self->decisions);
	g_free(self->decided);
	g_free(self->faults);
	g_free(self->case_dir);
	g_free(self);
}

static struct pn_controlled *make(const struct pn_scenario *scenario, struct pn_guest *const *guests, const char *case_dir)
{
	struct pn_controlled *self = g_new0(struct pn_controlled, 1);

	self->scenario = scenario;
	self->spec = &scenario->controller;
	self->law = pn_law_find(self->spec->law);
	self->case_dir = g_strdup(case_dir);
	self->count = scenario->member_count;
	self->guests = g_new0(struct pn_controlled_guest, self->count);
	self->limits = g_new0(struct pn_policy_guest, self->count);
	self->observations = g_new0(struct pn_observation, self->count);
	self->decisions = g_new0(struct pn_decision, self->count);
	self->decided = g_new0(bool, self->count);
	self->faults = g_new0(struct pn_controlled_fault_state, self->spec->fault_count + 1);
	for (unsigned int i = 0; i < self->spec->fault_count; i++)
		self->faults[i].before = g_new0(struct pn_observation, self->count);
	fill(self, guests);
	return self;
}

int pn_controlled_start(const struct pn_controlled_config *config, struct pn_controlled **ret_controlled, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(config->case_dir, "controller.jsonl", NULL);
	struct pn_controlled *self = make(config->scenario, config->guests, config->case_dir);
	int err = self->law ? begin_law(self) : -EINVAL;

	if (err)
		pn_diag_set(diag, err, "the law '%s' refuses these guests: is the least of all of them more than the host has?", self->spec->law);
	else
		err = pn_journal_open(path, &self->journal, diag);
	if (!err && self->spec->cgroups)
		err = pn_controlled_bounds_new(self->guests, self->count, &self->bounds, diag);
	if (!err)
		pn_controlled_note(self, "controller",
				   json_pack("{s:s, s:b, s:I, s:I, s:I}", "law", self->law->name, "daemon", self->spec->daemon, "host_bytes",
					     (json_int_t)self->spec->host_bytes, "reserve_bytes", (json_int_t)self->spec->reserve_bytes, "tick_ns",
					     (json_int_t)self->spec->tick_ns));
	self->began_ns = pn_clock_now_ns();
	if (!err && self->spec->daemon)
		err = pn_controlled_daemon_start(self, config->host, config->libvirtd, diag);
	if (err) {
		free_all(self);
		return err;
	}
	self->thread = g_thread_new("controller", run, self);
	*ret_controlled = self;
	return 0;
}

static int write_judgement(const struct pn_controlled *self, struct pn_diag *diag)
{
	g_autofree char *from = g_build_filename(self->case_dir, "controller.jsonl", NULL), *to = g_build_filename(self->case_dir, "controller.json", NULL);
	json_t *records = NULL, *judgement;
	int err = pn_journal_read(from, &records, diag);
	char *text;

	if (err)
		return err;
	judgement = pn_controlled_judge(self->scenario, records);
	text = json_dumps(judgement, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	err = pn_fs_write(to, text, strlen(text), diag);
	free(text);
	json_decref(judgement);
	json_decref(records);
	return err;
}

int pn_controlled_stop(struct pn_controlled *controlled, struct pn_diag *diag)
{
	int err, daemon_err;

	if (!controlled)
		return 0;
	g_atomic_int_set(&controlled->ending, 1);
	g_thread_join(controlled->thread);
	daemon_err = pn_controlled_daemon_stop(controlled->daemon, diag);
	if (controlled->bounds)
		pn_controlled_note(controlled, "bounds", json_pack("{s:o}", "hits", pn_controlled_bounds_hits(controlled->bounds, controlled->guests)));
	err = pn_controlled_bounds_free(controlled->bounds, daemon_err ? NULL : diag);
	err = daemon_err ? daemon_err : err;
	if (!err && controlled->err)
		err = pn_diag_set(diag, controlled->err, "controller: %s", controlled->diag.text[0] ? controlled->diag.text : g_strerror(-controlled->err));
	err = err ? err : write_judgement(controlled, diag);
	free_all(controlled);
	return err;
}
