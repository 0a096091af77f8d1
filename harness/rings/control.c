// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness's orders, one peer at a time, and interrupts that are due later. Invariant: an order ends with the connection that gave it.
 */

#include "control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "order.h"
#include "tamper.h"

#define TICK_MS 1 /* how exactly an interrupt is late */

static const struct qemu_api *api;
static int listener = -1;

static void lock(void)
{
	api->qemu_mutex_lock_iothread_impl(__FILE__, __LINE__);
}

static void obey(int fd, const struct pn_tamper_order *order)
{
	struct pn_tamper_answer answer;

	lock();
	pn_tamper_obey(order, &answer);
	api->qemu_mutex_unlock_iothread();
	if (fd >= 0)
		send(fd, &answer, sizeof(answer), MSG_NOSIGNAL);
}

static void serve(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct pn_tamper_order order;

	for (;;) {
		int ready = poll(&poller, 1, TICK_MS);

		if (ready < 0 && errno != EINTR)
			break;
		if (pn_tamper_due()) {
			lock();
			pn_tamper_raise();
			api->qemu_mutex_unlock_iothread();
		}
		if (ready <= 0)
			continue;
		if (recv(fd, &order, sizeof(order), 0) != sizeof(order))
			break;
		obey(fd, &order);
	}
	obey(-1, &(struct pn_tamper_order){ .version = PN_TAMPER_VERSION, .word = PN_TAMPER_CLEAR });
}

static void *run(void *data)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR) {
		if (fd < 0)
			continue;
		serve(fd);
		close(fd);
	}
	return NULL;
}

int pn_control_listen(const struct qemu_api *qemu, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	pthread_t thread;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	api = qemu;
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 1) < 0)
		return -errno;
	return -pthread_create(&thread, NULL, run, NULL);
}
