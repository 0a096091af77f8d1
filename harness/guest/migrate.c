// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest moved: a migration that goes nowhere, its cancelling, and moving into another QEMU, through a file (save and restore) or a
 * socket pair (live, on this host).
 *
 * Invariant: after any of them, failed or not, the guest runs in one QEMU or has gone; the migration's stream goes through descriptors that
 * both ends are handed, so no path is left behind.
 */
#include "migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "private.h"

#define COMMAND_NS (10 * PN_NS_PER_S)
#define POLL_NS (10 * PN_NS_PER_MS)
#define STREAM "pn-stream"

int pn_migrate_status(struct pn_guest *guest, char status[PN_MIGRATE_STATUS_MAX], struct pn_diag *diag)
{
	json_t *reply = NULL;
	int err = pn_guest_monitor(guest, "query-migrate", NULL, -1, COMMAND_NS, &reply, NULL, diag);

	if (err)
		return err;
	g_strlcpy(status, json_string_value(json_object_get(reply, "status")) ?: "none", PN_MIGRATE_STATUS_MAX);
	json_decref(reply);
	return 0;
}

static bool is_over(const char *status)
{
	return strcmp(status, "none") == 0 || strcmp(status, "cancelled") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "completed") == 0;
}

int pn_migrate_wait(struct pn_guest *guest, uint64_t timeout_ns, char status[PN_MIGRATE_STATUS_MAX], struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + timeout_ns;
	int err;

	for (;;) {
		err = pn_migrate_status(guest, status, diag);
		if (err || is_over(status))
			return err;
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "guest '%s': the migration is still %s after %llu s", guest->name, status,
					   (unsigned long long)(timeout_ns / PN_NS_PER_S));
		pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
}

int pn_migrate_limit(struct pn_guest *guest, const char *parameter, uint64_t bytes_per_s, struct pn_diag *diag)
{
	json_t *limit = json_pack("{s:I}", parameter, (json_int_t)MIN(bytes_per_s, INT64_MAX));
	int err = pn_guest_monitor(guest, "migrate-set-parameters", limit, -1, COMMAND_NS, NULL, NULL, diag);

	json_decref(limit);
	return err;
}

int pn_migrate_begin(struct pn_guest *guest, const char *command, int fd, uint64_t bytes_per_s, struct pn_diag *diag)
{
	json_t *name = json_pack("{s:s}", "fdname", STREAM);
	json_t *where = json_pack("{s:s}", "uri", "fd:" STREAM);
	int err = bytes_per_s ? pn_migrate_limit(guest, "max-bandwidth", bytes_per_s, diag) : 0;

	if (!err)
		err = pn_guest_monitor(guest, "getfd", name, fd, COMMAND_NS, NULL, NULL, diag);
	if (!err)
		err = pn_guest_monitor(guest, command, where, -1, COMMAND_NS, NULL, NULL, diag);
	json_decref(name);
	json_decref(where);
	return err;
}

int pn_migrate_act_nowhere(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	json_t *limit = json_object_get(args, "bytes_per_s");
	int fd, err;

	if (!json_is_integer(limit) || json_integer_value(limit) <= 0)
		return pn_diag_set(diag, -EINVAL, "migrate-nowhere: no \"bytes_per_s\" given");
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return pn_diag_set(diag, -errno, "/dev/null: %s", g_strerror(errno));
	err = pn_migrate_begin(guest, "migrate", fd, (uint64_t)json_integer_value(limit), diag);
	close(fd);
	return err;
}

int pn_migrate_act_cancel(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	char status[PN_MIGRATE_STATUS_MAX];
	int err = pn_guest_monitor(guest, "migrate_cancel", NULL, -1, COMMAND_NS, NULL, NULL, diag);

	if (!err)
		err = pn_migrate_wait(guest, timeout_ns, status, diag);
	/* One that was faster than the cancelling has stopped the guest. */
	if (!err && strcmp(status, "completed") == 0)
		err = pn_guest_monitor(guest, "cont", NULL, -1, COMMAND_NS, NULL, NULL, diag);
	if (!err && ret_reply)
		*ret_reply = json_pack("{s:s}", "status", status);
	return err;
}

static int check_moves(struct pn_guest *guest, struct pn_diag *diag)
{
	return guest->ops->move ? 0 : pn_diag_set(diag, -ENOTSUP, "move: this kind of guest has no QEMU to move into");
}

int pn_migrate_act_move_ahead(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	int err = check_moves(guest, diag);

	return err || guest->ahead ? err : guest->ops->move_ahead(guest, diag);
}

int pn_migrate_act_move(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	static const char *const words[] = {
		[PN_MIGRATE_BY_FILE] = "file", [PN_MIGRATE_BY_SOCKET] = "socket", [PN_MIGRATE_BY_POSTCOPY] = "postcopy"
	};
	const char *word = json_string_value(json_object_get(args, "by"));
	json_int_t bytes_per_s = json_integer_value(json_object_get(args, "bytes_per_s"));
	unsigned int by = 0;
	json_t *event;
	int err;

	while (by < G_N_ELEMENTS(words) && g_strcmp0(word, words[by]))
		by++;
	if (by == G_N_ELEMENTS(words))
		return pn_diag_set(diag, -EINVAL, "move: by: '%s' is not accepted; expected file, socket or postcopy", word ? word : "");
	if (by == PN_MIGRATE_BY_POSTCOPY && bytes_per_s <= 0)
		return pn_diag_set(diag, -EINVAL, "move: postcopy: no \"bytes_per_s\" given");
	err = check_moves(guest, diag);
	if (!err)
		err = pn_migrate_act_cancel(guest, NULL, COMMAND_NS, NULL, diag);
	if (!err)
		err = guest->ops->move(guest, by, (uint64_t)bytes_per_s, diag);
	if (err)
		return err;
	event = json_pack("{s:s}", "ev", "moved");
	pn_guest_tell(guest, event, pn_clock_now_ns());
	json_decref(event);
	return 0;
}

int pn_migrate_act_move_end(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	char status[PN_MIGRATE_STATUS_MAX];
	int err, stop_err;

	if (!guest->behind)
		return 0;
	err = pn_migrate_limit(guest->behind, "max-postcopy-bandwidth", 0, diag);
	if (!err)
		err = pn_migrate_wait(guest, timeout_ns, status, diag);
	if (!err && strcmp(status, "completed"))
		err = pn_diag_set(diag, -EIO, "guest '%s': the migration is %s", guest->name, status);
	stop_err = pn_guest_stop(g_steal_pointer(&guest->behind), err ? NULL : diag);
	return err ?: stop_err;
}
