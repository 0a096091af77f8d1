// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's functions, looked up in the process that has loaded us. */

#include "qemu.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define NEEDED(name)                              \
	{                                         \
		#name, offsetof(struct qemu_api, name) \
	}

static const struct {
	const char *name;
	size_t offset;
} needed[] = {
	NEEDED(object_resolve_path_type),
	NEEDED(object_resolve_path_component),
	NEEDED(memory_region_size),
	NEEDED(memory_region_init_io),
	NEEDED(memory_region_add_subregion_overlap),
	NEEDED(memory_region_dispatch_read),
	NEEDED(memory_region_dispatch_write),
	NEEDED(address_space_rw),
	NEEDED(address_space_memory),
	NEEDED(pci_device_iommu_address_space),
	NEEDED(msix_enabled),
	NEEDED(virtio_queue_get_desc_addr),
	NEEDED(virtio_queue_get_avail_addr),
	NEEDED(virtio_queue_get_used_addr),
	NEEDED(virtio_queue_get_num),
	NEEDED(qemu_add_machine_init_done_notifier),
	NEEDED(qemu_register_reset),
	NEEDED(qemu_mutex_lock_iothread_impl),
	NEEDED(qemu_mutex_unlock_iothread),
	NEEDED(virtio_queue_get_last_avail_idx),
	NEEDED(virtio_queue_vector),
	NEEDED(virtio_queue_set_vector),
	NEEDED(virtio_notify_config),
	NEEDED(msix_notify),
	NEEDED(virtio_device_ioeventfd_enabled),
};

const char *qemu_api_find(struct qemu_api *api)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		void *symbol = dlsym(RTLD_DEFAULT, needed[i].name);

		if (!symbol)
			return needed[i].name;
		memcpy((char *)api + needed[i].offset, &symbol, sizeof(symbol));
	}
	return NULL;
}
