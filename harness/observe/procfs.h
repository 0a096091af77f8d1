/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parsers of the kernel's text files. Pure: they see text, not files, so recorded fixtures test them. */

/** struct pn_procfs_field - one field wanted out of a "Key:   N kB" file, and the name it gets in a sample */
struct pn_procfs_field {
	const char *key;
	const char *name;
};

/**
 * pn_procfs_fields() - take fields out of text such as /proc/meminfo or /proc/PID/smaps_rollup
 * @text: the file
 * @fields: what is wanted; ends with a NULL key
 * @into: object; each field found is set in bytes
 *
 * Return: how many were found; the others are left out of @into.
 */
unsigned int pn_procfs_fields(const char *text, const struct pn_procfs_field *fields, json_t *into);

/**
 * pn_procfs_unaccounted() - memory that the guest's kernel has handed out without saying for what
 * @meminfo: text of its /proc/meminfo
 * @zoneinfo: of its /proc/zoneinfo, for what is free on the lists of the CPUs, which MemFree leaves out: up to the low watermarks, 50 MiB of a guest of
 *            2 GiB (mm/page_alloc.c, zone_highsize())
 *
 * A leaked page is in no list of the kernel: it only shows as this growing. Return: false when the text has no MemTotal.
 */
bool pn_procfs_unaccounted(const char *meminfo, const char *zoneinfo, uint64_t *ret_bytes);

/**
 * pn_procfs_psi() - take the totals out of a file of /proc/pressure
 * @text: the file
 * @prefix: of the names, "host.psi.cpu"; gives PREFIX.some_us and PREFIX.full_us
 *
 * Return: 0 or -EINVAL when no line of it is understood.
 */
int pn_procfs_psi(const char *text, const char *prefix, json_t *into);

/** struct pn_procfs_sched - /proc/TID/schedstat */
struct pn_procfs_sched {
	uint64_t cpu_ns;
	uint64_t delay_ns; /* runnable, waiting for a CPU */
	uint64_t slices;
};

/** pn_procfs_schedstat() - read a schedstat. Return: 0 or -EINVAL. */
int pn_procfs_schedstat(const char *text, struct pn_procfs_sched *ret_sched);

/**
 * struct pn_procfs_ram - what guest memory occupies, out of /proc/PID/smaps
 * @size_bytes: of the mappings taken for guest memory; 0 when none fits
 */
struct pn_procfs_ram {
	uint64_t from; /* address of the first one; the others follow without a gap */
	uint64_t size_bytes;
	uint64_t rss_bytes; /* hugetlb pages counted in */
	uint64_t anon_huge_bytes;
	uint64_t swap_bytes;
};

/**
 * pn_procfs_smaps_ram() - sum up the mappings that hold guest memory
 * @text: /proc/PID/smaps
 * @memory_bytes: the guest's memory; RAM below and above the PCI hole is one block in QEMU, so one mapping of exactly this size is
 *	looked for first; else neighbours of at least a page that together make it (a discard with other flags splits a mapping)
 */
void pn_procfs_smaps_ram(const char *text, uint64_t memory_bytes, struct pn_procfs_ram *ret_ram);

/**
 * struct pn_procfs_file - a procfs file that is kept open and read again and again
 *
 * Its own buffer grows to what the file needs; a plain value, {-1} before opening.
 */
struct pn_procfs_file {
	int fd;
	char *buf;
	size_t size;
};

/** pn_procfs_open() - open a file for reading it repeatedly. Return: 0 or a negative errno. */
int pn_procfs_open(struct pn_procfs_file *file, const char *path);

/** pn_procfs_read() - read it from its start. Return: the text, valid until the next read or close; NULL with errno set. */
const char *pn_procfs_read(struct pn_procfs_file *file);
void pn_procfs_close(struct pn_procfs_file *file);
