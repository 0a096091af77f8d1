/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The kernel as far as the logic of vballoon needs it, in one thread: names and meanings are the kernel's, what is behind them is as little as will do. All the
 * headers that the driver includes are links to this one. A rule of the kernel that the driver could break is an assertion.
 */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* types, arithmetic */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef u16 __virtio16;
typedef u32 __virtio32;
typedef u64 __virtio64;
typedef unsigned int gfp_t;

#define KERNEL_VERSION(a, b, c) ((a) << 16 | (b) << 8 | (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 1, 0)
#define __maybe_unused __attribute__((unused))
#define U32_MAX UINT32_MAX
#define ULONG_MAX (~0UL)
#define BIT(n) (1UL << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, v) ((x) = (v))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min3(a, b, c) min(min(a, b), c)
#define min_t(t, a, b) min((t)(a), (t)(b))
#define max_t(t, a, b) max((t)(a), (t)(b))
#define clamp(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))
#define clamp_t(t, x, low, high) clamp((t)(x), (t)(low), (t)(high))
#define DIV_ROUND_UP(a, b) (((a) + (b)-1) / (b))
#define div64_ul(a, b) ((a) / (b))
#define div_u64(a, b) ((a) / (b))
#define container_of(p, t, m) ((t *)((char *)(p)-offsetof(t, m)))
#define xchg(p, v)                         \
	({                                 \
		__typeof__(*(p)) old = *(p); \
		*(p) = (v);                \
		old;                       \
	})

#define __ARG_PLACEHOLDER_1 0,
#define __take_second_arg(ignored, val, ...) val
#define __is_defined(x) ___is_defined(x)
#define ___is_defined(val) ____is_defined(__ARG_PLACEHOLDER_##val)
#define ____is_defined(arg_or_junk) __take_second_arg(arg_or_junk 1, 0)

static inline int fls_long(unsigned long x)
{
	return x ? 64 - __builtin_clzl(x) : 0;
}

/* lists */
struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name) struct list_head name = {&name, &name}
#define list_entry(p, t, m) container_of(p, t, m)
#define list_first_entry_or_null(h, t, m) ((h)->next == (h) ? NULL : list_entry((h)->next, t, m))
#define list_for_each_entry(p, h, m) for (p = list_entry((h)->next, __typeof__(*p), m); &p->m != (h); p = list_entry(p->m.next, __typeof__(*p), m))
#define list_for_each_entry_safe(p, n, h, m)                                                                           \
	for (p = list_entry((h)->next, __typeof__(*p), m), n = list_entry(p->m.next, __typeof__(*p), m); &p->m != (h); \
	     p = n, n = list_entry(n->m.next, __typeof__(*n), m))

static inline void INIT_LIST_HEAD(struct list_head *h)
{
	h->next = h->prev = h;
}

static inline void list_add(struct list_head *n, struct list_head *h)
{
	n->next = h->next;
	n->prev = h;
	h->next->prev = n;
	h->next = n;
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	list_add(n, h->prev);
}

static inline void list_del(struct list_head *n)
{
	assert(n->next && n->prev); /* twice */
	n->next->prev = n->prev;
	n->prev->next = n->next;
	n->next = n->prev = NULL;
}

void list_sort(void *priv, struct list_head *head, int (*cmp)(void *priv, const struct list_head *a, const struct list_head *b));

/* locks, of which the spinlocks are leaves; atomics */
typedef struct {
	bool held;
} spinlock_t;

extern bool model_spinning;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = false;
}

static inline void spin_lock(spinlock_t *lock)
{
	assert(!model_spinning);
	lock->held = model_spinning = true;
}

static inline void spin_unlock(spinlock_t *lock)
{
	assert(lock->held);
	lock->held = model_spinning = false;
}

#define spin_lock_irqsave(lock, flags) ((void)((flags) = 0), spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags) spin_unlock(lock)

struct mutex {
	bool held;
};

#define mutex_lock(m) ((void)(m))
#define mutex_unlock(m) ((void)(m))

typedef struct {
	long value;
} atomic_long_t;
typedef struct {
	int value;
} atomic_t;

#define atomic_long_read(a) ((a)->value)
#define atomic_long_set(a, v) ((void)((a)->value = (v)))
#define atomic_long_add(n, a) ((void)((a)->value += (n)))
#define atomic_long_sub(n, a) ((void)((a)->value -= (n)))
#define atomic_long_sub_return(n, a) ((a)->value -= (n))
#define set_bit(bit, p) ((void)(*(p) |= BIT(bit)))
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]
#define bitmap_zero(p, bits) memset(p, 0, ((bits) + 63) / 64 * 8)
#define __set_bit(bit, p) ((void)((p)[(bit) / 64] |= BIT((bit) % 64)))
#define test_bit(bit, p) ((p)[(bit) / 64] >> (bit) % 64 & 1)

/* time, sleeping, threads: nobody sleeps, the test moves the clocks */
#define HZ 250
#define MAX_SCHEDULE_TIMEOUT 0x7fffffffL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL
#define msecs_to_jiffies(ms) ((unsigned long)(ms)*HZ / 1000)
#define time_before(a, b) ((long)((a) - (b)) < 0)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define ktime_get_ns() model_ns
#define local_clock() model_ns
#define msleep(ms) ((void)(ms))
#define usleep_range(least, most) ((void)(least), (void)(most))
#define barrier() ((void)0)
#define cond_resched() ((void)0)
#define try_to_freeze() ((void)0)
#define set_freezable() ((void)0)
#define kthread_should_stop() true
#define kthread_create(f, d, ...) ((void)(f), (struct task_struct *)NULL)
#define kthread_stop(t) ((void)(t))
#define kthread_run(f, d, ...) ((void)(f), (void)(d), (struct task_struct *)NULL)
#define set_user_nice(t, nice) ((void)(t))
#define num_online_cpus() 2U
#define wake_up_process(t) ((void)(t))
#define IS_ERR(p) false
#define PTR_ERR(p) 0
#define init_waitqueue_head(w) ((void)(w))
#define wake_up(w) ((void)(w))
#define wake_up_all(w) ((void)(w))
#define wait_event_timeout(w, condition, t) ((void)(w), (void)(t), (void)(condition))
#define wait_event_idle(w, condition) ((void)(w), (void)(condition))
#define wait_event_freezable(w, condition) ((void)(w), (void)(condition))
#define wait_event_freezable_timeout(w, condition, t) ((void)(w), (void)(t), (condition))

typedef struct {
	int unused;
} wait_queue_head_t;
struct task_struct;
struct workqueue_struct;
struct dentry;
struct work_struct {
	int unused;
};

extern unsigned long jiffies;
extern u64 model_ns;
#define current ((struct task_struct *)&model_ns)

/* memory (memory.c) */
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define MAX_ORDER 11
#define pageblock_order 9
#define MODEL_PAGES (96UL << 10)
enum { __GFP_RECLAIM = 1, __GFP_NORETRY = 2, __GFP_NOMEMALLOC = 4, __GFP_NOWARN = 8, GFP_HIGHUSER = 16, GFP_KERNEL = 1, GFP_NOWAIT = 0 };
#define balloon_mapping_gfp_mask() (GFP_HIGHUSER | __GFP_RECLAIM)

/** enum model_place - whose a page is, as the device sees it */
enum model_place { PLACE_GUEST, PLACE_REPORTING, PLACE_INFLATING, PLACE_BALLOON };

struct page {
	struct list_head lru;
	unsigned long private;
	void *mapping;
	bool allocated, offline;
	enum model_place place;
};

extern struct page model_pages[MODEL_PAGES];
extern unsigned long model_free;
extern long model_managed; /* of what the zone had at boot */

extern void (*model_meanwhile)(void); /* what others do during the next allocation, once */

struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **pages);

#define __free_page(page) __free_pages(page, 0)
#define put_page(page) __free_pages(page, 0)
#define split_page(page, order) ((void)(page), (void)(order))
#define page_to_pfn(page) ((unsigned long)((page)-model_pages))
#define pfn_to_page(pfn) (model_pages + (pfn))
#define virt_to_page(p) ((void)(p), model_pages)
#define page_address(page) ((char *)(page))
#define page_zone(page) ((void)(page), model_pages)
#define PageAnon(page) ((void)(page), false)
#define set_page_private(page, v) ((void)((page)->private = (v)))
#define page_private(page) ((page)->private)
#define lock_page(page) ((void)(page))
#define unlock_page(page) ((void)(page))
#define adjust_managed_page_count(page, n) ((void)(page), (void)(model_managed += (n)))
#define count_vm_events(event, n) ((void)(n))
#define si_mem_available() ((long)model_free)
#define get_nr_swap_pages() 0L
#define totalram_pages() ((unsigned long)((long)MODEL_PAGES + model_managed))
#define kcalloc(n, size, gfp) calloc(n, size)
#define kzalloc(size, gfp) calloc(1, size)
#define kfree(p) free(p)
#define vmalloc_array(n, size) calloc(n, size)
#define vfree(p) free(p)
#define __get_free_page(gfp) ((unsigned long)aligned_alloc(PAGE_SIZE, PAGE_SIZE))
#define free_page(p) free((void *)(p))

static inline void __SetPageOffline(struct page *page)
{
	assert(!page->offline);
	page->offline = true;
}

static inline void __ClearPageOffline(struct page *page)
{
	assert(page->offline);
	page->offline = false;
}

struct balloon_dev_info {
	spinlock_t pages_lock;
	struct list_head pages;
	unsigned long isolated_pages;
};

void balloon_devinfo_init(struct balloon_dev_info *info);
void balloon_page_insert(struct balloon_dev_info *info, struct page *page);
unsigned long balloon_page_list_enqueue(struct balloon_dev_info *info, struct list_head *pages);
unsigned long balloon_page_list_dequeue(struct balloon_dev_info *info, struct list_head *pages, unsigned long nr);

struct shrinker {
	int unused;
};
struct page_reporting_dev_info {
	int unused;
};
#define PAGE_REPORTING_CAPACITY 32
#define register_shrinker(s, fmt, name) ((void)(s), (void)(name), 0)
#define unregister_shrinker(s) ((void)(s))

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long unused, void *freed);
};
#define NOTIFY_OK 1
#define register_oom_notifier(nb) ((void)(nb), 0)
#define unregister_oom_notifier(nb) ((void)(nb))

/* virtio (device.c) */
struct device {
	int unused;
};
struct virtio_device;
struct virtio_config_ops {
	void (*del_vqs)(struct virtio_device *vdev);
};
struct virtio_balloon_config {
	u32 num_pages, actual;
};
struct virtio_balloon_stat {
	u16 tag;
	u64 val;
};
struct virtio_device {
	struct device dev;
	const struct virtio_config_ops *config;
	struct virtio_balloon_config space;
	void *priv;
};
struct virtqueue {
	struct virtio_device *vdev;
	unsigned int index;
};
struct scatterlist {
	struct page *page;
	void *buf;
	unsigned int length;
};
typedef void vq_callback_t(struct virtqueue *vq);

#define VIRTIO_BALLOON_PFN_SHIFT 12
enum {
	VIRTIO_BALLOON_F_MUST_TELL_HOST,
	VIRTIO_BALLOON_F_STATS_VQ,
	VIRTIO_BALLOON_F_DEFLATE_ON_OOM,
	VIRTIO_BALLOON_F_FREE_PAGE_HINT,
	VIRTIO_BALLOON_F_PAGE_POISON,
	VIRTIO_BALLOON_F_REPORTING,
};

int model_add(struct virtqueue *vq, struct scatterlist *sg, unsigned int nents, void *data);
void *virtqueue_get_buf(struct virtqueue *vq, unsigned int *ret_len);
unsigned int virtqueue_get_vring_size(const struct virtqueue *vq);
void virtqueue_notify(struct virtqueue *vq);

#define virtqueue_add_outbuf(vq, sg, nents, data, gfp) model_add(vq, sg, nents, data)
#define virtqueue_add_inbuf(vq, sg, nents, data, gfp) model_add(vq, sg, nents, data)
#define virtqueue_kick_prepare(vq) true
#define virtqueue_enable_cb_delayed(vq) true
#define virtqueue_is_broken(vq) false
#define virtqueue_detach_unused_buf(vq) NULL
#define virtio_find_vqs(vdev, n, vqs, callbacks, names, affinity) ((void)(callbacks), (void)(vqs), (void)(names), 0)
#define virtio_has_feature(vdev, feature) ((void)(feature), true)
#define virtio_cread_le(vdev, type, member, p) ((void)(*(p) = (vdev)->space.member))
#define virtio_cwrite_le(vdev, type, member, p) ((void)((vdev)->space.member = *(p)))
#define cpu_to_virtio32(vdev, x) (x)
#define sg_init_table(sg, n) memset(sg, 0, (n) * sizeof(*(sg)))
#define sg_set_page(sg, p, len, offset) ((void)((sg)->page = (p), (sg)->length = (len)))
#define sg_set_buf(sg, p, len) ((void)((sg)->buf = (p), (sg)->length = (len)))
#define dev_warn(dev, ...) ((void)(dev))
#define dev_info(dev, ...) ((void)(dev))

/* tracepoints: what they are given is evaluated, as when nobody listens */
#define TP_PROTO(...) __VA_ARGS__
#define TP_ARGS(...)
#define TRACE_EVENT(name, proto, ...)          \
	static inline void trace_##name(proto) \
	{                                      \
	}
#define DEFINE_EVENT(class, name, proto, ...)  \
	static inline void trace_##name(proto) \
	{                                      \
	}
#define DECLARE_EVENT_CLASS(...)
