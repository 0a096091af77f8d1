/* SPDX-License-Identifier: GPL-2.0-only */
/* "NAME VALUE" texts (meminfo, vmstat, memory.events, drivers' counters), pressure, stat, schedstat, modules. zoneinfo is in parse_zone.c. */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || c == '(' || c == ')';
}

/* One line; @end is its newline or the text's end. */
static bool take_line(const char *at, const char *end, struct pn_parse_line *ret_line)
{
	const char *name = at, *stop;
	uint64_t value = 0;

	while (at < end && is_name(*at))
		at++;
	ret_line->name = name;
	ret_line->name_len = at - name;
	if (at == name)
		return false;
	if (at < end && *at == ':')
		at++;
	stop = at;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at == stop || at == end)
		return false;
	for (stop = at; at < end && isdigit((unsigned char)*at); at++) {
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
			return false;
	}
	if (at == stop)
		return false;
	if (end - at >= 3 && memcmp(at, " kB", 3) == 0) {
		at += 3;
		if (__builtin_mul_overflow(value, 1024, &value))
			return false;
	}
	ret_line->value = value;
	return at == end;
}

bool pn_parse_next(const char **at, struct pn_parse_line *ret_line)
{
	while (**at) {
		const char *line = *at, *end = strchrnul(line, '\n');

		*at = *end ? end + 1 : end;
		if (take_line(line, end, ret_line))
			return true;
	}
	return false;
}

int pn_parse_value(const char *text, const char *name, uint64_t *ret_value)
{
	struct pn_parse_line line;

	while (pn_parse_next(&text, &line)) {
		if (line.name_len == strlen(name) && memcmp(line.name, name, line.name_len) == 0) {
			*ret_value = line.value;
			return 0;
		}
	}
	return -ENOENT;
}

/* "total=" of the line that starts with @kind. */
static bool psi_total(const char *text, const char *kind, uint64_t *ret_us)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *total;

		if (strncmp(line, kind, strlen(kind)) != 0)
			continue;
		total = strstr(line, "total=");
		if (!total || total > strchrnul(line, '\n'))
			return false;
		return sscanf(total, "total=%" SCNu64, ret_us) == 1;
	}
	return false;
}

int pn_parse_psi(const char *text, struct pn_parse_psi *ret_psi)
{
	struct pn_parse_psi psi = {0};

	psi.has_some = psi_total(text, "some ", &psi.some_us);
	psi.has_full = psi_total(text, "full ", &psi.full_us);
	if (!psi.has_some && !psi.has_full)
		return -EINVAL;
	*ret_psi = psi;
	return 0;
}

int pn_parse_cpu(const char *text, struct pn_parse_cpu *ret_cpu)
{
	struct pn_parse_cpu cpu;

	if (sscanf(text, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &cpu.user, &cpu.nice,
		   &cpu.system, &cpu.idle, &cpu.iowait, &cpu.irq, &cpu.softirq, &cpu.steal) != 8)
		return -EINVAL;
	*ret_cpu = cpu;
	return 0;
}

int pn_parse_schedstat(const char *text, struct pn_parse_schedstat *ret_schedstat)
{
	struct pn_parse_schedstat s;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &s.cpu_ns, &s.wait_ns, &s.slices) != 3)
		return -EINVAL;
	*ret_schedstat = s;
	return 0;
}

int pn_parse_module(const char *text, const char *name, uint64_t *ret_base, uint64_t *ret_size)
{
	for (const char *line = text; *line; line = *strchrnul(line, '\n') ? strchrnul(line, '\n') + 1 : "") {
		uint64_t base, size;
		char found[64];

		if (sscanf(line, "%63s %" SCNu64 " %*s %*s %*s 0x%" SCNx64, found, &size, &base) != 3 || strcmp(found, name) != 0)
			continue;
		if (base == 0)
			return -EACCES;
		*ret_base = base;
		*ret_size = size;
		return 0;
	}
	return -ENOENT;
}
