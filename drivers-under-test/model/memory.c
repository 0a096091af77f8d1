// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's memory: allocated or not, by aligned runs of whole orders. A page that is freed must be the guest's, which is most of what a
 * balloon driver can do wrong.
 */

#include "kernel.h"

struct page model_pages[MODEL_PAGES];
unsigned long model_free = MODEL_PAGES;
long model_managed;
bool model_spinning;
unsigned long jiffies = 1000;
u64 model_ns = 1;
void (*model_meanwhile)(void);

static void let_others_work(void)
{
	void (*work)(void) = model_meanwhile;

	model_meanwhile = NULL;
	if (work)
		work();
}

static bool is_free(unsigned long pfn, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		if (model_pages[pfn + i].allocated)
			return false;
	return true;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	static unsigned long next; /* where the last search ended: all the rest is likely taken */
	unsigned long step = 1UL << order;

	for (unsigned long i = 0; i < MODEL_PAGES; i += step) {
		unsigned long pfn = (next / step * step + i) % MODEL_PAGES;

		if (!is_free(pfn, order))
			continue;
		for (unsigned long k = 0; k < step; k++)
			model_pages[pfn + k].allocated = true;
		model_free -= step;
		next = pfn;
		let_others_work();
		return &model_pages[pfn];
	}
	return NULL;
}

void __free_pages(struct page *page, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		assert(page[i].allocated && !page[i].offline);
		assert(page[i].place != PLACE_REPORTING && page[i].place != PLACE_INFLATING); /* D12, D44 */
		page[i].allocated = false;
	}
	model_free += 1UL << order;
}

unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **pages)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		pages[i] = alloc_pages(gfp, 0);
		if (!pages[i])
			break;
	}
	return i;
}

void balloon_devinfo_init(struct balloon_dev_info *info)
{
	INIT_LIST_HEAD(&info->pages);
}

void balloon_page_insert(struct balloon_dev_info *info, struct page *page)
{
	__SetPageOffline(page);
	list_add(&page->lru, &info->pages);
}

unsigned long balloon_page_list_enqueue(struct balloon_dev_info *info, struct list_head *pages)
{
	struct page *page, *next;
	unsigned long nr = 0;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		balloon_page_insert(info, page);
		nr++;
	}
	return nr;
}

unsigned long balloon_page_list_dequeue(struct balloon_dev_info *info, struct list_head *pages, unsigned long nr)
{
	struct page *page, *next;
	unsigned long done = 0;

	list_for_each_entry_safe(page, next, &info->pages, lru) {
		if (done == nr)
			break;
		list_del(&page->lru);
		__ClearPageOffline(page);
		list_add(&page->lru, pages);
		done++;
	}
	return done;
}

static int (*compare)(void *priv, const struct list_head *a, const struct list_head *b);

static int by_compare(const void *a, const void *b)
{
	return compare(NULL, *(struct list_head *const *)a, *(struct list_head *const *)b);
}

void list_sort(void *priv, struct list_head *head, int (*cmp)(void *priv, const struct list_head *a, const struct list_head *b))
{
	struct list_head *sorted[MODEL_PAGES];
	size_t nr = 0;

	for (struct list_head *p = head->next; p != head; p = p->next)
		sorted[nr++] = p;
	compare = cmp;
	qsort(sorted, nr, sizeof(sorted[0]), by_compare);
	INIT_LIST_HEAD(head);
	for (size_t i = 0; i < nr; i++)
		list_add_tail(sorted[i], head);
}
