// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness's end of the watcher in QEMU, where that tampers with the balloon's queues, interrupts and configuration. The connection is made with the
 * first order and lives until the guest ends; should this process die before, the watcher takes the order back.
 */

#include "tamper.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../rings/order.h"
#include "private.h"

#define ANSWER_S 10

static const struct {
	const char *name;
	enum pn_tamper_what what;
} ways[] = {
	{ "irq-lost", PN_TAMPER_IRQ_LOST },
	{ "irq-late", PN_TAMPER_IRQ_LATE },
	{ "irq-twice", PN_TAMPER_IRQ_TWICE },
	{ "irq-spurious", PN_TAMPER_IRQ_SPURIOUS },
	{ "used-length", PN_TAMPER_USED_LENGTH },
	{ "used-id", PN_TAMPER_USED_ID },
	{ "used-order", PN_TAMPER_USED_ORDER },
	{ "config-target", PN_TAMPER_CONFIG_TARGET },
	{ "config-random", PN_TAMPER_CONFIG_RANDOM },
	{ "chain-pfn", PN_TAMPER_CHAIN_PFN },
	{ "chain-length", PN_TAMPER_CHAIN_LENGTH },
	{ "chain-loop", PN_TAMPER_CHAIN_LOOP },
};

/* Queues in QEMU's order; the one of hints is left out where it is not offered. */
static int queue_index(const struct pn_guest *guest, const char *name)
{
	static const char *const names[] = { "inflate", "deflate", "stats", "hints", "reporting", NULL };
	int index = 0;

	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], "hints") == 0 && !guest->machine.balloon.free_page_hint)
			continue;
		if (strcmp(names[i], name) == 0)
			return index;
		index++;
	}
	return -ENOENT;
}

static int connect_to(struct pn_guest *guest, struct pn_diag *diag)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = ANSWER_S };
	int fd;

	if (guest->tamper_fd >= 0)
		return 0;
	if (!guest->tamper_path)
		return pn_diag_set(diag, -ENOTSUP, "tamper: nothing of ours is in this guest's QEMU (KVM, guest.unpinned, or it has moved into another one)");
	g_strlcpy(address.sun_path, guest->tamper_path, sizeof(address.sun_path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int err = errno;

		if (fd >= 0)
			close(fd);
		return pn_diag_set(diag, -err, "tamper: the watcher in QEMU: %s", g_strerror(err));
	}
	guest->tamper_fd = fd;
	return 0;
}

static int exchange(struct pn_guest *guest, const struct pn_tamper_order *order, struct pn_tamper_answer *ret_answer, struct pn_diag *diag)
{
	int r = connect_to(guest, diag);

	if (r < 0)
		return r;
	if (send(guest->tamper_fd, order, sizeof(*order), MSG_NOSIGNAL) != sizeof(*order) ||
	    recv(guest->tamper_fd, ret_answer, sizeof(*ret_answer), 0) != sizeof(*ret_answer))
		return pn_diag_set(diag, errno == EAGAIN ? -ETIMEDOUT : -ENOTCONN, "tamper: the watcher in QEMU does not answer");
	if (ret_answer->version != PN_TAMPER_VERSION)
		return pn_diag_set(diag, -EPROTO, "tamper: the watcher in QEMU is of version %u, not %u: build anew", ret_answer->version, PN_TAMPER_VERSION);
	switch (ret_answer->err) {
	case 0:
		return 0;
	case -ENODEV:
		return pn_diag_set(diag, -ENODEV, "tamper: QEMU's balloon device is not watched (rings.jsonl says why)");
	case -ENOTSUP:
		return pn_diag_set(diag, -ENOTSUP, "tamper: not with packed rings, and interrupts not of a legacy device");
	default:
		return pn_diag_set(diag, ret_answer->err, "tamper: the watcher in QEMU refuses the order: %s", g_strerror(-ret_answer->err));
	}
}

static uint64_t number(const json_t *args, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(args, key));
}

static int read_order(const struct pn_guest *guest, const json_t *args, struct pn_tamper_order *ret_order, struct pn_diag *diag)
{
	const char *what = json_string_value(json_object_get(args, "what")), *queue = json_string_value(json_object_get(args, "queue"));
	int index = queue && strcmp(queue, "any") != 0 ? queue_index(guest, queue) : (int)PN_TAMPER_ANY_QUEUE;

	*ret_order = (struct pn_tamper_order){ .version = PN_TAMPER_VERSION, .word = what ? PN_TAMPER_SET : PN_TAMPER_CLEAR };
	if (!what)
		return 0;
	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		if (strcmp(ways[i].name, what) == 0)
			ret_order->what = ways[i].what;
	}
	if (!ret_order->what)
		return pn_diag_set(diag, -EINVAL, "tamper: '%s' is no way to tamper", what);
	if (index == -ENOENT)
		return pn_diag_set(diag, -EINVAL, "tamper: this balloon has no queue '%s'", queue);
	ret_order->queue = (uint32_t)index;
	ret_order->value = number(args, "value");
	ret_order->space = number(args, "space");
	ret_order->interval = number(args, "interval");
	ret_order->times = number(args, "times");
	ret_order->seed = number(args, "seed");
	ret_order->probability = json_object_get(args, "probability") ? (uint32_t)number(args, "probability") : 100;
	return 0;
}

int pn_tamper_act(struct pn_guest *guest, json_t *args, uint64_t timeout_ns, json_t **ret_reply, struct pn_diag *diag)
{
	struct pn_tamper_order order;
	struct pn_tamper_answer answer;
	int r = read_order(guest, args, &order, diag);

	if (r < 0)
		return r;
	g_mutex_lock(&guest->tamper_lock);
	if (order.word == PN_TAMPER_SET && guest->tampered)
		r = pn_diag_set(diag, -EBUSY, "tamper: the traffic of this balloon is tampered with already; one at a time");
	if (r == 0)
		r = exchange(guest, &order, &answer, diag);
	if (r == 0)
		guest->tampered = order.word == PN_TAMPER_SET;
	g_mutex_unlock(&guest->tamper_lock);
	return r;
}

int pn_guest_tampered(struct pn_guest *guest, uint64_t *ret_seen, uint64_t *ret_struck, struct pn_diag *diag)
{
	struct pn_tamper_answer answer;
	int r;

	g_mutex_lock(&guest->tamper_lock);
	r = exchange(guest, &(struct pn_tamper_order){ .version = PN_TAMPER_VERSION, .word = PN_TAMPER_ASK }, &answer, diag);
	g_mutex_unlock(&guest->tamper_lock);
	if (r < 0)
		return r;
	*ret_seen = answer.seen;
	*ret_struck = answer.struck;
	return 0;
}

void pn_tamper_hang_up(struct pn_guest *guest)
{
	g_mutex_lock(&guest->tamper_lock);
	if (guest->tamper_fd >= 0)
		close(guest->tamper_fd);
	guest->tamper_fd = -1;
	guest->tampered = false;
	g_clear_pointer(&guest->tamper_path, g_free);
	g_mutex_unlock(&guest->tamper_lock);
}
