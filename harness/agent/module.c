/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading kernel modules, in the order that depmod(8) found. */
#include "module.h"

#include "modules_dep.h"
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Whoever reads a driver's debugfs file holds it for that long, our own sampler too; who holds it for longer is a user. */
#define USER_NAPS 200
#define USER_NAP_NS (10 * 1000 * 1000)
#define COMPRESSED 4 /* MODULE_INIT_COMPRESSED_FILE, include/uapi/linux/module.h */

/* A file of /lib/modules/RELEASE, whole and terminated; "" when it is not there. Freed by the caller. */
static char *slurp(const char *name)
{
	struct utsname kernel;
	char path[512];
	struct stat st;
	char *text;
	int fd;

	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/%s", kernel.release, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size > 16 << 20) {
		if (fd >= 0)
			close(fd);
		return strdup("");
	}
	text = calloc(1, st.st_size + 1);
	if (text && read(fd, text, st.st_size) < 0)
		text[0] = 0;
	close(fd);
	return text;
}

/* What the kernel said of a module, in words that say what to do. */
static const char *words(int err)
{
	switch (err) {
	case -ENOEXEC:
		return "not a module for this kernel (vermagic)";
	case -ENOENT:
		return "a symbol or parameter it needs is unknown to this kernel";
	default:
		return strerror(-err);
	}
}

/* Return: 1 when it was loaded now, 0 when it was there, or a negative errno. */
static int insert(const char *path, const char *params, json_t *loaded)
{
	char name[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC), flags, err;
	size_t len = strlen(path);

	if (fd < 0)
		return pn_fail(-errno, "module: %.200s: %m", path);
	flags = len > 3 && strcmp(path + len - 3, ".ko") == 0 ? 0 : COMPRESSED;
	err = syscall(SYS_finit_module, fd, params, flags) < 0 ? -errno : 0;
	close(fd);
	if (err == -EEXIST)
		return 0;
	if (err < 0)
		return pn_fail(err, "module: %.200s: %s", path, words(err));
	pn_modules_name(path, name, sizeof(name));
	if (loaded)
		json_array_append_new(loaded, json_string(name));
	return 1;
}

static int insert_all(const struct pn_modules_order *order, const char *params, json_t *loaded)
{
	struct utsname kernel;

	uname(&kernel);
	for (unsigned int i = 0; i < order->count; i++) {
		char path[512];
		int r;

		snprintf(path, sizeof(path), "/lib/modules/%s/%s", kernel.release, order->path[i]);
		r = insert(path, i + 1 == order->count ? params : "", loaded);
		if (r < 0)
			return r;
	}
	return 0;
}

int pn_module_load(const char *name, const char *params, json_t *loaded)
{
	char *dep = slurp("modules.dep"), *softdep = slurp("modules.softdep"), *builtin = slurp("modules.builtin");
	struct pn_modules_order *order = calloc(1, sizeof(*order));
	char names[512], *save;
	int r = -ENOMEM;

	if (!dep || !softdep || !builtin || !order) {
		pn_fail(r, "module: no memory");
		goto out;
	}
	/* Wishes, not conditions: often names of algorithms that are built in. */
	if (pn_modules_softdep(softdep, name, names, sizeof(names))) {
		for (char *word = strtok_r(names, " ", &save); word; word = strtok_r(NULL, " ", &save))
			pn_modules_dep(dep, word, order);
	}
	r = pn_modules_dep(dep, name, order);
	if (r == 0)
		r = insert_all(order, params, loaded);
	else if (r == -ENOENT && pn_modules_builtin(builtin, name))
		r = 0;
	else
		pn_fail(r, "module: '%.63s' is not in this image", name);
out:
	free(dep);
	free(softdep);
	free(builtin);
	free(order);
	return r;
}

static int load_depends(const char *path, json_t *loaded)
{
	char names[512] = "", *save;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *image;

	if (fd < 0 || fstat(fd, &st) < 0)
		return pn_fail(-errno, "module: %.200s: %m", path);
	image = mmap(NULL, st.st_size ? st.st_size : 1, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		return pn_fail(-errno, "module: %.200s: %m", path);
	pn_modules_depends(image, st.st_size, names, sizeof(names));
	munmap(image, st.st_size);
	for (char *word = strtok_r(names, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		int r = pn_module_load(word, "", loaded);

		if (r < 0)
			return r;
	}
	return 0;
}

int pn_module_load_file(const char *path, const char *params, json_t *loaded)
{
	int r = load_depends(path, loaded);

	if (r == 0)
		r = insert(path, params, loaded);
	if (r == 0)
		return pn_fail(-EEXIST, "module: %.200s: a module of this name is loaded already", path);
	return r < 0 ? r : 0;
}

int pn_module_unload(const char *name)
{
	char kernel_name[64];

	pn_modules_name(name, kernel_name, sizeof(kernel_name));
	for (unsigned int nap = 0; syscall(SYS_delete_module, kernel_name, O_NONBLOCK) != 0; nap++) {
		if (errno != EAGAIN || nap == USER_NAPS)
			return pn_fail(-errno, "module.unload: %s: %s", kernel_name,
				       errno == ENOENT ? "not loaded" : errno == EAGAIN ? "in use" : strerror(errno));
		nanosleep(&(struct timespec){.tv_nsec = USER_NAP_NS}, NULL);
	}
	return 0;
}
