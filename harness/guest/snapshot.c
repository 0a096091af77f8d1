// SPDX-License-Identifier: GPL-2.0-only
/*
 * Warm snapshots: a machine booted once up to its agent's hello, warmed up, stopped, moved to a file. A case moves that file into a QEMU of its
 * own. The key is everything that the content depends on; an entry of the cache holds
 *
 *	state      QEMU's migration stream, without pages of zeroes where its form is known
 *	kmsg.json  the kernel log up to the snapshot, so that a case has the whole of it without asking the guest
 *	about.json {"shape","pages_left_out","bytes"}
 *
 * libvirt's own save images are not used: they insist on one name, one uuid and one set of paths.
 */

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cache.h"
#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/fs.h"
#include "../base/units.h"
#include "calls.h"
#include "channel.h"
#include "domain_xml.h"
#include "ramstream.h"
#include "virt.h"

#define BOOT_TIMEOUT_NS (180 * PN_NS_PER_S)
#define WARM_TIMEOUT_NS (660 * PN_NS_PER_S) /* the agent gives up earlier, and says what it was doing */
#define MOVE_TIMEOUT_NS (120 * PN_NS_PER_S)
#define COMMAND_TIMEOUT_NS (10 * PN_NS_PER_S)
#define QUIET_TIMEOUT_NS (30 * PN_NS_PER_S)
#define QUIET_ROUNDS 8

struct making {
	struct pn_host *host;
	const struct pn_machine *machine;
	const struct pn_virt_boot *boot;
	const char *shape;
};

/* With KVM the guest sees the host's processor. */
static char *cpu_model(const struct pn_machine *machine)
{
	g_autofree char *text = NULL;
	char *line, *end;

	if (machine->accel != PN_ACCEL_KVM || pn_fs_read("/proc/cpuinfo", &text, NULL, NULL) || !(line = strstr(text, "model name")))
		return g_strdup("tcg");
	end = strchr(line, '\n');
	return g_strndup(line, end ? (size_t)(end - line) : strlen(line));
}

static char *describe_shape(const struct pn_machine *machine, const struct pn_virt_boot *boot)
{
	const struct pn_balloon_device *balloon = &machine->balloon;
	g_autofree char *cpu = cpu_model(machine);
	g_autofree char *vmem = machine->virtio_mem_bytes ? g_strdup_printf(" vmem %llu prealloc", (unsigned long long)machine->virtio_mem_bytes) : g_strdup("");
	g_autofree char *plug = machine->plug_bytes ? g_strdup_printf(" plug %llu", (unsigned long long)machine->plug_bytes) : g_strdup("");
	char preload[65] = "";
	unsigned long version = 0;

	virGetVersion(&version, NULL, NULL);
	if (machine->preload && pn_fs_sha256(machine->preload, preload, NULL))
		preload[0] = 0; /* it will be missed when it is to be put into the guest */
	return g_strdup_printf("shape %d image %s qemu %s libvirt %lu cpu %s memory %llu vcpus %u backing %s balloon %d%d%d%d%d%d%d.%llu "
			       "swap %llu disk %llu devices {%s} args {%s}%s%s%s%s%s%s%s%s",
			       PN_DOMAIN_SHAPE, boot->image->hash, boot->emulator_hash, version, cpu, (unsigned long long)machine->memory_bytes,
			       machine->vcpus, pn_backing_names[machine->backing], balloon->absent, balloon->deflate_on_oom,
			       balloon->free_page_reporting, balloon->free_page_hint, balloon->page_poison, balloon->packed, balloon->iommu,
			       (unsigned long long)balloon->stats_interval_ns, (unsigned long long)machine->swap_bytes,
			       (unsigned long long)machine->disk_bytes, machine->extra_devices ? machine->extra_devices : "", boot->cmdline,
			       balloon->hotplug ? " hotplug" : "", balloon->iommu ? " ats" : "", balloon->direct ? " direct" : "",
			       balloon->model ? pn_virtio_names[balloon->model] : "", machine->exact ? " exact 4 " PN_DOMAIN_ICOUNT " " : "", preload, vmem, plug);
}

static int64_t last_kmsg(struct pn_guest *guest)
{
	int64_t seq;

	g_mutex_lock(&guest->ears_lock);
	seq = guest->kmsg_seq;
	g_mutex_unlock(&guest->ears_lock);
	return seq;
}

/*
 * The kernel log is streamed when the agent has nothing else to do. It has ended when some round trips in a row bring nothing new. Were
 * that judged too early, no harm is done: a case asks for the rest.
 */
static int wait_quiet(struct pn_guest *guest, struct pn_diag *diag)
{
	uint64_t deadline_ns = pn_clock_now_ns() + QUIET_TIMEOUT_NS;
	json_t *request = json_pack("{s:s}", "op", "clock");
	int64_t last = last_kmsg(guest);
	int quiet = 0, err = 0;

	while (!err && (last < 0 || quiet < QUIET_ROUNDS)) {
		err = pn_channel_call(guest->channel, request, NULL, COMMAND_TIMEOUT_NS, NULL, diag);
		quiet = last_kmsg(guest) == last ? quiet + 1 : 0;
		last = last_kmsg(guest);
		if (!err && pn_clock_now_ns() > deadline_ns)
			err = pn_diag_set(diag, -ETIMEDOUT, last < 0 ? "the agent sends no kernel log" : "the kernel log does not come to an end");
	}
	json_decref(request);
	return err;
}

/* The loads' programs in the page cache, zeroes in free memory: what a case starts with, and a snapshot has less to load. */
static int warm_up(struct pn_guest *guest, struct pn_diag *diag)
{
	json_t *request = json_pack("{s:s}", "op", "warm");
	int err = pn_channel_call(guest->channel, request, NULL, WARM_TIMEOUT_NS, NULL, diag);

	json_decref(request);
	return err;
}

static int save_kmsg(struct pn_guest *guest, const char *dir, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "kmsg.json", NULL);
	json_t *records = json_array();
	char *text;
	int err;

	g_mutex_lock(&guest->ears_lock);
	for (guint i = 0; i < guest->kmsg->len; i++)
		json_array_append(records, ((struct pn_guest_heard *)guest->kmsg->pdata[i])->event);
	text = json_dumps(records, JSON_COMPACT);
	g_mutex_unlock(&guest->ears_lock);
	json_decref(records);
	err = pn_fs_write(path, text, strlen(text), diag);
	free(text);
	return err;
}

/* Move the machine's state between QEMU and an open file. */
static int move(struct pn_guest *guest, const char *command, int fd, struct pn_diag *diag)
{
	json_t *name = json_pack("{s:s}", "fdname", "state");
	json_t *where = json_pack("{s:s}", "uri", "fd:state");
	int err;

	err = pn_guest_monitor(guest, "getfd", name, fd, COMMAND_TIMEOUT_NS, NULL, NULL, diag);
	if (!err)
		err = pn_guest_monitor(guest, command, where, -1, MOVE_TIMEOUT_NS, NULL, NULL, diag);
	if (!err)
		err = pn_guest_migration_wait(guest, MOVE_TIMEOUT_NS, diag);
	json_decref(name);
	json_decref(where);
	return err;
}

static int save_state(struct pn_guest *guest, const char *path, struct pn_diag *diag)
{
	json_t *unbridled = json_pack("{s:I}", "max-bandwidth", (json_int_t)INT64_MAX);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int err;

	if (fd < 0) {
		json_decref(unbridled);
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	}
	err = pn_guest_monitor(guest, "stop", NULL, -1, COMMAND_TIMEOUT_NS, NULL, NULL, diag);
	if (!err)
		err = pn_guest_monitor(guest, "migrate-set-parameters", unbridled, -1, COMMAND_TIMEOUT_NS, NULL, NULL, diag);
	if (!err)
		err = move(guest, "migrate", fd, diag);
	if (close(fd) < 0 && !err)
		err = pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	json_decref(unbridled);
	return err;
}

/* Bytes on their way into a guest arrive at no certain instruction, so the driver is there before the snapshot. */
static int put_driver(struct pn_guest *guest, struct pn_diag *diag)
{
	const struct pn_machine *machine = &guest->machine;
	g_autofree char *path = g_strdup_printf("/run/puncture/%s.ko", machine->preload_name);
	json_t *args = json_pack("{s:s,s:s,s:i}", "from", machine->preload, "path", path, "mode", 0600);
	struct pn_action action = { .verb = "put", .args = args, .timeout_ns = BOOT_TIMEOUT_NS };
	int err = pn_guest_act(guest, &action, NULL, diag);

	json_decref(args);
	return err;
}

/* A guest loaded from the snapshot must stand before the host can say anything to it: so its agent is caught where it holds itself. */
static int make_spin(struct pn_guest *guest, struct pn_diag *diag)
{
	json_t *request = json_pack("{s:s,s:b,s:b}", "op", "exact", "on", 1, "spin", 1);
	int err = pn_channel_call(guest->channel, request, NULL, COMMAND_TIMEOUT_NS, NULL, diag);

	json_decref(request);
	return err;
}

static int boot_and_save(struct pn_guest *guest, const struct making *making, const char *dir, const char *path, struct pn_diag *diag)
{
	int err = pn_virt_create(guest, making->boot, false, diag);

	if (!err)
		err = pn_guest_monitor(guest, "cont", NULL, -1, COMMAND_TIMEOUT_NS, NULL, NULL, diag);
	if (!err)
		err = pn_guest_greet(guest, BOOT_TIMEOUT_NS, NULL, diag);
	if (!err && making->machine->preload)
		err = put_driver(guest, diag);
	if (!err)
		err = warm_up(guest, diag);
	if (!err)
		err = wait_quiet(guest, diag);
	if (!err && making->machine->exact)
		err = make_spin(guest, diag);
	if (!err)
		err = save_state(guest, path, diag);
	if (!err)
		err = save_kmsg(guest, dir, diag);
	return err;
}

/* The stream as QEMU wrote it is right too, only slower to load. */
static int slim(const struct making *making, const char *dir, const char *raw, struct pn_diag *diag)
{
	g_autofree char *state = g_build_filename(dir, "state", NULL);
	g_autofree char *about = g_build_filename(dir, "about.json", NULL);
	struct pn_diag words = { 0 };
	uint64_t pages = 0;
	struct stat st = { 0 };
	json_t *object;
	char *text;
	int err = pn_ramstream_strip(raw, state, &pages, &words);

	if (err == -EPROTO)
		err = rename(raw, state) < 0 ? pn_diag_set(diag, -errno, "%s: %s", state, g_strerror(errno)) : 0;
	else if (err)
		return pn_diag_set(diag, err, "%s", words.text);
	else
		unlink(raw);
	if (err)
		return err;
	stat(state, &st);
	object = json_pack("{s:s,s:I,s:I,s:s*}", "shape", making->shape, "pages_left_out", (json_int_t)pages, "bytes", (json_int_t)st.st_size,
			   "kept_whole", words.text[0] ? words.text : NULL);
	text = json_dumps(object, JSON_INDENT(1));
	err = pn_fs_write(about, text, strlen(text), diag);
	json_decref(object);
	free(text);
	return err;
}

static int make(const char *dir, void *data, struct pn_diag *diag)
{
	const struct making *making = data;
	g_autofree char *raw = g_build_filename(dir, "state.whole", NULL);
	struct pn_guest_config config = { .name = "snapshot", .machine = making->machine, .dir = dir };
	struct pn_guest *guest = pn_guest_new(making->host, &config);
	int err;

	err = boot_and_save(guest, making, dir, raw, diag);
	if (err) {
		g_autofree char *text = NULL;

		pn_virt_explain(guest, diag);
		text = diag ? g_strdup(diag->text) : NULL;
		pn_diag_set(diag, err, "warm snapshot: %s", text);
		pn_guest_stop(guest, NULL);
		return err;
	}
	err = pn_guest_stop(guest, diag);
	return err ? err : slim(making, dir, raw, diag);
}

int pn_snapshot_get(struct pn_host *host, const struct pn_machine *machine, const struct pn_virt_boot *boot, char **ret_dir,
		    struct pn_diag *diag)
{
	g_autofree char *shape = describe_shape(machine, boot);
	g_autofree char *key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, shape, -1);
	struct making making = { .host = host, .machine = machine, .boot = boot, .shape = shape };
	int err = pn_cache_get("snapshot", key, NULL, NULL, ret_dir, diag);

	if (err != -ENOENT)
		return err ? err : 1;
	return pn_cache_get("snapshot", key, make, &making, ret_dir, diag);
}

static int load_kmsg(struct pn_guest *guest, const char *dir, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "kmsg.json", NULL);
	uint64_t now_ns = pn_clock_now_ns();
	json_t *records = json_load_file(path, 0, NULL);
	json_t *record;
	size_t i;

	if (!json_is_array(records)) {
		json_decref(records);
		return pn_diag_set(diag, -EIO, "%s: damaged; remove its directory", path);
	}
	json_array_foreach(records, i, record)
		pn_guest_tell(guest, record, now_ns);
	json_decref(records);
	return 0;
}

int pn_snapshot_load(struct pn_guest *guest, const char *dir, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "state", NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", path, g_strerror(errno));
	err = load_kmsg(guest, dir, diag);
	if (!err)
		err = move(guest, "migrate-incoming", fd, diag);
	close(fd);
	return err;
}
