/* SPDX-License-Identifier: GPL-2.0-only */
/* Drivers: modules in and out, the balloon device bound and unbound. Whatever enters driver code is a job: a driver under test may never return. */
#include "ops.h"

#include "virtio_balloon.h"
#include "agent.h"
#include "job.h"
#include "module.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS 30000

static int load_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const char *name = NULL, *path = NULL, *params;
	json_t *loaded = json_array();
	int r = pn_arg_string(request, "params", "", &params);

	if (r < 0)
		return r;
	if (json_object_get(request->args, "path"))
		r = pn_arg_path(request, "path", &path);
	else
		r = pn_arg_name(request, "name", &name);
	if (r == 0)
		r = path ? pn_module_load_file(path, params, loaded) : pn_module_load(name, params, loaded);
	*ret_reply = json_pack("{s:o}", "loaded", loaded);
	return r;
}

static int run_load(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, load_child, TIMEOUT_MS);
}

static int unload_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	const char *name;
	int r = pn_arg_name(request, "name", &name);

	return r < 0 ? r : pn_module_unload(name);
}

static int run_unload(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, unload_child, TIMEOUT_MS);
}

static int run_bound(const struct pn_request *request, json_t **ret_reply)
{
	struct pn_virtio_balloon device;
	int r = pn_virtio_balloon_find(&device);

	if (r < 0)
		return pn_fail(r, "driver.bound: this guest has no virtio balloon");
	*ret_reply = json_pack("{s:b,s:s,s:s,s:s,s:i}", "bound", device.driver[0] != 0, "driver", device.driver, "device", device.device,
			       "features", device.features, "status", (int)device.status);
	return 0;
}

/* Bind or unbind through sysfs; the device is the balloon unless the request names another. */
static int rebind(const struct pn_request *request, const char *file)
{
	struct pn_virtio_balloon device = {0};
	const char *driver, *name;
	char path[256];
	int r;

	pn_virtio_balloon_find(&device);
	r = pn_arg_string(request, "device", device.device, &name);
	if (r == 0)
		r = pn_arg_string(request, "driver", device.driver, &driver);
	if (r < 0)
		return r;
	if (!name[0] || strchr(name, '/') || !driver[0] || strchr(driver, '/'))
		return pn_fail(-EINVAL, "%s: no %s given, and none found", request->op, name[0] ? "driver" : "device");
	snprintf(path, sizeof(path), "/sys/bus/virtio/drivers/%.100s/%s", driver, file);
	r = pn_agent_write(path, name);
	return r < 0 ? pn_fail(r, "%s: %.200s: %s", request->op, path, strerror(-r)) : 0;
}

static int unbind_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	return rebind(request, "unbind");
}

static int run_unbind(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, unbind_child, TIMEOUT_MS);
}

static int bind_child(const struct pn_request *request, int in_fd, json_t **ret_reply)
{
	return rebind(request, "bind");
}

static int run_bind(const struct pn_request *request, json_t **ret_reply)
{
	return pn_ops_job(request, bind_child, TIMEOUT_MS);
}

const struct pn_op pn_ops_driver[] = {
	{"module.load", "a module of the image or a .ko file, with its dependencies", run_load},
	{"module.unload", "a module out", run_unload},
	{"driver.bound", "which driver has the balloon", run_bound},
	{"driver.unbind", "take the balloon from its driver", run_unbind},
	{"driver.bind", "give the balloon to a driver", run_bind},
	{0},
};
