/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, one per thing the balloon does: events/vballoon/ in tracefs.
 * Counts are guest pages, times nanoseconds. No "pragma once": the tracing
 * headers include this file several times.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vballoon

#if !defined(VBALLOON_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VBALLOON_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(vballoon_target,
	TP_PROTO(unsigned int index, unsigned long target, unsigned long held),
	TP_ARGS(index, target, held),
	TP_STRUCT__entry(
		__field(unsigned int, index)
		__field(unsigned long, target)
		__field(unsigned long, held)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->target = target;
		__entry->held = held;
	),
	TP_printk("vballoon%u target=%lu held=%lu", __entry->index,
		  __entry->target, __entry->held)
);

TRACE_EVENT(vballoon_inflate,
	TP_PROTO(unsigned int index, unsigned long pages, unsigned int blocks,
		 unsigned long singles, const char *mode),
	TP_ARGS(index, pages, blocks, singles, mode),
	TP_STRUCT__entry(
		__field(unsigned int, index)
		__field(unsigned long, pages)
		__field(unsigned int, blocks)
		__field(unsigned long, singles)
		__string(mode, mode)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->pages = pages;
		__entry->blocks = blocks;
		__entry->singles = singles;
		__assign_str(mode, mode);
	),
	TP_printk("vballoon%u pages=%lu blocks=%u singles=%lu mode=%s",
		  __entry->index, __entry->pages, __entry->blocks,
		  __entry->singles, __get_str(mode))
);

DECLARE_EVENT_CLASS(vballoon_release,
	TP_PROTO(unsigned int index, unsigned long pages, unsigned long held),
	TP_ARGS(index, pages, held),
	TP_STRUCT__entry(
		__field(unsigned int, index)
		__field(unsigned long, pages)
		__field(unsigned long, held)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->pages = pages;
		__entry->held = held;
	),
	TP_printk("vballoon%u pages=%lu held=%lu", __entry->index,
		  __entry->pages, __entry->held)
);

DEFINE_EVENT(vballoon_release, vballoon_deflate,
	TP_PROTO(unsigned int index, unsigned long pages, unsigned long held),
	TP_ARGS(index, pages, held));

DEFINE_EVENT(vballoon_release, vballoon_oom,
	TP_PROTO(unsigned int index, unsigned long pages, unsigned long held),
	TP_ARGS(index, pages, held));

TRACE_EVENT(vballoon_report,
	TP_PROTO(unsigned int index, unsigned int ranges, unsigned long pages, u64 ns),
	TP_ARGS(index, ranges, pages, ns),
	TP_STRUCT__entry(
		__field(unsigned int, index)
		__field(unsigned int, ranges)
		__field(unsigned long, pages)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->ranges = ranges;
		__entry->pages = pages;
		__entry->ns = ns;
	),
	TP_printk("vballoon%u ranges=%u pages=%lu ns=%llu", __entry->index,
		  __entry->ranges, __entry->pages, __entry->ns)
);

TRACE_EVENT(vballoon_tell,
	TP_PROTO(unsigned int index, bool inflate, unsigned long pages, u64 ns),
	TP_ARGS(index, inflate, pages, ns),
	TP_STRUCT__entry(
		__field(unsigned int, index)
		__field(bool, inflate)
		__field(unsigned long, pages)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->inflate = inflate;
		__entry->pages = pages;
		__entry->ns = ns;
	),
	TP_printk("vballoon%u %s pages=%lu ns=%llu", __entry->index,
		  __entry->inflate ? "inflate" : "deflate", __entry->pages,
		  __entry->ns)
);

TRACE_EVENT(vballoon_backoff,
	TP_PROTO(unsigned int index, bool floor, unsigned int ms),
	TP_ARGS(index, floor, ms),
	TP_STRUCT__entry(
		__field(unsigned int, index)
		__field(bool, floor)
		__field(unsigned int, ms)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->floor = floor;
		__entry->ms = ms;
	),
	TP_printk("vballoon%u %s ms=%u", __entry->index,
		  __entry->floor ? "floor" : "allocation", __entry->ms)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
