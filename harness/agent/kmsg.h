/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** struct pn_kmsg_record - one record of /dev/kmsg */
struct pn_kmsg_record {
	uint64_t seq;
	uint64_t time_us;
	unsigned int level; /* 0 emerg to 7 debug */
	const char *text;   /* within the input; unescaped, terminated */
};

/**
 * pn_kmsg_parse() - take a record apart: "PRIO,SEQ,TIME,FLAGS[,...];TEXT\n KEY=VALUE\n"
 * @raw: terminated; changed in place (the kernel's \xNN escapes are undone, bytes that are not ASCII become '?')
 *
 * Source: Documentation/ABI/testing/dev-kmsg. Return: 0 or -EINVAL.
 */
int pn_kmsg_parse(char *raw, struct pn_kmsg_record *ret_record);

/** pn_kmsg_open() - Return: 0 or a negative errno. */
int pn_kmsg_open(void);

/** pn_kmsg_start() - stream from record @seq on; 0 from the oldest that the kernel still has; -1 not at all */
void pn_kmsg_start(int64_t seq);
void pn_kmsg_stop(void);

/** pn_kmsg_pump() - send what there is while there is room; the kernel's buffer keeps the rest */
void pn_kmsg_pump(void);
