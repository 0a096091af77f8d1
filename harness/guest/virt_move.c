// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest goes on in another QEMU. The other one is a guest of its own until it has everything; then the two exchange what stands behind
 * them, and the old QEMU is ended under the other's name. So whoever holds the guest notices a pause, another process id and a new
 * conversation with the agent.
 *
 * Under TCG the guest is stopped while it migrates: QEMU 7.2 loses writes of a running one there (seen as a count of the guest's kernel that
 * went back by one block of the balloon), which would be blamed on the driver.
 *
 * By postcopy it runs in the new QEMU while most of its memory is in the old one still, which lives on behind it until move-end.
 *
 * Limits: the new QEMU has no TCG plugin, so instruction counts end here; guests on huge pages need room for two.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "calls.h"
#include "channel.h"
#include "tamper.h"
#include "virt.h"

#define COMMAND_NS (10 * PN_NS_PER_S)
#define MOVE_NS (120 * PN_NS_PER_S)
#define WAKE_NS (30 * PN_NS_PER_S)
#define QUIET_NS (20 * PN_NS_PER_S)
#define POLL_NS (10 * PN_NS_PER_MS)
#define PRECOPY_BYTES_PER_S (4 * PN_MIB) /* so that it is not over before the postcopy begins */

/** struct journey - the two ends of the stream */
struct journey {
	struct pn_guest *guest, *twin;
	enum pn_migrate_by by;
	uint64_t bytes_per_s; /* of a postcopy */
	int out_fd, in_fd;
	int file_id;
};

static int complete(struct pn_guest *guest, struct pn_diag *diag)
{
	char status[PN_MIGRATE_STATUS_MAX];
	int err = pn_migrate_wait(guest, MOVE_NS, status, diag);

	if (!err && strcmp(status, "completed"))
		err = pn_diag_set(diag, -EIO, "guest '%s': the migration is %s", guest->name, status);
	return err;
}

static int open_file(struct journey *journey, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(journey->guest->dir, "moved.state", NULL);
	int id = pn_owned_add("file", json_pack("{s:s}", "path", path), diag);

	if (id < 0)
		return id;
	journey->file_id = id;
	journey->out_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	journey->in_fd = journey->out_fd < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	return journey->in_fd < 0 ? pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno)) : 0;
}

/* Stopped first, as virsh save does it: what is written is one instant of the guest. */
static int by_file(struct journey *journey, struct pn_diag *diag)
{
	int err = open_file(journey, diag);

	if (!err)
		err = pn_guest_monitor(journey->guest, "stop", NULL, -1, COMMAND_NS, NULL, NULL, diag);
	if (!err)
		err = pn_migrate_begin(journey->guest, "migrate", journey->out_fd, INT64_MAX, diag);
	if (!err)
		err = complete(journey->guest, diag);
	if (!err)
		err = pn_migrate_begin(journey->twin, "migrate-incoming", journey->in_fd, 0, diag);
	return err ? err : complete(journey->twin, diag);
}

static int open_sockets(struct journey *journey, struct pn_diag *diag)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return pn_diag_set(diag, -errno, "migration: %s", g_strerror(errno));
	journey->out_fd = fds[0];
	journey->in_fd = fds[1];
	return 0;
}

/* QEMU has them: should one of the two die, the other must see it. */
static void close_sockets(struct journey *journey)
{
	close(journey->out_fd);
	close(journey->in_fd);
	journey->out_fd = journey->in_fd = -1;
}

static int begin_by_socket(struct journey *journey, uint64_t bytes_per_s, struct pn_diag *diag)
{
	int err = open_sockets(journey, diag);

	if (err)
		return err;
	err = pn_migrate_begin(journey->twin, "migrate-incoming", journey->in_fd, 0, diag);
	if (!err && journey->guest->machine.accel == PN_ACCEL_TCG)
		err = pn_guest_monitor(journey->guest, "stop", NULL, -1, COMMAND_NS, NULL, NULL, diag);
	if (!err)
		err = pn_migrate_begin(journey->guest, "migrate", journey->out_fd, bytes_per_s, diag);
	close_sockets(journey);
	return err;
}

static int by_socket(struct journey *journey, struct pn_diag *diag)
{
	int err = begin_by_socket(journey, INT64_MAX, diag);

	if (!err)
		err = complete(journey->guest, diag);
	return err ? err : complete(journey->twin, diag);
}

static int allow_postcopy(struct pn_guest *guest, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", "postcopy-ram", "state", 1);
	int err = pn_guest_monitor(guest, "migrate-set-capabilities", args, -1, COMMAND_NS, NULL, NULL, diag);

	json_decref(args);
	return err;
}

static int wait_for(struct pn_guest *guest, const char *wanted, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + MOVE_NS;
	char status[PN_MIGRATE_STATUS_MAX];
	int err;

	for (;;) {
		err = pn_migrate_status(guest, status, diag);
		if (err || !strcmp(status, wanted))
			return err;
		if (!strcmp(status, "failed") || !strcmp(status, "completed") || pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -EIO, "guest '%s': the migration is %s; it was to be %s", guest->name, status, wanted);
		pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
}

/* Until the new QEMU has all but the memory. */
static int by_postcopy(struct journey *journey, struct pn_diag *diag)
{
	int err = allow_postcopy(journey->twin, diag);

	if (!err)
		err = allow_postcopy(journey->guest, diag);
	if (!err)
		err = pn_migrate_limit(journey->guest, "max-postcopy-bandwidth", journey->bytes_per_s, diag);
	if (!err)
		err = begin_by_socket(journey, PRECOPY_BYTES_PER_S, diag);
	if (!err)
		err = wait_for(journey->guest, "active", diag);
	if (!err)
		err = pn_guest_monitor(journey->guest, "migrate-start-postcopy", NULL, -1, COMMAND_NS, NULL, NULL, diag);
	return err ? err : wait_for(journey->twin, "postcopy-active", diag);
}

static int by_any(struct journey *journey, struct pn_diag *diag)
{
	switch (journey->by) {
	case PN_MIGRATE_BY_FILE:
		return by_file(journey, diag);
	case PN_MIGRATE_BY_SOCKET:
		return by_socket(journey, diag);
	case PN_MIGRATE_BY_POSTCOPY:
		return by_postcopy(journey, diag);
	}
	return -EINVAL;
}

/* From here on the guest is the new QEMU, and the twin the old one. The disks stay with the guest. */
static void exchange(struct journey *journey)
{
	struct pn_guest *guest = journey->guest, *twin = journey->twin;
	struct pn_virt *host = guest->host->backend;
	struct pn_virt_guest *old = guest->backend, *new = twin->backend;

	g_mutex_lock(&guest->query_lock);
	g_mutex_lock(&host->lock);
	g_mutex_lock(&guest->lock);
	guest->backend = new;
	twin->backend = old;
	new->swap_id = old->swap_id;
	new->data_id = old->data_id;
	old->swap_id = old->data_id = 0;
	g_mutex_unlock(&guest->lock);
	g_hash_table_insert(host->guests, old->uuid, twin);
	g_hash_table_insert(host->guests, new->uuid, guest);
	g_mutex_unlock(&host->lock);
	g_mutex_unlock(&guest->query_lock);
}

static int wake(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_virt_guest *virt = guest->backend;
	int err = pn_guest_monitor(guest, "cont", NULL, -1, WAKE_NS, NULL, NULL, diag), fd;

	if (err)
		return err;
	fd = pn_channel_dial(virt->agent_path, diag);
	if (fd < 0)
		return fd;
	err = pn_channel_redial(guest->channel, fd);
	return err ? pn_diag_set(diag, err, "guest '%s' has gone while it moved", guest->name) : pn_guest_greet(guest, WAKE_NS, NULL, diag);
}

static struct pn_guest *make_twin(struct pn_guest *guest)
{
	struct pn_guest_config config = { .name = guest->name, .machine = &guest->machine, .dir = guest->dir };
	struct pn_guest *twin = pn_guest_new(guest->host, &config);

	twin->machine.unpinned = true;
	twin->swap_path = g_strdup(guest->swap_path);
	twin->swap_socket = g_strdup(guest->swap_socket);
	twin->data_path = g_strdup(guest->data_path);
	twin->calls = pn_calls_new(twin->ops->monitor, twin);
	return twin;
}

static int travel(struct journey *journey, struct pn_diag *diag)
{
	int err;

	/* Those still under way after that fail as of a connection that has gone. */
	pn_channel_hold(journey->guest->channel, QUIET_NS);
	err = by_any(journey, diag);
	if (!err) {
		exchange(journey);
		pn_tamper_hang_up(journey->guest); /* the QEMU it is in now has no watcher */
		return wake(journey->guest, diag);
	}
	pn_virt_explain(journey->twin, diag);
	/* Back to where it was, as far as that still lives. */
	pn_channel_release(journey->guest->channel);
	pn_migrate_act_cancel(journey->guest, NULL, COMMAND_NS, NULL, NULL);
	pn_guest_monitor(journey->guest, "cont", NULL, -1, COMMAND_NS, NULL, NULL, NULL);
	return err;
}

static void journal_plugin(struct pn_guest *guest)
{
	if (guest->pin && guest->journal)
		pn_journal_add(guest->journal, "unsupported",
			       json_pack("{s:s,s:s}", "name", "pin", "reason", "the guest has moved into a QEMU without the plugin"));
}

int pn_virt_move_ahead(struct pn_guest *guest, struct pn_diag *diag)
{
	struct pn_guest *twin;
	struct pn_virt_boot boot;
	int err = pn_virt_boot_get(&guest->machine, &boot, diag);

	if (err)
		return err;
	boot.joins = true;
	twin = make_twin(guest);
	err = pn_virt_create(twin, &boot, true, diag);
	if (err) {
		pn_virt_explain(twin, diag);
		pn_guest_stop(twin, NULL);
	} else {
		guest->ahead = twin;
	}
	pn_virt_boot_clear(&boot);
	return err;
}

int pn_virt_move(struct pn_guest *guest, enum pn_migrate_by by, uint64_t bytes_per_s, struct pn_diag *diag)
{
	struct journey journey = { .guest = guest, .by = by, .bytes_per_s = bytes_per_s, .out_fd = -1, .in_fd = -1 };
	int err, stop_err = 0;

	if (guest->behind)
		return pn_diag_set(diag, -EBUSY, "guest '%s' has not come out of another QEMU whole yet", guest->name);
	err = guest->ahead ? 0 : pn_virt_move_ahead(guest, diag);
	if (err)
		return err;
	journey.twin = g_steal_pointer(&guest->ahead);
	err = travel(&journey, diag);
	if (!err && by == PN_MIGRATE_BY_POSTCOPY)
		guest->behind = journey.twin;
	else
		stop_err = pn_guest_stop(journey.twin, err ? NULL : diag);
	if (journey.out_fd >= 0)
		close(journey.out_fd);
	if (journey.in_fd >= 0)
		close(journey.in_fd);
	if (journey.file_id)
		pn_owned_release(journey.file_id, NULL);
	if (!err)
		journal_plugin(guest);
	return err ?: stop_err;
}
