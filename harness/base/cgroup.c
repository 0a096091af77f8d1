// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups of the host, for faults that starve QEMU and techniques that make it swap. Both layouts: a hierarchy per controller (version 1), or the unified one.
 * In the owner record before it exists; removing it puts its processes back, also when a killed run left it.
 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "fs.h"
#include "owned.h"

/* One line of mounts: "device dir type options ...". */
static bool has_option(const char *options, const char *wanted)
{
	g_auto(GStrv) list = g_strsplit(options, ",", -1);

	return g_strv_contains((const char *const *)list, wanted);
}

/* "4:memory:/path": the path of this process in a controller's hierarchy. */
static char *own_path(const char *self, const char *controller)
{
	g_auto(GStrv) lines = g_strsplit(self, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) parts = g_strsplit(*line, ":", 3);

		if (g_strv_length(parts) == 3 && has_option(parts[1], controller))
			return g_strdup(parts[2]);
	}
	return g_strdup("/");
}

char *pn_cgroup_locate(const char *mounts, const char *self, const char *controller, bool *ret_v2)
{
	g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);
	char *unified = NULL;

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 5);
		g_autofree char *path = NULL, *full = NULL, *controllers = NULL, *text = NULL;

		if (g_strv_length(words) < 4)
			continue;
		if (strcmp(words[2], "cgroup") == 0 && has_option(words[3], controller)) {
			g_free(unified);
			*ret_v2 = false;
			path = own_path(self, controller);
			full = g_build_filename(words[1], path, NULL);
			/* In a namespace of its own the path may lie above what is mounted. */
			return g_file_test(full, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&full) : g_strdup(words[1]);
		}
		if (strcmp(words[2], "cgroup2") != 0 || unified)
			continue;
		controllers = g_build_filename(words[1], "cgroup.controllers", NULL);
		if (pn_fs_read(controllers, &text, NULL, NULL) == 0 && g_strstr_len(text, -1, controller))
			unified = g_strdup(words[1]);
	}
	*ret_v2 = true;
	return unified;
}

static int write_file(const char *dir, const char *file, const char *value, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, file, NULL);
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	if (write(fd, value, strlen(value)) < 0)
		err = pn_diag_set(diag, -errno, "%s: '%s': %s", path, value, g_strerror(errno));
	close(fd);
	return err;
}

int pn_cgroup_make(struct pn_cgroup *cgroup, const char *controller, struct pn_diag *diag)
{
	static unsigned int number; /* atomic */
	g_autofree char *mounts = NULL, *self = NULL, *name = NULL, *enable = g_strconcat("+", controller, NULL);
	int r = pn_fs_read("/proc/self/mounts", &mounts, NULL, diag);

	if (r == 0)
		r = pn_fs_read("/proc/self/cgroup", &self, NULL, diag);
	if (r < 0)
		return r;
	cgroup->parent = pn_cgroup_locate(mounts, self, controller, &cgroup->v2);
	if (!cgroup->parent)
		return pn_diag_set(diag, -ENOTSUP, "no cgroup hierarchy of this host has the controller '%s'", controller);
	if (cgroup->v2 && (r = write_file(cgroup->parent, "cgroup.subtree_control", enable, diag)) < 0)
		return r;
	name = g_strdup_printf("puncture-%d-%u", (int)getpid(), g_atomic_int_add(&number, 1));
	cgroup->dir = g_build_filename(cgroup->parent, name, NULL);
	r = pn_owned_add("cgroup", json_pack("{s:s}", "path", cgroup->dir), diag);
	if (r > 0) {
		cgroup->id = r;
		r = mkdir(cgroup->dir, 0755) < 0 ? pn_diag_set(diag, -errno, "%s: %s", cgroup->dir, g_strerror(errno)) : 0;
	}
	return r;
}

int pn_cgroup_set(const struct pn_cgroup *cgroup, const char *v1_key, const char *v2_key, const char *value, struct pn_diag *diag)
{
	return write_file(cgroup->dir, cgroup->v2 ? v2_key : v1_key, value, diag);
}

int pn_cgroup_count(const struct pn_cgroup *cgroup, const char *file, const char *word, uint64_t *ret_count, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(cgroup->dir, file, NULL), *text = NULL, *key = word ? g_strconcat("\n", word, " ", NULL) : NULL;
	g_autofree char *lines = NULL;
	const char *at;
	int r = pn_fs_read(path, &text, NULL, diag);

	if (r < 0)
		return r;
	lines = g_strconcat("\n", text, NULL);
	at = key ? strstr(lines, key) : lines;
	if (!at)
		return pn_diag_set(diag, -ENODATA, "%s: no '%s'", path, word);
	*ret_count = g_ascii_strtoull(at + (key ? strlen(key) : 1), NULL, 10);
	return 0;
}

int pn_cgroup_enter(const struct pn_cgroup *cgroup, pid_t id, bool thread, struct pn_diag *diag)
{
	g_autofree char *text = g_strdup_printf("%d", (int)id);

	return write_file(cgroup->dir, thread && !cgroup->v2 ? "tasks" : "cgroup.procs", text, diag);
}

int pn_cgroup_leave(const struct pn_cgroup *cgroup, pid_t id, bool thread, struct pn_diag *diag)
{
	g_autofree char *text = g_strdup_printf("%d", (int)id);

	return write_file(cgroup->parent, thread && !cgroup->v2 ? "tasks" : "cgroup.procs", text, diag);
}

int pn_cgroup_remove(struct pn_cgroup *cgroup, struct pn_diag *diag)
{
	int r = cgroup->id > 0 ? pn_owned_release(cgroup->id, diag) : 0;

	g_clear_pointer(&cgroup->dir, g_free);
	g_clear_pointer(&cgroup->parent, g_free);
	cgroup->id = 0;
	return r;
}
