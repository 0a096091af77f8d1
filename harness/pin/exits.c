// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does an instruction leave a function? A return does, and a jump to somewhere else: kernels built with return thunks end their functions so, and
 * so do tail calls. An indirect jump does too, since kernels with retpolines have no jump tables.
 *
 * Limit: a conditional jump out of the function is taken to stay in it (compilers use them for the function's own cold part).
 * Source: Intel SDM volume 2, RET and JMP.
 */

#include "plugin.h"

#include <string.h>

static bool within(const struct pn_pin_message *point, uint64_t vaddr)
{
	return (vaddr >= point->from && vaddr < point->to) || (vaddr >= point->cold_from && vaddr < point->cold_to);
}

static bool is_prefix(uint8_t byte)
{
	return byte == 0x2e || byte == 0x3e || byte == 0x66 || byte == 0xf2 || byte == 0xf3;
}

bool pn_plugin_exits(const struct pn_pin_message *point, uint64_t vaddr, const uint8_t *bytes, size_t size)
{
	uint64_t next = vaddr + size;
	int32_t far;

	if (!within(point, vaddr))
		return false;
	while (size > 1 && is_prefix(*bytes)) {
		bytes++;
		size--;
	}
	switch (size ? *bytes : 0) {
	case 0xc2:
	case 0xc3:
		return true;
	case 0xeb:
		return size == 2 && !within(point, next + (uint64_t)(int64_t)(int8_t)bytes[1]);
	case 0xe9:
		if (size != 5)
			return false;
		memcpy(&far, bytes + 1, sizeof(far));
		return !within(point, next + (uint64_t)(int64_t)far);
	case 0x41: /* jmp *%r8 and up */
		return size == 3 && bytes[1] == 0xff && (bytes[2] & 0x38) == 0x20;
	case 0xff:
		return size >= 2 && (bytes[1] & 0x38) == 0x20;
	default:
		return false;
	}
}
