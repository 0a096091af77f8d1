/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The protocol between the harness and the agent in the guest, over the virtio-serial port PN_PROTO_PORT. Compiled into
 * both, so: plain C, no GLib. All integers little-endian. PROTOCOL.md beside this file lists the operations.
 *
 * A frame is a header and at most PN_PROTO_BODY_MAX bytes. Whatever does not fit that form (magic, version, kind, length) ends
 * the conversation: the side that sees it drops its input up to the next PN_PROTO_MAGIC and says so in a "protocol" event
 * (agent) or fails the call (host). Nothing is ever allocated by a length that has not been checked.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PN_PROTO_PORT "org.puncture.agent.0"
#define PN_PROTO_MAGIC 0x54434e50u /* "PNCT" */
#define PN_PROTO_VERSION 1
#define PN_PROTO_BODY_MAX (256u * 1024u)

/** enum pn_proto_kind - what the body of a frame is */
enum pn_proto_kind {
	PN_PROTO_REQUEST = 1, /* host to guest: JSON object with "op" */
	PN_PROTO_REPLY = 2,   /* guest to host: JSON object, "ok" true, or false with "error" and "errno" */
	PN_PROTO_EVENT = 3,   /* guest to host, id 0: JSON object with "ev" */
	PN_PROTO_BLOB = 4,    /* either way: bytes that belong to the request of the same id; an empty one ends the blob */
};

/** struct pn_proto_header - in front of every frame */
struct pn_proto_header {
	uint32_t magic;
	uint8_t version;
	uint8_t kind;
	uint16_t reserved; /* 0 */
	uint32_t id;	   /* chosen by the host, repeated in the reply; 0 for events */
	uint32_t length;   /* of the body */
} __attribute__((packed));

/** struct pn_proto_frame - one whole frame inside a parser's buffer; valid until the next call on that parser */
struct pn_proto_frame {
	uint8_t kind;
	uint32_t id;
	uint32_t length;
	const uint8_t *body;
};

/** struct pn_proto_parser - takes bytes, gives frames; never allocates after init */
struct pn_proto_parser {
	uint8_t *buf;
	size_t used;
	size_t eaten;
	uint64_t dropped_bytes; /* thrown away while looking for the next magic */
	bool in_garbage;	/* the stretch being dropped was reported already */
};

/** pn_proto_parser_init() - allocate the buffer. Return: 0 or -ENOMEM. */
int pn_proto_parser_init(struct pn_proto_parser *parser);
void pn_proto_parser_deinit(struct pn_proto_parser *parser);

/**
 * pn_proto_parser_space() - where the next bytes go
 * @ret_len: room there; never 0 after every frame has been taken
 */
void *pn_proto_parser_space(struct pn_proto_parser *parser, size_t *ret_len);

/** pn_proto_parser_commit() - @len bytes have been put there */
void pn_proto_parser_commit(struct pn_proto_parser *parser, size_t len);

/**
 * pn_proto_parser_next() - take the next whole frame
 *
 * Return: 1 with @ret_frame filled, 0 when more bytes are needed, -EPROTO once for each stretch of garbage that was dropped
 * (go on calling), -EPROTONOSUPPORT for a frame of another version (dropped whole).
 */
int pn_proto_parser_next(struct pn_proto_parser *parser, struct pn_proto_frame *ret_frame);

/**
 * pn_proto_parser_partial() - is a frame begun and not complete?
 *
 * A peer that was cut off in the middle of a frame (snapshot restored, host restarted) never sends the rest. For frames of JSON the parser
 * finds that out by itself, since a header inside JSON text is impossible; for a blob only the caller's clock can tell.
 */
bool pn_proto_parser_partial(const struct pn_proto_parser *parser);

/** pn_proto_parser_resync() - give the frame that is begun up, and look for the next one inside what came after its header */
void pn_proto_parser_resync(struct pn_proto_parser *parser);

/** pn_proto_parser_reset() - forget all bytes; for a new connection on which nothing of the old one can follow */
void pn_proto_parser_reset(struct pn_proto_parser *parser);

/**
 * pn_proto_header_fill() - make the header of a frame
 * @length: of the body, at most PN_PROTO_BODY_MAX
 *
 * Return: 0 or -EMSGSIZE.
 */
int pn_proto_header_fill(struct pn_proto_header *header, uint8_t kind, uint32_t id, size_t length);
