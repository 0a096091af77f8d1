/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Framing of the agent's protocol: bytes in, frames out. The parser owns one buffer that holds the largest frame, so a length is
 * only ever compared, never allocated by; whatever it is fed, it makes progress: each call of pn_proto_parser_next() either hands out
 * bytes, drops bytes, or asks for more while there is room for them.
 *
 * A frame of JSON that is cut short by a new one (the peer was replaced in the middle of it) is recognised by the new header inside
 * it: the version after its magic is a control character, which JSON text never holds. Blobs can hold anything, so a cut blob needs
 * pn_proto_parser_resync() by the caller's clock.
 */
#include "proto.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE sizeof(struct pn_proto_header)
#define BUF_SIZE (HEADER_SIZE + PN_PROTO_BODY_MAX)

static const uint8_t magic_bytes[4] = {PN_PROTO_MAGIC & 0xff, PN_PROTO_MAGIC >> 8 & 0xff, PN_PROTO_MAGIC >> 16 & 0xff, PN_PROTO_MAGIC >> 24};

int pn_proto_parser_init(struct pn_proto_parser *parser)
{
	*parser = (struct pn_proto_parser){.buf = malloc(BUF_SIZE)};
	return parser->buf ? 0 : -ENOMEM;
}

void pn_proto_parser_deinit(struct pn_proto_parser *parser)
{
	free(parser->buf);
	*parser = (struct pn_proto_parser){0};
}

void *pn_proto_parser_space(struct pn_proto_parser *parser, size_t *ret_len)
{
	if (parser->eaten) {
		parser->used -= parser->eaten;
		memmove(parser->buf, parser->buf + parser->eaten, parser->used);
		parser->eaten = 0;
	}
	*ret_len = BUF_SIZE - parser->used;
	return parser->buf + parser->used;
}

void pn_proto_parser_commit(struct pn_proto_parser *parser, size_t len)
{
	parser->used += len;
}

static void read_header(const uint8_t *at, struct pn_proto_header *ret_header)
{
	memcpy(ret_header, at, HEADER_SIZE);
	ret_header->magic = le32toh(ret_header->magic);
	ret_header->reserved = le16toh(ret_header->reserved);
	ret_header->id = le32toh(ret_header->id);
	ret_header->length = le32toh(ret_header->length);
}

/* Whether a header could be ours, of whatever version: kinds belong to a version, the length bound to all of them. */
static bool plausible(const struct pn_proto_header *header)
{
	if (header->magic != PN_PROTO_MAGIC || header->length > PN_PROTO_BODY_MAX)
		return false;
	if (header->version != PN_PROTO_VERSION)
		return header->version != 0;
	return header->kind >= PN_PROTO_REQUEST && header->kind <= PN_PROTO_BLOB && header->reserved == 0;
}

static bool valid(const struct pn_proto_header *header)
{
	return plausible(header) && header->version == PN_PROTO_VERSION;
}

/* Drop @len bytes. Return: -EPROTO for the first of a stretch, else 0. */
static int drop(struct pn_proto_parser *parser, size_t len)
{
	bool first = !parser->in_garbage;

	if (len == 0)
		return 0;
	parser->eaten += len;
	parser->dropped_bytes += len;
	parser->in_garbage = true;
	return first ? -EPROTO : 0;
}

/* How many bytes from @from on can't be the beginning of a frame. */
static size_t garbage_length(const uint8_t *from, size_t len)
{
	const uint8_t *hit = memmem(from, len, magic_bytes, sizeof(magic_bytes));
	size_t keep;

	if (hit)
		return hit - from;
	for (keep = len < 3 ? len : 3; keep > 0; keep--) {
		if (memcmp(from + len - keep, magic_bytes, keep) == 0)
			break;
	}
	return len - keep;
}

/*
 * Offset at which a new frame begins within the JSON text at @body, or SIZE_MAX. A magic followed by a control character is one; at the
 * end of a @complete body so is the beginning of a magic, since JSON objects end otherwise.
 */
static size_t cut_at(const uint8_t *body, size_t len, bool complete)
{
	size_t at = 0, tail;

	for (;;) {
		const uint8_t *hit = memmem(body + at, len - at, magic_bytes, sizeof(magic_bytes));

		if (!hit)
			break;
		at = hit - body + sizeof(magic_bytes);
		if (at == len ? complete : body[at] < 0x20)
			return hit - body;
	}
	tail = garbage_length(body + at, len - at);
	return complete && at + tail < len ? at + tail : SIZE_MAX;
}

int pn_proto_parser_next(struct pn_proto_parser *parser, struct pn_proto_frame *ret_frame)
{
	for (;;) {
		const uint8_t *at = parser->buf + parser->eaten;
		size_t have = parser->used - parser->eaten;
		struct pn_proto_header header;
		size_t body, cut;
		int r;

		r = drop(parser, garbage_length(at, have));
		if (r)
			return r;
		at = parser->buf + parser->eaten;
		have = parser->used - parser->eaten;
		if (have < HEADER_SIZE)
			return 0;
		read_header(at, &header);
		if (!plausible(&header)) {
			r = drop(parser, sizeof(magic_bytes));
			if (r)
				return r;
			continue;
		}
		body = have - HEADER_SIZE < header.length ? have - HEADER_SIZE : header.length;
		cut = valid(&header) && header.kind != PN_PROTO_BLOB ? cut_at(at + HEADER_SIZE, body, body == header.length) : SIZE_MAX;
		if (cut != SIZE_MAX) {
			r = drop(parser, HEADER_SIZE + cut);
			if (r)
				return r;
			continue;
		}
		if (have - HEADER_SIZE < header.length)
			return 0;
		parser->eaten += HEADER_SIZE + header.length;
		parser->in_garbage = false;
		if (header.version != PN_PROTO_VERSION) {
			parser->dropped_bytes += HEADER_SIZE + header.length;
			return -EPROTONOSUPPORT;
		}
		*ret_frame = (struct pn_proto_frame){.kind = header.kind, .id = header.id, .length = header.length, .body = at + HEADER_SIZE};
		return 1;
	}
}

bool pn_proto_parser_partial(const struct pn_proto_parser *parser)
{
	return parser->used > parser->eaten;
}

void pn_proto_parser_resync(struct pn_proto_parser *parser)
{
	size_t have = parser->used - parser->eaten;

	drop(parser, have < sizeof(magic_bytes) ? have : sizeof(magic_bytes));
}

void pn_proto_parser_reset(struct pn_proto_parser *parser)
{
	parser->used = parser->eaten = 0;
	parser->in_garbage = false;
}

int pn_proto_header_fill(struct pn_proto_header *header, uint8_t kind, uint32_t id, size_t length)
{
	if (length > PN_PROTO_BODY_MAX)
		return -EMSGSIZE;
	*header = (struct pn_proto_header){
		.magic = htole32(PN_PROTO_MAGIC),
		.version = PN_PROTO_VERSION,
		.kind = kind,
		.id = htole32(id),
		.length = htole32(length),
	};
	return 0;
}
