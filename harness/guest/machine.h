/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** enum pn_backing - what host memory the guest's RAM is made of */
enum pn_backing {
	PN_BACKING_4K,	    /* private anonymous, transparent huge pages off */
	PN_BACKING_THP,	    /* private anonymous, transparent huge pages advised */
	PN_BACKING_MEMFD,   /* shared memfd */
	PN_BACKING_HUGETLB, /* hugetlbfs, 2 MiB pages */
	PN_BACKING_COUNT,
};

/** pn_backing_names - name of each backing, as scenarios write it */
extern const char *const pn_backing_names[PN_BACKING_COUNT];

/** enum pn_accel - who runs the guest's instructions */
enum pn_accel { PN_ACCEL_TCG, PN_ACCEL_KVM };

/** enum pn_virtio_model - which generation of virtio the balloon device speaks */
enum pn_virtio_model {
	PN_VIRTIO_MODERN,
	PN_VIRTIO_TRANSITIONAL, /* both; drivers of today speak modern with it */
	PN_VIRTIO_LEGACY,	/* from before virtio 1.0: disable-modern */
	PN_VIRTIO_COUNT,
};

/** pn_virtio_names - name of each model, as scenarios write it */
extern const char *const pn_virtio_names[PN_VIRTIO_COUNT];

/** struct pn_balloon_device - properties of the virtio-balloon device; off unless said */
struct pn_balloon_device {
	bool absent;
	bool deflate_on_oom;
	bool free_page_reporting;
	bool free_page_hint;
	bool page_poison;
	bool packed;
	bool hotplug; /* behind a root port, so that it can be unplugged */
	bool iommu;
	bool direct; /* no indirect descriptors */
	enum pn_virtio_model model;
	uint64_t stats_interval_ns; /* whole seconds; 0: the device is not polled */
};

/**
 * struct pn_machine - the shape of a guest: all that decides whether two guests can start from one snapshot
 *
 * A plain value; strings are borrowed from the scenario or the command line and outlive it.
 */
struct pn_machine {
	uint64_t memory_bytes;
	unsigned int vcpus;
	enum pn_backing backing;
	enum pn_accel accel;
	struct pn_balloon_device balloon;
	uint64_t swap_bytes;	   /* swap disk (virtio-blk, serial "pn-swap"); 0: none */
	bool swap_nbdkit;	   /* nbdkit serves the swap disk, so that it can fail */
	uint64_t disk_bytes;	   /* data disk (virtio-blk, serial "pn-data"); 0: none */
	uint64_t virtio_mem_bytes; /* part of @memory_bytes that is a virtio-mem device's; 0: no such device */
	uint64_t plug_bytes;	   /* memory that can be plugged while it runs, as one DIMM; 0: none, and no slot for any */
	const char *extra_devices; /* further "-device" arguments, one a line; NULL: none */
	const char *kernel_args;   /* appended to the kernel's command line; NULL: none */
	const char *image;	   /* name of a recipe under guests/images; NULL: "cloud" */
	const char *kernel;	   /* a user's kernel (bzImage) in its place; NULL: the image's */
	const char *modules;	   /* its lib/modules/VERSION directory; with @kernel only */
	const char *qemu;	   /* emulator binary; NULL: found in PATH */
	bool exact;		   /* instructions counted, virtual time, vCPU held while the host acts */
	const char *preload;	   /* exact: the driver's .ko, put into the guest before the snapshot; NULL: none */
	const char *preload_name;  /* exact: its module's name */
	bool unpinned;		   /* without the plugins: the one that counts instructions and holds vCPUs, the one that watches the queues; no part of the shape */
};
