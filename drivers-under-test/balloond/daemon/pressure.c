// SPDX-License-Identifier: GPL-2.0-only
/* Pressure by a side channel. Files come from outside: as much is read as a right one has, and what does not parse says nothing. */
#include "pressure.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../harness/base/clock.h"
#include "../../../harness/base/units.h"
#include "../policy.h"

#define MOST_BYTES 512

static uint64_t parse(const char *text)
{
	unsigned long long total_us;

	if (sscanf(text, "some avg10=%*f avg60=%*f avg300=%*f total=%llu", &total_us) != 1 || total_us > UINT64_MAX / PN_NS_PER_US - 1)
		return PN_UNSET;
	return total_us * PN_NS_PER_US;
}

static uint64_t read_one(const char *dir, const char *name, uint64_t max_age_ns)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO in its place must not stop the daemon */
	uint64_t now_ns = pn_clock_real_ns(), written_ns, pressure_ns = PN_UNSET;
	char text[MOST_BYTES];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return PN_UNSET;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		written_ns = (uint64_t)st.st_mtim.tv_sec * PN_NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
		n = read(fd, text, sizeof(text) - 1);
		if (n > 0 && now_ns <= written_ns + max_age_ns) {
			text[n] = '\0';
			pressure_ns = parse(text);
		}
	}
	close(fd);
	return pressure_ns;
}

uint64_t pn_pressure_read(const char *dir, const char *name, const char *uuid, uint64_t max_age_ns)
{
	uint64_t pressure_ns = strchr(name, '/') ? PN_UNSET : read_one(dir, name, max_age_ns);

	return pressure_ns == PN_UNSET ? read_one(dir, uuid, max_age_ns) : pressure_ns;
}
