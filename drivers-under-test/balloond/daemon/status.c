// SPDX-License-Identifier: GPL-2.0-only
/* The snapshot and its Unix socket, both ends. A thread accepts; a peer that does not read costs it one second, not the daemon. */
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/units.h"
#include "../mutant.h"

#define WRITE_TIMEOUT_MS 1000

struct pn_status {
	GMutex lock;
	json_t *snapshot;
	char *path;
	int fd, wake[2];
	GThread *thread;
};

struct pn_status *pn_status_new(void)
{
	struct pn_status *status = g_new0(struct pn_status, 1);

	g_mutex_init(&status->lock);
	status->snapshot = json_object();
	status->fd = status->wake[0] = status->wake[1] = -1;
	return status;
}

void pn_status_set(struct pn_status *status, json_t *snapshot)
{
	json_t *old;

	g_mutex_lock(&status->lock);
	old = status->snapshot;
	status->snapshot = snapshot;
	g_mutex_unlock(&status->lock);
	json_decref(old);
}

/* A copy: reference counts of jansson are atomic, its objects are not. */
json_t *pn_status_get(struct pn_status *status)
{
	json_t *copy;

	g_mutex_lock(&status->lock);
	copy = json_deep_copy(status->snapshot);
	g_mutex_unlock(&status->lock);
	return copy;
}

static void send_all(int fd, const char *text, size_t length)
{
	while (length) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
		ssize_t sent = poll(&poll_fd, 1, WRITE_TIMEOUT_MS) == 1 ? send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;

		if (sent <= 0)
			return;
		text += sent;
		length -= (size_t)sent;
	}
}

static void answer(struct pn_status *status, int fd)
{
	json_t *snapshot = pn_status_get(status);
	char *text = json_dumps(snapshot, JSON_COMPACT);

	send_all(fd, text, strlen(text));
	send_all(fd, "\n", 1);
	free(text);
	json_decref(snapshot);
	close(fd);
}

static gpointer serve(gpointer data)
{
	struct pn_status *status = data;
	struct pollfd fds[] = {{.fd = status->fd, .events = POLLIN}, {.fd = status->wake[0], .events = POLLIN}};

	for (;;) {
		int fd;

		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents)
			return NULL;
		fd = fds[0].revents ? accept4(status->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd >= 0)
			answer(status, fd);
	}
}

static int fill_address(const char *path, struct sockaddr_un *address, struct pn_diag *diag)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return pn_diag_set(diag, -ENAMETOOLONG, "%s: longer than a socket's path may be (%zu bytes)", path, sizeof(address->sun_path) - 1);
	strcpy(address->sun_path, path);
	return 0;
}

static int dial(const char *path, struct pn_diag *diag)
{
	struct sockaddr_un address;
	int err = fill_address(path, &address, diag), fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return pn_diag_set(diag, -errno, "socket: %s", g_strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err = -errno;
		close(fd);
		return pn_diag_set(diag, err, "%s: %s: does balloond run, and may you ask it?", path, g_strerror(-err));
	}
	return fd;
}

static int set_access(const char *path, mode_t mode, const char *group, struct pn_diag *diag)
{
	struct group *entry = group ? getgrnam(group) : NULL;

	if (group && !entry)
		return pn_diag_value(diag, "configuration", "status.group", group, "a group of this host");
	if (entry && chown(path, (uid_t)-1, entry->gr_gid) < 0)
		return pn_diag_set(diag, -errno, "%s: group %s: %s", path, group, g_strerror(errno));
	if (chmod(path, mode) < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	return 0;
}

static int listen_at(const char *path, mode_t mode, const char *group, int *ret_fd, struct pn_diag *diag)
{
	struct sockaddr_un address;
	int err = fill_address(path, &address, diag), fd, other;
	g_autofree char *dir = g_path_get_dirname(path);
	mode_t mask;

	if (err)
		return err;
	other = dial(path, NULL);
	if (other >= 0) {
		close(other);
		return pn_diag_set(diag, -EADDRINUSE, "%s: another balloond answers there", path);
	}
	g_mkdir_with_parents(dir, 0755);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0777); /* nobody before its permissions are set */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	umask(mask);
	if (!err)
		err = set_access(path, mode, group, diag);
	if (!err && listen(fd, 16) < 0)
		err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int pn_status_serve(struct pn_status *status, const char *path, mode_t mode, const char *group, struct pn_diag *diag)
{
	int err = listen_at(path, mode, group, &status->fd, diag);

	if (err)
		return err;
	status->path = g_strdup(path);
	if (pipe2(status->wake, O_CLOEXEC) < 0)
		return pn_diag_set(diag, -errno, "pipe: %s", g_strerror(errno));
	status->thread = g_thread_new("status", serve, status);
	return 0;
}

void pn_status_free(struct pn_status *status)
{
	if (!status)
		return;
	if (status->thread) {
		close(status->wake[1]);
		g_thread_join(status->thread);
		close(status->wake[0]);
	}
	if (status->fd >= 0) {
		close(status->fd);
		if (!PB_MUTANT(SOCKET_LEFT))
			unlink(status->path);
	}
	g_free(status->path);
	json_decref(status->snapshot);
	g_mutex_clear(&status->lock);
	g_free(status);
}

int pn_status_ask(const char *path, json_t **ret_snapshot, struct pn_diag *diag)
{
	int fd = dial(path, diag);
	json_error_t error;
	json_t *snapshot;

	if (fd < 0)
		return fd;
	snapshot = json_loadfd(fd, JSON_DISABLE_EOF_CHECK, &error);
	close(fd);
	if (!snapshot)
		return pn_diag_set(diag, -EPROTO, "%s: not understood: %s", path, error.text);
	*ret_snapshot = snapshot;
	return 0;
}

static const char *size_of(const json_t *guest, const char *key, char *buf, size_t size)
{
	const json_t *value = json_object_get(guest, key);

	return value ? pn_bytes_format((uint64_t)json_integer_value(value), buf, size) : "-";
}

void pn_status_print(const json_t *snapshot)
{
	const json_t *host = json_object_get(snapshot, "host"), *guest;
	char a[16], b[16], c[16], d[16];
	size_t i;

	printf("%s%s; %s committed of %s, %s of it in reserve\n", json_string_value(json_object_get(snapshot, "state")),
	       json_is_true(json_object_get(snapshot, "dry_run")) ? ", dry run" : "", size_of(host, "committed_bytes", a, sizeof(a)),
	       size_of(host, "capacity_bytes", b, sizeof(b)), size_of(host, "reserve_bytes", c, sizeof(c)));
	printf("%-20s %9s %9s %9s %9s %-11s %s\n", "GUEST", "TARGET", "ACTUAL", "RESIDENT", "DEMAND", "TRUST", "REASON");
	json_array_foreach(json_object_get(snapshot, "guests"), i, guest)
		printf("%-20s %9s %9s %9s %9s %-11s %s\n", json_string_value(json_object_get(guest, "name")), size_of(guest, "target_bytes", a, sizeof(a)),
		       size_of(guest, "actual_bytes", b, sizeof(b)), size_of(guest, "resident_bytes", c, sizeof(c)),
		       size_of(guest, "demand_bytes", d, sizeof(d)), json_string_value(json_object_get(guest, "trust")),
		       json_is_true(json_object_get(guest, "control")) ? json_string_value(json_object_get(guest, "reason")) : "not controlled");
}
