// SPDX-License-Identifier: GPL-2.0-only
/*
 * The owner record: JSON lines {"op":"own","id","kind","what"} and {"op":"gone","id"} in STATE/owners/PID-STARTTIME.
 * Invariant: a line "own" is in the file before the thing exists, "gone" only after it has gone. So at any instant, also
 * after kill -9, the file names a superset of what is there. The file goes with its last thing.
 */

#include "owned.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "diag.h"
#include "fs.h"
#include "journal.h"
#include "owned_kinds.h"

#define MAX_REGISTERED 16

static struct {
	pthread_mutex_t lock;
	struct pn_journal *journal;
	char *path;
	json_t *things; /* array of {"id","kind","what"}, oldest first */
	int last_id;
} self = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct pn_owned_kind *registered[MAX_REGISTERED];

const char *pn_owned_state_dir(void)
{
	static char *dir;
	const char *env = g_getenv("PUNCTURE_STATE");

	if (dir)
		return dir;
	if (env && *env)
		dir = g_strdup(env);
	else if (geteuid() == 0)
		dir = g_strdup("/run/puncture");
	else
		dir = g_build_filename(g_get_user_runtime_dir(), "puncture", NULL);
	pn_fs_mkdir_p(dir, NULL);
	return dir;
}

static char *owners_dir(void)
{
	return g_build_filename(pn_owned_state_dir(), "owners", NULL);
}

void pn_owned_register(const struct pn_owned_kind *kind)
{
	for (int i = 0; i < MAX_REGISTERED; i++) {
		if (registered[i] == kind)
			return;
		if (!registered[i]) {
			registered[i] = kind;
			return;
		}
	}
	g_error("more than %d kinds of owned things", MAX_REGISTERED);
}

static const struct pn_owned_kind *find_kind(const char *name)
{
	for (const struct pn_owned_kind *kind = pn_owned_kinds; kind->name; kind++)
		if (g_strcmp0(kind->name, name) == 0)
			return kind;
	for (int i = 0; i < MAX_REGISTERED && registered[i]; i++)
		if (g_strcmp0(registered[i]->name, name) == 0)
			return registered[i];
	return NULL;
}

static int record_open(struct pn_diag *diag)
{
	g_autofree char *dir = owners_dir();
	int pid = getpid(), err;

	if (self.journal)
		return 0;
	err = pn_fs_mkdir_p(dir, diag);
	if (err)
		return err;
	if (!self.things)
		self.things = json_array();
	g_free(self.path);
	self.path = g_strdup_printf("%s/%d-%llu", dir, pid, pn_owned_process_start(pid));
	return pn_journal_open(self.path, &self.journal, diag);
}

static void record_close(void)
{
	pn_journal_free(self.journal);
	self.journal = NULL;
	unlink(self.path);
}

int pn_owned_add(const char *kind, json_t *what, struct pn_diag *diag)
{
	json_t *thing;
	int id, err;

	if (!find_kind(kind)) {
		json_decref(what);
		return pn_diag_set(diag, -EINVAL, "nothing is known of things of kind '%s'", kind);
	}
	pthread_mutex_lock(&self.lock);
	err = record_open(diag);
	if (err) {
		pthread_mutex_unlock(&self.lock);
		json_decref(what);
		return err;
	}
	id = ++self.last_id;
	thing = json_pack("{s:i, s:s, s:o}", "id", id, "kind", kind, "what", what);
	err = pn_journal_add(self.journal, "own", json_incref(thing));
	if (err)
		pn_diag_set(diag, err, "can't write owner record %s: %s", self.path, g_strerror(-err));
	else
		json_array_append(self.things, thing);
	json_decref(thing);
	pthread_mutex_unlock(&self.lock);
	return err ? err : id;
}

static int thing_undo(const json_t *thing, struct pn_diag *diag)
{
	const struct pn_owned_kind *kind = find_kind(json_string_value(json_object_get(thing, "kind")));

	return kind ? kind->undo(json_object_get(thing, "what"), diag) : 0;
}

/* Called with the lock held. */
static void strike_out(size_t index)
{
	json_t *id = json_object_get(json_array_get(self.things, index), "id");

	pn_journal_add(self.journal, "gone", json_pack("{s:O}", "id", id));
	json_array_remove(self.things, index);
	if (json_array_size(self.things) == 0)
		record_close();
}

static size_t find_thing(int id)
{
	size_t index, none = json_array_size(self.things);
	json_t *thing;

	json_array_foreach(self.things, index, thing)
		if (json_integer_value(json_object_get(thing, "id")) == id)
			return index;
	return none;
}

int pn_owned_release(int id, struct pn_diag *diag)
{
	json_t *thing;
	int err;

	pthread_mutex_lock(&self.lock);
	thing = json_incref(json_array_get(self.things, find_thing(id)));
	pthread_mutex_unlock(&self.lock);
	if (!thing)
		return 0;
	err = thing_undo(thing, diag); /* may take seconds: not under the lock */
	json_decref(thing);
	if (!err)
		pn_owned_forget(id);
	return err;
}

void pn_owned_forget(int id)
{
	size_t index;

	pthread_mutex_lock(&self.lock);
	index = find_thing(id);
	if (index < json_array_size(self.things))
		strike_out(index);
	pthread_mutex_unlock(&self.lock);
}

int pn_owned_setting(const char *path, const char *value, struct pn_diag *diag)
{
	g_autofree char *old = NULL;
	int id, err = pn_owned_setting_read(path, &old, diag);

	if (err)
		return err;
	id = pn_owned_add("setting", json_pack("{s:s, s:s}", "path", path, "value", old), diag);
	if (id < 0)
		return id;
	err = pn_fs_write_setting(path, value, diag);
	if (err) {
		pn_owned_forget(id);
		return err;
	}
	return id;
}

int pn_owned_release_all(struct pn_diag *diag)
{
	int first = 0;

	for (size_t left = json_array_size(self.things); left-- > 0;) {
		json_t *thing = json_array_get(self.things, left);
		int err = pn_owned_release((int)json_integer_value(json_object_get(thing, "id")), diag);

		first = first ? first : err;
	}
	return first;
}

json_t *pn_owned_left(void)
{
	json_t *left = json_array(), *thing;
	size_t i;

	pthread_mutex_lock(&self.lock);
	json_array_foreach(self.things, i, thing)
		json_array_append_new(left, json_pack("{s:O, s:O}", "kind", json_object_get(thing, "kind"), "what", json_object_get(thing, "what")));
	pthread_mutex_unlock(&self.lock);
	return left;
}

void pn_owned_disown(void)
{
	pthread_mutex_init(&self.lock, NULL);
	pn_journal_free(self.journal);
	self.journal = NULL;
	json_decref(self.things);
	self.things = NULL;
}

/* What is left of a record: "own" without a later "gone", oldest first. */
static json_t *left_of(const json_t *records)
{
	json_t *left = json_array(), *record;
	size_t index;

	json_array_foreach(records, index, record) {
		json_int_t id = json_integer_value(json_object_get(record, "id"));

		if (g_strcmp0(json_string_value(json_object_get(record, "ev")), "own") == 0) {
			json_array_append(left, record);
			continue;
		}
		for (size_t i = 0; i < json_array_size(left); i++)
			if (json_integer_value(json_object_get(json_array_get(left, i), "id")) == id) {
				json_array_remove(left, i);
				break;
			}
	}
	return left;
}

static int repair_things(const char *owner, const json_t *things, json_t *repaired, struct pn_diag *diag)
{
	int first = 0;

	for (size_t i = json_array_size(things); i-- > 0;) {
		json_t *thing = json_array_get(things, i);
		int err = thing_undo(thing, diag);

		first = first ? first : err;
		if (!err && repaired)
			json_array_append_new(repaired, json_pack("{s:s, s:O, s:O}", "owner", owner, "kind", json_object_get(thing, "kind"), "what",
								  json_object_get(thing, "what")));
	}
	return first;
}

/* Under a lock on the record itself, so that two repairs at once do it once. What could not be undone keeps its record. */
static int repair_owner(const char *dir, const char *owner, json_t *repaired, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, owner, NULL);
	json_t *records = NULL, *things;
	unsigned long long start;
	int pid, fd, err;

	if (sscanf(owner, "%d-%llu", &pid, &start) != 2 || pn_owned_process_start(pid) == start)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || access(path, F_OK) < 0) {
		close(fd);
		return 0;
	}
	err = pn_journal_read(path, &records, diag);
	if (!err) {
		things = left_of(records);
		err = repair_things(owner, things, repaired, diag);
		json_decref(things);
		json_decref(records);
	}
	if (!err)
		unlink(path);
	close(fd);
	return err;
}

int pn_owned_repair(json_t **ret_repaired, struct pn_diag *diag)
{
	g_autofree char *path = owners_dir();
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	json_t *repaired = json_array();
	const char *owner;
	int first = 0;

	while (dir && (owner = g_dir_read_name(dir))) {
		int err = repair_owner(path, owner, repaired, diag);

		first = first ? first : err;
	}
	if (ret_repaired)
		*ret_repaired = repaired;
	else
		json_decref(repaired);
	return first;
}
