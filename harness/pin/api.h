/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The part of QEMU's plugin interface, version 1, that the plugin uses; Debian ships no header for it. Written from QEMU's documentation
 * "QEMU TCG Plugins" (docs/devel/tcg-plugins.rst) and the symbols that qemu-system-x86_64 7.2 exports. Names are QEMU's, so no pn_.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;

/** struct qemu_plugin_info - what QEMU says of itself to qemu_plugin_install(); valid during that call only */
struct qemu_plugin_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	struct {
		int smp_vcpus;
		int max_vcpus;
	} system;
};

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

/** qemu_plugin_version - the version of the interface that a plugin was written for: QEMU looks for this symbol */
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;

/** qemu_plugin_install() - what QEMU calls when it has loaded a plugin. Return: 0, or anything else to end QEMU. */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc, char **argv);

/** qemu_plugin_reset() - take all callbacks away and throw translated code away, some time later; then @done. On a vCPU's thread only. */
void qemu_plugin_reset(qemu_plugin_id_t id, void (*done)(qemu_plugin_id_t id));

/** qemu_plugin_register_vcpu_idle_cb() - @cb whenever a vCPU goes idle, on its thread */
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t id, unsigned int vcpu));

/** qemu_plugin_register_vcpu_tb_trans_cb() - @cb for each block that is translated, on the thread of the vCPU that needs it */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));

/** qemu_plugin_register_vcpu_tb_exec_cb() - @cb before each execution of a block; it may block */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned int vcpu, void *data),
					  enum qemu_plugin_cb_flags flags, void *data);

/** qemu_plugin_register_vcpu_tb_exec_inline() - add @imm to *@counter at each execution of a block; not atomic */
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op, void *counter, uint64_t imm);

/** qemu_plugin_register_vcpu_insn_exec_cb() - @cb before each execution of an instruction; it may block */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*cb)(unsigned int vcpu, void *data),
					    enum qemu_plugin_cb_flags flags, void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/** qemu_plugin_outs() - a line into QEMU's log (-d plugin) */
void qemu_plugin_outs(const char *text);
