// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses of the rings are asked of QEMU at each look, so that it does not matter how they were set (legacy, modern, restored). Guest
 * memory is read as the device reads it: through its IOMMU when ACCESS_PLATFORM was accepted.
 */

#include "queues.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "payload.h"
#include "ring.h"
#include "stream.h"

#define QUEUES 5
#define DESC_BYTES 16
#define USED_BYTES 8
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

static int access_guest(uint64_t addr, void *buffer, size_t bytes, bool is_write)
{
	void *space = queues.api->address_space_memory;
	struct qemu_tx_attrs attrs = { 0 };

	if (queues.features >> F_ACCESS_PLATFORM & 1)
		space = queues.api->pci_device_iommu_address_space(queues.pci);
	return queues.api->address_space_rw(space, addr, attrs, buffer, bytes, is_write) ? -EFAULT : 0;
}

static int read_guest(void *data, uint64_t addr, void *buffer, size_t bytes)
{
	return access_guest(addr, buffer, bytes, false);
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

static unsigned int look_used(unsigned int queue)
{
	unsigned int head, count = 0;
	uint32_t bytes;

	while (pn_ring_used(&queues.rings[queue], &memory, &head, &bytes) > 0) {
		pn_stream_begin("used");
		pn_stream_add(",\"q\":%u,\"head\":%u,\"bytes\":%u", queue, head, bytes);
		pn_stream_end();
		count++;
	}
	return count;
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

int pn_queues_read(uint64_t addr, void *buffer, size_t bytes)
{
	return access_guest(addr, buffer, bytes, false);
}

int pn_queues_write(uint64_t addr, const void *buffer, size_t bytes)
{
	return access_guest(addr, (void *)buffer, bytes, true);
}

bool pn_queues_packed(void)
{
	return queues.features >> F_RING_PACKED & 1;
}

int pn_queues_next(unsigned int queue, unsigned int *ret_head, uint64_t *ret_desc)
{
	const struct pn_ring *ring = &queues.rings[queue];
	uint16_t last, idx, head;

	if (!ring->size)
		return -ENOENT;
	last = (uint16_t)queues.api->virtio_queue_get_last_avail_idx(queues.vdev, (int)queue);
	if (pn_queues_read(ring->driver + 2, &idx, sizeof(idx)) || pn_queues_read(ring->driver + 4 + 2 * (uint64_t)(last % ring->size), &head, sizeof(head)))
		return -EFAULT;
	if (le16toh(idx) == last || le16toh(head) >= ring->size)
		return -ENOENT;
	*ret_head = le16toh(head);
	*ret_desc = ring->desc + (uint64_t)*ret_head * DESC_BYTES;
	return 0;
}

unsigned int pn_queues_used_since(unsigned int queue)
{
	look_place(queue);
	return look_used(queue);
}

uint64_t pn_queues_used_element(unsigned int queue, unsigned int nth)
{
	const struct pn_ring *ring = &queues.rings[queue];

	return ring->size ? ring->device + 4 + USED_BYTES * (uint64_t)((uint16_t)(ring->used_idx - nth) % ring->size) : 0;
}

void pn_queues_used_index(unsigned int queue, unsigned int back)
{
	const struct pn_ring *ring = &queues.rings[queue];
	uint16_t idx = htole16((uint16_t)(ring->used_idx - back));

	if (ring->size)
		pn_queues_write(ring->device + 2, &idx, sizeof(idx));
}

void pn_queues_reverse_used(unsigned int queue, unsigned int count)
{
	for (unsigned int i = 1; i <= count / 2; i++) {
		uint64_t a = pn_queues_used_element(queue, i), b = pn_queues_used_element(queue, count + 1 - i), one, other;

		if (pn_queues_read(a, &one, sizeof(one)) || pn_queues_read(b, &other, sizeof(other)))
			return;
		pn_queues_write(a, &other, sizeof(other));
		pn_queues_write(b, &one, sizeof(one));
	}
}
