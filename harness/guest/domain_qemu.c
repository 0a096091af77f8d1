// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libvirt has no element for, in its QEMU namespace.
 *
 * The capability cpu-unavailable-features is taken away because libvirt, having it, asks QEMU for every CPU property one by one:
 * 0.3 s of a start on this kind of host, for an answer that nobody uses.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "domain_writer.h"
#include "domain_xml.h"
#include "machine.h"
#include "vmem.h"

#define MEMORY_DISK_MORE (2 * PN_MIB)

static void property(struct writer *writer, const char *name, const char *type, const char *value)
{
	open_element(writer, "qemu:property");
	attribute(writer, "name", name);
	attribute(writer, "type", type);
	attribute(writer, "value", value);
	close_element(writer);
}

/* Queues are served where the guest kicks them, not in the main loop some time later. */
static void write_serial_override(struct writer *writer)
{
	open_element(writer, "qemu:device");
	attribute(writer, "alias", "virtio-serial0");
	open_element(writer, "qemu:frontend");
	property(writer, "ioeventfd", "bool", "false");
	close_element(writer);
	close_element(writer);
}

void pn_domain_override(struct writer *writer, const struct pn_machine *machine)
{
	const struct pn_balloon_device *balloon = &machine->balloon;
	bool ours = !balloon->absent;

	if (!ours && !machine->exact)
		return;
	open_element(writer, "qemu:override");
	if (machine->exact)
		write_serial_override(writer);
	if (!ours) {
		close_element(writer);
		return;
	}
	open_element(writer, "qemu:device");
	attribute(writer, "alias", "balloon0");
	open_element(writer, "qemu:frontend");
	if (balloon->free_page_hint) {
		property(writer, "free-page-hint", "bool", "true");
		property(writer, "iothread", "string", "iothread1"); /* hints are taken on a thread of their own */
	}
	property(writer, "page-poison", "bool", balloon->page_poison ? "true" : "false"); /* QEMU's own default is to offer it */
	if (balloon->direct)
		property(writer, "indirect_desc", "bool", "false");
	if (balloon->model == PN_VIRTIO_LEGACY)
		property(writer, "disable-modern", "bool", "true");
	close_element(writer);
	close_element(writer);
	close_element(writer);
}

static void argument(struct writer *writer, const char *value)
{
	leaf(writer, "qemu:arg", "value", value, NULL, NULL);
}

static void G_GNUC_PRINTF(2, 3) formatted(struct writer *writer, const char *format, ...)
{
	g_autofree char *value = NULL;
	va_list args;

	va_start(args, format);
	value = g_strdup_vprintf(format, args);
	va_end(args);
	argument(writer, value);
}

/* in an option of QEMU a comma stands twice */
static char *escape_commas(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, ",", -1);

	return g_strjoinv(",,", parts);
}

static void write_watcher(struct writer *writer, const struct pn_domain *domain)
{
	g_autofree char *module = NULL, *out = NULL, *socket = NULL;

	if (!domain->watch_path)
		return;
	module = escape_commas(domain->watcher);
	out = escape_commas(domain->watch_path);
	socket = escape_commas(domain->watch_socket ? domain->watch_socket : "");
	argument(writer, "-plugin");
	formatted(writer, "%s,out=%s%s%s", module, out, *socket ? ",socket=" : "", socket);
}

/*
 * libvirt's virtio-mem wants a NUMA node and a slot; QEMU itself a limit for memory, which its option merges with libvirt's own. Nothing is plugged before it is
 * asked for; what is plugged is the host's from then on, as all memory of our guests.
 */
static void write_vmem(struct writer *writer, const struct pn_machine *machine)
{
	if (!machine->virtio_mem_bytes)
		return;
	argument(writer, "-m");
	formatted(writer, "maxmem=%llub", (unsigned long long)(2 * machine->memory_bytes));
	argument(writer, "-object");
	formatted(writer, "memory-backend-ram,id=" PN_VMEM_ID "-ram,size=%llu", (unsigned long long)machine->virtio_mem_bytes);
	argument(writer, "-device");
	argument(writer, "virtio-mem-pci,id=" PN_VMEM_ID ",memdev=" PN_VMEM_ID "-ram,requested-size=0,prealloc=on");
}

/*
 * A disk of exact mode is memory of the machine beside the guest's own: the guest copies, nobody answers in the host's time. The guest finds them in this
 * order: its pmem0 is the first.
 */
static void write_memory_disk(struct writer *writer, const char *name, uint64_t bytes, uint64_t memory_bytes)
{
	if (!bytes)
		return;
	if (bytes == memory_bytes) /* what finds the guest's memory in QEMU goes by its size */
		bytes += MEMORY_DISK_MORE;
	argument(writer, "-object");
	formatted(writer, "memory-backend-ram,id=%s-memory,size=%llu", name, (unsigned long long)bytes);
	argument(writer, "-device");
	formatted(writer, "nvdimm,id=%s,memdev=%s-memory", name, name);
}

static void write_memory_disks(struct writer *writer, const struct pn_machine *machine)
{
	unsigned int count = (machine->swap_bytes > 0) + (machine->disk_bytes > 0);

	if (!count)
		return;
	argument(writer, "-machine"); /* beside libvirt's own, as is what follows */
	argument(writer, "nvdimm=on");
	argument(writer, "-m");
	formatted(writer, "slots=%u,maxmem=%lluB", count,
		  (unsigned long long)(machine->memory_bytes + machine->swap_bytes + machine->disk_bytes + count * MEMORY_DISK_MORE));
	write_memory_disk(writer, "pn-swap", machine->swap_bytes, machine->memory_bytes);
	write_memory_disk(writer, "pn-data", machine->disk_bytes, machine->memory_bytes);
}

static void write_exact(struct writer *writer, const struct pn_machine *machine)
{
	argument(writer, "-icount");
	argument(writer, PN_DOMAIN_ICOUNT);
	argument(writer, "-rtc"); /* beside libvirt's own, which it completes */
	argument(writer, "base=2026-01-01T00:00:00,clock=vm");
	argument(writer, "-seed"); /* of RDRAND and the like; the case's own seed is the harness's */
	argument(writer, "1");
	write_memory_disks(writer, machine);
}

int pn_domain_qemu(struct writer *writer, const struct pn_domain *domain, struct pn_diag *diag)
{
	g_auto(GStrv) extra = g_strsplit(domain->machine->extra_devices ? domain->machine->extra_devices : "", "\n", -1);

	open_element(writer, "qemu:commandline");
	argument(writer, "-action");
	argument(writer, "panic=pause");
	argument(writer, "-chardev");
	formatted(writer, "socket,id=pn-query,path=%s,server=on,wait=off", domain->query_path);
	argument(writer, "-mon");
	argument(writer, "chardev=pn-query,mode=control");
	/* Besides the one on the ISA bus, which guests use to hold themselves: kernels have a driver for either, and ours for this one. */
	argument(writer, "-device");
	argument(writer, "pvpanic-pci,addr=" G_STRINGIFY(SLOT_PANIC_ADDR));
	if (domain->machine->exact)
		write_exact(writer, domain->machine);
	if (domain->plugin) {
		argument(writer, "-plugin");
		argument(writer, domain->plugin);
	}
	if (domain->incoming) {
		argument(writer, "-incoming");
		argument(writer, "defer");
	}
	write_watcher(writer, domain);
	write_vmem(writer, domain->machine);
	for (char **line = extra; *line; line++) {
		const char *device = g_strstrip(*line);

		if (!*device)
			continue;
		if (*device == '-')
			return pn_diag_value(diag, "machine", "extra_devices", device, "what follows QEMU's -device, such as virtio-net-pci");
		argument(writer, "-device");
		argument(writer, device);
	}
	close_element(writer);
	open_element(writer, "qemu:capabilities");
	leaf(writer, "qemu:del", "capability", "cpu-unavailable-features", NULL, NULL);
	close_element(writer);
	return 0;
}
