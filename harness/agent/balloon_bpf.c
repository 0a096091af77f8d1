/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three small BPF programs on the raw tracepoints workqueue_execute_start, workqueue_execute_end and sched_switch. A kworker that begins a
 * work item of the watched module enters a table with the time; switched out, its time on the CPU is added to the sum and stopped;
 * switched in, it runs again; at the end of the item it leaves the table. So the sum is CPU time, not wall time, and other work of the same
 * kworker is not in it. Interrupts that hit such a stretch are in it, as they are in any thread's CPU time.
 *
 * Chosen over a tracefs instance with the same events: nothing has to be read and parsed ten times a second, no event can be lost, and the
 * cost is two table look-ups a context switch. No BTF is needed: tasks are keys by their address, and the one field read,
 * work_struct.func, has stood behind an atomic_long_t and a list_head since 2.6.
 */
#include "balloon_bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORK_FUNC_OFFSET 24
#define TASKS_MAX 256

/* The value of the one entry of the sums' map; offsets are used below. */
struct sums {
	uint64_t base, end, cpu_ns, runs;
};

static int tasks_fd = -1, sums_fd = -1;

#define INSN(c, d, s, o, i) ((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOVI(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADDI(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define SUB(d, s) INSN(BPF_ALU64 | BPF_SUB | BPF_X, d, s, 0, 0)
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, o, s) INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STOREI(d, o, i) INSN(BPF_ST | BPF_MEM | BPF_DW, d, 0, o, i)
#define STOREI32(d, o, i) INSN(BPF_ST | BPF_MEM | BPF_W, d, 0, o, i)
#define ATOMIC_ADD(d, o, s) INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, o, BPF_ADD)
#define JEQI(d, i, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define JNEI(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define JLT(d, s, o) INSN(BPF_JMP | BPF_JLT | BPF_X, d, s, o, 0)
#define JGE(d, s, o) INSN(BPF_JMP | BPF_JGE | BPF_X, d, s, o, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP(d, fd) INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, FP };

static int bpf(int cmd, union bpf_attr *attr)
{
	int r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

static int make_map(uint32_t type, uint32_t key, uint32_t value, uint32_t entries)
{
	union bpf_attr attr = {.map_type = type, .key_size = key, .value_size = value, .max_entries = entries};

	return bpf(BPF_MAP_CREATE, &attr);
}

/* Load a program and attach it to a raw tracepoint; both stay until the agent ends. */
static int attach(const char *tracepoint, const struct bpf_insn *insns, uint32_t count)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uint64_t)(uintptr_t)insns,
		.insn_cnt = count,
		.license = (uint64_t)(uintptr_t) "GPL",
	};
	union bpf_attr open = {0};
	int fd = bpf(BPF_PROG_LOAD, &load);

	if (fd < 0)
		return fd;
	open.raw_tracepoint.name = (uint64_t)(uintptr_t)tracepoint;
	open.raw_tracepoint.prog_fd = fd;
	return bpf(BPF_RAW_TRACEPOINT_OPEN, &open);
}

static int attach_start(void)
{
	const struct bpf_insn insns[] = {
		/* func = work->func */
		LOAD(R3, R1, 0),
		ADDI(R3, WORK_FUNC_OFFSET),
		MOV(R1, FP),
		ADDI(R1, -8),
		MOVI(R2, 8),
		CALL(BPF_FUNC_probe_read_kernel),
		JNEI(R0, 0, 27),
		LOAD(R7, FP, -8),
		/* within the module? */
		STOREI32(FP, -12, 0),
		MAP(R1, sums_fd),
		MOV(R2, FP),
		ADDI(R2, -12),
		CALL(BPF_FUNC_map_lookup_elem),
		JEQI(R0, 0, 19),
		MOV(R8, R0),
		LOAD(R1, R8, offsetof(struct sums, base)),
		JLT(R7, R1, 16),
		LOAD(R1, R8, offsetof(struct sums, end)),
		JGE(R7, R1, 14),
		/* tasks[current] = now; runs++ */
		CALL(BPF_FUNC_get_current_task),
		STORE(FP, -24, R0),
		CALL(BPF_FUNC_ktime_get_ns),
		STORE(FP, -32, R0),
		MAP(R1, tasks_fd),
		MOV(R2, FP),
		ADDI(R2, -24),
		MOV(R3, FP),
		ADDI(R3, -32),
		MOVI(R4, BPF_ANY),
		CALL(BPF_FUNC_map_update_elem),
		MOVI(R1, 1),
		ATOMIC_ADD(R8, offsetof(struct sums, runs), R1),
		MOVI(R0, 0),
		EXIT(),
	};

	return attach("workqueue_execute_start", insns, sizeof(insns) / sizeof(insns[0]));
}

/* sums.cpu_ns += now - R7 */
#define ADD_TIME()                                                                                                                            \
	CALL(BPF_FUNC_ktime_get_ns), SUB(R0, R7), MOV(R7, R0), STOREI32(FP, -12, 0), MAP(R1, sums_fd), MOV(R2, FP), ADDI(R2, -12),                 \
		CALL(BPF_FUNC_map_lookup_elem), JEQI(R0, 0, 1), ATOMIC_ADD(R0, offsetof(struct sums, cpu_ns), R7)
#define ADD_TIME_INSNS 11

static int attach_end(void)
{
	const struct bpf_insn insns[] = {
		CALL(BPF_FUNC_get_current_task),
		STORE(FP, -24, R0),
		MAP(R1, tasks_fd),
		MOV(R2, FP),
		ADDI(R2, -24),
		CALL(BPF_FUNC_map_lookup_elem),
		JEQI(R0, 0, 2 + ADD_TIME_INSNS + 5),
		LOAD(R7, R0, 0),
		JEQI(R7, 0, ADD_TIME_INSNS),
		ADD_TIME(),
		MAP(R1, tasks_fd),
		MOV(R2, FP),
		ADDI(R2, -24),
		CALL(BPF_FUNC_map_delete_elem),
		MOVI(R0, 0),
		EXIT(),
	};

	return attach("workqueue_execute_end", insns, sizeof(insns) / sizeof(insns[0]));
}

/* sched_switch(preempt, prev, next, ...) */
static int attach_switch(void)
{
	const struct bpf_insn insns[] = {
		MOV(R6, R1),
		/* prev leaves the CPU */
		LOAD(R1, R6, 8),
		STORE(FP, -24, R1),
		MAP(R1, tasks_fd),
		MOV(R2, FP),
		ADDI(R2, -24),
		CALL(BPF_FUNC_map_lookup_elem),
		JEQI(R0, 0, 3 + ADD_TIME_INSNS),
		LOAD(R7, R0, 0),
		JEQI(R7, 0, 1 + ADD_TIME_INSNS),
		STOREI(R0, 0, 0),
		ADD_TIME(),
		/* next gets it */
		LOAD(R1, R6, 16),
		STORE(FP, -24, R1),
		MAP(R1, tasks_fd),
		MOV(R2, FP),
		ADDI(R2, -24),
		CALL(BPF_FUNC_map_lookup_elem),
		JEQI(R0, 0, 3),
		MOV(R7, R0),
		CALL(BPF_FUNC_ktime_get_ns),
		STORE(R7, 0, R0),
		MOVI(R0, 0),
		EXIT(),
	};

	return attach("sched_switch", insns, sizeof(insns) / sizeof(insns[0]));
}

int pn_balloon_bpf_open(char *why, unsigned int size)
{
	static const struct {
		const char *what;
		int (*attach)(void);
	} programs[] = {
		{"workqueue_execute_end", attach_end},
		{"sched_switch", attach_switch},
		{"workqueue_execute_start", attach_start}, /* last: what it puts into the table the others have to see leave */
	};

	if (sums_fd >= 0)
		return 0;
	tasks_fd = make_map(BPF_MAP_TYPE_HASH, 8, 8, TASKS_MAX);
	if (tasks_fd < 0) {
		snprintf(why, size, "BPF: %s", strerror(-tasks_fd));
		return tasks_fd;
	}
	sums_fd = make_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct sums), 1);
	for (unsigned int i = 0; i < sizeof(programs) / sizeof(programs[0]) && sums_fd >= 0; i++) {
		int r = programs[i].attach();

		if (r < 0) {
			snprintf(why, size, "BPF: %s: %s", programs[i].what, strerror(-r));
			close(sums_fd);
			close(tasks_fd);
			sums_fd = tasks_fd = -1;
			return r;
		}
	}
	return sums_fd < 0 ? sums_fd : 0;
}

static int sums_command(int cmd, struct sums *sums)
{
	uint32_t key = 0;
	union bpf_attr attr = {.map_fd = sums_fd, .key = (uint64_t)(uintptr_t)&key, .value = (uint64_t)(uintptr_t)sums};

	return bpf(cmd, &attr);
}

int pn_balloon_bpf_watch(uint64_t base, uint64_t size)
{
	struct sums sums;
	int r = sums_command(BPF_MAP_LOOKUP_ELEM, &sums);

	if (r < 0)
		return r;
	/* The sums may lose what is added between these two calls: the module has only just come or is gone. */
	sums.base = base;
	sums.end = base + size;
	return sums_command(BPF_MAP_UPDATE_ELEM, &sums);
}

/* Time of those on a CPU right now since they were last switched in. */
static uint64_t running_ns(void)
{
	uint64_t key, next, since, sum = 0;
	union bpf_attr attr = {.map_fd = tasks_fd, .next_key = (uint64_t)(uintptr_t)&next};
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	for (int i = 0; i < TASKS_MAX && bpf(BPF_MAP_GET_NEXT_KEY, &attr) == 0; i++) {
		union bpf_attr look = {.map_fd = tasks_fd, .key = (uint64_t)(uintptr_t)&next, .value = (uint64_t)(uintptr_t)&since};

		if (bpf(BPF_MAP_LOOKUP_ELEM, &look) == 0 && since > 0 && since < now)
			sum += now - since;
		key = next;
		attr.key = (uint64_t)(uintptr_t)&key;
	}
	return sum;
}

int pn_balloon_bpf_read(struct pn_balloon_bpf_count *ret_count)
{
	static uint64_t last;
	struct sums sums;
	uint64_t running = running_ns();
	int r = sums_command(BPF_MAP_LOOKUP_ELEM, &sums);

	if (r < 0)
		return r;
	/* An item that ended between the two reads is in both: never let the sum go back after it. */
	if (sums.cpu_ns + running > last)
		last = sums.cpu_ns + running;
	ret_count->cpu_ns = last;
	ret_count->runs = sums.runs;
	return 0;
}
