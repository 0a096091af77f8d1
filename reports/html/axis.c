// SPDX-License-Identifier: GPL-2.0-only
/* Round ticks, and values as people read them. */
#include "html.h"

#include <math.h>

#include "../../harness/base/units.h"

const char *const pn_html_unit_names[] = {
    [PN_HTML_BYTES] = "bytes", [PN_HTML_BYTES_PER_S] = "bytes/s", [PN_HTML_NS] = "ns", [PN_HTML_SHARE] = "share",
    [PN_HTML_PER_S] = "/s",    [PN_HTML_SECONDS] = "s",
};

double pn_html_step(double range, unsigned int count, enum pn_html_unit unit)
{
	static const double factors[] = {1, 2, 5, 10};
	double raw = range / MAX(count, 1u), power;

	if (!(raw > 0) || !isfinite(raw))
		return 1;
	if (unit == PN_HTML_BYTES || unit == PN_HTML_BYTES_PER_S)
		return MAX(exp2(ceil(log2(raw) - 1e-9)), 1);
	power = pow(10, floor(log10(raw)));
	for (size_t i = 0; i < G_N_ELEMENTS(factors); i++)
		if (raw <= factors[i] * power * (1 + 1e-9))
			return factors[i] * power;
	return 10 * power;
}

char *pn_html_value(double value, enum pn_html_unit unit)
{
	const char *sign = value < 0 ? "\xe2\x88\x92" : ""; /* U+2212 */
	uint64_t whole;
	char text[32];

	if (!isfinite(value))
		return g_strdup("-");
	value = fabs(value);
	whole = value < 1.8e19 ? (uint64_t)(value + 0.5) : UINT64_MAX;
	switch (unit) {
	case PN_HTML_BYTES:
		return g_strconcat(sign, pn_bytes_format(whole, text, sizeof(text)), NULL);
	case PN_HTML_BYTES_PER_S:
		return g_strconcat(sign, pn_bytes_format(whole, text, sizeof(text)), "/s", NULL);
	case PN_HTML_NS:
		return g_strconcat(sign, pn_duration_format(whole, text, sizeof(text)), NULL);
	case PN_HTML_SECONDS:
		return g_strconcat(sign, pn_duration_format((uint64_t)MIN(value * 1e9 + 0.5, 1.8e19), text, sizeof(text)), NULL);
	case PN_HTML_SHARE:
		return g_strdup_printf("%s%.3g %%", sign, value * 100);
	case PN_HTML_PER_S:
		break;
	}
	return g_strdup_printf(value >= 1000 && value < 1e15 ? "%s%.0f/s" : "%s%.3g/s", sign, value);
}
