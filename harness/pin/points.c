// SPDX-License-Identifier: GPL-2.0-only
/*
 * Points: places in the guest's code where a vCPU is held until the harness lets it go. A thread reads what the harness asks; the vCPU's own
 * thread counts hits and waits, outside of QEMU's big lock, so that monitor and devices go on.
 *
 * Invariant: a vCPU is never held without somebody who can let it go: when the harness hangs up, every point is cleared.
 *
 * A point changes what blocks must be translated to. So it is "stale" until QEMU has thrown its code away (plugin.c), and DONE is said only
 * then.
 */

#include "plugin.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define BLOCK_INSNS_MAX 512 /* QEMU's TCG_MAX_INSNS */

/** struct point - one point; under the lock but for @armed */
struct point {
	struct pn_pin_message what;
	atomic_bool armed;
	uint64_t hits;
	unsigned int ticket; /* of whoever is held here: another one lets it go */
};

/** struct site - an instruction with a point: so many of its block, itself among them, were not executed yet when it is come to */
struct site {
	struct point *point;
	uint32_t left;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static struct point points[PN_PIN_POINTS_MAX];
static struct site sites[PN_PIN_POINTS_MAX][BLOCK_INSNS_MAX + 1]; /* by @left: code that was translated refers to them for ever */
static uint32_t unanswered[PN_PIN_POINTS_MAX]; /* serials of requests that wait for fresh code */
static unsigned int unanswered_count;
static atomic_bool stale;
static int sock = -1;

bool pn_plugin_points_stale(void)
{
	return atomic_load_explicit(&stale, memory_order_relaxed);
}

void pn_plugin_points_refreshing(void)
{
	atomic_store(&stale, false);
}

static void say(const struct pn_pin_message *message)
{
	send(sock, message, sizeof(*message), MSG_NOSIGNAL);
}

static void done(uint32_t serial)
{
	say(&(struct pn_pin_message){.word = PN_PIN_DONE, .serial = serial});
}

void pn_plugin_points_fresh(void)
{
	pthread_mutex_lock(&lock);
	/* One that came while code was being thrown away has to wait for the next time. */
	if (!atomic_load(&stale)) {
		for (unsigned int i = 0; i < unanswered_count; i++)
			done(unanswered[i]);
		unanswered_count = 0;
	}
	pthread_mutex_unlock(&lock);
}

/* A vCPU is here. */
static void hit(unsigned int vcpu, void *data)
{
	const struct site *site = data;
	struct point *point = site->point;

	if (!atomic_load_explicit(&point->armed, memory_order_relaxed))
		return;
	pthread_mutex_lock(&lock);
	pn_plugin_shared->hits[point->what.id] = ++point->hits;
	if (atomic_load(&point->armed) && (point->what.nth == 0 || point->hits == point->what.nth)) {
		unsigned int ticket = point->ticket;

		say(&(struct pn_pin_message){.word = PN_PIN_HELD, .id = point->what.id, .kind = point->what.kind, .vcpu = vcpu,
					     .hits = point->hits, .vaddr = point->what.from, .insns = pn_plugin_insns() - site->left});
		while (point->ticket == ticket)
			pthread_cond_wait(&moved, &lock);
	}
	pthread_mutex_unlock(&lock);
}

static void mark_insns(struct qemu_plugin_tb *tb, struct point *point)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
		const uint8_t *bytes = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);
		bool here = false;

		if (point->what.kind == PN_PIN_ENTRY)
			here = vaddr == point->what.from;
		else if (point->what.kind == PN_PIN_EXIT)
			here = pn_plugin_exits(&point->what, vaddr, bytes, size);
		else if (vaddr < PN_PIN_KERNEL_FROM && size == PN_PIN_SELF_SIZE)
			here = memcmp(bytes, PN_PIN_SELF_INSN, PN_PIN_SELF_SIZE) == 0;
		struct site *site = &sites[point - points][MIN(count - i, BLOCK_INSNS_MAX)];

		if (!here)
			continue;
		*site = (struct site){.point = point, .left = (uint32_t)MIN(count - i, BLOCK_INSNS_MAX)};
		qemu_plugin_register_vcpu_insn_exec_cb(insn, hit, QEMU_PLUGIN_CB_NO_REGS, site);
	}
}

void pn_plugin_points_mark(struct qemu_plugin_tb *tb)
{
	for (unsigned int i = 0; i < PN_PIN_POINTS_MAX; i++) {
		if (atomic_load_explicit(&points[i].armed, memory_order_acquire))
			mark_insns(tb, &points[i]);
	}
}

/* Callbacks stay in code that is translated already, so nothing is stale after a point was taken away. */
static void clear(struct point *point)
{
	atomic_store(&point->armed, false);
	point->ticket++;
	pthread_cond_broadcast(&moved);
}

static void set(struct point *point, const struct pn_pin_message *message)
{
	clear(point);
	point->what = *message;
	pn_plugin_shared->hits[message->id] = point->hits = 0;
	atomic_store_explicit(&point->armed, true, memory_order_release);
	if (!pn_plugin_translated()) {
		done(message->serial); /* a guest that has not run yet */
		return;
	}
	/* The harness waits for each; were it not to, its oldest request would stay unanswered and time out. */
	unanswered[unanswered_count++ % PN_PIN_POINTS_MAX] = message->serial;
	unanswered_count = unanswered_count > PN_PIN_POINTS_MAX ? PN_PIN_POINTS_MAX : unanswered_count;
	atomic_store(&stale, true);
}

static void obey(const struct pn_pin_message *message)
{
	struct point *point = &points[message->id];

	switch (message->word) {
	case PN_PIN_SET:
		set(point, message);
		break;
	case PN_PIN_CLEAR:
		clear(point);
		done(message->serial);
		break;
	case PN_PIN_RELEASE:
		point->ticket++;
		pthread_cond_broadcast(&moved);
		break;
	}
}

static void *listen_to(void *data)
{
	struct pn_pin_message message;

	while (recv(sock, &message, sizeof(message), 0) == sizeof(message) && message.id < PN_PIN_POINTS_MAX) {
		pthread_mutex_lock(&lock);
		obey(&message);
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < PN_PIN_POINTS_MAX; i++)
		clear(&points[i]);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int pn_plugin_points_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	pthread_t thread;
	int err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	say(&(struct pn_pin_message){.word = PN_PIN_HELLO, .version = PN_PIN_VERSION});
	err = pthread_create(&thread, NULL, listen_to, NULL);
	return err ? -err : 0;
}
