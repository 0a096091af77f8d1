/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading what depmod(8) wrote: "PATH: DEPENDENCY..." with the dependency that has to be loaded first at the end of its line. */
#include "modules_dep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE sizeof(((struct pn_modules_order *)0)->path[0])

void pn_modules_name(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/'), *dot;
	size_t len;

	base = base ? base + 1 : path;
	dot = strstr(base, ".ko");
	len = dot ? (size_t)(dot - base) : strlen(base);
	if (len > size - 1)
		len = size - 1;
	memmove(name, base, len);
	name[len] = 0;
	for (char *at = name; *at; at++) {
		if (*at == '-')
			*at = '_';
	}
}

/* Is the path of @len bytes that of module @name (underscores)? */
static bool is_module(const char *path, size_t len, const char *name)
{
	char text[PATH_SIZE], found[64], wanted[64];

	if (len >= sizeof(text))
		return false;
	memcpy(text, path, len);
	text[len] = 0;
	pn_modules_name(text, found, sizeof(found));
	pn_modules_name(name, wanted, sizeof(wanted));
	return strcmp(found, wanted) == 0;
}

static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

static int append(struct pn_modules_order *order, const char *path, size_t len)
{
	if (len >= PATH_SIZE)
		return -E2BIG;
	for (unsigned int i = 0; i < order->count; i++) {
		if (strlen(order->path[i]) == len && memcmp(order->path[i], path, len) == 0)
			return 0;
	}
	if (order->count == PN_MODULES_MAX)
		return -E2BIG;
	memcpy(order->path[order->count], path, len);
	order->path[order->count++][len] = 0;
	return 0;
}

/* The words of a line, last first. */
static int append_backwards(struct pn_modules_order *order, const char *from, const char *end)
{
	while (end > from) {
		const char *word;
		int r;

		while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		for (word = end; word > from && word[-1] != ' ' && word[-1] != '\t'; word--)
			;
		r = end > word ? append(order, word, end - word) : 0;
		if (r < 0)
			return r;
		end = word;
	}
	return 0;
}

int pn_modules_dep(const char *text, const char *name, struct pn_modules_order *order)
{
	for (const char *line = text; *line; line = next_line(line)) {
		const char *end = line + strcspn(line, "\n");
		const char *colon = memchr(line, ':', end - line);
		int r;

		if (!colon || !is_module(line, colon - line, name))
			continue;
		r = append_backwards(order, colon + 1, end);
		return r < 0 ? r : append(order, line, colon - line);
	}
	return -ENOENT;
}

bool pn_modules_softdep(const char *text, const char *name, char *names, size_t size)
{
	size_t used = 0;

	names[0] = 0;
	for (const char *line = text; *line; line = next_line(line)) {
		char copy[512], *save, *word;
		bool pre = false;

		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
		word = strtok_r(copy, " \t", &save);
		if (!word || strcmp(word, "softdep") != 0)
			continue;
		word = strtok_r(NULL, " \t", &save);
		if (!word || !is_module(word, strlen(word), name))
			continue;
		while ((word = strtok_r(NULL, " \t", &save))) {
			if (strcmp(word, "pre:") == 0 || strcmp(word, "post:") == 0)
				pre = word[1] == 'r';
			else if (pre && used + strlen(word) + 2 <= size)
				used += snprintf(names + used, size - used, "%s%s", used ? " " : "", word);
		}
	}
	return used > 0;
}

bool pn_modules_builtin(const char *text, const char *name)
{
	for (const char *line = text; *line; line = next_line(line)) {
		if (is_module(line, strcspn(line, "\n"), name))
			return true;
	}
	return false;
}

bool pn_modules_depends(const char *image, size_t len, char *names, size_t size)
{
	static const char key[] = "\0depends=";
	const char *hit = memmem(image, len, key, sizeof(key) - 1);
	size_t at = 0;

	if (!hit)
		return false;
	for (hit += sizeof(key) - 1; hit < image + len && *hit && at + 1 < size; hit++)
		names[at++] = *hit;
	names[at] = 0;
	return true;
}
