// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's side. A page comes into the balloon once and leaves it once, is reported only while it is the guest's, and no more buffers
 * are made available than a queue has room for: whatever is not so is an assertion. Reporting costs 50 ns a page, PFNs 300 ns, as with
 * QEMU.
 */

#include "device.h"

#define RING 256 /* more than any queue is large */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_REPORT = 4 };

struct buffer {
	void *data;
	unsigned int nents;
	struct scatterlist sg[PAGE_REPORTING_CAPACITY];
};

static struct queue {
	struct buffer buffers[RING];
	unsigned int available, notified, used;
} queues[DEVICE_QUEUES];

struct model_device model_device;

unsigned int virtqueue_get_vring_size(const struct virtqueue *vq)
{
	return vq->index == QUEUE_REPORT ? 32 : 128;
}

static void take_range(struct scatterlist *sg)
{
	for (unsigned long i = 0; i < sg->length / PAGE_SIZE; i++) {
		assert(sg->page[i].allocated && sg->page[i].place == PLACE_GUEST);
		sg->page[i].place = PLACE_REPORTING;
	}
	model_device.reported += sg->length / PAGE_SIZE;
}

static void take_pfns(unsigned int queue, struct scatterlist *sg)
{
	const u32 *pfns = sg->buf;

	for (unsigned long i = 0; i < sg->length / sizeof(*pfns); i++) {
		struct page *page = &model_pages[pfns[i]];

		assert(pfns[i] < MODEL_PAGES && sg->length / sizeof(*pfns) <= 256);
		if (queue == QUEUE_INFLATE) {
			assert(page->allocated && page->place == PLACE_GUEST);
			page->place = PLACE_INFLATING;
			model_device.inflated++;
		} else {
			assert(page->place == PLACE_BALLOON); /* D13 */
			page->place = PLACE_GUEST;
			model_device.deflated++;
		}
	}
}

int model_add(struct virtqueue *vq, struct scatterlist *sg, unsigned int nents, void *data)
{
	struct queue *queue = &queues[vq->index];
	struct buffer *buffer = &queue->buffers[queue->available % RING];

	assert(nents <= virtqueue_get_vring_size(vq)); /* D49 */
	if (queue->available - queue->used + nents > virtqueue_get_vring_size(vq))
		return -ENOSPC;
	*buffer = (struct buffer){.data = data, .nents = nents};
	memcpy(buffer->sg, sg, nents * sizeof(*sg));
	for (unsigned int i = 0; i < nents; i++) {
		if (vq->index == QUEUE_REPORT)
			take_range(&sg[i]);
		else
			take_pfns(vq->index, &sg[i]);
	}
	queue->available++;
	return 0;
}

void virtqueue_notify(struct virtqueue *vq)
{
	queues[vq->index].notified = queues[vq->index].available;
	model_ns += (unsigned int)rand() % 300 * NSEC_PER_USEC; /* the driver's CPU is away for so long */
}

static void use(unsigned int queue, struct scatterlist *sg)
{
	unsigned long nr = queue == QUEUE_REPORT ? sg->length / PAGE_SIZE : sg->length / sizeof(u32);

	for (unsigned long i = 0; i < nr && queue != QUEUE_DEFLATE; i++) {
		struct page *page = queue == QUEUE_REPORT ? &sg->page[i] : &model_pages[((const u32 *)sg->buf)[i]];

		page->place = queue == QUEUE_REPORT ? PLACE_GUEST : PLACE_BALLOON;
	}
	model_ns += nr * (queue == QUEUE_REPORT ? 50 : 300);
}

void *virtqueue_get_buf(struct virtqueue *vq, unsigned int *ret_len)
{
	struct queue *queue = &queues[vq->index];
	struct buffer *buffer = &queue->buffers[queue->used % RING];

	if (queue->used == queue->notified || (model_device.laziness && (unsigned int)rand() % model_device.laziness))
		return NULL;
	for (unsigned int i = 0; i < buffer->nents; i++)
		use(vq->index, &buffer->sg[i]);
	queue->used++;
	*ret_len = 0;
	return buffer->data;
}

unsigned long model_device_holds(void)
{
	unsigned long nr = 0;

	for (unsigned long i = 0; i < MODEL_PAGES; i++)
		nr += model_pages[i].place == PLACE_BALLOON;
	return nr;
}
