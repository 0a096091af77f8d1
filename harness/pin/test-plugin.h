/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * For unit tests: QEMU's end of a pin, played by a thread. It answers what is asked, and holds a vCPU at points as soon as they are set, or again as soon
 * as it was let go. To be included after cmocka.h.
 */

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/units.h"
#include "pin.h"

/** struct test_plugin - fields of the test are set before a point is */
struct test_plugin {
	bool hit;   /* of the test: points are hit when they are set */
	bool again; /* of the test: and again when the vCPU has been let go */
	void (*released_fn)(void *data); /* of the test: a vCPU is being let go; NULL: nobody cares */
	void *data;
	int fd;
	GThread *thread;
	struct pn_pin *pin;
	struct pn_pin_shared *counters; /* as the plugin maps them */
	unsigned int held, released; /* so often; read after test_plugin_end(), or when a call has come back that waits for it */
};

static inline void test_plugin_hold(struct test_plugin *plugin, unsigned int id)
{
	struct pn_pin_message held = {.word = PN_PIN_HELD, .id = id, .hits = 100, .insns = 12345};

	g_atomic_int_inc(&plugin->held);
	send(plugin->fd, &held, sizeof(held), 0);
}

static inline gpointer test_plugin_play(gpointer data)
{
	struct test_plugin *plugin = data;
	struct pn_pin_message message;

	while (recv(plugin->fd, &message, sizeof(message), 0) == sizeof(message)) {
		bool set = message.word == PN_PIN_SET, released = message.word == PN_PIN_RELEASE;

		if (released) {
			g_atomic_int_inc(&plugin->released);
			if (plugin->released_fn)
				plugin->released_fn(plugin->data);
		}
		if (set) {
			message.word = PN_PIN_DONE;
			send(plugin->fd, &message, sizeof(message), 0);
		}
		if ((set && plugin->hit) || (released && plugin->again))
			test_plugin_hold(plugin, message.id);
	}
	return NULL;
}

/* A pin with its files in @dir, and the plugin on it. */
static inline void test_plugin_begin(struct test_plugin *plugin, const char *dir)
{
	g_autofree char *shared = g_build_filename(dir, "counters", NULL), *path = g_build_filename(dir, "s", NULL);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pn_pin_message hello = {.word = PN_PIN_HELLO, .version = PN_PIN_VERSION};
	int fd;

	assert_int_equal(pn_pin_new(shared, path, &plugin->pin, NULL), 0);
	fd = open(shared, O_RDWR | O_CLOEXEC);
	plugin->counters = mmap(NULL, sizeof(*plugin->counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_true(plugin->counters != MAP_FAILED);
	plugin->counters->magic = PN_PIN_MAGIC;
	plugin->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	assert_int_equal(connect(plugin->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(plugin->fd, &hello, sizeof(hello), 0), sizeof(hello));
	assert_int_equal(pn_pin_wait(plugin->pin, 10 * PN_NS_PER_S, NULL), 0);
	plugin->thread = g_thread_new("plugin", test_plugin_play, plugin);
}

/* The plugin goes; the pin stays. */
static inline void test_plugin_end(struct test_plugin *plugin)
{
	shutdown(plugin->fd, SHUT_RDWR);
	g_thread_join(plugin->thread);
	close(plugin->fd);
	munmap(plugin->counters, sizeof(*plugin->counters));
}
