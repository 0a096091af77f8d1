/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between kernels, in one place. The driver is written
 * for Linux 6.1 and later names win: the shim gives an old kernel the new name.
 * Kernels newer than the one a shim was tried on are marked "untried".
 */
#pragma once

#include <linux/version.h>
#include <linux/mmzone.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>

/* Largest order the page allocator hands out (MAX_ORDER was exclusive). */
#if defined(MAX_PAGE_ORDER)			/* 6.8, untried */
#define VB_TOP_ORDER	MAX_PAGE_ORDER
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)	/* untried */
#define VB_TOP_ORDER	MAX_ORDER
#else
#define VB_TOP_ORDER	(MAX_ORDER - 1)
#endif

/* Find queues; an absent one has no name and takes no number. */
static inline int vb_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
				     struct virtqueue *vqs[],
				     vq_callback_t *callbacks[],
				     const char *names[])
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)	/* untried */
	struct virtqueue_info info[8] = {};
	unsigned int i;

	for (i = 0; i < n; i++) {
		info[i].name = names[i];
		info[i].callback = callbacks[i];
	}
	return virtio_find_vqs(vdev, n, vqs, info, NULL);
#else
	return virtio_find_vqs(vdev, n, vqs, callbacks,
			       (const char * const *)names, NULL);
#endif
}

/* Fill an array of NULL pointers with single pages, as many as there are. */
static inline unsigned long vb_compat_alloc_bulk(gfp_t gfp, unsigned long nr,
						 struct page **pages)
{
#ifdef alloc_pages_bulk					/* 6.14, untried */
	return alloc_pages_bulk(gfp, nr, pages);
#else
	return alloc_pages_bulk_array(gfp, nr, pages);
#endif
}

/* A shrinker that was allocated by us (6.7 made that the only kind). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)	/* untried */
static inline struct shrinker *vb_compat_shrinker_new(const char *name)
{
	return shrinker_alloc(0, "%s", name);
}

static inline int vb_compat_shrinker_register(struct shrinker *s,
					      const char *name, void *priv)
{
	s->private_data = priv;
	shrinker_register(s);
	return 0;
}

static inline void vb_compat_shrinker_free(struct shrinker *s)
{
	shrinker_free(s);
}

static inline void *vb_compat_shrinker_priv(struct shrinker *s)
{
	return s->private_data;
}
#else
struct vb_compat_shrinker {
	struct shrinker s;
	void *priv;
};

static inline struct shrinker *vb_compat_shrinker_new(const char *name)
{
	struct vb_compat_shrinker *c = kzalloc(sizeof(*c), GFP_KERNEL);

	return c ? &c->s : NULL;
}

static inline int vb_compat_shrinker_register(struct shrinker *s,
					      const char *name, void *priv)
{
	container_of(s, struct vb_compat_shrinker, s)->priv = priv;
	return register_shrinker(s, "%s", name);
}

static inline void vb_compat_shrinker_free(struct shrinker *s)
{
	unregister_shrinker(s);
	kfree(container_of(s, struct vb_compat_shrinker, s));
}

static inline void *vb_compat_shrinker_priv(struct shrinker *s)
{
	return container_of(s, struct vb_compat_shrinker, s)->priv;
}
#endif
