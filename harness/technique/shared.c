// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host-wide settings, taken and restored. The record of what is owned knows old values only as long as nobody else changes them: two runs that both
 * save and restore would leave one's values behind, hence the lock.
 */
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/file.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/owned.h"
#include "../base/units.h"

#define WAIT_NS (120 * PN_NS_PER_S)
#define POLL_US 100000
#define SETTINGS_MAX 8

/** struct share - one lock's; all under @lock */
struct share {
	unsigned int users;
	int fd;
	int ids[SETTINGS_MAX];
	size_t count;
};

static GMutex lock;
static GHashTable *shares;

static int take_lock(const char *name, int *ret_fd, struct pn_diag *diag)
{
	g_autofree char *file = g_strconcat(name, ".lock", NULL), *path = g_build_filename(pn_owned_state_dir(), file, NULL);
	uint64_t deadline_ns = pn_clock_now_ns() + WAIT_NS;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || pn_clock_now_ns() >= deadline_ns) {
			close(fd);
			return pn_diag_set(diag, -EBUSY, "another run uses %s of this host: %s is locked", name, path);
		}
		g_usleep(POLL_US);
	}
	*ret_fd = fd;
	return 0;
}

static int restore(struct share *share, struct pn_diag *diag)
{
	int first = 0;

	while (share->count) {
		int r = pn_owned_release(share->ids[--share->count], first ? NULL : diag);

		first = first ? first : r;
	}
	close(share->fd);
	return first;
}

static int first_user(struct share *share, const char *name, const struct pn_shared_setting *settings, size_t count, struct pn_diag *diag)
{
	int r = take_lock(name, &share->fd, diag);

	for (size_t i = 0; r >= 0 && i < MIN(count, SETTINGS_MAX); i++) {
		if (access(settings[i].path, W_OK) < 0)
			continue;
		r = pn_owned_setting(settings[i].path, settings[i].value, diag);
		if (r > 0)
			share->ids[share->count++] = r;
		else
			restore(share, NULL);
	}
	return MIN(r, 0);
}

int pn_shared_take(const char *name, const struct pn_shared_setting *settings, size_t count, struct pn_diag *diag)
{
	struct share *share;
	int r = 0;

	g_mutex_lock(&lock);
	if (!shares)
		shares = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	share = g_hash_table_lookup(shares, name);
	if (!share) {
		share = g_new0(struct share, 1);
		g_hash_table_insert(shares, g_strdup(name), share);
	}
	if (!share->users)
		r = first_user(share, name, settings, count, diag);
	share->users += r == 0;
	g_mutex_unlock(&lock);
	return r;
}

int pn_shared_drop(const char *name, struct pn_diag *diag)
{
	struct share *share;
	int r = 0;

	g_mutex_lock(&lock);
	share = shares ? g_hash_table_lookup(shares, name) : NULL;
	if (share && share->users && !--share->users)
		r = restore(share, diag);
	g_mutex_unlock(&lock);
	return r;
}
