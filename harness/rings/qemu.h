/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The functions of QEMU that the watcher calls, and what they take. They are no promised interface: QEMU exports them to its own modules.
 * Written from the signatures of QEMU 7.2 (include/exec/memory.h, include/qom/object.h, include/hw/virtio/virtio.h, include/hw/pci/pci.h,
 * include/hw/pci/msix.h, include/qemu/main-loop.h). They are looked up by name when the watcher is loaded, so that a QEMU without one of them is told, not crashed.
 */

#include <stdbool.h>
#include <stdint.h>

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))
#define QEMU_PLUGIN_VERSION 1

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_info;

/** qemu_plugin_version - the version of the plugin interface that QEMU looks for */
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;

/** qemu_plugin_install() - what QEMU calls when it has loaded the watcher. Return: 0, or anything else to end QEMU. */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc, char **argv);

/** struct qemu_tx_attrs - MemTxAttrs: bit fields that are handed on untouched */
struct qemu_tx_attrs {
	unsigned int bits;
};

/** struct qemu_region_ops - MemoryRegionOps */
struct qemu_region_ops {
	uint64_t (*read)(void *opaque, uint64_t addr, unsigned int size);
	void (*write)(void *opaque, uint64_t addr, uint64_t data, unsigned int size);
	uint32_t (*read_with_attrs)(void *opaque, uint64_t addr, uint64_t *data, unsigned int size, struct qemu_tx_attrs attrs);
	uint32_t (*write_with_attrs)(void *opaque, uint64_t addr, uint64_t data, unsigned int size, struct qemu_tx_attrs attrs);
	int endianness; /* 2: little, as everything of virtio 1 */
	struct {
		unsigned int min_access_size, max_access_size;
		bool unaligned;
		bool (*accepts)(void *opaque, uint64_t addr, unsigned int size, bool is_write, struct qemu_tx_attrs attrs);
	} valid;
	struct {
		unsigned int min_access_size, max_access_size;
		bool unaligned;
	} impl;
};

#define QEMU_LITTLE_ENDIAN 2
#define QEMU_REGION_ROOM 4096 /* a MemoryRegion has some 270 bytes */

/** struct qemu_notifier - QEMU's struct Notifier (include/qemu/notify.h); @next and @previous are the list's */
struct qemu_notifier {
	void (*notify)(struct qemu_notifier *notifier, void *data);
	void *next, *previous;
};

/** struct qemu_api - QEMU's functions by their names */
struct qemu_api {
	void *(*object_resolve_path_type)(const char *path, const char *type, bool *ambiguous);
	void *(*object_resolve_path_component)(void *parent, const char *part);
	uint64_t (*memory_region_size)(void *region);
	void (*memory_region_init_io)(void *region, void *owner, const struct qemu_region_ops *ops, void *opaque, const char *name, uint64_t size);
	void (*memory_region_add_subregion_overlap)(void *region, uint64_t offset, void *subregion, int priority);
	uint32_t (*memory_region_dispatch_read)(void *region, uint64_t addr, uint64_t *data, int op, struct qemu_tx_attrs attrs);
	uint32_t (*memory_region_dispatch_write)(void *region, uint64_t addr, uint64_t data, int op, struct qemu_tx_attrs attrs);
	uint32_t (*address_space_rw)(void *space, uint64_t addr, struct qemu_tx_attrs attrs, void *data, uint64_t bytes, bool is_write);
	void *address_space_memory;
	void *(*pci_device_iommu_address_space)(void *pci);
	int (*msix_enabled)(void *pci);
	uint64_t (*virtio_queue_get_desc_addr)(void *vdev, int queue);
	uint64_t (*virtio_queue_get_avail_addr)(void *vdev, int queue);
	uint64_t (*virtio_queue_get_used_addr)(void *vdev, int queue);
	int (*virtio_queue_get_num)(void *vdev, int queue);
	void (*qemu_add_machine_init_done_notifier)(struct qemu_notifier *notifier);
	void (*qemu_register_reset)(void (*fn)(void *data), void *data);
	void (*qemu_mutex_lock_iothread_impl)(const char *file, int line);
	void (*qemu_mutex_unlock_iothread)(void);
	unsigned int (*virtio_queue_get_last_avail_idx)(void *vdev, int queue);
	uint16_t (*virtio_queue_vector)(void *vdev, int queue);
	void (*virtio_queue_set_vector)(void *vdev, int queue, uint16_t vector);
	void (*virtio_notify_config)(void *vdev);
	void (*msix_notify)(void *pci, unsigned int vector);
	bool (*virtio_device_ioeventfd_enabled)(void *vdev);
};

/** qemu_api_find() - look all of them up. Return: NULL, or the name of the first that this QEMU does not have. */
const char *qemu_api_find(struct qemu_api *api);
