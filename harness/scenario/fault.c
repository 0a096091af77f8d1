// SPDX-License-Identifier: GPL-2.0-only
/*
 * The faults a scenario may ask for. Only what they are called and which arguments they take; harness/timeline does them. A new
 * fault is one record here and one function there.
 */
#include "fault.h"

#include <string.h>

#include "../base/units.h"
#include "fault-words.h"
#include "scenario.h"

static bool has_hotplug(const struct pn_machine *guest)
{
	return guest->balloon.hotplug && !guest->balloon.absent;
}

static bool has_plug(const struct pn_machine *guest)
{
	return guest->plug_bytes;
}

static bool has_swap(const struct pn_machine *guest)
{
	return guest->swap_bytes;
}

static bool has_swap_server(const struct pn_machine *guest)
{
	return guest->swap_bytes && guest->swap_nbdkit;
}

static bool has_iothread(const struct pn_machine *guest)
{
	return guest->balloon.free_page_hint && !guest->balloon.absent;
}

static bool has_no_huge_pages(const struct pn_machine *guest)
{
	return guest->backing != PN_BACKING_HUGETLB;
}

static const struct pn_fault_need no_huge_pages = {has_no_huge_pages, "another guest.backing than hugetlb: another QEMU takes all huge pages anew"};
static const struct pn_fault_need hotplug = {has_hotplug, "guest.balloon.hotplug: true"};
static const struct pn_fault_need plug = {has_plug, "guest.plug"};
static const struct pn_fault_need swap = {has_swap, "guest.swap"};
static const struct pn_fault_need swap_server = {has_swap_server, "guest.swap with guest.swap-server: nbdkit"};
static const struct pn_fault_need iothread = {has_iothread, "guest.balloon.free-page-hint: true"};

const struct pn_key_info pn_fault_strike_args[] = {STRIKE_ARGS, {}};

static const char *const oom_modes[] = {"anon", "cache", "mlock", "thp", NULL};

static const struct pn_key_info oom_args[] = {
    {.name = "mode", .type = PN_KEY_CHOICE, .choices = oom_modes, .fallback = "anon", .help = "what kind of memory the hog takes"},
    {.name = "bytes",
     .type = PN_KEY_SHARE,
     .min = PN_MIB,
     .percent_max = 400,
     .fallback = "120%",
     .help = "how much the hog asks for; more than memory and swap together to force a kill"},
    STRIKE_ARGS,
    {},
};

static const struct pn_key_info migration_args[] = {
    {.name = "bandwidth",
     .type = PN_KEY_BYTES,
     .min = 64 * PN_KIB,
     .max = PN_GIB,
     .fallback = "2MiB",
     .help = "at most this much a second, so that it lasts"},
    STRIKE_ARGS,
    {},
};

static const struct pn_key_info postcopy_args[] = {
    {.name = "bandwidth",
     .type = PN_KEY_BYTES,
     .min = 64 * PN_KIB,
     .max = PN_GIB,
     .fallback = "4MiB",
     .help = "at most this much of its memory follows a second"},
    STRIKE_ARGS,
    {},
};

static const struct pn_key_info compaction_args[] = {
    {.name = "every", .type = PN_KEY_DURATION, .min = PN_NS_PER_MS, .max = 60 * PN_NS_PER_S, .fallback = "50ms", .help = "pause between two"},
    STRIKE_ARGS,
    {},
};

static const struct pn_key_info thp_args[] = {
    {.name = "bytes", .type = PN_KEY_SHARE, .min = 4 * PN_MIB, .percent_max = 100, .fallback = "10%", .help = "how much the program takes"},
    STRIKE_ARGS,
    {},
};

static const struct pn_key_info flap_args[] = {
    {.name = "balloon", .type = PN_KEY_SHARE, .percent_max = 100, .fallback = "0", .help = "the other target"},
    {.name = "hz", .type = PN_KEY_COUNT, .min = 1, .max = 10000, .fallback = "1000", .help = "targets a second, at most"},
    STRIKE_ARGS,
    {},
};

static const struct pn_key_info swap_slow_args[] = {
    {.name = "bandwidth", .type = PN_KEY_BYTES, .min = 4 * PN_KIB, .max = PN_GIB, .fallback = "1MiB", .help = "at most this much a second"},
    STRIKE_ARGS,
    {},
};

static const char *const alloc_kinds[] = {"page", "slab", NULL};

static const struct pn_key_info alloc_fail_args[] = {
    {.name = "kind", .type = PN_KEY_CHOICE, .choices = alloc_kinds, .fallback = "page", .help = "page: fail_page_alloc, slab: failslab"},
    {.name = "probability", .type = PN_KEY_COUNT, .min = 1, .max = 100, .fallback = "100", .help = "percent of those that are in question"},
    {.name = "interval", .type = PN_KEY_COUNT, .min = 1, .fallback = "1", .help = "every so many-th is in question"},
    {.name = "times", .type = PN_KEY_COUNT, .fallback = "0", .help = "at most this many fail, 0: no limit"},
    {.name = "space", .type = PN_KEY_COUNT, .fallback = "0", .help = "slab: bytes, page: pages that pass first"},
    STRIKE_ARGS,
    {},
};

static const char *const alloc_paths[] = {"probe", "remove", "inflate", "deflate", "oom", "freeze", NULL};

static const struct pn_key_info alloc_nth_args[] = {
    {.name = "path", .type = PN_KEY_CHOICE, .choices = alloc_paths, .fallback = "inflate", .help = "what the driver does meanwhile; freeze: frozen and restored"},
    {.name = "kind", .type = PN_KEY_CHOICE, .choices = alloc_kinds, .fallback = "page", .help = "page: fail_page_alloc, slab: failslab"},
    {.name = "step", .type = PN_KEY_SHARE, .min = 4 * PN_KIB, .percent_max = 100, .fallback = "256KiB", .help = "by how much the balloon moves, for inflate and deflate"},
    {.name = "cap", .type = PN_KEY_COUNT, .min = 1, .max = 100000, .fallback = "500", .help = "a path that allocates more often is an error"},
    STRIKE_ARGS,
    {},
};

/* Of faults that end the guest: unplanned they break the case, for self-tests of the harness. */
static const struct pn_key_info fatal_args[] = {
    {.name = "planned", .type = PN_KEY_FLAG, .fallback = "true", .help = "the case ends here as planned and is judged by what was seen until then"},
    STRIKE_ARGS,
    {},
};

const struct pn_fault_info pn_fault_infos[] = {
    {.name = "oom",
     .span = PN_FAULT_LASTS,
     .exhausts = true,
     .args = oom_args,
     .undo = "the hog is ended and has given its memory back",
     .help = "a hog in the guest takes memory until it runs out, for real"},
    {.name = "vcpu-pause",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "the vCPUs run again",
     .help = "all vCPUs stopped through the monitor"},
    {.name = "qemu-stop",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "SIGCONT to QEMU",
     .help = "SIGSTOP to QEMU: neither device nor monitor answers"},
    {.name = "unbind",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "the driver is bound again",
     .help = "driver unbound from the device through sysfs"},
    {.name = "unload",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "the driver is loaded and bound again",
     .help = "driver module removed, as rmmod does"},
    {.name = "reset",
     .span = PN_FAULT_INSTANT,
     .args = pn_fault_strike_args,
     .help = "system_reset: the guest boots again and the driver is loaded again"},
    {.name = "panic",
     .span = PN_FAULT_INSTANT,
     .args = pn_fault_strike_args,
     .help = "the guest's kernel panics and stops; then as reset"},
    {.name = "migration",
     .span = PN_FAULT_LASTS,
     .args = migration_args,
     .undo = "the migration is cancelled",
     .help = "a migration to nowhere goes on: dirty pages are tracked, and with free-page-hint the device asks for hints"},
    {.name = "migrate-cancel",
     .span = PN_FAULT_INSTANT,
     .args = pn_fault_strike_args,
     .help = "a migration is begun and cancelled when it has moved something, or the one under way is"},
    {.name = "save-restore",
     .span = PN_FAULT_INSTANT,
     .args = pn_fault_strike_args,
     .needs = &no_huge_pages,
     .help = "the guest is saved to a file and restored from it by another QEMU; not with guest.backing hugetlb"},
    {.name = "migrate",
     .span = PN_FAULT_INSTANT,
     .args = pn_fault_strike_args,
     .needs = &no_huge_pages,
     .help = "the guest is migrated live into another QEMU on this host; not with guest.backing hugetlb"},
    {.name = "postcopy",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = postcopy_args,
     .needs = &no_huge_pages,
     .undo = "the rest of its memory has come, the old QEMU is ended",
     .help = "the guest runs in another QEMU on this host while its memory follows; a balloon that moves meanwhile moves in there"},
    {.name = "unplug",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "the device is plugged again, its driver has taken it, and the target is set again",
     .needs = &hotplug,
     .help = "the balloon device is unplugged; needs guest.balloon.hotplug"},
    {.name = "memory-plug",
     .span = PN_FAULT_INSTANT,
     .args = pn_fault_strike_args,
     .apart = true,
     .needs = &plug,
     .help = "the guest is given more memory while it runs, and brings it online; needs guest.plug"},
    {.name = "hibernate",
     .span = PN_FAULT_INSTANT,
     .args = pn_fault_strike_args,
     .needs = &swap,
     .help = "the guest hibernates to its swap, reboots and is woken from there (needs guest.swap)"},
    {.name = "suspend",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "the guest is woken, and its agent answers",
     .help = "the guest suspends to RAM (ACPI S3)"},
    {.name = "flap",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = flap_args,
     .undo = "the target that stands is set again",
     .help = "the target flaps between the one that stands and another, as fast as asked or as the monitor takes it"},
    {.name = "swap-fail",
     .span = PN_FAULT_LASTS,
     .args = pn_fault_strike_args,
     .undo = "the disk is as it was",
     .needs = &swap_server,
     .help = "every request of the swap disk fails; needs guest.swap-server: nbdkit"},
    {.name = "swap-slow",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = swap_slow_args,
     .undo = "the disk is as it was, and nothing is under way in it that still is slow",
     .needs = &swap_server,
     .help = "the swap disk is slow; needs guest.swap-server: nbdkit"},
    {.name = "swap-hang",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "the disk is as it was",
     .needs = &swap_server,
     .help = "the swap disk answers nothing; needs guest.swap-server: nbdkit"},
    {.name = "swap-full",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "there is space again, and the vCPUs run",
     .needs = &swap_server,
     .help = "the host has no space for the swap disk: QEMU stops the guest at its next write; needs guest.swap-server: nbdkit"},
    {.name = "alloc-fail",
     .span = PN_FAULT_LASTS,
     .args = alloc_fail_args,
     .undo = "allocations succeed again",
     .injected = true,
     .moving = true,
     .help = "allocations of the driver fail, by the guest kernel's fault injection; requires: fault-injection"},
    {.name = "alloc-nth",
     .span = PN_FAULT_INSTANT,
     .args = alloc_nth_args,
     .injected = true,
     .help = "the first, second, ... allocation of the driver fails until a path completes unspent; requires: fault-injection"},
    {.name = "interrupts",
     .span = PN_FAULT_LASTS,
     .in_qemu = true,
     .holds = true,
     .moving = true,
     .args = pn_fault_interrupt_args,
     .undo = "those held back are raised",
     .help = "the balloon's interrupts are lost, late, come twice or for nothing (TCG)"},
    {.name = "used-ring",
     .span = PN_FAULT_LASTS,
     .in_qemu = true,
     .args = pn_fault_used_args,
     .undo = "later buffers are returned as they are; a driver that has given the queue up needs a reset",
     .apart = true,
     .help = "hostile device: the used ring tells the driver what is not so (TCG, split rings)"},
    {.name = "config-space",
     .span = PN_FAULT_LASTS,
     .in_qemu = true,
     .holds = true,
     .moving = true,
     .args = pn_fault_config_args,
     .undo = "the true configuration is announced",
     .help = "hostile device: the configuration's target reads as garbage (TCG)"},
    {.name = "driver-output",
     .span = PN_FAULT_LASTS,
     .in_qemu = true,
     .args = pn_fault_chain_args,
     .undo = "later buffers reach the device as they are; a device that has given up needs a reset",
     .apart = true,
     .help = "hostile driver: the device is shown foreign pages, huge lengths, bad chains (TCG, split rings)"},
    {.name = "throttle",
     .span = PN_FAULT_LASTS,
     .args = pn_fault_throttle_args,
     .undo = "the vCPUs run as before",
     .help = "the vCPUs get only a part of a host CPU, by a control group"},
    {.name = "host-pressure",
     .span = PN_FAULT_LASTS,
     .args = pn_fault_pressure_args,
     .undo = "QEMU is in its old control group, the swap file has gone",
     .help = "the host swaps what QEMU takes above a limit, to a swap file of ours"},
    {.name = "host-oom",
     .span = PN_FAULT_FATAL,
     .args = pn_fault_host_oom_args,
     .help = "the host's kernel kills QEMU for taking more memory than a limit"},
    {.name = "main-loop-stop",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .args = pn_fault_strike_args,
     .undo = "the thread goes on",
     .help = "QEMU's main loop stopped, vCPUs go on: neither device nor monitor answers"},
    {.name = "iothread-stop",
     .span = PN_FAULT_LASTS,
     .args = pn_fault_strike_args,
     .undo = "the thread goes on",
     .needs = &iothread,
     .help = "QEMU's I/O thread stopped: free page hints are not taken; needs guest.balloon.free-page-hint"},
    {.name = "discard-fail",
     .span = PN_FAULT_LASTS,
     .moving = true,
     .apart = true,
     .args = pn_fault_discard_fail_args,
     .undo = "strace is detached",
     .help = "madvise and fallocate of QEMU return an error, by strace"},
    {.name = "discard-slow",
     .span = PN_FAULT_LASTS,
     .holds = true,
     .moving = true,
     .args = pn_fault_discard_slow_args,
     .undo = "strace is detached",
     .help = "madvise and fallocate of QEMU take longer, by strace"},
    {.name = "compaction",
     .span = PN_FAULT_LASTS,
     .args = compaction_args,
     .undo = "nobody asks for compaction any more",
     .help = "racer: the guest's memory is compacted again and again"},
    {.name = "offline",
     .span = PN_FAULT_LASTS,
     .args = pn_fault_strike_args,
     .undo = "the block is online again",
     .help = "racer: a memory block of the guest is taken offline"},
    {.name = "thp",
     .span = PN_FAULT_LASTS,
     .args = thp_args,
     .undo = "the program is ended, the setting is as it was",
     .help = "racer: transparent huge pages are taken and dropped all the time"},
    {.name = "qemu-kill", .span = PN_FAULT_FATAL, .args = fatal_args, .help = "SIGKILL to QEMU; nothing of it may be left on the host"},
    {.name = "agent-wedge",
     .span = PN_FAULT_FATAL,
     .args = pn_fault_strike_args,
     .help = "the agent in the guest answers no more (self-test of the harness)"},
    {},
};

const struct pn_fault_info *pn_fault_find(const char *name)
{
	for (const struct pn_fault_info *fault = pn_fault_infos; fault->name; fault++)
		if (strcmp(fault->name, name) == 0)
			return fault;
	return NULL;
}
