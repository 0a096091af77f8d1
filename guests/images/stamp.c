// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stamps are JSON files at the root of the cache. They are replaced whole, so two processes may race: the last one wins and both
 * were right.
 */
#include "stamp.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cache.h"
#include "base/diag.h"
#include "base/fs.h"

struct input {
	json_int_t bytes; /* -1: absent */
	json_int_t mtime_ns;
	json_int_t inode;
	char hex[65]; /* "": watched only */
};

static struct input input_of(const char *path)
{
	struct input input = {.bytes = -1};
	struct stat st;

	if (stat(path, &st) == 0) {
		input.bytes = st.st_size;
		input.mtime_ns = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
		input.inode = st.st_ino;
	}
	return input;
}

static bool same(const struct input *a, const struct input *b)
{
	return a->bytes == b->bytes && a->mtime_ns == b->mtime_ns && a->inode == b->inode;
}

static void parse(struct pn_stamp *stamp, json_t *root)
{
	const char *image = NULL, *package = NULL, *version = NULL, *path;
	json_t *inputs = NULL, *value;

	if (json_unpack(root, "{s:s, s?s, s?s, s:o}", "image", &image, "package", &package, "version", &version, "inputs", &inputs))
		return;
	json_object_foreach(inputs, path, value)
	{
		struct input *input = g_new0(struct input, 1);
		const char *hex = "";

		if (json_unpack(value, "[I, I, I, s]", &input->bytes, &input->mtime_ns, &input->inode, &hex) ||
		    strlen(hex) >= sizeof(input->hex)) {
			g_free(input);
			g_hash_table_remove_all(stamp->was);
			return;
		}
		g_strlcpy(input->hex, hex, sizeof(input->hex));
		g_hash_table_replace(stamp->was, g_strdup(path), input);
	}
	stamp->image = g_strdup(image);
	stamp->package = g_strdup(package);
	stamp->version = g_strdup(version);
}

int pn_stamp_open(const char *key, struct pn_stamp **ret_stamp, struct pn_diag *diag)
{
	g_autofree char *root = pn_cache_root(diag);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, key, -1);
	g_autofree char *name = g_strdup_printf("image-%.16s.stamp", hash);
	struct pn_stamp *stamp;
	json_t *json;

	if (!root)
		return -EIO;
	stamp = g_new0(struct pn_stamp, 1);
	stamp->path = g_build_filename(root, name, NULL);
	stamp->was = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	stamp->now = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	json = json_load_file(stamp->path, 0, NULL);
	if (json)
		parse(stamp, json);
	json_decref(json);
	*ret_stamp = stamp;
	return 0;
}

void pn_stamp_free(struct pn_stamp *stamp)
{
	if (!stamp)
		return;
	g_hash_table_unref(stamp->was);
	g_hash_table_unref(stamp->now);
	g_free(stamp->path);
	g_free(stamp->image);
	g_free(stamp->package);
	g_free(stamp->version);
	g_free(stamp);
}

bool pn_stamp_same(const struct pn_stamp *stamp, const char *path)
{
	const struct input *was = g_hash_table_lookup(stamp->was, path);
	struct input now = input_of(path);

	return was && same(was, &now);
}

bool pn_stamp_fresh(const struct pn_stamp *stamp)
{
	GHashTableIter iter;
	gpointer path;

	g_hash_table_iter_init(&iter, stamp->was);
	while (g_hash_table_iter_next(&iter, &path, NULL)) {
		if (!pn_stamp_same(stamp, path))
			return false;
	}
	return stamp->image && g_hash_table_size(stamp->was) > 0;
}

void pn_stamp_watch(struct pn_stamp *stamp, const char *path)
{
	struct input now = input_of(path);

	g_hash_table_replace(stamp->now, g_strdup(path), g_memdup2(&now, sizeof(now)));
}

int pn_stamp_hash(struct pn_stamp *stamp, const char *path, char ret_hex[65], struct pn_diag *diag)
{
	const struct input *was = g_hash_table_lookup(stamp->was, path);
	/* before the content is read: a change in between makes the stamp stale, not wrong */
	struct input now = input_of(path);
	int r;

	if (was && same(was, &now) && was->hex[0]) {
		memcpy(now.hex, was->hex, sizeof(now.hex));
	} else {
		r = pn_fs_sha256(path, now.hex, diag);
		if (r < 0)
			return r;
	}
	memcpy(ret_hex, now.hex, sizeof(now.hex));
	g_hash_table_replace(stamp->now, g_strdup(path), g_memdup2(&now, sizeof(now)));
	return 0;
}

void pn_stamp_remember(struct pn_stamp *stamp, const char *package, const char *version)
{
	g_autofree char *old_package = stamp->package, *old_version = stamp->version;

	stamp->package = g_strdup(package);
	stamp->version = g_strdup(version);
}

int pn_stamp_save(const struct pn_stamp *stamp, struct pn_diag *diag)
{
	json_t *inputs = json_object(), *root;
	g_autofree char *text = NULL;
	GHashTableIter iter;
	gpointer path, value;
	char *dumped;
	int r;

	g_hash_table_iter_init(&iter, stamp->now);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const struct input *input = value;

		json_object_set_new(inputs, path, json_pack("[I, I, I, s]", input->bytes, input->mtime_ns, input->inode, input->hex));
	}
	root = json_pack("{s:s, s:s*, s:s*, s:o}", "image", stamp->image, "package", stamp->package, "version", stamp->version, "inputs",
			 inputs);
	dumped = json_dumps(root, JSON_SORT_KEYS | JSON_INDENT(1));
	json_decref(root);
	if (!dumped)
		return pn_diag_set(diag, -EINVAL, "%s: a path of it is not UTF-8", stamp->path);
	r = pn_fs_write(stamp->path, dumped, strlen(dumped), diag);
	free(dumped);
	return r;
}
