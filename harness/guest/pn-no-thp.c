// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts the emulator beside it, "real", without transparent huge pages: for a libvirtd, whose children this project can't reach. Every
 * argument and the whole environment are passed on, so that libvirt can also ask through it what the emulator can do. Static and without
 * any option of its own: it stands where libvirt expects an emulator.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* "real" is a symbolic link; the emulator is started by its own name, since it looks for its files from there. */
static int find_real(char real[PATH_MAX])
{
	char self[PATH_MAX], link[PATH_MAX + sizeof("real")];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return -errno;
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	snprintf(link, sizeof(link), "%sreal", self);
	n = readlink(link, real, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	real[n] = '\0';
	return 0;
}

int main(int argc, char **argv)
{
	char real[PATH_MAX];
	int r = find_real(real);

	if (r < 0) {
		fprintf(stderr, "%s: no emulator beside it: %s\n", argv[0], strerror(-r));
		return 127;
	}
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0) {
		fprintf(stderr, "%s: transparent huge pages can't be turned off: %s\n", argv[0], strerror(errno));
		return 126;
	}
	argv[0] = real;
	execv(real, argv);
	fprintf(stderr, "%s: %s\n", real, strerror(errno));
	return 127;
}
