// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses of the rings are asked of QEMU at each look, so that it does not matter how they were set (legacy, modern, restored). Guest
 * memory is read as the device reads it: through its IOMMU when ACCESS_PLATFORM was accepted.
 */

#include "queues.h"

#include <errno.h>
#include <string.h>

#include "payload.h"
#include "ring.h"
#include "stream.h"

#define QUEUES 5
#define F_PAGE_POISON 4
#define F_ACCESS_PLATFORM 33
#define F_RING_PACKED 34

static struct {
	const struct qemu_api *api;
	void *pci, *vdev;
	uint64_t features;
	struct pn_ring rings[QUEUES];
	struct pn_ring_chain chain; /* the one being looked at: too large for a stack */
} queues;

static int read_guest(void *data, uint64_t addr, void *buffer, size_t bytes)
{
	void *space = queues.api->address_space_memory;
	struct qemu_tx_attrs attrs = { 0 };

	if (queues.features >> F_ACCESS_PLATFORM & 1)
		space = queues.api->pci_device_iommu_address_space(queues.pci);
	return queues.api->address_space_rw(space, addr, attrs, buffer, bytes, false) ? -EFAULT : 0;
}

static const struct pn_ring_memory memory = { .read = read_guest };

void pn_queues_attach(const struct qemu_api *api, void *pci, void *vdev)
{
	queues.api = api;
	queues.pci = pci;
	queues.vdev = vdev;
}

void pn_queues_features(uint64_t features)
{
	queues.features = features;
}

void pn_queues_forget(void)
{
	queues.features = 0;
	memset(queues.rings, 0, sizeof(queues.rings));
}

static void record_chain(unsigned int queue, bool late)
{
	const struct pn_ring_chain *chain = &queues.chain;

	pn_stream_begin("avail");
	pn_stream_add(",\"q\":%u,\"head\":%u,\"flaws\":%u,\"indirect\":%s,\"descs\":[", queue, chain->head, chain->flaws,
		      chain->indirect ? "true" : "false");
	for (unsigned int i = 0; i < chain->count; i++)
		pn_stream_add("%s[%u,%d]", i ? "," : "", chain->descs[i].bytes, chain->descs[i].writable);
	pn_stream_add("]");
	if (late)
		pn_stream_add(",\"late\":true");
	pn_payload_add(chain, queue, queues.features >> F_PAGE_POISON & 1, &memory);
	pn_stream_end();
}

static void look_used(unsigned int queue)
{
	unsigned int head;
	uint32_t bytes;

	while (pn_ring_used(&queues.rings[queue], &memory, &head, &bytes) > 0) {
		pn_stream_begin("used");
		pn_stream_add(",\"q\":%u,\"head\":%u,\"bytes\":%u", queue, head, bytes);
		pn_stream_end();
	}
}

static void look_available(unsigned int queue, bool late)
{
	bool backwards;

	while (pn_ring_available(&queues.rings[queue], &memory, &queues.chain, &backwards) > 0)
		record_chain(queue, late);
	if (!backwards)
		return;
	pn_stream_begin("backwards");
	pn_stream_add(",\"q\":%u", queue);
	pn_stream_end();
}

/* Is the queue where it was? A ring set up anew is empty. */
static void look_place(unsigned int queue)
{
	struct pn_ring *ring = &queues.rings[queue];
	uint64_t desc = queues.api->virtio_queue_get_desc_addr(queues.vdev, queue);
	int size = desc ? queues.api->virtio_queue_get_num(queues.vdev, queue) : 0;

	if (ring->desc == desc && (ring->size > 0) == (size > 0))
		return;
	pn_ring_start(ring, desc, queues.api->virtio_queue_get_avail_addr(queues.vdev, queue),
		      queues.api->virtio_queue_get_used_addr(queues.vdev, queue), size, queues.features >> F_RING_PACKED & 1);
}

void pn_queues_look(bool late)
{
	for (unsigned int queue = 0; queue < QUEUES; queue++) {
		look_place(queue);
		/* used first: what the driver does next, it does in the knowledge of it */
		look_used(queue);
		look_available(queue, late);
		if (late)
			look_used(queue);
	}
}
