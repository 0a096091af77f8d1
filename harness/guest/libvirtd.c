// SPDX-License-Identifier: GPL-2.0-only
/*
 * A libvirtd of ours in namespaces of its own. Its process is recorded before it becomes libvirtd: the child waits for that. Places that the host lacks are
 * made for as long as it runs, since something must be there to mount upon.
 *
 * Limits: no control groups and no security drivers (qemu.conf of the embedded driver). It is not ended with its starter by the kernel, since the thread that
 * starts it may end first; the owner record has it.
 */
#include "libvirtd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/owned_kinds.h"
#include "../base/units.h"
#include "virt.h"

#define START_NS (60 * PN_NS_PER_S)
#define LOOK_NS (50 * PN_NS_PER_MS)

/* Where libvirtd was built to have its files, and what we call them. */
static const struct place {
	const char *path, *name;
} places[] = {
	{"/run/libvirt", "run"}, {"/etc/libvirt", "etc"}, {"/var/lib/libvirt", "lib"}, {"/var/cache/libvirt", "cache"}, {"/var/log/libvirt", "log"},
};

static const char conf[] = "auth_unix_ro = \"none\"\nauth_unix_rw = \"none\"\nlog_outputs = \"3:file:/var/log/libvirt/libvirtd.log\"\n";

struct pn_libvirtd {
	char *dir, *uri, *program, *pid_path;
	char *below[G_N_ELEMENTS(places)]; /* what is seen at each place */
	int made[G_N_ELEMENTS(places)];	   /* owner record; 0: it was there */
	pid_t pid;
	int process_id; /* owner record */
};

static int write_conf(const struct pn_libvirtd *self, const char *name, const char *text, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(self->below[1], name, NULL);

	return pn_fs_write(path, text, strlen(text), diag);
}

static int make_places(struct pn_libvirtd *self, struct pn_diag *diag)
{
	int err = 0;

	for (size_t i = 0; !err && i < G_N_ELEMENTS(places); i++) {
		self->below[i] = g_build_filename(self->dir, places[i].name, NULL);
		err = pn_fs_mkdir_p(self->below[i], diag);
		if (err || g_file_test(places[i].path, G_FILE_TEST_IS_DIR))
			continue;
		self->made[i] = pn_owned_add("dir", json_pack("{s:s}", "path", places[i].path), diag);
		err = self->made[i] < 0 ? self->made[i] : pn_fs_mkdir_p(places[i].path, diag);
	}
	err = err ? err : write_conf(self, "qemu.conf", pn_virt_qemu_conf, diag);
	return err ? err : write_conf(self, "libvirtd.conf", conf, diag);
}

/* Between fork and exec of a process with threads: system calls only. @go: says when the parent has recorded us. */
static void become(const struct pn_libvirtd *self, int go)
{
	char byte;

	if (read(go, &byte, 1) != 1 || unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(126);
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
		if (mount(self->below[i], places[i].path, NULL, MS_BIND, NULL) < 0)
			_exit(126);
	setsid();
	execl(self->program, "libvirtd", "--config", "/etc/libvirt/libvirtd.conf", "--pid-file", self->pid_path, (char *)NULL);
	_exit(127);
}

static int spawn(struct pn_libvirtd *self, struct pn_diag *diag)
{
	int go[2], err = 0;

	if (pipe2(go, O_CLOEXEC) < 0)
		return pn_diag_set(diag, -errno, "libvirtd: %s", g_strerror(errno));
	self->pid = fork();
	if (self->pid == 0)
		become(self, go[0]);
	if (self->pid < 0)
		err = pn_diag_set(diag, -errno, "libvirtd: %s", g_strerror(errno));
	if (!err) {
		self->process_id = pn_owned_add(
			"process", json_pack("{s:i, s:I}", "pid", (int)self->pid, "start", (json_int_t)pn_owned_process_start(self->pid)), diag);
		err = MIN(self->process_id, 0);
	}
	if (!err && write(go[1], "", 1) != 1)
		err = pn_diag_set(diag, -errno, "libvirtd: %s", g_strerror(errno));
	close(go[0]);
	close(go[1]); /* a child that has not been told to go on ends */
	return err;
}

static bool answers(const struct pn_libvirtd *self)
{
	virConnectPtr conn = virConnectOpen(self->uri);

	if (conn)
		virConnectClose(conn);
	return conn != NULL;
}

static int wait_up(struct pn_libvirtd *self, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + START_NS;

	while (!answers(self)) {
		if (waitpid(self->pid, NULL, WNOHANG) == self->pid) {
			self->pid = 0;
			return pn_diag_set(diag, -EIO, "libvirtd ended right after its start; its log is %s/libvirtd.log", self->below[4]);
		}
		if (pn_clock_now_ns() >= deadline_ns)
			return pn_diag_set(diag, -ETIMEDOUT, "libvirtd did not answer within %llu s", START_NS / PN_NS_PER_S);
		pn_clock_sleep_until(pn_clock_now_ns() + LOOK_NS);
	}
	return 0;
}

int pn_libvirtd_start(const char *dir, struct pn_libvirtd **ret_libvirtd, struct pn_diag *diag)
{
	struct pn_libvirtd *self = g_new0(struct pn_libvirtd, 1);
	int err;

	self->dir = g_strdup(dir);
	self->uri = g_strdup_printf("qemu+unix:///system?socket=%s/run/libvirt-sock", dir);
	self->pid_path = g_build_filename(dir, "libvirtd.pid", NULL);
	self->program = g_find_program_in_path("libvirtd");
	err = geteuid() ? pn_diag_set(diag, -EPERM, "a libvirtd of our own needs root") : 0;
	if (!err && !self->program)
		err = pn_diag_set(diag, -ENOENT, "there is no libvirtd (package libvirt-daemon)");
	err = err ? err : make_places(self, diag);
	err = err ? err : spawn(self, diag);
	err = err ? err : wait_up(self, diag);
	if (err)
		pn_libvirtd_stop(self, NULL);
	else
		*ret_libvirtd = self;
	return err;
}

const char *pn_libvirtd_uri(const struct pn_libvirtd *libvirtd)
{
	return libvirtd->uri;
}

int pn_libvirtd_kill(struct pn_libvirtd *libvirtd, struct pn_diag *diag)
{
	if (libvirtd->pid > 0) {
		if (kill(libvirtd->pid, SIGKILL) < 0 && errno != ESRCH)
			return pn_diag_set(diag, -errno, "libvirtd: %s", g_strerror(errno));
		waitpid(libvirtd->pid, NULL, 0);
	}
	libvirtd->pid = 0;
	if (libvirtd->process_id > 0)
		pn_owned_forget(libvirtd->process_id);
	libvirtd->process_id = 0;
	return 0;
}

int pn_libvirtd_resume(struct pn_libvirtd *libvirtd, struct pn_diag *diag)
{
	int err;

	unlink(libvirtd->pid_path);
	err = spawn(libvirtd, diag);
	return err ? err : wait_up(libvirtd, diag);
}

int pn_libvirtd_stop(struct pn_libvirtd *libvirtd, struct pn_diag *diag)
{
	int first;

	if (!libvirtd)
		return 0;
	first = pn_libvirtd_kill(libvirtd, diag);
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		int err = libvirtd->made[i] > 0 ? pn_owned_release(libvirtd->made[i], first ? NULL : diag) : 0;

		first = first ? first : err;
		g_free(libvirtd->below[i]);
	}
	g_free(libvirtd->dir);
	g_free(libvirtd->uri);
	g_free(libvirtd->pid_path);
	g_free(libvirtd->program);
	g_free(libvirtd);
	return first;
}
