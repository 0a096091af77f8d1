// SPDX-License-Identifier: GPL-2.0-only
/* `puncture device`: requirements of the specification on the emulator's balloon device. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../../reports/conformance.h"
#include "../../reports/rundir.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../device/device.h"
#include "../guest/emulator.h"

static const struct pn_option options[] = {
	{"qemu", "FILE", "emulator binary; default: found in PATH", false, "FILE"},
	{"into", "RUN", "add the result to this run directory: device.json, and rows of conformance.json", false, "DIR"},
	{0},
};

static int add_to_run(const char *dir, const json_t *result, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(dir, "device.json", NULL);
	struct pn_rundir *run = NULL;
	char *text = json_dumps(result, JSON_INDENT(1));
	int err = pn_rundir_read(dir, &run, diag);

	if (!err)
		err = pn_fs_write(path, text, strlen(text), diag);
	if (!err)
		err = pn_conformance_write(run, diag);
	if (run)
		pn_rundir_free(run);
	free(text);
	return err;
}

/* Advice not followed is told, and is no failure; nor is a bug that is known, while it is there and its time is not up. */
static bool must_broken(const json_t *result)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(result, "rows"), i, row) {
		const json_t *qemu = json_object_get(json_object_get(row, "results"), "qemu");

		if (json_is_true(json_object_get(row, "must")) && !json_object_get(qemu, "known") && json_integer_value(json_object_get(qemu, "broken")))
			return true;
		if (json_object_get(qemu, "surprise"))
			return true;
	}
	return false;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	const char *into = pn_opts_get(args, "into");
	g_autofree char *emulator = NULL;
	json_t *result = NULL;
	int err = pn_emulator_path(pn_opts_get(args, "qemu"), &emulator, diag);

	if (!err)
		err = pn_device_judge(emulator, &result, diag);
	if (!err && into)
		err = add_to_run(into, result, diag);
	if (!err) {
		pn_conformance_text(result, stdout);
		err = must_broken(result) ? PN_EXIT_FAIL : PN_EXIT_PASS;
	}
	json_decref(result);
	return err;
}

const struct pn_command pn_command_device = {
	.name = "device",
	.summary = "requirements on the emulator's balloon device, and hostile drivers",
	.usage = "[OPTION]...",
	.description = "Drives the balloon device of an unmodified QEMU through qtest, without a guest: what\n"
		       "the virtio specification requires of devices, what no driver may send, which QEMU\n"
		       "must survive, and bugs seen in the field. Exit code 1 when it does not keep to what\n"
		       "it MUST, or a bug that is known is gone or past the day until which it is let stand.",
	.options = options,
	.run = run,
};
