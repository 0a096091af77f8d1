// SPDX-License-Identifier: GPL-2.0-only
/*
 * One execution of an exact case between gdb and QEMU's stub. What gdb asks while the guest stands is passed on; what would let it run on for good ends
 * this process, and the next execution goes where gdb wants to be. So nothing that is looked at for an hour is ever run on from: the timeouts of
 * a case do not matter.
 *
 * Breakpoints of QEMU's stub would disturb what comes after them: with its clock unstopped for a moment and no vCPU running, QEMU lets time leap to the next
 * timer. So hits are counted with points of the plugin, whose vCPU is only held; from the hit before the one that is wanted QEMU's breakpoints are in force,
 * and the next hit stops the guest for good.
 *
 * Invariant: up to where it stops for gdb an execution is the same to the instruction as one without a debugger.
 *
 * Limits: of two breakpoints in one block of QEMU's translation the second may be missed when the first is the hit before it. Breakpoints on instructions
 * only, no watchpoints. Ctrl-C in gdb is heard while the guest stands only.
 */
#include "rerun.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "../guest/guest.h"
#include "../pin/pin.h"
#include "rsp.h"

#define OPEN_TIMEOUT_NS (10 * PN_NS_PER_S)
#define POLL_MS 20
#define POLL_US 200

/** struct pn_rerun - an execution under way; @lock is held while gdb or a hit is seen to */
struct pn_rerun {
	struct pn_guest *guest;
	struct pn_rerun_shared *shared;
	struct pn_rsp gdb, stub;
	GThread *watcher;
	GMutex lock;
	bool over; /* the timeline has ended */
	int near;  /* atomic: the vCPU is held at the hit before the one that is wanted */
	unsigned int hits, point_count;
	unsigned int points[PN_RERUN_BREAKS_MAX];
	uint64_t position; /* of the guest, as it stands */
	bool at_end;
};

static uint64_t count_insns(struct pn_guest *guest)
{
	json_t *insns = pn_guest_insns(guest), *value;
	uint64_t sum = 0;
	const char *key;

	json_object_foreach(insns, key, value)
		sum += (uint64_t)json_integer_value(value);
	json_decref(insns);
	return sum;
}

/* The process ends here; the lab takes back what it has started. */
static _Noreturn void leave(const struct pn_rerun *rerun, int err)
{
	rerun->shared->err = err;
	rerun->shared->done |= err < 0;
	fflush(NULL);
	_exit(0);
}

static _Noreturn void go_to(const struct pn_rerun *rerun, enum pn_rerun_goal goal, unsigned int hit)
{
	rerun->shared->goal = goal;
	rerun->shared->hit = hit;
	leave(rerun, 0);
}

static void ask(struct pn_rerun *rerun, const char *request, GString *reply)
{
	int err = pn_rsp_ask(&rerun->stub, request, reply);

	if (err)
		leave(rerun, err);
}

static void put_breaks(struct pn_rerun *rerun, char letter)
{
	g_autoptr(GString) reply = g_string_new(NULL);

	for (unsigned int i = 0; i < rerun->shared->break_count; i++) {
		g_autofree char *request = g_strdup_printf("%c%s", letter, rerun->shared->breaks[i]);

		ask(rerun, request, reply);
	}
}

/* Return: NULL, or what gdb is answered in place of the stub: instructions can be stopped at, and so many of them */
static const char *note_break(struct pn_rerun_shared *shared, const char *packet)
{
	const char *text = packet + 1;
	unsigned int i = 0;

	if (*text != '0' && *text != '1')
		return "";
	while (i < shared->break_count && strcmp(shared->breaks[i], text))
		i++;
	if (*packet == 'z' && i < shared->break_count)
		memmove(shared->breaks[i], shared->breaks[--shared->break_count], PN_RERUN_TEXT_MAX);
	if (*packet == 'z' || i < shared->break_count)
		return NULL;
	if (i == PN_RERUN_BREAKS_MAX || strlen(text) >= PN_RERUN_TEXT_MAX)
		return "E1c";
	g_strlcpy(shared->breaks[shared->break_count++], text, PN_RERUN_TEXT_MAX);
	return NULL;
}

static void pass_on(struct pn_rerun *rerun, const GString *packet)
{
	g_autoptr(GString) reply = g_string_new(NULL);
	const char *own = *packet->str == 'Z' || *packet->str == 'z' ? note_break(rerun->shared, packet->str) : NULL;

	if (own)
		g_string_assign(reply, own);
	else
		ask(rerun, packet->str, reply);
	if (g_str_has_prefix(packet->str, "qSupported")) {
		g_strlcpy(rerun->shared->greeting, packet->str, sizeof(rerun->shared->greeting));
		g_string_append(reply, ";ReverseContinue+");
	}
	if (*packet->str == '?')
		rerun->shared->break_count = 0; /* the stub forgets them too */
	if (pn_rsp_send(&rerun->gdb, reply->str, reply->len))
		leave(rerun, -ECONNRESET);
}

static void resume(struct pn_rerun *rerun, const char *stop)
{
	if (rerun->at_end) { /* there is nothing after it */
		pn_rsp_send(&rerun->gdb, stop, strlen(stop));
		return;
	}
	rerun->shared->waiting = true;
	rerun->shared->position = rerun->position;
	go_to(rerun, PN_RERUN_FORTH, 0);
}

static void obey(struct pn_rerun *rerun, const GString *packet, const char *stop)
{
	const char *text = packet->str;

	if (!strcmp(text, "bc")) {
		rerun->shared->waiting = true;
		rerun->shared->position = rerun->at_end ? UINT64_MAX : rerun->position;
		go_to(rerun, PN_RERUN_BACK, 0);
	} else if (*text == 'k' || *text == 'D' || g_str_has_prefix(text, "vKill")) {
		pn_rsp_send(&rerun->gdb, "OK", 2);
		rerun->shared->done = true;
		leave(rerun, 0);
	} else if (*text == 'c' || *text == 'C' || g_ascii_strncasecmp(text, "vCont;c", 7) == 0) {
		resume(rerun, stop);
	} else {
		pass_on(rerun, packet);
		if (*text == 's' || g_ascii_strncasecmp(text, "vCont;s", 7) == 0)
			rerun->position = count_insns(rerun->guest);
	}
}

/* @stop: what gdb is told of where the guest stands */
static _Noreturn void serve(struct pn_rerun *rerun, const char *stop)
{
	g_autoptr(GString) packet = g_string_new(NULL);

	if (rerun->shared->waiting && pn_rsp_send(&rerun->gdb, stop, strlen(stop)))
		leave(rerun, -ECONNRESET);
	rerun->shared->waiting = false;
	for (;;) {
		int event = pn_rsp_next(&rerun->gdb, -1, packet);

		if (event < 0) { /* gdb has gone without a word */
			rerun->shared->done = true;
			leave(rerun, 0);
		}
		if (event == PN_RSP_PACKET)
			obey(rerun, packet, stop);
	}
}

/* QEMU has read what was sent to its stub, and its main thread waits: for the vCPU that is to stop, and is held */
static bool is_stopping(const struct pn_rerun *rerun)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/syscall", (int)pn_guest_pid(rerun->guest)), *text = NULL;
	int unread;

	if (ioctl(rerun->stub.fd, SIOCOUTQ, &unread) < 0 || unread)
		return false;
	return g_file_get_contents(path, &text, NULL, NULL) && g_ascii_strtoll(text, NULL, 10) == SYS_futex;
}

/*
 * A vCPU is held, or a crash has stopped all: in either case QEMU is made to stand as gdb knows it, at the end of the block in which the vCPU is. Only
 * when QEMU has begun to stop it is the vCPU let go. @ret_stop: what the stub says of it
 */
static void stop_guest(struct pn_rerun *rerun, GString *ret_stop)
{
	g_autoptr(GString) reply = g_string_new(NULL);
	struct pn_pin *pin = pn_guest_pin(rerun->guest);
	bool held = pin && pn_pin_holding(pin);
	uint64_t deadline_ns = pn_clock_now_ns() + OPEN_TIMEOUT_NS;

	if (pn_rsp_break(&rerun->stub))
		leave(rerun, -ECONNRESET);
	while (held && !is_stopping(rerun)) {
		if (pn_clock_now_ns() > deadline_ns)
			leave(rerun, -ETIMEDOUT);
		g_usleep(POLL_US);
	}
	for (unsigned int i = 0; i < rerun->point_count; i++)
		pn_pin_clear(pin, rerun->points[i]);
	if (pin)
		pn_pin_release_all(pin);
	if (pn_rsp_send(&rerun->stub, "?", 1))
		leave(rerun, -ECONNRESET);
	for (ask(rerun, "qC", reply); !g_str_has_prefix(reply->str, "QC");) { /* what came before it is where the guest has stopped */
		if (*reply->str == 'T')
			g_string_assign(ret_stop, reply->str);
		if (pn_rsp_next(&rerun->stub, -1, reply) < 0)
			leave(rerun, -ECONNRESET);
	}
}

static _Noreturn void stop_and_serve(struct pn_rerun *rerun, const char *word)
{
	g_autoptr(GString) stop = g_string_new("T05thread:01;");

	stop_guest(rerun, stop);
	put_breaks(rerun, 'Z'); /* "?" has taken them away, and gdb believes in them */
	stop->str[2] = '5';
	g_string_append_printf(stop, "replaylog:%s;", word);
	serve(rerun, stop->str);
}

/* The hit before the one that gdb wants: from here QEMU's own breakpoints are there, so it is the next that stops the guest, at that very instruction. */
static void come_near(struct pn_rerun *rerun)
{
	g_autoptr(GString) stop = g_string_new(NULL);

	stop_guest(rerun, stop);
	put_breaks(rerun, 'Z');
	if (pn_rsp_send(&rerun->stub, "c", 1))
		leave(rerun, -ECONNRESET);
}

/* A vCPU is held at one of gdb's breakpoints. On the pin's thread. */
static void on_point(const struct pn_pin_hold *hold, void *data)
{
	struct pn_rerun *rerun = data;
	const struct pn_rerun_shared *shared = rerun->shared;

	if (shared->goal == PN_RERUN_BACK && hold->insns >= shared->position)
		go_to(rerun, rerun->hits ? PN_RERUN_HIT : PN_RERUN_BEGIN, rerun->hits);
	if (shared->goal == PN_RERUN_FORTH && hold->insns > shared->position)
		go_to(rerun, PN_RERUN_HIT, rerun->hits + 1);
	rerun->hits++;
	if (shared->goal == PN_RERUN_HIT && rerun->hits + 1 == shared->hit)
		g_atomic_int_set(&rerun->near, 1);
	else
		pn_pin_release(pn_guest_pin(rerun->guest), hold->id);
}

static void *watch(void *data)
{
	struct pn_rerun *rerun = data;
	g_autoptr(GString) stop = g_string_new(NULL);
	bool over = false;

	while (!over) {
		int event = pn_rsp_next(&rerun->stub, POLL_MS, stop);

		g_mutex_lock(&rerun->lock);
		over = rerun->over;
		if (event < 0 && !over)
			leave(rerun, event);
		if (g_atomic_int_compare_and_exchange(&rerun->near, 1, 0))
			come_near(rerun);
		if (event == PN_RSP_PACKET && *stop->str == 'T') {
			rerun->position = count_insns(rerun->guest);
			serve(rerun, stop->str);
		}
		g_mutex_unlock(&rerun->lock);
	}
	return NULL;
}

static int set_points(struct pn_rerun *rerun, struct pn_diag *diag)
{
	int err = 0;

	for (unsigned int i = 0; i < rerun->shared->break_count && !err; i++) {
		struct pn_pin_point point = {.kind = PN_PIN_ENTRY, .held = on_point, .data = rerun};

		point.from = g_ascii_strtoull(rerun->shared->breaks[i] + 2, NULL, 16);
		err = pn_pin_set(pn_guest_pin(rerun->guest), &point, OPEN_TIMEOUT_NS, &rerun->points[i], diag);
		rerun->point_count += !err;
	}
	return err;
}

static int connect_stub(struct pn_guest *guest, const char *path, struct pn_rsp *stub, struct pn_diag *diag)
{
	g_autofree char *line = g_strdup_printf("gdbserver unix:%s,server=on,wait=off", path);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	json_t *args = json_pack("{s:s, s:{s:s}}", "execute", "human-monitor-command", "arguments", "command-line", line), *reply = NULL;
	struct pn_action action = {.verb = "qmp", .args = args, .timeout_ns = OPEN_TIMEOUT_NS};
	int err = pn_guest_act(guest, &action, &reply, diag), fd;

	json_decref(args);
	json_decref(reply);
	if (err)
		return err;
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		err = pn_diag_set(diag, -errno, "QEMU's socket for gdb, %s: %s", path, g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return err;
	}
	pn_rsp_init(stub, fd);
	return 0;
}

int pn_rerun_begin(struct pn_guest *guest, int gdb_fd, const char *stub, struct pn_rerun_shared *shared, struct pn_rerun **ret_rerun,
		   struct pn_diag *diag)
{
	struct pn_rerun *rerun = g_new0(struct pn_rerun, 1);
	int err = connect_stub(guest, stub, &rerun->stub, diag);

	if (err) {
		g_free(rerun);
		return err;
	}
	rerun->guest = guest;
	rerun->shared = shared;
	g_mutex_init(&rerun->lock);
	pn_rsp_init(&rerun->gdb, gdb_fd);
	if (*shared->greeting)
		ask(rerun, shared->greeting, NULL);
	ask(rerun, "?", NULL); /* answered: QEMU has taken us for a debugger before the guest runs */
	if (shared->goal == PN_RERUN_HIT && shared->hit == 1)
		put_breaks(rerun, 'Z');
	else if (shared->goal == PN_RERUN_HIT || shared->goal == PN_RERUN_BACK || shared->goal == PN_RERUN_FORTH)
		err = set_points(rerun, diag);
	if (err)
		return err;
	rerun->watcher = g_thread_new("pn-rerun", watch, rerun);
	*ret_rerun = rerun;
	return 0;
}

/* no hit is looked for any more; where gdb is being served this never returns */
static void end_watching(struct pn_rerun *rerun)
{
	g_mutex_lock(&rerun->lock);
	rerun->over = true;
	rerun->position = count_insns(rerun->guest);
	g_mutex_unlock(&rerun->lock);
	g_thread_join(rerun->watcher);
}

void pn_rerun_at_begin(struct pn_rerun *rerun)
{
	if (rerun->shared->goal != PN_RERUN_BEGIN)
		return;
	end_watching(rerun);
	stop_and_serve(rerun, "begin");
}

_Noreturn void pn_rerun_at_end(struct pn_rerun *rerun)
{
	end_watching(rerun);
	if (rerun->shared->goal == PN_RERUN_BACK)
		go_to(rerun, rerun->hits ? PN_RERUN_HIT : PN_RERUN_BEGIN, rerun->hits);
	if (rerun->shared->goal == PN_RERUN_FORTH)
		go_to(rerun, PN_RERUN_END, 0);
	if (rerun->shared->goal != PN_RERUN_END)
		leave(rerun, -ENODATA);
	rerun->at_end = true;
	stop_and_serve(rerun, "end");
}
