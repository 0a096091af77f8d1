// SPDX-License-Identifier: GPL-2.0-only
/*
 * What QEMU loads (`-plugin pn-rings.so,out=FILE[,socket=PATH]`). It uses nothing of the interface for plugins but the way in, so no instruction of the
 * guest costs more than without it; the machine does not exist yet when it is loaded, so the rest waits for the main loop.
 */

#include <stdio.h>
#include <string.h>

#include "control.h"
#include "qemu.h"
#include "stream.h"
#include "watch.h"

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct qemu_api api;

/* A bottom half would come too early where a disk is opened: that runs the event loop before there are any devices. */
static void on_machine_ready(struct qemu_notifier *notifier, void *data)
{
	pn_watch_start(&api);
}

static struct qemu_notifier machine_ready = { .notify = on_machine_ready };

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc, char **argv)
{
	const char *missing, *path = NULL, *socket = NULL;

	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			path = argv[i] + 4;
		else if (!strncmp(argv[i], "socket=", 7))
			socket = argv[i] + 7;
	}
	if (!path || pn_stream_open(path)) {
		fprintf(stderr, "pn-rings: out=FILE: '%s' can not be written\n", path ? path : "");
		return -1;
	}
	missing = qemu_api_find(&api);
	if (missing) {
		pn_stream_begin("watch");
		pn_stream_add(",\"state\":\"off\",\"reason\":\"this QEMU does not export %s()\"", missing);
		pn_stream_end();
		return 0;
	}
	if (socket && pn_control_listen(&api, socket)) {
		fprintf(stderr, "pn-rings: socket=PATH: '%s' can not be listened on\n", socket);
		return -1;
	}
	api.qemu_add_machine_init_done_notifier(&machine_ready);
	return 0;
}
