// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one door through which the host acts on a guest. Invariant: the journal has "action" before anything is done and "done" after,
 * with the same number, so that what was under way at a crash can be seen; whatever is not in the journal did not change the guest.
 *
 *	action {"n","verb","args","insns": {"driver","kernel","user"} executed by then, where they are counted}
 *	done {"n","errno","took_ns","error" when refused}
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/journal.h"
#include "../base/units.h"
#include "../pin/pin.h"
#include "calls.h"
#include "exact.h"
#include "channel.h"
#include "guest.h"
#include "migrate.h"
#include "nbd.h"
#include "plug.h"
#include "private.h"
#include "tamper.h"

#define RESET_LOOK_NS (5 * PN_NS_PER_MS)
#define TIMEOUT_DEFAULT_NS (10 * PN_NS_PER_S)

struct verb {
	const char *name;
	const char *help;
	int (*act)(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag);
};

static json_t *decode(const char *text)
{
	json_t *envelope = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	/* guest-stats has 2^64-1 for a statistic the guest never reported, which jansson refuses as an integer: all numbers are reals then. */
	return envelope || !text ? envelope : json_loads(text, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
}

/* The reply of the monitor without its envelope. */
static int unwrap(const char *command, const char *text, json_t **ret_reply, struct pn_diag *diag)
{
	json_t *envelope = decode(text);
	json_t *value = json_object_get(envelope, "return");
	const char *words = json_string_value(json_object_get(json_object_get(envelope, "error"), "desc"));
	int err = 0;

	if (words)
		err = pn_diag_set(diag, -EREMOTEIO, "monitor: %s: %s", command, words);
	else if (!value)
		err = pn_diag_set(diag, -EPROTO, "monitor: %s: the reply has neither \"return\" nor \"error\"", command);
	else if (ret_reply)
		*ret_reply = json_incref(value);
	json_decref(envelope);
	return err;
}

static int ask(struct pn_guest *guest, struct pn_calls *calls, const char *command, json_t *arguments, int fd, uint64_t timeout_ns,
	       json_t **ret_reply, uint64_t *ret_latency_ns, struct pn_diag *diag)
{
	json_t *line = json_pack("{s:s,s:O*}", "execute", command, "arguments", arguments);
	char *text = json_dumps(line, JSON_COMPACT);
	char *reply = NULL;
	int err;

	json_decref(line);
	if (!text)
		return pn_diag_set(diag, -EINVAL, "monitor: the command is not valid text");
	err = pn_guest_state(guest) == PN_GUEST_GONE ? -ENOTCONN : 0;
	if (!err)
		err = pn_calls_run(calls, text, fd, timeout_ns, &reply, ret_latency_ns, diag);
	/* Whatever the library said, a guest that has gone is the reason. */
	if (err && err != -ETIMEDOUT && pn_guest_state(guest) == PN_GUEST_GONE)
		err = pn_diag_set(diag, -ENOTCONN, "monitor: %s: guest '%s' has gone", command, guest->name);
	if (!err)
		err = unwrap(command, reply, ret_reply, diag);
	free(text);
	free(reply);
	return err;
}

int pn_guest_monitor(struct pn_guest *guest, const char *command, json_t *arguments, int fd, uint64_t timeout_ns, json_t **ret_reply,
		     uint64_t *ret_latency_ns, struct pn_diag *diag)
{
	return ask(guest, guest->calls, command, arguments, fd, timeout_ns, ret_reply, ret_latency_ns, diag);
}

static int act_balloon(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	json_t *bytes = json_object_get(args, "bytes"), *arguments;
	int err;

	if (!json_is_integer(bytes))
		return pn_diag_set(diag, -EINVAL, "balloon: no \"bytes\" given");
	/* The monitor counts what the guest keeps; the device gets num_pages = (memory - value) / 4096. */
	arguments = json_pack("{s:I}", "value", (json_int_t)pn_guest_memory_bytes(guest) - json_integer_value(bytes));
	err = pn_guest_monitor(guest, "balloon", arguments, -1, timeout_ns, ret_reply, NULL, diag);
	json_decref(arguments);
	return err;
}

/* While a vCPU is held at a point. What waits for all vCPUs would wait for that one, and with it everybody who asks the monitor. */
static int check_held(struct pn_guest *guest, const char *command, struct pn_diag *diag)
{
	static const char *const waits[] = { "stop", "migrate", "device_add", "device_del", "snapshot-save", NULL };

	if (!guest->pin || !pn_pin_holding(guest->pin) || !g_strv_contains(waits, command))
		return 0;
	return pn_diag_set(diag, -EBUSY, "%s: a vCPU is held at a point, and this would wait for it", command);
}

/* A guest with a held vCPU answers nobody. */
static void let_go(struct pn_guest *guest)
{
	if (guest->pin)
		pn_pin_release_all(guest->pin);
}

static int act_qmp(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	const char *command = json_string_value(json_object_get(args, "execute"));
	int err = command ? check_held(guest, command, diag) : pn_diag_set(diag, -EINVAL, "qmp: no \"execute\" given");

	if (err)
		return err;
	return pn_guest_monitor(guest, command, json_object_get(args, "arguments"), -1, timeout_ns, ret_reply, NULL, diag);
}

static int call_agent(struct pn_guest *guest, const json_t *request, const struct pn_channel_blobs *blobs, uint64_t timeout_ns,
		      json_t **ret_reply, struct pn_diag *diag)
{
	if (!guest->channel || pn_guest_state(guest) == PN_GUEST_GONE)
		return pn_diag_set(diag, -ENOTCONN, "agent: guest '%s' has gone", guest->name);
	if (!guest->exact)
		let_go(guest);
	return pn_channel_call(guest->channel, request, blobs, timeout_ns, ret_reply, diag);
}

static int act_agent(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	const char *to = json_string_value(json_object_get(args, "to"));
	struct pn_channel_blobs blobs = { .from_fd = -1, .to_fd = -1 };
	json_t *request;
	int err;

	if (!to)
		return call_agent(guest, args, NULL, timeout_ns, ret_reply, diag);
	blobs.to_fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (blobs.to_fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", to, g_strerror(errno));
	request = json_copy(args);
	json_object_del(request, "to");
	err = call_agent(guest, request, &blobs, timeout_ns, ret_reply, diag);
	json_decref(request);
	if (close(blobs.to_fd) < 0 && !err)
		err = pn_diag_set(diag, -errno, "%s: %s", to, g_strerror(errno));
	return err;
}

static int act_put(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	const char *from = json_string_value(json_object_get(args, "from"));
	const char *path = json_string_value(json_object_get(args, "path"));
	struct pn_channel_blobs blobs = { .from_fd = -1, .to_fd = -1 };
	struct stat st;
	json_t *request;
	int err;

	if (!from || !path)
		return pn_diag_set(diag, -EINVAL, "put: needs \"from\" and \"path\"");
	blobs.from_fd = open(from, O_RDONLY | O_CLOEXEC);
	if (blobs.from_fd < 0)
		return pn_diag_set(diag, -errno, "%s: %s", from, g_strerror(errno));
	if (fstat(blobs.from_fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		err = pn_diag_set(diag, -EINVAL, "%s: not a regular file", from);
	} else if (guest->exact && (uint64_t)st.st_size > PN_EXACT_PUT_MAX) {
		err = pn_diag_set(diag, -EFBIG, "%s: exact mode: %llu bytes are more than a standing guest takes (%d KiB)", from,
				  (unsigned long long)st.st_size, (int)(PN_EXACT_PUT_MAX / PN_KIB));
	} else {
		request = json_pack("{s:s,s:s,s:O*,s:I}", "op", "put", "path", path, "mode", json_object_get(args, "mode"), "size",
				    (json_int_t)st.st_size);
		err = call_agent(guest, request, &blobs, timeout_ns, ret_reply, diag);
		json_decref(request);
	}
	close(blobs.from_fd);
	return err;
}

static int act_signal(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	json_t *number = json_object_get(args, "signal");

	if (!json_is_integer(number))
		return pn_diag_set(diag, -EINVAL, "signal: no \"signal\" given");
	return guest->ops->signal(guest, (int)json_integer_value(number), diag);
}

static int act_pause(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	int err = check_held(guest, "stop", diag);

	return err ? err : pn_guest_monitor(guest, "stop", NULL, -1, timeout_ns, ret_reply, NULL, diag);
}

static int act_resume(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	return pn_guest_monitor(guest, "cont", NULL, -1, timeout_ns, ret_reply, NULL, diag);
}

/** struct reset - a reset under way while a vCPU is held */
struct reset {
	struct pn_guest *guest;
	int answered; /* atomic */
};

/* What the main loop's thread sleeps in (proc(5), syscall): "202 " and its arguments, for a futex. Empty while it runs. */
static char *sleeps_in(struct pn_guest *guest)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/syscall", (int)pn_guest_pid(guest)), *text = NULL, *futex = g_strdup_printf("%d ", SYS_futex);

	if (!g_file_get_contents(path, &text, NULL, NULL) || !g_str_has_prefix(text, futex))
		return g_strdup("");
	return g_steal_pointer(&text);
}

/*
 * QEMU resets in its main loop, where it tells all vCPUs to stop, which they do at their next block, and waits for them before it answers. So a vCPU that
 * is held goes on once the main loop has been seen waiting on one condition at two looks.
 */
static gpointer let_go_when_awaited(gpointer data)
{
	struct reset *reset = data;
	g_autofree char *before = g_strdup("");

	while (!g_atomic_int_get(&reset->answered)) {
		char *now = sleeps_in(reset->guest);
		bool waits = *now && strcmp(now, before) == 0;

		g_free(before);
		before = now;
		if (waits)
			break;
		pn_clock_sleep_until(pn_clock_now_ns() + RESET_LOOK_NS);
	}
	let_go(reset->guest);
	return NULL;
}

static int act_reset(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	struct reset reset = { .guest = guest };
	GThread *thread = guest->pin && pn_pin_holding(guest->pin) ? g_thread_new("pn-let-go", let_go_when_awaited, &reset) : NULL;
	int err = pn_guest_monitor(guest, "system_reset", NULL, -1, timeout_ns, ret_reply, NULL, diag);

	g_atomic_int_set(&reset.answered, 1);
	if (thread)
		g_thread_join(thread);
	return err;
}

static const struct verb verbs[] = {
	{ "balloon", "a new target: bytes in the balloon", act_balloon },
	{ "qmp", "a monitor command", act_qmp },
	{ "agent", "a request to the agent", act_agent },
	{ "put", "a host file into the guest", act_put },
	{ "signal", "a signal to QEMU", act_signal },
	{ "pause", "stop the virtual CPUs", act_pause },
	{ "resume", "let the virtual CPUs go on", act_resume },
	{ "reset", "press the reset button", act_reset },
	{ "migrate-nowhere", "begin a migration to /dev/null", pn_migrate_act_nowhere },
	{ "disk", "make the swap disk fail, slow, hang or full", pn_nbd_act },
	{ "plug-memory", "plug memory", pn_plug_act_memory },
	{ "unplug", "take the balloon device away", pn_plug_act_unplug },
	{ "plug", "put the balloon device back", pn_plug_act_plug },
	{ "tamper", "change what driver and device tell each other", pn_tamper_act },
	{ "move-ahead", "start the other QEMU that the guest is to move into", pn_migrate_act_move_ahead },
	{ "move", "into another QEMU of this host", pn_migrate_act_move },
	{ "move-end", "all of its memory into the QEMU that it is in", pn_migrate_act_move_end },
	{ "migrate-cancel", "cancel the migration under way", pn_migrate_act_cancel },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

int pn_guest_act(struct pn_guest *guest, const struct pn_action *action, json_t **ret_reply, struct pn_diag *diag)
{
	const struct verb *verb = find_verb(action->verb);
	int n = (int)g_atomic_int_add(&guest->actions, 1) + 1;
	struct pn_diag words = { 0 };
	uint64_t begin_ns;
	int err;

	if (!verb)
		return pn_diag_set(diag, -EINVAL, "'%s' is not an action on a guest", action->verb);
	if (guest->journal) {
		err = pn_journal_add(guest->journal, "action",
				     json_pack("{s:i,s:s,s:O*,s:o*}", "n", n, "verb", verb->name, "args", action->args, "insns",
					       pn_guest_insns(guest)));
		if (err)
			return pn_diag_set(diag, err, "the journal of '%s' can't be written: %s", guest->name, g_strerror(-err));
	}
	begin_ns = pn_clock_now_ns();
	err = verb->act(guest, action->args, action->timeout_ns ? action->timeout_ns : TIMEOUT_DEFAULT_NS, ret_reply, &words);
	if (guest->journal)
		pn_journal_add(guest->journal, "done",
			       json_pack("{s:i,s:i,s:I,s:s*}", "n", n, "errno", -err, "took_ns",
					 (json_int_t)(pn_clock_now_ns() - begin_ns), "error", err ? words.text : NULL));
	return err ? pn_diag_set(diag, err, "%s", words.text) : 0;
}

int pn_guest_agent(struct pn_guest *guest, json_t *request, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	struct pn_action action = { .verb = "agent", .args = request, .timeout_ns = timeout_ns };
	int err = pn_guest_act(guest, &action, ret_reply, diag);

	json_decref(request);
	return err;
}

int pn_guest_balloon(struct pn_guest *guest, uint64_t bytes, struct pn_diag *diag)
{
	json_t *args = json_pack("{s:I}", "bytes", (json_int_t)bytes);
	int err = pn_guest_act(guest, &(struct pn_action){ .verb = "balloon", .args = args }, NULL, diag);

	json_decref(args);
	return err;
}

int pn_guest_query(struct pn_guest *guest, const char *command, json_t *arguments, uint64_t timeout_ns, json_t **ret_reply,
		   uint64_t *ret_latency_ns, struct pn_diag *diag)
{
	if (!g_str_has_prefix(command, "query-") && !g_str_has_prefix(command, "x-query-") && strcmp(command, "qom-get") != 0)
		return pn_diag_set(diag, -EINVAL, "'%s' is not a query: it may change the guest, so it has to be an action", command);
	return ask(guest, guest->queries, command, arguments, -1, timeout_ns, ret_reply, ret_latency_ns, diag);
}

int pn_guest_ballooned(struct pn_guest *guest, uint64_t *ret_bytes, struct pn_diag *diag)
{
	json_t *reply = NULL, *actual;
	uint64_t memory_bytes;
	int err = pn_guest_query(guest, "query-balloon", NULL, TIMEOUT_DEFAULT_NS, &reply, NULL, diag);

	if (err)
		return err;
	memory_bytes = pn_guest_memory_bytes(guest);
	actual = json_object_get(reply, "actual");
	if (!json_is_integer(actual) || json_integer_value(actual) < 0 ||
	    (uint64_t)json_integer_value(actual) > memory_bytes)
		err = pn_diag_set(diag, -EPROTO, "monitor: query-balloon: 'actual' is not within the guest's memory");
	else
		*ret_bytes = memory_bytes - (uint64_t)json_integer_value(actual);
	json_decref(reply);
	return err;
}
