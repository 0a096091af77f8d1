/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pn_diag;
struct pn_mix;

/** enum pn_load_kind - whose output the result is read from */
enum pn_load_kind { PN_LOAD_STRESS_NG, PN_LOAD_FIO, PN_LOAD_NATIVE };

/** enum pn_load_ready - when a load counts as started */
enum pn_load_ready {
	PN_READY_LINE, /* it printed READY */
	PN_READY_CPU,  /* its process group has used @ready_cpu_ns of CPU time */
};

/**
 * struct pn_load - a load: workloads/loads/NAME.yaml
 *
 * Words of @argv and the content of @files may hold {memory:60%} (bytes of guest memory), {balloonable:50%}, {disk} (where the data
 * disk is mounted), {dir} (its own directory in the guest), {seed}, {vcpus}, {mix:cold} (a part of the scenario's mix, in bytes); expanded by
 * pn_load_expand().
 */
struct pn_load {
	char *name;
	char *summary;
	enum pn_load_kind kind;
	char **argv;	   /* NULL-terminated; program as the image has it */
	char **files;	   /* below workloads/, put into {dir} before the start; NULL-terminated */
	char **needs;	   /* "swap", "disk" */
	bool must_swap;	   /* a case with it that swapped nothing is BROK */
	int oom_score_adj; /* -1000 to 1000 */
	enum pn_load_ready ready;
	uint64_t ready_cpu_ns;
	uint64_t ready_timeout_ns;
	uint64_t grace_ns; /* between SIGINT/SIGTERM and SIGKILL when stopped */
};

/** pn_load_read() - read workloads/loads/NAME.yaml. Return: 0, -ENOENT with the names there are, or -EINVAL with one clear line. */
int pn_load_read(const char *workloads_dir, const char *name, struct pn_load **ret_load, struct pn_diag *diag);
void pn_load_free(struct pn_load *load);

/** struct pn_load_context - what placeholders stand for */
struct pn_load_context {
	uint64_t memory_bytes;
	unsigned int vcpus;
	uint64_t seed;
	const char *disk;
	const char *dir;
	const struct pn_mix *mix; /* NULL: all of it is 0 */
};

#define PN_LOAD_PLACEHOLDERS "{memory:60%}, {balloonable:50%}, {disk} (with a disk), {dir}, {seed}, {vcpus} or {mix:PART}"

/** pn_load_expand() - replace the placeholders of one text; @ret_text freed with g_free(). Return: 0, or -EINVAL naming the placeholder. */
int pn_load_expand(const char *text, const struct pn_load_context *context, char **ret_text, struct pn_diag *diag);
