// SPDX-License-Identifier: GPL-2.0-only
/*
 * 4k: QEMU asks for transparent huge pages itself (MADV_HUGEPAGE), so only PR_SET_THP_DISABLE keeps them away. It is inherited
 * over fork and exec: set in this process for the moment in which libvirt forks. A daemon's children can't be reached that way: they are
 * started through a program that sets it for itself (emulator.c, pn-no-thp.c). Either way the result is read back from /proc/PID/status.
 *
 * hugetlb: the guest's pages come from the overcommit limit, so nothing is taken from the host before the guest touches it, and what the
 * guest gives back is free memory of the host again. The limit is a sum over all guests of all harnesses: kept in one file of claims under
 * the state directory, under a lock, with the value that was there before the first claim; the last one to go puts that back.
 */

#include "backing.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "machine.h"

#define HUGE_BYTES (2 * PN_MIB)
#define HUGE_DIR "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define HUGE_LIMIT HUGE_DIR "nr_overcommit_hugepages"
#define THP_ENABLED "/sys/kernel/mm/transparent_hugepage/enabled"

static GMutex starting;

static bool thp_is(const char *word)
{
	g_autofree char *text = NULL;
	g_autofree char *chosen = g_strdup_printf("[%s]", word);

	return !pn_fs_read(THP_ENABLED, &text, NULL, NULL) && strstr(text, chosen);
}

static int can_thp(const struct pn_machine *machine, struct pn_diag *diag)
{
	if (access(THP_ENABLED, F_OK) == 0 && !thp_is("never"))
		return 0;
	return pn_diag_set(diag, -EOPNOTSUPP, "backing thp: this host has transparent huge pages off; expected madvise or always in %s",
			   THP_ENABLED);
}

static int check_free(const struct pn_machine *machine, struct pn_diag *diag)
{
	g_autofree char *text = NULL;
	unsigned long long available = 0;
	int err = pn_fs_read("/proc/meminfo", &text, NULL, diag);
	char *line = err ? NULL : strstr(text, "MemAvailable:");

	if (err)
		return err;
	available = line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) * PN_KIB : 0;
	if (available < machine->memory_bytes)
		return pn_diag_set(diag, -ENOMEM, "backing hugetlb: the guest has %llu MiB, the host %llu MiB available",
				   (unsigned long long)(machine->memory_bytes / PN_MIB), available / (unsigned long long)PN_MIB);
	return 0;
}

/* Huge pages need not be set aside, so free ones are not asked for: what counts is that the limit can be raised and memory is there. */
static int can_hugetlb(const struct pn_machine *machine, struct pn_diag *diag)
{
	if (machine->memory_bytes % HUGE_BYTES)
		return pn_diag_set(diag, -EINVAL, "backing hugetlb: memory of %llu bytes is not a multiple of 2 MiB",
				   (unsigned long long)machine->memory_bytes);
	if (access(HUGE_DIR, F_OK) < 0)
		return pn_diag_set(diag, -EOPNOTSUPP, "backing hugetlb: this host has no huge pages of 2 MiB (%s is absent)", HUGE_DIR);
	if (access(HUGE_LIMIT, W_OK) < 0)
		return pn_diag_set(diag, -EOPNOTSUPP, "backing hugetlb: %s: %s", HUGE_LIMIT, g_strerror(errno));
	return check_free(machine, diag);
}

int pn_backing_can(const struct pn_machine *machine, struct pn_diag *diag)
{
	static int (*const rules[PN_BACKING_COUNT])(const struct pn_machine *machine, struct pn_diag *diag) = {
		[PN_BACKING_THP] = can_thp,
		[PN_BACKING_HUGETLB] = can_hugetlb,
	};

	return rules[machine->backing] ? rules[machine->backing](machine, diag) : 0;
}

bool pn_backing_needs_wrapper(const struct pn_machine *machine, bool embedded)
{
	return machine->backing == PN_BACKING_4K && !embedded && access(THP_ENABLED, F_OK) == 0 && !thp_is("never");
}

int pn_backing_enter(const struct pn_machine *machine, bool embedded, struct pn_diag *diag)
{
	int err = pn_backing_can(machine, diag);

	if (err)
		return err;
	g_mutex_lock(&starting);
	if (machine->backing == PN_BACKING_4K && embedded && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0) {
		g_mutex_unlock(&starting);
		return pn_diag_set(diag, -EOPNOTSUPP, "backing 4k: transparent huge pages can't be turned off: %s", g_strerror(errno));
	}
	return 0;
}

void pn_backing_leave(const struct pn_machine *machine, bool embedded)
{
	if (machine->backing == PN_BACKING_4K && embedded)
		prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	g_mutex_unlock(&starting);
}

int pn_backing_check(const struct pn_machine *machine, pid_t pid, struct pn_diag *diag)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
	g_autofree char *text = NULL;
	bool wanted = machine->backing == PN_BACKING_THP, on;
	char *line;
	int err;

	if ((machine->backing != PN_BACKING_4K && !wanted) || thp_is("never"))
		return 0;
	err = pn_fs_read(path, &text, NULL, diag);
	if (err)
		return err;
	line = strstr(text, "\nTHP_enabled:");
	if (!line)
		return wanted ? 0 : pn_diag_set(diag, -EOPNOTSUPP, "backing 4k: this kernel does not say whether QEMU has huge pages");
	on = strtoul(line + strlen("\nTHP_enabled:"), NULL, 10) != 0;
	if (on != wanted)
		return pn_diag_set(diag, -EOPNOTSUPP, "backing %s: QEMU has transparent huge pages %s", pn_backing_names[machine->backing],
				   on ? "on" : "off");
	return 0;
}

struct claims {
	int lock_fd;
	char *path;
	json_t *object; /* {"before": N, "claims": {NAME: pages}} */
};

static int claims_open(struct claims *claims, struct pn_diag *diag)
{
	g_autofree char *lock = g_build_filename(pn_owned_state_dir(), "hugetlb.lock", NULL);

	claims->path = g_build_filename(pn_owned_state_dir(), "hugetlb.json", NULL);
	claims->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (claims->lock_fd < 0 || flock(claims->lock_fd, LOCK_EX) < 0)
		return pn_diag_set(diag, -errno, "%s: %s", lock, g_strerror(errno));
	claims->object = json_load_file(claims->path, 0, NULL);
	return 0;
}

static void claims_close(struct claims *claims)
{
	json_decref(claims->object);
	g_free(claims->path);
	if (claims->lock_fd >= 0)
		close(claims->lock_fd);
}

static int read_limit(long long *ret_pages, struct pn_diag *diag)
{
	g_autofree char *text = NULL;
	int err = pn_fs_read(HUGE_LIMIT, &text, NULL, diag);

	if (!err)
		*ret_pages = strtoll(text, NULL, 10);
	return err;
}

/* The file first, the limit second: a crash in between is mended by the next change, which sets the limit to the sum again. */
static int claims_apply(struct claims *claims, struct pn_diag *diag)
{
	long long limit = json_integer_value(json_object_get(claims->object, "before"));
	json_t *list = json_object_get(claims->object, "claims"), *pages;
	g_autofree char *value = NULL, *text = NULL;
	const char *name;
	int err;

	json_object_foreach(list, name, pages)
		limit += json_integer_value(pages);
	value = g_strdup_printf("%lld", limit);
	if (json_object_size(list)) {
		text = json_dumps(claims->object, JSON_COMPACT);
		err = pn_fs_write(claims->path, text, strlen(text), diag);
		return err ? err : pn_fs_write_setting(HUGE_LIMIT, value, diag);
	}
	err = pn_fs_write_setting(HUGE_LIMIT, value, diag);
	if (!err)
		unlink(claims->path);
	return err;
}

static int claim(const char *name, long long pages, struct pn_diag *diag)
{
	struct claims claims = { 0 };
	long long before = 0;
	int err = claims_open(&claims, diag);

	if (!err && !claims.object) {
		err = read_limit(&before, diag);
		claims.object = json_pack("{s:I,s:{}}", "before", (json_int_t)before, "claims");
	}
	if (!err) {
		json_object_set_new(json_object_get(claims.object, "claims"), name, json_integer(pages));
		err = claims_apply(&claims, diag);
	}
	claims_close(&claims);
	return err;
}

int pn_backing_undo(const json_t *what, struct pn_diag *diag)
{
	const char *name = json_string_value(json_object_get(what, "claim"));
	struct claims claims = { 0 };
	int err = claims_open(&claims, diag);

	if (!err && name && json_object_del(json_object_get(claims.object, "claims"), name) == 0)
		err = claims_apply(&claims, diag);
	claims_close(&claims);
	return err;
}

int pn_backing_present(const json_t *what, struct pn_diag *diag)
{
	const char *name = json_string_value(json_object_get(what, "claim"));
	struct claims claims = { 0 };
	int r = claims_open(&claims, diag);

	if (!r)
		r = name && json_object_get(json_object_get(claims.object, "claims"), name) != NULL;
	claims_close(&claims);
	return r;
}

int pn_backing_reserve(const struct pn_machine *machine, const char *name, int *ret_id, struct pn_diag *diag)
{
	int id, err = pn_backing_can(machine, diag);

	if (err || machine->backing != PN_BACKING_HUGETLB)
		return err;
	id = pn_owned_add("hugetlb", json_pack("{s:s}", "claim", name), diag);
	if (id < 0)
		return id;
	*ret_id = id;
	return claim(name, (long long)(machine->memory_bytes / HUGE_BYTES), diag);
}
