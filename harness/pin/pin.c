// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness's end of the plugin: one socket, one thread that hears of holds. Counters are in counts.c.
 *
 * Invariant: a message that the plugin sends is either an answer somebody waits for or a hold that somebody has asked for; anything else is
 * ignored, so that a guest that hits a point just as it is cleared confuses nobody.
 */

#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "pin_private.h"

static int map_file(struct pn_pin *pin, struct pn_diag *diag)
{
	int fd = open(pin->shared_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *map = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(*pin->shared)) == 0)
		map = mmap(NULL, sizeof(*pin->shared), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		pn_diag_set(diag, -errno, "%s: %s", pin->shared_path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	pin->shared = map == MAP_FAILED ? NULL : map;
	return pin->shared ? 0 : -EIO;
}

static int listen_at(struct pn_pin *pin, struct pn_diag *diag)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (g_strlcpy(address.sun_path, pin->socket_path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
		return pn_diag_set(diag, -ENAMETOOLONG, "%s: too long for a socket", pin->socket_path);
	pin->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (pin->listener < 0 || bind(pin->listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(pin->listener, 1) < 0)
		return pn_diag_set(diag, -errno, "%s: %s", pin->socket_path, g_strerror(errno));
	return 0;
}

static void on_held(struct pn_pin *pin, const struct pn_pin_message *message)
{
	struct pin_point *point = &pin->points[message->id % PN_PIN_POINTS_MAX];
	struct pn_pin_hold hold = {.id = message->id, .vcpu = message->vcpu, .hits = message->hits, .insns = message->insns};
	pn_pin_held_fn *held;
	void *data;

	g_mutex_lock(&pin->lock);
	held = point->used ? point->point.held : NULL;
	data = point->point.data;
	if (point->used) {
		point->holding = true;
		pin->holding++;
	}
	g_mutex_unlock(&pin->lock);
	if (held)
		held(&hold, data);
}

static void take(struct pn_pin *pin, const struct pn_pin_message *message)
{
	if (message->word == PN_PIN_HELD) {
		on_held(pin, message);
		return;
	}
	g_mutex_lock(&pin->lock);
	if (message->word == PN_PIN_HELLO)
		pin->version = message->version;
	else if (message->word == PN_PIN_DONE)
		pin->done = MAX(pin->done, message->serial);
	g_cond_broadcast(&pin->moved);
	g_mutex_unlock(&pin->lock);
}

static gpointer run(gpointer data)
{
	struct pn_pin *pin = data;
	struct pn_pin_message message;
	int fd = accept4(pin->listener, NULL, NULL, SOCK_CLOEXEC);

	g_mutex_lock(&pin->lock);
	pin->fd = fd;
	if (pin->quit && fd >= 0)
		shutdown(fd, SHUT_RDWR);
	g_mutex_unlock(&pin->lock);
	while (fd >= 0 && recv(fd, &message, sizeof(message), 0) == sizeof(message))
		take(pin, &message);
	g_mutex_lock(&pin->lock);
	pin->gone = true;
	pin->holding = 0;
	g_cond_broadcast(&pin->moved);
	g_mutex_unlock(&pin->lock);
	return NULL;
}

int pn_pin_new(const char *shared_path, const char *socket_path, struct pn_pin **ret_pin, struct pn_diag *diag)
{
	struct pn_pin *pin = g_new0(struct pn_pin, 1);
	int err;

	pin->shared_path = g_strdup(shared_path);
	pin->socket_path = g_strdup(socket_path);
	pin->listener = pin->fd = -1;
	pin->retired = g_array_new(FALSE, FALSE, sizeof(struct pn_pin_covered));
	g_mutex_init(&pin->lock);
	g_cond_init(&pin->moved);
	err = map_file(pin, diag);
	if (!err)
		err = listen_at(pin, diag);
	if (err) {
		pn_pin_free(pin);
		return err;
	}
	pin->thread = g_thread_new("pn-pin", run, pin);
	*ret_pin = pin;
	return 0;
}

void pn_pin_free(struct pn_pin *pin)
{
	if (!pin)
		return;
	g_mutex_lock(&pin->lock);
	pin->quit = true;
	if (pin->fd >= 0)
		shutdown(pin->fd, SHUT_RDWR);
	g_mutex_unlock(&pin->lock);
	if (pin->listener >= 0)
		shutdown(pin->listener, SHUT_RDWR); /* ends the accept of a plugin that never came */
	if (pin->thread)
		g_thread_join(pin->thread);
	if (pin->fd >= 0)
		close(pin->fd);
	if (pin->listener >= 0)
		close(pin->listener);
	if (pin->shared)
		munmap((void *)pin->shared, sizeof(*pin->shared));
	g_array_unref(pin->retired);
	if (pin->before)
		g_array_unref(pin->before);
	if (pin->symbols)
		g_array_unref(pin->symbols);
	g_cond_clear(&pin->moved);
	g_mutex_clear(&pin->lock);
	g_free(pin->shared_path);
	g_free(pin->socket_path);
	g_free(pin);
}

/* QEMU's options take a comma in a value when it is doubled. */
static char *escape(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);

	return g_strjoinv(",,", parts);
}

char *pn_pin_option(const struct pn_pin *pin, const char *plugin)
{
	g_autofree char *file = escape(plugin), *shared = escape(pin->shared_path), *socket = escape(pin->socket_path);

	return g_strdup_printf("file=%s,shared=%s,socket=%s", file, shared, socket);
}

/* Lock held. Return: 0 once @reached, -ENOTCONN or -ETIMEDOUT. */
static int wait_for(struct pn_pin *pin, const uint32_t *counter, uint32_t wanted, uint64_t deadline_ns)
{
	while (*counter < wanted && !pin->gone) {
		if (pn_clock_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		g_cond_wait_until(&pin->moved, &pin->lock, (gint64)(deadline_ns / PN_NS_PER_US) + 1);
	}
	return *counter >= wanted ? 0 : -ENOTCONN;
}

int pn_pin_wait(struct pn_pin *pin, uint64_t timeout_ns, struct pn_diag *diag)
{
	int err;

	g_mutex_lock(&pin->lock);
	err = wait_for(pin, &pin->version, 1, pn_clock_now_ns() + timeout_ns);
	if (!err && pin->version != PN_PIN_VERSION)
		err = -EPROTO;
	g_mutex_unlock(&pin->lock);
	if (err == -EPROTO)
		return pn_diag_set(diag, err, "the plugin in QEMU is of version %u, not %u: build anew", pin->version, PN_PIN_VERSION);
	return err ? pn_diag_set(diag, err, "the plugin in QEMU says nothing") : 0;
}

/* Lock held. */
static int say(struct pn_pin *pin, const struct pn_pin_message *message)
{
	if (pin->fd < 0 || pin->gone)
		return -ENOTCONN;
	return send(pin->fd, message, sizeof(*message), MSG_NOSIGNAL) == sizeof(*message) ? 0 : -ENOTCONN;
}

static int check(const struct pn_pin_point *point, struct pn_diag *diag)
{
	if (point->kind == PN_PIN_SELF)
		return 0;
	if (point->from < PN_PIN_KERNEL_FROM)
		return pn_diag_set(diag, -EINVAL, "a point at 0x%llx: expected an address of the kernel", (unsigned long long)point->from);
	if (point->kind == PN_PIN_EXIT && point->to <= point->from)
		return pn_diag_set(diag, -EINVAL, "the end of the function at 0x%llx is not known, so its exit is not", (unsigned long long)point->from);
	return 0;
}

int pn_pin_set(struct pn_pin *pin, const struct pn_pin_point *point, uint64_t timeout_ns, unsigned int *ret_id, struct pn_diag *diag)
{
	struct pn_pin_message message = {.word = PN_PIN_SET, .kind = point->kind, .from = point->from, .to = point->to,
					 .cold_from = point->cold_from, .cold_to = point->cold_to, .nth = point->nth};
	unsigned int id = 0;
	int err = check(point, diag);

	if (err)
		return err;
	g_mutex_lock(&pin->lock);
	while (id < PN_PIN_POINTS_MAX && pin->points[id].used)
		id++;
	if (id == PN_PIN_POINTS_MAX) {
		g_mutex_unlock(&pin->lock);
		return pn_diag_set(diag, -ENOSPC, "no more than %d points at a time", PN_PIN_POINTS_MAX);
	}
	pin->points[id] = (struct pin_point){.used = true, .point = *point};
	message.id = id;
	message.serial = ++pin->serial;
	err = say(pin, &message);
	if (!err && timeout_ns)
		err = wait_for(pin, &pin->done, message.serial, pn_clock_now_ns() + timeout_ns);
	pin->points[id].used = !err;
	g_mutex_unlock(&pin->lock);
	if (err)
		return pn_diag_set(diag, err, "the plugin in QEMU %s", err == -ETIMEDOUT ? "did not put a point in force in time" : "has gone");
	*ret_id = id;
	return 0;
}

/* Lock held. */
static void let_go(struct pn_pin *pin, struct pin_point *point)
{
	if (!point->holding)
		return;
	point->holding = false;
	pin->holding--;
}

void pn_pin_clear(struct pn_pin *pin, unsigned int id)
{
	g_mutex_lock(&pin->lock);
	if (id < PN_PIN_POINTS_MAX && pin->points[id].used) {
		let_go(pin, &pin->points[id]);
		pin->points[id].used = false;
		say(pin, &(struct pn_pin_message){.word = PN_PIN_CLEAR, .id = id});
	}
	g_mutex_unlock(&pin->lock);
}

int pn_pin_release(struct pn_pin *pin, unsigned int id)
{
	int err = -ENOENT;

	g_mutex_lock(&pin->lock);
	if (id < PN_PIN_POINTS_MAX && pin->points[id].holding) {
		let_go(pin, &pin->points[id]);
		err = say(pin, &(struct pn_pin_message){.word = PN_PIN_RELEASE, .id = id});
	}
	g_mutex_unlock(&pin->lock);
	return err;
}

unsigned int pn_pin_release_all(struct pn_pin *pin)
{
	unsigned int count = 0;

	for (unsigned int id = 0; id < PN_PIN_POINTS_MAX; id++)
		count += pn_pin_release(pin, id) == 0;
	return count;
}

unsigned int pn_pin_holding(struct pn_pin *pin)
{
	unsigned int holding;

	g_mutex_lock(&pin->lock);
	holding = pin->holding;
	g_mutex_unlock(&pin->lock);
	return holding;
}

uint64_t pn_pin_hits(struct pn_pin *pin, unsigned int id)
{
	return id < PN_PIN_POINTS_MAX ? __atomic_load_n(&pin->shared->hits[id], __ATOMIC_RELAXED) : 0;
}
