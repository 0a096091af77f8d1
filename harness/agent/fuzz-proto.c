/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz target of the frame parser: the input is fed in pieces whose sizes it says itself (first byte of each), and after every piece
 * the parser's promises are checked: whole frames within the buffer, room left once all frames are taken, dropped bytes accounted for.
 */
#include "proto.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pn_proto_parser parser;
	uint64_t fed = 0, taken = 0;

	if (pn_proto_parser_init(&parser) < 0)
		return 0;
	while (size > 1) {
		size_t want = 1 + data[0], room;
		struct pn_proto_frame frame;
		void *space = pn_proto_parser_space(&parser, &room);
		int r;

		data++;
		size--;
		if (want > size)
			want = size;
		if (want > room)
			want = room;
		memcpy(space, data, want);
		pn_proto_parser_commit(&parser, want);
		data += want;
		size -= want;
		fed += want;
		while ((r = pn_proto_parser_next(&parser, &frame)) != 0) {
			if (r != 1)
				continue;
			if (frame.length > PN_PROTO_BODY_MAX || frame.body < parser.buf || frame.body + frame.length > parser.buf + parser.used)
				abort();
			taken += sizeof(struct pn_proto_header) + frame.length;
		}
		pn_proto_parser_space(&parser, &room);
		if (room == 0 || fed != taken + parser.dropped_bytes + parser.used)
			abort();
		if (want % 7 == 0)
			pn_proto_parser_resync(&parser);
	}
	pn_proto_parser_deinit(&parser);
	return 0;
}
