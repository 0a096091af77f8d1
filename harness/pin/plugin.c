// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TCG plugin: counts what a guest executes, and lets the harness hold a vCPU at a point (points.c). Loaded into QEMU by
 * -plugin FILE,shared=PATH,socket=PATH; either may be left out.
 *
 * Counting is by blocks: a counter is raised where a block begins, by the number of its instructions, without a call. Blocks of modules
 * have a counter each, since where the driver lies is known only when it is there: the harness attributes them afterwards. All else is one sum
 * for the kernel and one for user space.
 *
 * Limits: a block left half way by a page fault counts whole, so user and kernel are a little high; driver code hardly faults. The counters are
 * not atomic: with more than one vCPU an increment may be lost.
 */

#include "plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUCKETS 16384

int qemu_plugin_version = 1;

struct pn_pin_shared *pn_plugin_shared;

/* Blocks by address: a block is translated again after each flush, and keeps its counter. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t heads[BUCKETS]; /* number of a block plus 1; 0: none */
static uint32_t nexts[PN_PIN_BLOCKS_MAX];
static atomic_bool refreshing, have_code;

bool pn_plugin_translated(void)
{
	return atomic_load(&have_code);
}

uint64_t pn_plugin_insns(void)
{
	const struct pn_pin_shared *shared = pn_plugin_shared;
	uint64_t sum = shared->user_insns + shared->kernel_insns;

	for (uint32_t i = 0; i < shared->block_count; i++)
		sum += shared->blocks[i].count * shared->blocks[i].insns;
	return sum;
}

static uint32_t bytes_of(const struct qemu_plugin_tb *tb)
{
	const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, qemu_plugin_tb_n_insns(tb) - 1);

	return (uint32_t)(qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last) - qemu_plugin_tb_vaddr(tb));
}

/* The counter of a module's block; NULL when there is no room. */
static uint64_t *counter_of(const struct qemu_plugin_tb *tb)
{
	struct pn_pin_shared *shared = pn_plugin_shared;
	uint64_t vaddr = qemu_plugin_tb_vaddr(tb), *counter = NULL;
	uint32_t insns = (uint32_t)qemu_plugin_tb_n_insns(tb), bytes = bytes_of(tb), n;
	uint32_t *head = &heads[(vaddr ^ vaddr >> 14) % BUCKETS];

	pthread_mutex_lock(&lock);
	for (n = *head; n; n = nexts[n - 1]) {
		if (shared->blocks[n - 1].vaddr == vaddr && shared->blocks[n - 1].insns == insns && shared->blocks[n - 1].bytes == bytes)
			break;
	}
	if (!n && shared->block_count < PN_PIN_BLOCKS_MAX) {
		struct pn_pin_block *block = &shared->blocks[shared->block_count];

		*block = (struct pn_pin_block){.vaddr = vaddr, .insns = insns, .bytes = bytes};
		__atomic_store_n(&shared->block_count, shared->block_count + 1, __ATOMIC_RELEASE);
		n = shared->block_count;
		nexts[n - 1] = *head;
		*head = n;
	}
	if (n)
		counter = &shared->blocks[n - 1].count;
	else
		shared->overflow++;
	pthread_mutex_unlock(&lock);
	return counter;
}

/* All callbacks have gone and so has all translated code. */
static void reset_done(qemu_plugin_id_t id);

/* On a vCPU's thread, where QEMU lets code be thrown away from. */
static void refresh(qemu_plugin_id_t id)
{
	bool expected = false;

	if (!pn_plugin_points_stale() || !atomic_compare_exchange_strong(&refreshing, &expected, true))
		return;
	pn_plugin_points_refreshing();
	qemu_plugin_reset(id, reset_done);
}

static void module_block(unsigned int vcpu, void *data)
{
	refresh((qemu_plugin_id_t)(uintptr_t)data);
}

static void idle(qemu_plugin_id_t id, unsigned int vcpu)
{
	refresh(id);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct pn_pin_shared *shared = pn_plugin_shared;
	uint64_t vaddr = qemu_plugin_tb_vaddr(tb), insns = qemu_plugin_tb_n_insns(tb);

	if (vaddr >= PN_PIN_MODULES_FROM && vaddr < PN_PIN_MODULES_TO) {
		uint64_t *counter = counter_of(tb);

		/* Whatever else runs, the agent's port is a module's: so this is where a busy guest hears of new points. */
		qemu_plugin_register_vcpu_tb_exec_cb(tb, module_block, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)id);
		if (counter)
			qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
	} else {
		qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							 vaddr >= PN_PIN_KERNEL_FROM ? &shared->kernel_insns : &shared->user_insns, insns);
	}
	atomic_store_explicit(&have_code, true, memory_order_relaxed);
	pn_plugin_points_mark(tb);
}

static void hook(qemu_plugin_id_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_vcpu_idle_cb(id, idle);
}

static void reset_done(qemu_plugin_id_t id)
{
	atomic_store(&have_code, false);
	hook(id);
	atomic_store(&refreshing, false);
	pn_plugin_points_fresh();
}

/* The harness made the file; without one, a private mapping, so that the plugin can be tried by hand. */
static int map_shared(const char *path)
{
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (path && (fd < 0 || ftruncate(fd, sizeof(*pn_plugin_shared)) < 0))
		return -errno;
	map = mmap(NULL, sizeof(*pn_plugin_shared), PROT_READ | PROT_WRITE, path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED)
		return -errno;
	pn_plugin_shared = map;
	pn_plugin_shared->version = PN_PIN_VERSION;
	__atomic_store_n(&pn_plugin_shared->magic, PN_PIN_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

static const char *option(int argc, char **argv, const char *name)
{
	size_t length = strlen(name);

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
			return argv[i] + length + 1;
	}
	return NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc, char **argv)
{
	const char *shared = option(argc, argv, "shared"), *socket = option(argc, argv, "socket");
	int err;

	if (!info->system_emulation || strcmp(info->target_name, "x86_64") != 0) {
		fprintf(stderr, "pn-pin: for guests of qemu-system-x86_64 only, not for %s\n", info->target_name);
		return 1;
	}
	err = map_shared(shared);
	if (err) {
		fprintf(stderr, "pn-pin: %s: %s\n", shared ? shared : "memory", strerror(-err));
		return 1;
	}
	err = socket ? pn_plugin_points_connect(socket) : 0;
	if (err) {
		fprintf(stderr, "pn-pin: %s: %s\n", socket, strerror(-err));
		return 1;
	}
	hook(id);
	return 0;
}
