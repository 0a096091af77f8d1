/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The text files that depmod(8) makes, read as far as loading a module needs them. The guest has no libkmod: Debian ships no static one.
 */

#define PN_MODULES_MAX 64

/** struct pn_modules_order - paths of modules below /lib/modules/RELEASE, in the order in which they have to be loaded */
struct pn_modules_order {
	char path[PN_MODULES_MAX][128];
	unsigned int count;
};

/** pn_modules_name() - the module's name as the kernel has it, of a path: base name, no ".ko...", '-' as '_'; @size at least 64 */
void pn_modules_name(const char *path, char *name, size_t size);

/**
 * pn_modules_dep() - what has to be loaded for a module, itself last
 * @text: content of modules.dep
 * @name: of the module
 * @order: appended to; what is in it already is not added again
 *
 * Return: 0; -ENOENT when modules.dep does not have it; -E2BIG.
 */
int pn_modules_dep(const char *text, const char *name, struct pn_modules_order *order);

/** pn_modules_softdep() - names to load before @name (content of modules.softdep), space-separated. Return: whether there are any. */
bool pn_modules_softdep(const char *text, const char *name, char *names, size_t size);

/** pn_modules_builtin() - is it built in? (content of modules.builtin) */
bool pn_modules_builtin(const char *text, const char *name);

/** pn_modules_depends() - the "depends=" of a .ko's .modinfo: names, comma-separated. Return: whether it is there (it may be empty). */
bool pn_modules_depends(const char *image, size_t len, char *names, size_t size);
