/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PN_NS_PER_S 1000000000ULL
#define PN_NS_PER_MS 1000000ULL
#define PN_NS_PER_US 1000ULL
#define PN_KIB 1024ULL
#define PN_MIB (1024ULL * PN_KIB)
#define PN_GIB (1024ULL * PN_MIB)

/** PN_PAGE_BYTES - unit of num_pages and actual (virtio 1.2, 5.5.6), whatever the guest's own page size is */
#define PN_PAGE_BYTES 4096ULL

#define PN_BYTES_ACCEPTED "a size such as 4096, 64KiB, 512MiB or 2GiB"
#define PN_DURATION_ACCEPTED "a duration such as 250ms, 2s, 5min or 8h"

/**
 * pn_bytes_parse() - read a size
 * @text: decimal number with an optional fraction and a unit out of B, KiB, MiB, GiB, TiB; no unit means bytes
 * @ret_bytes: the size in bytes
 *
 * Return: 0, -EINVAL for another form or unit, -ERANGE past 2^63.
 */
int pn_bytes_parse(const char *text, uint64_t *ret_bytes);

/**
 * pn_duration_parse() - read a duration
 * @text: decimal number with an optional fraction and a unit out of ns, us, ms, s, min, h; only 0 may go without one
 * @ret_ns: the duration in nanoseconds
 *
 * Return: 0, -EINVAL for another form or unit, -ERANGE past 2^63.
 */
int pn_duration_parse(const char *text, uint64_t *ret_ns);

/**
 * pn_bytes_format() - write a size for a person, at most three digits and a unit
 * @bytes: size in bytes
 * @buf: filled, always terminated; returned
 * @size: of @buf, 16 is enough
 */
char *pn_bytes_format(uint64_t bytes, char *buf, size_t size);

/**
 * pn_duration_format() - write a duration for a person
 * @ns: duration in nanoseconds
 * @buf: filled, always terminated; returned
 * @size: of @buf, 16 is enough
 */
char *pn_duration_format(uint64_t ns, char *buf, size_t size);
