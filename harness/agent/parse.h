/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The kernel's text files, taken apart without allocating. Each function takes the whole text, terminated, of whatever a kernel or a driver
 * under test may have written.
 */

/** struct pn_parse_line - one "NAME VALUE" or "NAME: VALUE kB" line */
struct pn_parse_line {
	const char *name;
	unsigned int name_len;
	uint64_t value; /* in bytes where the line said kB */
};

/**
 * pn_parse_next() - the next line of that form; other lines are passed over
 * @at: position in the text, moved on
 *
 * Return: false at the end.
 */
bool pn_parse_next(const char **at, struct pn_parse_line *ret_line);

/** pn_parse_value() - the value of one name. Return: 0 or -ENOENT. */
int pn_parse_value(const char *text, const char *name, uint64_t *ret_value);

/** struct pn_parse_psi - one file of /proc/pressure: totals in microseconds */
struct pn_parse_psi {
	bool has_some, has_full;
	uint64_t some_us, full_us;
};

/** pn_parse_psi() - source: Documentation/accounting/psi.rst. Return: 0 or -EINVAL when there is neither line. */
int pn_parse_psi(const char *text, struct pn_parse_psi *ret_psi);

/** struct pn_parse_cpu - first line of /proc/stat, in clock ticks */
struct pn_parse_cpu {
	uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
};

/** pn_parse_cpu() - Return: 0 or -EINVAL. */
int pn_parse_cpu(const char *text, struct pn_parse_cpu *ret_cpu);

/** struct pn_parse_schedstat - /proc/PID/schedstat */
struct pn_parse_schedstat {
	uint64_t cpu_ns, wait_ns, slices;
};

/** pn_parse_schedstat() - source: Documentation/scheduler/sched-stats.rst. Return: 0 or -EINVAL. */
int pn_parse_schedstat(const char *text, struct pn_parse_schedstat *ret_schedstat);

/** struct pn_parse_zone - a zone of /proc/zoneinfo */
struct pn_parse_zone {
	unsigned int node;
	char name[16];
	uint64_t free_pages, spanned_pages, present_pages, managed_pages;
};

/** pn_parse_zone_next() - the next zone; @at is moved on. Return: false at the end. */
bool pn_parse_zone_next(const char **at, struct pn_parse_zone *ret_zone);

/** pn_parse_module() - where a module's code lies, from /proc/modules. Return: 0, -ENOENT, or -EACCES when the kernel hides addresses. */
int pn_parse_module(const char *text, const char *name, uint64_t *ret_base, uint64_t *ret_size);
