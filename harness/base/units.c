// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes and durations as people write them. Exact: the fraction is scaled as an integer, so 1.5GiB is 1610612736 and no
 * double rounds a size away from a page boundary. At most nine digits of fraction.
 */

#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit byte_units[] = {
	{ "", 1 }, { "B", 1 }, { "KiB", PN_KIB }, { "MiB", PN_MIB }, { "GiB", PN_GIB }, { "TiB", 1024 * PN_GIB }, { NULL, 0 },
};

static const struct unit time_units[] = {
	{ "ns", 1 },
	{ "us", PN_NS_PER_US },
	{ "ms", PN_NS_PER_MS },
	{ "s", PN_NS_PER_S },
	{ "min", 60 * PN_NS_PER_S },
	{ "h", 3600 * PN_NS_PER_S },
	{ NULL, 0 },
};

#define FRACTION_DIGITS 9
#define FRACTION_ONE 1000000000ULL

static const char *read_digits(const char *p, unsigned int max, unsigned int *ret_count, unsigned __int128 *ret_value)
{
	unsigned __int128 value = 0;
	unsigned int count = 0;

	for (; isdigit((unsigned char)*p) && count < max; p++, count++)
		value = value * 10 + (unsigned int)(*p - '0');
	*ret_count = count;
	*ret_value = value;
	return p;
}

static int parse(const char *text, const struct unit *units, uint64_t *ret_value)
{
	unsigned __int128 whole, fraction = 0;
	unsigned int digits, fraction_digits = 0;
	const char *p = read_digits(text, 19, &digits, &whole);

	if (!digits)
		return -EINVAL;
	if (isdigit((unsigned char)*p))
		return -ERANGE;
	if (*p == '.') {
		p = read_digits(p + 1, FRACTION_DIGITS, &fraction_digits, &fraction);
		if (!fraction_digits)
			return -EINVAL;
	}
	while (*p == ' ')
		p++;
	for (; fraction_digits < FRACTION_DIGITS; fraction_digits++)
		fraction *= 10;
	for (const struct unit *u = units; u->name; u++) {
		if (strcmp(p, u->name) != 0)
			continue;
		whole = whole * u->scale + fraction * u->scale / FRACTION_ONE;
		if (whole > INT64_MAX)
			return -ERANGE;
		*ret_value = (uint64_t)whole;
		return 0;
	}
	return -EINVAL;
}

int pn_bytes_parse(const char *text, uint64_t *ret_bytes)
{
	return parse(text, byte_units, ret_bytes);
}

int pn_duration_parse(const char *text, uint64_t *ret_ns)
{
	if (strcmp(text, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	return parse(text, time_units, ret_ns);
}

/* Three digits: 1.25 GiB, 12.5 GiB, 125 GiB. */
static char *format(double value, const char *unit, char *buf, size_t size)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	if (value == (double)(uint64_t)value)
		decimals = 0;
	snprintf(buf, size, "%.*f %s", decimals, value, unit);
	return buf;
}

static char *format_scaled(uint64_t value, const struct unit *units, char *buf, size_t size)
{
	const struct unit *best = units;

	for (const struct unit *u = units; u->name; u++)
		if (value >= u->scale)
			best = u;
	return format((double)value / (double)best->scale, best->name, buf, size);
}

char *pn_bytes_format(uint64_t bytes, char *buf, size_t size)
{
	return format_scaled(bytes, byte_units + 1, buf, size);
}

char *pn_duration_format(uint64_t ns, char *buf, size_t size)
{
	return format_scaled(ns, time_units, buf, size);
}
