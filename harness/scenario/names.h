/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/** pn_names_path() - path of workloads/FOLDER/NAME.yaml, NULL when there is none or @name is no plain name; freed with g_free() */
char *pn_names_path(const char *workloads_dir, const char *folder, const char *name);

/** pn_names_list() - names of the YAML files of a folder, sorted; g_strfreev() by the caller; empty when it can't be read */
char **pn_names_list(const char *workloads_dir, const char *folder);

/** pn_names_accepted() - the names there are for an error text, those similar to @name first; freed with g_free() */
char *pn_names_accepted(const char *workloads_dir, const char *folder, const char *name);

/**
 * pn_names_provide() - make known the names that another layer has
 * @kind: "drivers", "images" or "laws"; "mutants" or "controls": suites as YAML texts
 * @list: makes the list, which is kept; NULL takes it back: then any name is accepted, as in tests without that layer
 */
void pn_names_provide(const char *kind, char **(*list)(void));

/** pn_names_provided() - the names of that kind; borrowed, until the next pn_names_provide(); NULL when nobody has provided any */
const char *const *pn_names_provided(const char *kind);
