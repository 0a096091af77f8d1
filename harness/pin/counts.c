// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the plugin has counted, attributed: which of the modules' blocks are the driver's is known from where the guest says it lies. Once the driver has
 * gone (unloaded, the machine reset) or lies elsewhere, the old place is retired: what was executed there stays counted, what comes there later, another
 * module, does not.
 */

#include <errno.h>

#include "pin.h"
#include "pin_private.h"

static uint32_t block_count(const struct pn_pin *pin)
{
	uint32_t count = __atomic_load_n(&pin->shared->block_count, __ATOMIC_ACQUIRE);

	return MIN(count, PN_PIN_BLOCKS_MAX);
}

static bool is_driver(const struct pn_pin *pin, uint64_t vaddr)
{
	return vaddr - pin->base < pin->size;
}

/* What had been executed before the driver came back: @before runs parallel to the first blocks. */
static uint64_t count_of(const struct pn_pin *pin, uint32_t i)
{
	uint64_t count = __atomic_load_n(&pin->shared->blocks[i].count, __ATOMIC_RELAXED);

	return pin->before && i < pin->before->len ? count - g_array_index(pin->before, struct pn_pin_covered, i).count : count;
}

/* Lock held. The blocks of where the driver is now. */
static void collect(const struct pn_pin *pin, GArray *into)
{
	uint32_t count = block_count(pin);

	for (uint32_t i = 0; i < count; i++) {
		const struct pn_pin_block *block = &pin->shared->blocks[i];
		struct pn_pin_covered covered = {.offset = block->vaddr - pin->base, .insns = block->insns, .bytes = block->bytes,
						 .count = count_of(pin, i)};

		if (is_driver(pin, block->vaddr) && covered.count)
			g_array_append_val(into, covered);
	}
}

/* Lock held. From now on nothing is the driver's, and what was executed anywhere so far is not that of the next place. */
static void retire(struct pn_pin *pin)
{
	uint32_t count = block_count(pin);

	collect(pin, pin->retired);
	if (pin->before)
		g_array_unref(pin->before);
	pin->before = g_array_new(FALSE, FALSE, sizeof(struct pn_pin_covered));
	for (uint32_t i = 0; i < count; i++) {
		struct pn_pin_covered now = {.count = __atomic_load_n(&pin->shared->blocks[i].count, __ATOMIC_RELAXED)};

		g_array_append_val(pin->before, now);
	}
	pin->base = pin->size = 0;
}

void pn_pin_driver(struct pn_pin *pin, uint64_t base, uint64_t size, GArray *symbols)
{
	g_mutex_lock(&pin->lock);
	if (pin->size && (pin->base != base || pin->size != size))
		retire(pin);
	pin->base = base;
	pin->size = size;
	if (pin->symbols)
		g_array_unref(pin->symbols);
	pin->symbols = symbols;
	g_mutex_unlock(&pin->lock);
}

void pn_pin_driver_gone(struct pn_pin *pin)
{
	g_mutex_lock(&pin->lock);
	if (pin->size)
		retire(pin);
	g_mutex_unlock(&pin->lock);
}

const GArray *pn_pin_symbols(struct pn_pin *pin)
{
	return pin->symbols;
}

uint64_t pn_pin_base(struct pn_pin *pin)
{
	uint64_t base;

	g_mutex_lock(&pin->lock);
	base = pin->base;
	g_mutex_unlock(&pin->lock);
	return base;
}

int pn_pin_counts(struct pn_pin *pin, struct pn_pin_counts *ret_counts)
{
	struct pn_pin_counts counts = {0};
	uint64_t modules = 0;
	uint32_t count;

	if (__atomic_load_n(&pin->shared->magic, __ATOMIC_ACQUIRE) != PN_PIN_MAGIC)
		return -ENODATA;
	if (pin->shared->overflow)
		return -EOVERFLOW;
	count = block_count(pin);
	g_mutex_lock(&pin->lock);
	for (uint32_t i = 0; i < count; i++) {
		const struct pn_pin_block *block = &pin->shared->blocks[i];

		modules += __atomic_load_n(&block->count, __ATOMIC_RELAXED) * block->insns;
		if (is_driver(pin, block->vaddr))
			counts.driver += count_of(pin, i) * block->insns;
	}
	for (guint i = 0; i < pin->retired->len; i++) {
		const struct pn_pin_covered *old = &g_array_index(pin->retired, struct pn_pin_covered, i);

		counts.driver += old->count * old->insns;
	}
	g_mutex_unlock(&pin->lock);
	counts.user = __atomic_load_n(&pin->shared->user_insns, __ATOMIC_RELAXED);
	counts.kernel = __atomic_load_n(&pin->shared->kernel_insns, __ATOMIC_RELAXED) + modules - counts.driver;
	*ret_counts = counts;
	return 0;
}

static gint by_offset(gconstpointer a, gconstpointer b)
{
	const struct pn_pin_covered *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->insns < y->insns ? -1 : x->insns > y->insns;
}

unsigned int pn_pin_coverage(struct pn_pin *pin, struct pn_pin_covered **ret_blocks)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct pn_pin_covered));
	guint kept = 0;

	g_mutex_lock(&pin->lock);
	g_array_append_vals(all, pin->retired->data, pin->retired->len);
	collect(pin, all);
	g_mutex_unlock(&pin->lock);
	g_array_sort(all, by_offset);
	for (guint i = 0; i < all->len; i++) {
		struct pn_pin_covered *block = &g_array_index(all, struct pn_pin_covered, i);
		struct pn_pin_covered *last = kept ? &g_array_index(all, struct pn_pin_covered, kept - 1) : NULL;

		if (last && by_offset(last, block) == 0)
			last->count += block->count;
		else
			g_array_index(all, struct pn_pin_covered, kept++) = *block;
	}
	*ret_blocks = (struct pn_pin_covered *)g_array_free(all, FALSE);
	return kept;
}
