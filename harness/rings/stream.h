/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The record of what passes between a balloon driver and its device: JSON lines, in the order in which they happened.
 *
 *	{"t_ns", "ev":"watch", "state":"on"|"off", "reason"}	first line; "off": this QEMU can not be watched
 *	{"t_ns", "ev":"write"|"read", "reg": name, "value", "size", "select"}	common registers; "select" for those of a queue or a feature word
 *	{"t_ns", "ev":"write"|"read", "reg":"config", "offset", "value", "size"}	the device's configuration
 *	{"t_ns", "ev":"notify", "q"}				the driver tells of available buffers
 *	{"t_ns", "ev":"config-interrupt"}			the driver took an interrupt that told of a new configuration (not with MSI-X)
 *	{"t_ns", "ev":"avail", "q", "head", "flaws", "indirect", "descs":[[bytes, writable by the device],...], and of:
 *		"hex"	content of a small readable chain
 *		"pfns"	PFNs of inflateq and deflateq: "FIRST+COUNT" (ascending) or "FIRST-COUNT" (descending), hexadecimal, space separated
 *		"at"	[address,...] of the descriptors
 *		"fill"	[u32 value that the whole buffer consists of, or null] of writable ones, when PAGE_POISON was accepted
 *		"late"	true: seen after the device may have used it; its content may be newer}
 *	{"t_ns", "ev":"used", "q", "head", "bytes"}		seen before the next thing the driver does; not when it happened
 *	{"t_ns", "ev":"held", "q", "wall_ns", "cpu_ns"}	a notification has been dealt with; so long it held QEMU's big lock
 *	{"t_ns", "ev":"backwards", "q"}				the available index went back
 *	{"t_ns", "ev":"tamper", "what", "q"}			a fault of the harness has changed something for one side (tamper.h)
 *	{"t_ns", "ev":"reset"}					of the whole machine
 */

/** pn_stream_open() - write to @path, made anew. Return: 0 or a negative errno. */
int pn_stream_open(const char *path);

/** pn_stream_begin() - begin a line: "t_ns" and "ev" */
void pn_stream_begin(const char *event);

/** pn_stream_add() - printf to the line; what does not fit any more makes the whole line an "overflow" */
void pn_stream_add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** pn_stream_end() - end the line and write it. Not thread-safe: QEMU's big lock is held by all callers. */
void pn_stream_end(void);
