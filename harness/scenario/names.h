/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/** pn_names_path() - path of workloads/FOLDER/NAME.yaml, NULL when there is none or @name is no plain name; freed with g_free() */
char *pn_names_path(const char *workloads_dir, const char *folder, const char *name);

/** pn_names_list() - names of the YAML files of a folder, sorted; g_strfreev() by the caller; empty when it can't be read */
char **pn_names_list(const char *workloads_dir, const char *folder);

/** pn_names_accepted() - the names there are for an error text, those similar to @name first; freed with g_free() */
char *pn_names_accepted(const char *workloads_dir, const char *folder, const char *name);

/** pn_names_summary() - the `summary` of a scenario, suite or load, for lists; NULL when it can't be read; freed with g_free() */
char *pn_names_summary(const char *workloads_dir, const char *folder, const char *name);
