/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/** PN_VMEM_ID, PN_VMEM_PATH - the virtio-mem device of machines with virtio_mem_bytes, as QEMU calls it; nothing is plugged when the machine starts */
#define PN_VMEM_ID "pn-vmem"
#define PN_VMEM_PATH "/machine/peripheral/" PN_VMEM_ID
