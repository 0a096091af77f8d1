/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What plugin and harness share: a file mapped by both, which holds the counters, and messages over a unix socket (SOCK_SEQPACKET, the
 * harness listens), which set points and hold vCPUs. Both are built from one tree; the version is checked all the same, since a snapshot of
 * the cache or an installed plugin may be older.
 */

#define PN_PIN_MAGIC 0x6e69506eU /* "nPin" */
#define PN_PIN_VERSION 2

/** PN_PIN_BLOCKS_MAX - blocks of modules that are counted one by one; all modules of a guest have some 10^4 */
#define PN_PIN_BLOCKS_MAX 65536

/*
 * Regions of the guest's addresses (Linux, Documentation/x86/x86_64/mm.rst): user below the hole, modules in the fixed mapping space, all
 * else above the hole is the kernel's. Code that BPF compiles lies among the modules.
 */
#define PN_PIN_KERNEL_FROM 0xffff800000000000ULL
#define PN_PIN_MODULES_FROM 0xffffffffa0000000ULL
#define PN_PIN_MODULES_TO 0xffffffffff000000ULL

/** PN_PIN_POINTS_MAX - points at a time */
#define PN_PIN_POINTS_MAX 64

/** struct pn_pin_block - a translated block of a module: how often it was executed */
struct pn_pin_block {
	uint64_t vaddr;
	uint32_t insns;
	uint32_t bytes;
	uint64_t count;
};

/** struct pn_pin_shared - the mapped file; written by the plugin only */
struct pn_pin_shared {
	uint32_t magic;
	uint32_t version;
	uint32_t block_count; /* blocks below this number are complete: written after them */
	uint32_t overflow;    /* blocks that found no room: counts are too low then */
	uint64_t user_insns;
	uint64_t kernel_insns;
	uint64_t hits[PN_PIN_POINTS_MAX]; /* of each point since it was set */
	struct pn_pin_block blocks[PN_PIN_BLOCKS_MAX];
};

enum pn_pin_kind {
	PN_PIN_ENTRY, /* first instruction at @from */
	PN_PIN_EXIT,  /* leaving [@from, @to) or [@cold_from, @cold_to) by a return or a jump elsewhere */
	PN_PIN_SELF,  /* the guest's agent holds itself: the instruction PN_PIN_SELF_INSN in user space */
};

/* What a message asks or says. */
enum pn_pin_word {
	/* harness to plugin */
	PN_PIN_SET = 1, /* a point; answered by DONE when it is in force */
	PN_PIN_CLEAR,	/* no point any more; answered by DONE; a vCPU held by it goes on */
	PN_PIN_RELEASE, /* the vCPU held at point @id goes on */
	/* plugin to harness */
	PN_PIN_HELLO, /* first of all: @version */
	PN_PIN_DONE,
	PN_PIN_HELD, /* point @id: @vcpu stands before @vaddr, at the @hits-th time */
};

/** struct pn_pin_message - one message, in either direction */
struct pn_pin_message {
	uint32_t word;
	uint32_t id; /* of the point, below PN_PIN_POINTS_MAX */
	uint32_t kind;
	uint32_t version;
	uint32_t vcpu;
	uint32_t serial; /* of a request, repeated by its DONE */
	uint64_t from, to, cold_from, cold_to;
	uint64_t nth; /* hold at the n-th hit; 0: at each */
	uint64_t hits;
	uint64_t vaddr;
	uint64_t insns; /* executed by the guest up to here */
};

/** PN_PIN_SELF_INSN - an instruction that does nothing (a nop with an address nobody computes): "nopl 0x6e696e70(%rax,%rax,1)" */
#define PN_PIN_SELF_INSN "\x0f\x1f\x84\x00\x70\x6e\x69\x6e"
#define PN_PIN_SELF_SIZE 8
