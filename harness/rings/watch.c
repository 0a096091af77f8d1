// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of the balloon device, watched: over each of its register banks lies a region of ours with a higher priority, which records an
 * access and hands it on to the bank below. The driver and the device notice nothing of it; migration does not see it, for no region
 * of registers is migrated. All of it runs under QEMU's big lock, on the thread of the vCPU whose driver is at work.
 */

#include "watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "queues.h"
#include "stream.h"
#include "tamper.h"

#define STATUS_OFFSET 0x14
#define LEGACY_STATUS_OFFSET 18
#define LEGACY_CONFIG_OFFSET 20
#define LEGACY_MSIX_BYTES 4

#define LEGACY_ISR_OFFSET 19
#define ISR_CONFIG 2 /* virtio 1.2, 4.1.4.5 */

enum bank_kind { BANK_COMMON, BANK_CONFIG, BANK_NOTIFY, BANK_ISR, BANK_LEGACY };

/* a bank of registers; @child: its name among the device's regions */
struct bank {
	const char *child;
	enum bank_kind kind;
	void *below;
	uint64_t over[QEMU_REGION_ROOM / 8]; /* our region; QEMU's own type is not known here */
};

static struct bank banks[] = {
	{ .child = "virtio-pci-common-virtio-balloon[0]", .kind = BANK_COMMON },
	{ .child = "virtio-pci-device-virtio-balloon[0]", .kind = BANK_CONFIG },
	{ .child = "virtio-pci-notify-virtio-balloon[0]", .kind = BANK_NOTIFY },
	{ .child = "virtio-pci-notify-pio-virtio-balloon[0]", .kind = BANK_NOTIFY },
	{ .child = "virtio-pci-isr-virtio-balloon[0]", .kind = BANK_ISR },
	{ .child = "virtio-pci[1]", .kind = BANK_LEGACY }, /* [0] is the container of the banks above */
};

struct reg {
	unsigned int offset;
	const char *name;
	enum { PLAIN, OF_QUEUE, OF_DEVICE_FEATURES, OF_DRIVER_FEATURES } selected_by;
};

static const struct reg common_regs[] = {
	{ 0x00, "device_feature_select", PLAIN }, { 0x04, "device_feature", OF_DEVICE_FEATURES },
	{ 0x08, "driver_feature_select", PLAIN }, { 0x0c, "driver_feature", OF_DRIVER_FEATURES },
	{ 0x10, "config_msix_vector", PLAIN },	  { 0x12, "num_queues", PLAIN },
	{ 0x14, "status", PLAIN },		  { 0x15, "config_generation", PLAIN },
	{ 0x16, "queue_select", PLAIN },	  { 0x18, "queue_size", OF_QUEUE },
	{ 0x1a, "queue_msix_vector", OF_QUEUE },  { 0x1c, "queue_enable", OF_QUEUE },
	{ 0x1e, "queue_notify_off", OF_QUEUE },	  { 0x20, "queue_desc", OF_QUEUE },
	{ 0x24, "queue_desc_hi", OF_QUEUE },	  { 0x28, "queue_driver", OF_QUEUE },
	{ 0x2c, "queue_driver_hi", OF_QUEUE },	  { 0x30, "queue_device", OF_QUEUE },
	{ 0x34, "queue_device_hi", OF_QUEUE },
};

static const struct reg legacy_regs[] = {
	{ 0, "device_feature", PLAIN }, { 4, "driver_feature", PLAIN },	  { 8, "queue_pfn", OF_QUEUE }, { 12, "queue_size", OF_QUEUE },
	{ 14, "queue_select", PLAIN },	{ 18, "status", PLAIN },
};

static struct {
	const struct qemu_api *api;
	void *pci;
	bool handled_here; /* the device does its work within the notification, under the big lock */
	uint32_t queue_select, device_feature_select, driver_feature_select;
	uint64_t features;
} watch;

static const struct reg *find_reg(const struct bank *bank, uint64_t addr)
{
	const struct reg *regs = bank->kind == BANK_LEGACY ? legacy_regs : common_regs;
	size_t count = bank->kind == BANK_LEGACY ? sizeof(legacy_regs) / sizeof(*regs) : sizeof(common_regs) / sizeof(*regs);

	for (size_t i = 0; i < count; i++) {
		if (regs[i].offset == addr)
			return &regs[i];
	}
	return NULL;
}

static void record_config(const char *event, uint64_t offset, uint64_t value, unsigned int size)
{
	pn_stream_begin(event);
	pn_stream_add(",\"reg\":\"config\",\"offset\":%llu,\"value\":%llu,\"size\":%u", (unsigned long long)offset, (unsigned long long)value, size);
	pn_stream_end();
}

static void record_reg(const char *event, const struct bank *bank, uint64_t addr, uint64_t value, unsigned int size)
{
	const struct reg *reg = find_reg(bank, addr);

	pn_stream_begin(event);
	if (reg)
		pn_stream_add(",\"reg\":\"%s\"", reg->name);
	else
		pn_stream_add(",\"reg\":\"other\",\"offset\":%llu", (unsigned long long)addr);
	pn_stream_add(",\"value\":%llu,\"size\":%u", (unsigned long long)value, size);
	if (reg && reg->selected_by == OF_QUEUE)
		pn_stream_add(",\"select\":%u", watch.queue_select);
	else if (reg && reg->selected_by == OF_DEVICE_FEATURES)
		pn_stream_add(",\"select\":%u", watch.device_feature_select);
	else if (reg && reg->selected_by == OF_DRIVER_FEATURES)
		pn_stream_add(",\"select\":%u", watch.driver_feature_select);
	pn_stream_end();
}

static uint64_t legacy_config(const struct bank *bank)
{
	return LEGACY_CONFIG_OFFSET + (watch.api->msix_enabled(watch.pci) ? LEGACY_MSIX_BYTES : 0);
}

static void record(const char *event, const struct bank *bank, uint64_t addr, uint64_t value, unsigned int size)
{
	if (bank->kind == BANK_CONFIG)
		record_config(event, addr, value, size);
	else if (bank->kind == BANK_LEGACY && addr >= legacy_config(bank))
		record_config(event, addr - legacy_config(bank), value, size);
	else
		record_reg(event, bank, addr, value, size);
}

static void record_notify(unsigned int queue)
{
	pn_stream_begin("notify");
	pn_stream_add(",\"q\":%u", queue);
	pn_stream_end();
}

/* what later accesses have to be understood by */
static void follow(const struct bank *bank, uint64_t addr, uint64_t value)
{
	const struct reg *reg = bank->kind == BANK_CONFIG ? NULL : find_reg(bank, addr);

	if (!reg)
		return;
	if (!strcmp(reg->name, "queue_select")) {
		watch.queue_select = value;
	} else if (!strcmp(reg->name, "device_feature_select")) {
		watch.device_feature_select = value;
	} else if (!strcmp(reg->name, "driver_feature_select")) {
		watch.driver_feature_select = value;
	} else if (!strcmp(reg->name, "driver_feature")) {
		unsigned int shift = bank->kind == BANK_LEGACY ? 0 : 32 * (watch.driver_feature_select & 1);

		watch.features = (watch.features & ~(0xffffffffULL << shift)) | value << shift;
		pn_queues_features(watch.features);
	} else if (!strcmp(reg->name, "status") && !value) {
		watch.features = 0;
		pn_queues_forget();
		pn_tamper_forget();
	}
}

static bool is_notify(const struct bank *bank, uint64_t addr)
{
	return bank->kind == BANK_NOTIFY || (bank->kind == BANK_LEGACY && addr == 16);
}

static int op_of(unsigned int size)
{
	return __builtin_ctz(size);
}

/*
 * Without MSI-X, which QEMU's balloon has none of, a driver asks this register what an interrupt is about, and that takes the interrupt back. Of
 * the queues' own nothing is told: what was used is in the record.
 */
static bool is_isr(const struct bank *bank, uint64_t addr)
{
	return bank->kind == BANK_ISR || (bank->kind == BANK_LEGACY && addr == LEGACY_ISR_OFFSET);
}

static uint32_t read_isr(const struct bank *bank, uint64_t addr, uint64_t *data, unsigned int size, struct qemu_tx_attrs attrs)
{
	uint32_t result = watch.api->memory_region_dispatch_read(bank->below, addr, data, op_of(size), attrs);

	if (*data & ISR_CONFIG) {
		pn_stream_begin("config-interrupt");
		pn_stream_end();
	}
	return result;
}

/** struct access - a write of the driver on its way to the device */
struct access {
	const struct bank *bank;
	uint64_t addr, data;
	unsigned int size;
	struct qemu_tx_attrs attrs;
	uint32_t result;
};

static void pass(void *data)
{
	struct access *access = data;

	access->result = watch.api->memory_region_dispatch_write(access->bank->below, access->addr, access->data, op_of(access->size), access->attrs);
}

static long long read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/*
 * A notification, handed on and timed: so long the big lock is held, without which the monitor answers nobody. The CPU's clock is told beside the wall's: what
 * the host takes from this thread meanwhile is no work of the device.
 */
static void pass_notify(void *data)
{
	struct access *access = data;
	long long wall_ns = read_ns(CLOCK_MONOTONIC), cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID);

	pass(access);
	if (!watch.handled_here)
		return;
	cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	wall_ns = read_ns(CLOCK_MONOTONIC) - wall_ns;
	pn_stream_begin("held");
	pn_stream_add(",\"q\":%u,\"wall_ns\":%lld,\"cpu_ns\":%lld", (unsigned int)(access->data & 0xffff), wall_ns, cpu_ns);
	pn_stream_end();
}

static uint32_t on_write(void *opaque, uint64_t addr, uint64_t data, unsigned int size, struct qemu_tx_attrs attrs)
{
	const struct bank *bank = opaque;
	struct access access = { .bank = bank, .addr = addr, .data = data, .size = size, .attrs = attrs };

	pn_queues_look(false);
	if (is_notify(bank, addr)) {
		record_notify(data & 0xffff);
		pn_tamper_notify(data & 0xffff, pass_notify, &access);
	} else {
		record("write", bank, addr, data, size);
		follow(bank, addr, data);
		pass(&access);
	}
	pn_queues_look(true);
	return access.result;
}

static uint32_t on_read(void *opaque, uint64_t addr, uint64_t *data, unsigned int size, struct qemu_tx_attrs attrs)
{
	const struct bank *bank = opaque;
	uint32_t result;

	if (is_isr(bank, addr))
		return read_isr(bank, addr, data, size, attrs);
	pn_queues_look(false);
	result = watch.api->memory_region_dispatch_read(bank->below, addr, data, op_of(size), attrs);
	if (bank->kind == BANK_CONFIG)
		*data = pn_tamper_config(addr, *data, size);
	record("read", bank, addr, *data & (size < 8 ? (1ULL << 8 * size) - 1 : ~0ULL), size);
	return result;
}

static const struct qemu_region_ops watched = {
	.read_with_attrs = on_read,
	.write_with_attrs = on_write,
	.endianness = QEMU_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
	.impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static void on_reset(void *data)
{
	pn_stream_begin("reset");
	pn_stream_end();
	watch.features = 0;
	pn_queues_forget();
	pn_tamper_forget();
}

static void tell(const char *state, const char *reason)
{
	pn_stream_begin("watch");
	pn_stream_add(",\"state\":\"%s\",\"reason\":\"%s\"", state, reason);
	pn_stream_end();
}

static unsigned int cover_banks(void)
{
	unsigned int covered = 0;

	for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++) {
		struct bank *bank = &banks[i];

		bank->below = watch.api->object_resolve_path_component(watch.pci, bank->child);
		if (!bank->below)
			continue;
		watch.api->memory_region_init_io(bank->over, NULL, &watched, bank, "pn-watched", watch.api->memory_region_size(bank->below));
		watch.api->memory_region_add_subregion_overlap(bank->below, 0, bank->over, 1);
		covered++;
	}
	return covered;
}

void pn_watch_start(const struct qemu_api *api)
{
	void *vdev = api->object_resolve_path_type("", "virtio-balloon-device", NULL);

	watch.api = api;
	watch.pci = api->object_resolve_path_type("", "virtio-balloon-pci-base", NULL);
	if (!vdev || !watch.pci) {
		tell("off", "the machine has no PCI balloon device, or several");
		return;
	}
	watch.handled_here = !api->virtio_device_ioeventfd_enabled(vdev);
	pn_queues_attach(api, watch.pci, vdev);
	if (!cover_banks()) {
		tell("off", "the registers of the balloon device were not found");
		return;
	}
	pn_tamper_attach(api, watch.pci, vdev);
	api->qemu_register_reset(on_reset, NULL);
	tell("on", "");
}
