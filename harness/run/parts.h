/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

struct pn_diag;
struct pn_image;
struct pn_module;
struct pn_scenario;

/**
 * pn_parts_get() - what a case is made of, by content
 * @image, @module: of @scenario
 * @ret_parts: {"kernel": {"sha256","release","version"}, "image": {"sha256","name"}, "driver": {"sha256","name","label","path": where it was}, "qemu": {"sha256"},
 *	"loads": {"sha256","names"}, "harness": {"sha256"}, "host": {"kernel","cpu"}}; json_decref() by the caller
 *
 * "sha256" is of the file itself; of the loads, which a case without any lacks, of the files that they are started from; of the image, and of a driver that is the image's own, of all that went into the image. Hashes are
 * cached by the file's identity. Return: 0 or a negative errno.
 */
int pn_parts_get(const struct pn_scenario *scenario, const struct pn_image *image, const struct pn_module *module, const char *workloads_dir,
		 json_t **ret_parts, struct pn_diag *diag);

/**
 * pn_parts_here() - what a scenario is made of on this host; builds image and driver when they are not there, which blocks for as long
 * @ret_driver: path of the driver's .ko, NULL for the image's own; g_free(); may be NULL
 * @ret_debug: path of its debug information; NULL when there is none; g_free(); may be NULL
 *
 * Return: 0 or a negative errno.
 */
int pn_parts_here(const struct pn_scenario *scenario, const char *workloads_dir, json_t **ret_parts, char **ret_driver, char **ret_debug, struct pn_diag *diag);
