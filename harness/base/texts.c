// SPDX-License-Identifier: GPL-2.0-only
/* Lists of texts, where GLib has no function of its own for them. */
#include "texts.h"

#include <string.h>

int pn_texts_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **pn_texts_copy(char *const *texts, unsigned int count)
{
	char **copy = g_new0(char *, count + 1);

	for (unsigned int i = 0; i < count; i++)
		copy[i] = g_strdup(texts[i]);
	return copy;
}
