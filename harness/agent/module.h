/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

/*
 * Loading and unloading kernel modules. Blocks while the module initialises: in a job, or before the loop runs.
 */

/**
 * pn_module_load() - load a module of the image with what it depends on
 * @params: as insmod takes them; for the module itself, not for its dependencies
 * @loaded: array to which the names are appended in order; what was there already is not; may be NULL
 *
 * Return: 0 (also when built in or loaded already), or a negative errno with pn_fail()'s line.
 */
int pn_module_load(const char *name, const char *params, json_t *loaded);

/** pn_module_load_file() - the same for a .ko file; its dependencies come from the image. -EEXIST when it is loaded already. */
int pn_module_load_file(const char *path, const char *params, json_t *loaded);

/** pn_module_unload() - unload one module. Return: 0 or a negative errno with pn_fail()'s line. */
int pn_module_unload(const char *name);
