/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

/** pn_texts_compare() - order of two texts for g_ptr_array_sort(): gets pointers to them, as every GCompareFunc of an array */
int pn_texts_compare(gconstpointer a, gconstpointer b);

/** pn_texts_copy() - a NULL-terminated copy of @count texts; NULL @texts with 0 is an empty list; freed with g_strfreev() */
char **pn_texts_copy(char *const *texts, unsigned int count);
