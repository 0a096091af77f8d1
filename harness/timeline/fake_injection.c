// SPDX-License-Identifier: GPL-2.0-only
/* The fault injection of the kernel of fake.h, as lib/fault-inject.c counts: with an interval of one it does not, and the count is never reset. */
#include "fake_private.h"

static int64_t *knob_of(const char *path)
{
	const char *name = strrchr(path, '/');

	if (!g_str_has_prefix(path, "/sys/kernel/debug/fail") || !name)
		return NULL;
	return is(name, "/interval") ? &fake.injection.interval : is(name, "/times") ? &fake.injection.times :
	       is(name, "/probability")					       ? &fake.injection.probability : NULL;
}

bool fake_injection_read(const char *path, char **ret_text)
{
	const int64_t *knob = knob_of(path);

	if (is(path, "/proc/modules"))
		*ret_text = g_strdup("vballoon 57344 0 - Live 0xffffffffc0000000\n");
	else if (knob)
		*ret_text = g_strdup_printf("%lld\n", (long long)*knob);
	else if (g_str_has_prefix(path, "/sys/kernel/debug/fail"))
		*ret_text = g_strdup("0x0\n");
	else
		return false;
	return true;
}

bool fake_injection_write(const char *path, const char *text)
{
	int64_t *knob = knob_of(path);

	if (knob)
		*knob = g_ascii_strtoll(text, NULL, 10);
	return g_str_has_prefix(path, "/sys/kernel/debug/fail");
}

bool fake_allocate(void)
{
	if (!fake.injection.probability || !fake.injection.times)
		return true;
	if (fake.injection.interval > 1 && ++fake.injection.counted % fake.injection.interval)
		return true;
	fake.injection.times--;
	return false;
}
