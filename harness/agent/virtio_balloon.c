/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtio balloon in sysfs. None of the files read here takes a lock of the device or its driver. */
#include "virtio_balloon.h"

#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/virtio/devices"
#define VIRTIO_ID_BALLOON 5

/* The last part of where a link points to; "" when it is not there. */
static void link_name(const char *path, char *name, size_t size)
{
	char target[512];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *base;

	name[0] = 0;
	if (n < 0)
		return;
	target[n] = 0;
	base = strrchr(target, '/');
	snprintf(name, size, "%.*s", (int)size - 1, base ? base + 1 : target);
}

static void text_of(const char *device, const char *file, char *text, unsigned int size)
{
	char path[512];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", device, file);
	if (pn_agent_read(path, text, size) < 0)
		text[0] = 0;
	text[strcspn(text, "\n")] = 0;
}

static void describe(const char *name, struct pn_virtio_balloon *ret_device)
{
	char path[512], text[32];

	memset(ret_device, 0, sizeof(*ret_device));
	snprintf(ret_device->device, sizeof(ret_device->device), "%.31s", name);
	snprintf(path, sizeof(path), DEVICES "/%s/driver", name);
	link_name(path, ret_device->driver, sizeof(ret_device->driver));
	snprintf(path, sizeof(path), DEVICES "/%s/driver/module", name);
	link_name(path, ret_device->module, sizeof(ret_device->module));
	text_of(name, "features", ret_device->features, sizeof(ret_device->features));
	text_of(name, "status", text, sizeof(text));
	ret_device->status = strtoul(text, NULL, 16);
}

int pn_virtio_balloon_find(struct pn_virtio_balloon *ret_device)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	int r = -ENODEV;

	if (!dir)
		return -ENODEV;
	while (r < 0 && (entry = readdir(dir))) {
		char text[32];

		if (entry->d_name[0] == '.')
			continue;
		text_of(entry->d_name, "device", text, sizeof(text));
		if (strtoul(text, NULL, 16) != VIRTIO_ID_BALLOON)
			continue;
		describe(entry->d_name, ret_device);
		r = 0;
	}
	closedir(dir);
	return r;
}
