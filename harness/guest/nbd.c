// SPDX-License-Identifier: GPL-2.0-only
/* nbdkit as the guest's swap disk, and the files, the socket and the resource limit that it is steered by. */

#include "nbd.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/units.h"
#include "channel.h"
#include "private.h"

#define LISTEN_NS (10 * PN_NS_PER_S)
#define POLL_NS (10 * PN_NS_PER_MS)

enum { SOCKET, TRIGGER, RATE, CONTROL, FILES };

static const char *const endings[FILES] = {[SOCKET] = "s", [TRIGGER] = "e", [RATE] = "r", [CONTROL] = "z"};

struct pn_nbd {
	char *files[FILES];
	int ids[FILES];
	GPid pid;
	int process_id;
};

static int own_files(struct pn_nbd *nbd, const char *prefix, struct pn_diag *diag)
{
	for (unsigned int i = 0; i < FILES; i++) {
		nbd->files[i] = g_strconcat(prefix, endings[i], NULL);
		nbd->ids[i] = pn_owned_add("file", json_pack("{s:s}", "path", nbd->files[i]), diag);
		if (nbd->ids[i] < 0)
			return nbd->ids[i];
	}
	return 0;
}

/* Over its limit of file size (set_full) nbdkit is to get an error, not the signal. An ignored signal stays so over exec. */
static void ignore_xfsz(gpointer data)
{
	signal(SIGXFSZ, SIG_IGN);
}

static int launch(struct pn_nbd *nbd, const char *path, struct pn_diag *diag)
{
	g_autofree char *file = g_strconcat("file=", path, NULL), *trigger = g_strconcat("error-file=", nbd->files[TRIGGER], NULL);
	g_autofree char *rate = g_strconcat("rate-file=", nbd->files[RATE], NULL);
	g_autofree char *control = g_strconcat("pause-control=", nbd->files[CONTROL], NULL);
	const char *argv[] = {"nbdkit", "--foreground", "--exit-with-parent", "--unix", nbd->files[SOCKET], "--filter=error", "--filter=pause",
			      "--filter=rate", "file", file, "error=EIO", "error-rate=100%", trigger, rate, control, NULL};
	g_autoptr(GError) error = NULL;

	if (!g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
			   ignore_xfsz, NULL, &nbd->pid, &error))
		return pn_diag_set(diag, -ENOENT, "nbdkit: %s", error->message);
	nbd->process_id =
		pn_owned_add("process", json_pack("{s:i,s:I}", "pid", (int)nbd->pid, "start", (json_int_t)pn_owned_process_start(nbd->pid)), diag);
	return MIN(nbd->process_id, 0);
}

static int wait_listening(struct pn_nbd *nbd, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + LISTEN_NS;

	for (;;) {
		int fd = pn_channel_dial(nbd->files[SOCKET], NULL);

		if (fd >= 0) {
			close(fd);
			return 0;
		}
		if (waitpid(nbd->pid, NULL, WNOHANG) == nbd->pid) {
			nbd->pid = 0;
			return pn_diag_set(diag, -EIO, "nbdkit ended instead of serving the swap disk (its filters error, pause and rate are needed)");
		}
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "nbdkit does not listen on %s", nbd->files[SOCKET]);
		pn_clock_sleep_until(pn_clock_now_ns() + POLL_NS);
	}
}

int pn_nbd_start(const char *path, const char *prefix, struct pn_nbd **ret_nbd, struct pn_diag *diag)
{
	struct pn_nbd *nbd = g_new0(struct pn_nbd, 1);
	int err = own_files(nbd, prefix, diag);

	if (!err)
		err = launch(nbd, path, diag);
	if (!err)
		err = wait_listening(nbd, diag);
	if (err) {
		pn_nbd_stop(nbd, NULL);
		return err;
	}
	*ret_nbd = nbd;
	return 0;
}

int pn_nbd_stop(struct pn_nbd *nbd, struct pn_diag *diag)
{
	int err = 0;

	if (!nbd)
		return 0;
	if (nbd->process_id > 0)
		err = pn_owned_release(nbd->process_id, diag);
	if (nbd->pid > 0)
		waitpid(nbd->pid, NULL, 0);
	for (unsigned int i = 0; i < FILES; i++) {
		if (nbd->ids[i] > 0)
			pn_owned_release(nbd->ids[i], NULL);
		g_free(nbd->files[i]);
	}
	g_free(nbd);
	return err;
}

const char *pn_nbd_socket(const struct pn_nbd *nbd)
{
	return nbd->files[SOCKET];
}

static int set_error(struct pn_nbd *nbd, bool on, struct pn_diag *diag)
{
	if (on)
		return pn_fs_write(nbd->files[TRIGGER], "", 0, diag);
	return unlink(nbd->files[TRIGGER]) < 0 && errno != ENOENT ? pn_diag_set(diag, -errno, "%s: %s", nbd->files[TRIGGER], g_strerror(errno)) : 0;
}

/* The filter counts bits, and 0 is no limit. A file that has gone would leave the last limit in force (nbdkit-rate-filter(1)). */
static int set_rate(struct pn_nbd *nbd, json_int_t bytes_per_s, struct pn_diag *diag)
{
	g_autofree char *bits = g_strdup_printf("%lld\n", (long long)bytes_per_s * 8);

	return pn_fs_write(nbd->files[RATE], bits, strlen(bits), diag);
}

/* Writes beyond a limit of 0 bytes fail with EFBIG, which nbdkit passes on as "no space left"; reads succeed. */
static int set_full(struct pn_nbd *nbd, bool on, struct pn_diag *diag)
{
	struct rlimit limit;
	int err = prlimit(nbd->pid, RLIMIT_FSIZE, NULL, &limit) < 0 ? -errno : 0;

	if (!err) {
		limit.rlim_cur = on ? 0 : limit.rlim_max;
		err = prlimit(nbd->pid, RLIMIT_FSIZE, &limit, NULL) < 0 ? -errno : 0;
	}
	return err ? pn_diag_set(diag, err, "limit of file size of nbdkit: %s", g_strerror(-err)) : 0;
}

/* nbdkit-pause-filter(1): 'p' is answered by 'P' when nothing is under way any more, 'r' by 'R'. */
static int set_hang(struct pn_nbd *nbd, bool on, struct pn_diag *diag)
{
	int fd = pn_channel_dial(nbd->files[CONTROL], diag), err = 0;
	char answer = 0;

	if (fd < 0)
		return fd;
	if (send(fd, on ? "p" : "r", 1, MSG_NOSIGNAL) != 1 || recv(fd, &answer, 1, 0) != 1 || answer != (on ? 'P' : 'R'))
		err = pn_diag_set(diag, -EIO, "nbdkit did not %s the swap disk", on ? "pause" : "resume");
	close(fd);
	return err;
}

int pn_nbd_act(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	json_t *error = json_object_get(args, "error"), *rate = json_object_get(args, "bytes_per_s"), *hang = json_object_get(args, "hang");
	json_t *full = json_object_get(args, "full");

	if (!guest->nbd)
		return pn_diag_set(diag, -ENOTSUP, "the guest's swap disk can't be made to fail; expected a guest with swap-server: nbdkit");
	if (json_is_boolean(error))
		return set_error(guest->nbd, json_is_true(error), diag);
	if (json_is_integer(rate))
		return set_rate(guest->nbd, json_integer_value(rate), diag);
	if (json_is_boolean(hang))
		return set_hang(guest->nbd, json_is_true(hang), diag);
	if (json_is_boolean(full))
		return set_full(guest->nbd, json_is_true(full), diag);
	return pn_diag_set(diag, -EINVAL, "disk: neither error, bytes_per_s, hang nor full given");
}
