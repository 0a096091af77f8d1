// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdb's session over executions of an exact case, each in a process of its own as trials are. gdb's connection and what it wants are handed from one to the
 * next; rerun.c has what happens inside of one.
 */
#include "reverse.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/owned.h"
#include "../run/run.h"
#include "../../guests/images/image.h"
#include "debug.h"
#include "lab.h"
#include "rerun.h"

#define CONNECT_POLL_MS 200

/** struct pn_reverse - a session */
struct pn_reverse {
	struct pn_rerun_shared *shared;
	int listen_fd, gdb_fd; /* -1: none */
	struct pn_visit notes, visit;
	struct pn_rerun *rerun; /* in an execution's process */
};

/* while the agent still answers: at the end it may not */
static int note_sections(struct pn_guest *guest, const struct pn_module *module, void *data, struct pn_diag *diag)
{
	struct pn_reverse *reverse = data;
	g_autofree char *text = NULL;
	int err = module ? pn_debug_sections(guest, module->name, &text, diag) : 0;

	if (text)
		g_strlcpy(reverse->shared->sections, text, sizeof(reverse->shared->sections));
	return err;
}

static int on_loaded(struct pn_guest *guest, void *data, struct pn_diag *diag)
{
	struct pn_reverse *reverse = data;
	g_autofree char *stub = g_strdup_printf("%s/stub-%d", pn_owned_state_dir(), (int)getpid());
	int id = pn_owned_add("file", json_pack("{s:s}", "path", stub), diag);

	return id < 0 ? id : pn_rerun_begin(guest, reverse->gdb_fd, stub, reverse->shared, &reverse->rerun, diag);
}

static int on_start(struct pn_guest *guest, const struct pn_module *module, void *data, struct pn_diag *diag)
{
	struct pn_reverse *reverse = data;

	pn_rerun_at_begin(reverse->rerun);
	return 0;
}

static void on_end(struct pn_guest *guest, const struct pn_module *module, int err, void *data)
{
	struct pn_reverse *reverse = data;

	pn_rerun_at_end(reverse->rerun);
}

int pn_reverse_new(const char *socket_path, struct pn_reverse **ret_reverse, struct pn_diag *diag)
{
	struct pn_reverse *reverse = g_new0(struct pn_reverse, 1);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	reverse->gdb_fd = reverse->listen_fd = -1;
	reverse->notes = (struct pn_visit){.start = note_sections, .data = reverse};
	reverse->visit = (struct pn_visit){.loaded = on_loaded, .start = on_start, .end = on_end, .data = reverse};
	reverse->shared = mmap(NULL, sizeof(*reverse->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g_strlcpy(address.sun_path, socket_path, sizeof(address.sun_path));
	if (reverse->shared != MAP_FAILED)
		reverse->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (reverse->listen_fd < 0 || bind(reverse->listen_fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(reverse->listen_fd, 1) < 0) {
		int err = pn_diag_set(diag, -errno, "a socket for gdb, %s: %s", socket_path, g_strerror(errno));

		pn_reverse_free(reverse);
		return err;
	}
	*ret_reverse = reverse;
	return 0;
}

void pn_reverse_free(struct pn_reverse *reverse)
{
	if (!reverse)
		return;
	if (reverse->gdb_fd >= 0)
		close(reverse->gdb_fd);
	if (reverse->listen_fd >= 0)
		close(reverse->listen_fd);
	if (reverse->shared != MAP_FAILED)
		munmap(reverse->shared, sizeof(*reverse->shared));
	g_free(reverse);
}

const struct pn_visit *pn_reverse_notes(struct pn_reverse *reverse)
{
	return &reverse->notes;
}

const char *pn_reverse_sections(const struct pn_reverse *reverse)
{
	return *reverse->shared->sections ? reverse->shared->sections : NULL;
}

/* gdb may not come: it ends, and is not waited for here */
static int accept_gdb(struct pn_reverse *reverse, pid_t gdb, struct pn_diag *diag)
{
	struct pollfd poll_fd = {.fd = reverse->listen_fd, .events = POLLIN};
	siginfo_t info = {0};

	while (poll(&poll_fd, 1, CONNECT_POLL_MS) <= 0) {
		if (waitid(P_PID, (id_t)gdb, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid)
			return pn_diag_set(diag, -ECONNREFUSED, "gdb has ended without looking at the guest");
	}
	reverse->gdb_fd = accept4(reverse->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	return reverse->gdb_fd < 0 ? pn_diag_set(diag, -errno, "gdb: %s", g_strerror(errno)) : 0;
}

/* one execution; what it was for is in what is shared */
static int execute(struct pn_reverse *reverse, struct pn_lab *lab, const char *yaml, const char *driver, struct pn_diag *diag)
{
	struct pn_trial trial = {.yaml = yaml, .driver = driver, .visit = &reverse->visit};
	int err;

	reverse->shared->err = -EIO; /* of an execution that comes to no end of ours */
	err = pn_lab_run(lab, &trial, 1, NULL, NULL, diag);
	if (!err && trial.refused)
		err = pn_diag_set(diag, -ENOTSUP, "this host can't run the case: %s", trial.refused);
	if (!err && reverse->shared->err) {
		const char *why = json_string_value(json_object_get(trial.verdict, "reason"));

		err = pn_diag_set(diag, reverse->shared->err, "an execution for gdb came to nothing: %s",
				  reverse->shared->err == -EIO && why ? why : g_strerror(-reverse->shared->err));
	}
	pn_trial_clear(&trial, !err);
	return err;
}

int pn_reverse_serve(struct pn_reverse *reverse, struct pn_lab *lab, const char *yaml, const char *driver, pid_t gdb, struct pn_diag *diag)
{
	int err = accept_gdb(reverse, gdb, diag);

	reverse->shared->goal = PN_RERUN_END;
	while (!err && !reverse->shared->done)
		err = execute(reverse, lab, yaml, driver, diag);
	if (reverse->gdb_fd >= 0)
		shutdown(reverse->gdb_fd, SHUT_RDWR);
	return err;
}
