// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's migration stream (migration/savevm.c and migration/ram.c of QEMU, format version 3), read as far as the end of RAM:
 *
 *	be32 magic, be32 version, then sections: u8 type
 *	 configuration 7: be32 length, machine name
 *	 start 1: be32 id, u8 length, name, be32 instance, be32 version, data; part 2, end 3: be32 id, data; each may be followed by
 *	 footer 0x7e: be32 id
 *	data of "ram": records be64 (address | flags), ended by flag EOS
 *
 * Only "ram" iterates on our machines, so everything after its end section is copied as it is. Whatever looks otherwise gives -EPROTO.
 */

#include "ramstream.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "../base/diag.h"

#define STREAM_MAGIC 0x5145564du
#define STREAM_VERSION 3
#define PAGE 4096
#define PAGE_MASK (~(uint64_t)(PAGE - 1))

enum section { SECTION_EOF = 0, SECTION_START = 1, SECTION_PART = 2, SECTION_END = 3, SECTION_CONFIGURATION = 7, SECTION_FOOTER = 0x7e };
enum ram_flag { RAM_ZERO = 0x02, RAM_MEM_SIZE = 0x04, RAM_PAGE = 0x08, RAM_EOS = 0x10, RAM_CONTINUE = 0x20 };

struct stream {
	const uint8_t *data;
	size_t len;
	size_t at;
	bool bad;
	GByteArray *out;
	uint64_t stripped;
	uint32_t ram_section;
	char block[256];     /* of the last record read */
	char block_out[256]; /* of the last record kept */
};

static const uint8_t *take(struct stream *stream, size_t len)
{
	const uint8_t *p = stream->data + stream->at;

	if (stream->bad || stream->len - stream->at < len) {
		stream->bad = true;
		return NULL;
	}
	stream->at += len;
	return p;
}

static uint64_t take_be(struct stream *stream, size_t len)
{
	const uint8_t *p = take(stream, len);
	uint64_t value = 0;

	for (size_t i = 0; p && i < len; i++)
		value = value << 8 | p[i];
	return value;
}

static void take_name(struct stream *stream, char name[256])
{
	size_t len = take_be(stream, 1);
	const uint8_t *p = take(stream, len);

	if (!p)
		return;
	memcpy(name, p, len);
	name[len] = '\0';
}

static void put_be64(GByteArray *out, uint64_t value)
{
	uint64_t be = GUINT64_TO_BE(value);

	g_byte_array_append(out, (const guint8 *)&be, sizeof(be));
}

/* Blocks that start out as zero: the machine's default memory and memory backends. ROMs and tables start out filled. */
static bool starts_zero(const char *block)
{
	return strcmp(block, "pc.ram") == 0 || g_str_has_prefix(block, "/objects/");
}

/* A record that is kept names its block when the one kept before it was of another. */
static void keep_page(struct stream *stream, uint64_t word, const uint8_t *content, size_t len)
{
	bool same = strcmp(stream->block, stream->block_out) == 0;
	uint8_t name_len = (uint8_t)strlen(stream->block);

	put_be64(stream->out, same ? word | RAM_CONTINUE : word & ~(uint64_t)RAM_CONTINUE);
	if (!same) {
		g_byte_array_append(stream->out, &name_len, 1);
		g_byte_array_append(stream->out, (const guint8 *)stream->block, name_len);
		strcpy(stream->block_out, stream->block);
	}
	g_byte_array_append(stream->out, content, (guint)len);
}

static void take_page(struct stream *stream, uint64_t word)
{
	size_t len = word & RAM_ZERO ? 1 : PAGE;
	const uint8_t *content;

	if (!(word & RAM_CONTINUE))
		take_name(stream, stream->block);
	content = take(stream, len);
	if (!content)
		return;
	if (word & RAM_ZERO && *content == 0 && starts_zero(stream->block))
		stream->stripped++;
	else
		keep_page(stream, word, content, len);
}

/* The list of blocks: be64 total | MEM_SIZE, then name and be64 length each until the total is reached. */
static void take_blocks(struct stream *stream, uint64_t word, size_t begin)
{
	uint64_t left = word & PAGE_MASK;

	while (left && !stream->bad) {
		char name[256];
		uint64_t len;

		take_name(stream, name);
		len = take_be(stream, 8);
		if (len == 0 || len > left)
			stream->bad = true;
		left -= len;
	}
	if (!stream->bad)
		g_byte_array_append(stream->out, stream->data + begin, (guint)(stream->at - begin));
}

static void take_ram(struct stream *stream)
{
	for (;;) {
		size_t begin = stream->at;
		uint64_t word = take_be(stream, 8);
		uint64_t flags = word & ~PAGE_MASK;

		if (stream->bad)
			return;
		if (flags == RAM_EOS) {
			put_be64(stream->out, word);
			return;
		}
		if (flags == RAM_MEM_SIZE)
			take_blocks(stream, word, begin);
		else if ((flags & ~(uint64_t)RAM_CONTINUE) == RAM_ZERO || (flags & ~(uint64_t)RAM_CONTINUE) == RAM_PAGE)
			take_page(stream, word);
		else
			stream->bad = true;
	}
}

/* A section's header is copied as it stands. Return: false after the last section of RAM. */
static bool take_section(struct stream *stream)
{
	size_t begin = stream->at;
	uint64_t type = take_be(stream, 1);
	bool ram = type == SECTION_START || type == SECTION_PART || type == SECTION_END;
	char name[256] = "";

	if (type == SECTION_CONFIGURATION) {
		take(stream, take_be(stream, 4));
	} else if (type == SECTION_START) {
		stream->ram_section = (uint32_t)take_be(stream, 4);
		take_name(stream, name);
		take(stream, 8);
		if (strcmp(name, "ram") != 0)
			stream->bad = true;
	} else if (ram || type == SECTION_FOOTER) {
		if (take_be(stream, 4) != stream->ram_section)
			stream->bad = true;
	} else {
		stream->bad = true;
	}
	if (stream->bad)
		return false;
	g_byte_array_append(stream->out, stream->data + begin, (guint)(stream->at - begin));
	if (ram)
		take_ram(stream);
	return !stream->bad && type != SECTION_END;
}

int pn_ramstream_strip(const char *from, const char *to, uint64_t *ret_pages, struct pn_diag *diag)
{
	g_autoptr(GError) error = NULL;
	GMappedFile *file = g_mapped_file_new(from, FALSE, &error);
	struct stream stream = { 0 };
	int err = 0;

	if (!file)
		return pn_diag_set(diag, -EIO, "%s", error->message);
	stream.data = (const uint8_t *)g_mapped_file_get_contents(file);
	stream.len = g_mapped_file_get_length(file);
	stream.out = g_byte_array_new();
	if (take_be(&stream, 4) != STREAM_MAGIC || take_be(&stream, 4) != STREAM_VERSION)
		stream.bad = true;
	else
		g_byte_array_append(stream.out, stream.data, 8);
	while (!stream.bad && take_section(&stream))
		;
	if (stream.bad) {
		err = pn_diag_set(diag, -EPROTO, "%s: not a migration stream of the known form (at byte %zu)", from, stream.at);
	} else {
		g_byte_array_append(stream.out, stream.data + stream.at, (guint)(stream.len - stream.at));
		if (!g_file_set_contents(to, (const char *)stream.out->data, stream.out->len, &error))
			err = pn_diag_set(diag, -EIO, "%s", error->message);
	}
	if (!err)
		*ret_pages = stream.stripped;
	g_byte_array_unref(stream.out);
	g_mapped_file_unref(file);
	return err;
}
