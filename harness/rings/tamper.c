// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's balloon answers a notification before the access that notifies it has ended. So around that access lies everything an order can hit: what the
 * device is about to read, what it has just used, the interrupt it wants to raise. With MSI-X that is held back by taking the queue's vector away for the time of
 * the access; without, which is how QEMU 7.2 makes balloons, by reading the device's ISR in the driver's place: its handler then finds nothing to do. An
 * interrupt of ours without MSI-X says that the configuration has changed besides, as virtio_notify_config() does; the driver reads the target once more.
 *
 * QEMU is so quick that a driver finds its buffer used before it would sleep, and never needs the interrupt. So where that is lost or late the used ring's
 * index is kept from the driver for a millisecond first.
 *
 * Limits: used rings and chains are changed in split queues only. Without MSI-X another vCPU of the guest may see what was used before it is changed. What the device does on its own (free page hints on an
 * I/O thread) passes untouched. Statistics are answered when the harness asks for them: their buffer is returned then, and that interrupt passes too.
 */

#include "tamper.h"

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "queues.h"
#include "stream.h"
#include "words.h"

#define QUEUES 5
#define CONFIG QUEUES /* in place of a queue */
#define NO_VECTOR 0xffff
#define UNSEEN_NS 1000000 /* so long a buffer is not seen used whose interrupt is held back: the driver has gone to sleep by then */
#define ANNOUNCE_NS 10000000 /* between two changes of a configuration that reads as something else each time */
#define PENDING_MAX 256
#define DESC_F_NEXT 1
#define DESC_F_INDIRECT 4

static const char *const names[PN_TAMPER_WHATS] = {
	[PN_TAMPER_IRQ_LOST] = "irq-lost",	   [PN_TAMPER_IRQ_LATE] = "irq-late",	      [PN_TAMPER_IRQ_TWICE] = "irq-twice",
	[PN_TAMPER_IRQ_SPURIOUS] = "irq-spurious", [PN_TAMPER_USED_LENGTH] = "used-length",  [PN_TAMPER_USED_ID] = "used-id",
	[PN_TAMPER_USED_ORDER] = "used-order",	   [PN_TAMPER_CONFIG_TARGET] = "config-target", [PN_TAMPER_CONFIG_RANDOM] = "config-random",
	[PN_TAMPER_CHAIN_PFN] = "chain-pfn",	   [PN_TAMPER_CHAIN_LENGTH] = "chain-length", [PN_TAMPER_CHAIN_LOOP] = "chain-loop",
};

static struct {
	const struct qemu_api *api;
	void *pci, *vdev;
	void *isr; /* region of the ISR; NULL: a legacy device */
	struct pn_tamper_order order; /* @what 0: none */
	struct pn_words words;
	bool lost[QUEUES];	      /* an interrupt was held back */
	bool unseen[QUEUES];	      /* the used ring's index was */
	struct {
		int64_t at_ns;
		unsigned int queue;
		bool publish; /* the index, not an interrupt */
	} pending[PENDING_MAX];
	unsigned int pending_count;
	_Atomic int64_t next_ns; /* when the first of them is due; 0: none */
} tamper;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool hit(unsigned int queue)
{
	if (!pn_words_hit(&tamper.words))
		return false;
	pn_stream_begin("tamper");
	pn_stream_add(",\"what\":\"%s\"", names[tamper.order.what]);
	if (queue < QUEUES)
		pn_stream_add(",\"q\":%u", queue);
	pn_stream_end();
	return true;
}

static void raise_irq(unsigned int queue)
{
	if (queue == CONFIG || !tamper.api->msix_enabled(tamper.pci)) {
		tamper.api->virtio_notify_config(tamper.vdev);
		return;
	}
	if (tamper.api->virtio_queue_vector(tamper.vdev, (int)queue) != NO_VECTOR)
		tamper.api->msix_notify(tamper.pci, tamper.api->virtio_queue_vector(tamper.vdev, (int)queue));
}

/* The driver's own read of it would do the same: the line goes down, the bits are cleared. */
static void take_isr(void)
{
	struct qemu_tx_attrs attrs = { 0 };
	uint64_t bits;

	tamper.api->memory_region_dispatch_read(tamper.isr, 0, &bits, 0, attrs);
}

static void set_next(void)
{
	int64_t next = 0;

	for (unsigned int i = 0; i < tamper.pending_count; i++) {
		if (!next || tamper.pending[i].at_ns < next)
			next = tamper.pending[i].at_ns;
	}
	atomic_store(&tamper.next_ns, next);
}

static void publish(unsigned int queue)
{
	if (!tamper.unseen[queue])
		return;
	pn_queues_used_since(queue); /* the device may have used more meanwhile */
	pn_queues_used_index(queue, 0);
	tamper.unseen[queue] = false;
}

static void later(unsigned int queue, int64_t at_ns, bool index)
{
	if (tamper.pending_count == PENDING_MAX) { /* early rather than never */
		if (index)
			publish(queue);
		else
			raise_irq(queue);
		return;
	}
	tamper.pending[tamper.pending_count].at_ns = at_ns;
	tamper.pending[tamper.pending_count].publish = index;
	tamper.pending[tamper.pending_count++].queue = queue;
	set_next();
}

static void raise_later(unsigned int queue, int64_t at_ns)
{
	later(queue, at_ns, false);
}

bool pn_tamper_due(void)
{
	int64_t next = atomic_load(&tamper.next_ns);

	return next && next <= now_ns();
}

/* A spurious one has a queue of its own choice, all in turn, and comes back. */
static void raise_spurious(unsigned int queue)
{
	if (hit(queue))
		raise_irq(queue);
	for (unsigned int i = 1; i <= QUEUES; i++) {
		unsigned int other = tamper.order.queue == PN_TAMPER_ANY_QUEUE ? (queue + i) % QUEUES : queue;

		if (!tamper.api->virtio_queue_get_desc_addr(tamper.vdev, (int)other) && other != queue)
			continue;
		raise_later(other, now_ns() + (int64_t)tamper.order.value);
		return;
	}
}

void pn_tamper_raise(void)
{
	int64_t now = now_ns();

	for (unsigned int i = 0; i < tamper.pending_count;) {
		unsigned int queue = tamper.pending[i].queue;
		bool index = tamper.pending[i].publish;

		if (tamper.pending[i].at_ns > now) {
			i++;
			continue;
		}
		tamper.pending[i] = tamper.pending[--tamper.pending_count];
		if (index)
			publish(queue);
		else if (tamper.order.what == PN_TAMPER_IRQ_SPURIOUS)
			raise_spurious(queue);
		else
			raise_irq(queue);
		if (queue == CONFIG)
			raise_later(CONFIG, now + ANNOUNCE_NS);
	}
	set_next();
}

void pn_tamper_forget(void)
{
	memset(tamper.lost, 0, sizeof(tamper.lost));
	memset(tamper.unseen, 0, sizeof(tamper.unseen));
	if (tamper.order.what == PN_TAMPER_IRQ_SPURIOUS || tamper.order.what == PN_TAMPER_CONFIG_RANDOM)
		return;
	tamper.pending_count = 0;
	set_next();
}

void pn_tamper_attach(const struct qemu_api *api, void *pci, void *vdev)
{
	tamper.api = api;
	tamper.pci = pci;
	tamper.vdev = vdev;
	tamper.isr = api->object_resolve_path_component(pci, "virtio-pci-isr-virtio-balloon[0]");
}

static void clear(void)
{
	bool config = tamper.order.what == PN_TAMPER_CONFIG_TARGET || tamper.order.what == PN_TAMPER_CONFIG_RANDOM;

	tamper.order.what = 0;
	for (unsigned int queue = 0; queue < QUEUES; queue++) {
		publish(queue);
		if (tamper.lost[queue])
			raise_irq(queue);
		tamper.lost[queue] = false;
	}
	for (unsigned int i = 0; i < tamper.pending_count; i++)
		if (!tamper.pending[i].publish)
			raise_irq(tamper.pending[i].queue);
	tamper.pending_count = 0;
	set_next();
	if (config)
		tamper.api->virtio_notify_config(tamper.vdev);
}

static bool changes_rings(uint32_t what)
{
	return what <= PN_TAMPER_IRQ_LATE || (what >= PN_TAMPER_USED_LENGTH && what <= PN_TAMPER_USED_ORDER) || what >= PN_TAMPER_CHAIN_PFN;
}

static int set(const struct pn_tamper_order *order)
{
	if (!order->what || order->what >= PN_TAMPER_WHATS || (order->queue >= QUEUES && order->queue != PN_TAMPER_ANY_QUEUE))
		return -EINVAL;
	if (order->what <= PN_TAMPER_IRQ_SPURIOUS && !tamper.isr && !tamper.api->msix_enabled(tamper.pci))
		return -ENOTSUP;
	if (changes_rings(order->what) && pn_queues_packed())
		return -ENOTSUP;
	clear();
	tamper.order = *order;
	pn_words_begin(&tamper.words, order);
	if (order->what == PN_TAMPER_IRQ_SPURIOUS)
		raise_later(order->queue == PN_TAMPER_ANY_QUEUE ? 0 : order->queue, now_ns());
	else if (order->what == PN_TAMPER_CONFIG_TARGET || order->what == PN_TAMPER_CONFIG_RANDOM)
		tamper.api->virtio_notify_config(tamper.vdev);
	if (order->what == PN_TAMPER_CONFIG_RANDOM)
		raise_later(CONFIG, now_ns() + ANNOUNCE_NS);
	return 0;
}

void pn_tamper_obey(const struct pn_tamper_order *order, struct pn_tamper_answer *ret_answer)
{
	int err = tamper.vdev ? 0 : -ENODEV;

	if (!err && order->version != PN_TAMPER_VERSION)
		err = -EPROTO;
	else if (!err && order->word == PN_TAMPER_SET)
		err = set(order);
	else if (!err && order->word == PN_TAMPER_CLEAR)
		clear();
	*ret_answer = (struct pn_tamper_answer){ .version = PN_TAMPER_VERSION, .err = err, .seen = tamper.words.seen, .struck = tamper.words.struck };
}

uint64_t pn_tamper_config(uint64_t offset, uint64_t value, unsigned int size)
{
	uint64_t target, mask = size < 8 ? (1ULL << 8 * size) - 1 : ~0ULL;

	/* num_pages is the first word; drivers read it whole. */
	if ((tamper.order.what != PN_TAMPER_CONFIG_TARGET && tamper.order.what != PN_TAMPER_CONFIG_RANDOM) || offset || size < 4 || !hit(QUEUES))
		return value;
	target = tamper.order.what == PN_TAMPER_CONFIG_TARGET ? tamper.order.value : pn_words_random(&tamper.words);
	return ((value & ~0xffffffffULL) | (target & 0xffffffffULL)) & mask;
}

/* What the device is shown instead, and what stood there. */
struct patch {
	uint64_t addr;
	unsigned int bytes;
	unsigned char before[16];
};

static void apply(struct patch *patch, uint64_t addr, const void *value, unsigned int bytes)
{
	if (pn_queues_read(addr, patch->before, bytes) || pn_queues_write(addr, value, bytes))
		return;
	patch->addr = addr;
	patch->bytes = bytes;
}

static void patch_pfn(struct patch *patch, uint64_t desc)
{
	uint32_t pfn = htole32((uint32_t)tamper.order.value);
	uint64_t addr;

	if (pn_queues_read(desc, &addr, sizeof(addr)) == 0)
		apply(patch, le64toh(addr), &pfn, sizeof(pfn));
}

static void patch_desc(struct patch *patch, uint64_t desc, unsigned int index)
{
	uint32_t length = htole32((uint32_t)tamper.order.value);
	uint16_t next[2] = { htole16(DESC_F_NEXT), htole16((uint16_t)index) };

	if (tamper.order.what == PN_TAMPER_CHAIN_LENGTH)
		apply(patch, desc + 8, &length, sizeof(length));
	else
		apply(patch, desc + 12, next, sizeof(next));
}

/* The first descriptor, in an indirect table as well. */
static void before(unsigned int queue, struct patch *patch)
{
	unsigned int head;
	uint64_t desc;
	uint16_t flags;

	if (tamper.order.what < PN_TAMPER_CHAIN_PFN || pn_queues_next(queue, &head, &desc) || !hit(queue))
		return;
	if (pn_queues_read(desc + 12, &flags, sizeof(flags)) == 0 && (le16toh(flags) & DESC_F_INDIRECT)) {
		head = 0;
		pn_queues_read(desc, &desc, sizeof(desc));
		desc = le64toh(desc);
	}
	if (tamper.order.what == PN_TAMPER_CHAIN_PFN)
		patch_pfn(patch, desc);
	else
		patch_desc(patch, desc, head);
}

static void change_used(unsigned int queue, unsigned int count)
{
	uint32_t value = htole32((uint32_t)tamper.order.value);

	if (tamper.order.what == PN_TAMPER_USED_ORDER) {
		if (count > 1 && hit(queue))
			pn_queues_reverse_used(queue, count);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		uint64_t element = pn_queues_used_element(queue, i + 1);

		if (element && hit(queue))
			pn_queues_write(element + (tamper.order.what == PN_TAMPER_USED_LENGTH ? 4 : 0), &value, sizeof(value));
	}
}

/* The device has used @count buffers and would raise an interrupt. */
static void after(unsigned int queue, unsigned int count, bool msix)
{
	uint32_t what = tamper.order.what;
	bool struck;

	if (what >= PN_TAMPER_USED_LENGTH && what <= PN_TAMPER_USED_ORDER)
		change_used(queue, count);
	struck = what >= PN_TAMPER_IRQ_LOST && what <= PN_TAMPER_IRQ_TWICE && hit(queue);
	if (struck && what != PN_TAMPER_IRQ_TWICE) {
		if (!msix)
			take_isr();
		pn_queues_used_index(queue, count);
		tamper.unseen[queue] = true;
		later(queue, now_ns() + UNSEEN_NS, true);
		if (what == PN_TAMPER_IRQ_LOST)
			tamper.lost[queue] = true;
		else
			raise_later(queue, now_ns() + (int64_t)tamper.order.value);
		return;
	}
	if (msix)
		raise_irq(queue);
	if (struck)
		raise_later(queue, now_ns() + (int64_t)tamper.order.value);
}

void pn_tamper_notify(unsigned int queue, void (*pass)(void *data), void *data)
{
	struct patch patch = { 0 };
	bool msix = tamper.api && tamper.api->msix_enabled(tamper.pci);
	uint16_t vector = 0;
	unsigned int count;

	if (!tamper.order.what || queue >= QUEUES || (tamper.order.queue != PN_TAMPER_ANY_QUEUE && tamper.order.queue != queue)) {
		pass(data);
		return;
	}
	before(queue, &patch);
	if (msix) {
		vector = tamper.api->virtio_queue_vector(tamper.vdev, (int)queue);
		tamper.api->virtio_queue_set_vector(tamper.vdev, (int)queue, NO_VECTOR);
	}
	pass(data);
	if (msix)
		tamper.api->virtio_queue_set_vector(tamper.vdev, (int)queue, vector);
	if (patch.bytes)
		pn_queues_write(patch.addr, patch.before, patch.bytes);
	count = pn_queues_used_since(queue);
	if (count)
		after(queue, count, msix);
}
