// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine as libvirt XML. Every PCI device of ours is a function of the root bus at a fixed slot: no root ports to enumerate
 * makes boot and snapshot smaller, and the same shape always gives the same machine, which a snapshot depends on.
 *
 * The capability cpu-unavailable-features is taken away because libvirt, having it, asks QEMU for every CPU property one by one:
 * 0.3 s of a start on this kind of host, for an answer that nobody uses.
 */

#include "domain_xml.h"

#include <errno.h>
#include <glib.h>
#include <libxml/xmlwriter.h>
#include <stdint.h>
#include <string.h>

#include "../agent/proto.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "machine.h"

#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

/* Slots of the root bus; 0x1f is the chip set's. */
enum slot { SLOT_SERIAL = 2, SLOT_BALLOON, SLOT_SWAP, SLOT_DATA, SLOT_PANIC, SLOT_PORT };

/* On the root bus a device would be transitional, which knows no iommu. */
#define VIRTIO_MODEL "virtio-non-transitional"

const char *const pn_virtio_names[PN_VIRTIO_COUNT] = { "modern", "transitional", "legacy" };

/* libvirt has no word for a device that is legacy only: of the plain one the modern half is taken away below. */
static const char *const balloon_models[PN_VIRTIO_COUNT] = { VIRTIO_MODEL, "virtio-transitional", "virtio" };

#define SLOT_PANIC_ADDR 0x6
G_STATIC_ASSERT(SLOT_PANIC == SLOT_PANIC_ADDR);

struct writer {
	xmlTextWriterPtr xml;
};

static void open_element(struct writer *writer, const char *name)
{
	xmlTextWriterStartElement(writer->xml, BAD_CAST name);
}

static void close_element(struct writer *writer)
{
	xmlTextWriterEndElement(writer->xml);
}

static void attribute(struct writer *writer, const char *name, const char *value)
{
	xmlTextWriterWriteAttribute(writer->xml, BAD_CAST name, BAD_CAST value);
}

static void number(struct writer *writer, const char *name, uint64_t value)
{
	xmlTextWriterWriteFormatAttribute(writer->xml, BAD_CAST name, "%llu", (unsigned long long)value);
}

static void text(struct writer *writer, const char *name, const char *value)
{
	xmlTextWriterWriteElement(writer->xml, BAD_CAST name, BAD_CAST value);
}

/* An element with one or two attributes and nothing in it; @name2 may be NULL. */
static void leaf(struct writer *writer, const char *name, const char *name1, const char *value1, const char *name2, const char *value2)
{
	open_element(writer, name);
	attribute(writer, name1, value1);
	if (name2)
		attribute(writer, name2, value2);
	close_element(writer);
}

static void bus_address(struct writer *writer, const char *bus, unsigned int slot)
{
	open_element(writer, "address");
	attribute(writer, "type", "pci");
	attribute(writer, "domain", "0x0000");
	attribute(writer, "bus", bus);
	xmlTextWriterWriteFormatAttribute(writer->xml, BAD_CAST "slot", "0x%02x", slot);
	attribute(writer, "function", "0x0");
	close_element(writer);
}

static void address(struct writer *writer, enum slot slot)
{
	bus_address(writer, "0x00", slot);
}

static void write_memory(struct writer *writer, const struct pn_machine *machine)
{
	open_element(writer, "memory");
	attribute(writer, "unit", "b");
	xmlTextWriterWriteFormatString(writer->xml, "%llu", (unsigned long long)machine->memory_bytes);
	close_element(writer);
	/* 4k and thp differ by what the process may do, not by the machine: backing.c */
	open_element(writer, "memoryBacking");
	if (machine->backing == PN_BACKING_HUGETLB) {
		open_element(writer, "hugepages");
		leaf(writer, "page", "size", "2048", "unit", "KiB");
		close_element(writer);
	}
	if (machine->backing == PN_BACKING_MEMFD || machine->backing == PN_BACKING_HUGETLB) {
		leaf(writer, "source", "type", "memfd", NULL, NULL);
		leaf(writer, "access", "mode", "shared", NULL, NULL);
	}
	/* All of the guest's memory is the host's from the start: only so is what a balloon gives back really the host's gain. */
	leaf(writer, "allocation", "mode", "immediate", NULL, NULL);
	close_element(writer);
}

static void write_boot(struct writer *writer, const struct pn_domain *domain)
{
	open_element(writer, "os");
	open_element(writer, "type");
	attribute(writer, "arch", "x86_64");
	attribute(writer, "machine", "q35");
	xmlTextWriterWriteString(writer->xml, BAD_CAST "hvm");
	close_element(writer);
	text(writer, "kernel", domain->kernel);
	text(writer, "initrd", domain->initrd);
	text(writer, "cmdline", domain->cmdline);
	close_element(writer);
}

static void write_cpu(struct writer *writer, const struct pn_machine *machine)
{
	open_element(writer, "features");
	open_element(writer, "acpi");
	close_element(writer);
	if (machine->balloon.iommu)
		leaf(writer, "ioapic", "driver", "qemu", NULL, NULL);
	close_element(writer);
	leaf(writer, "cpu", "mode", machine->accel == PN_ACCEL_KVM ? "host-passthrough" : "maximum", NULL, NULL);
	open_element(writer, "clock");
	attribute(writer, "offset", "utc");
	leaf(writer, "timer", "name", "hpet", "present", "no");
	close_element(writer);
}

static void write_server(struct writer *writer, const char *socket)
{
	open_element(writer, "source");
	attribute(writer, "protocol", "nbd");
	leaf(writer, "host", "transport", "unix", "socket", socket);
	close_element(writer);
}

static void write_disk(struct writer *writer, const struct pn_domain *domain, const char *path, const char *socket, const char *target, const char *serial,
		       enum slot slot)
{
	if (!path)
		return;
	open_element(writer, "disk");
	attribute(writer, "type", socket ? "network" : "file");
	attribute(writer, "device", "disk");
	attribute(writer, "model", VIRTIO_MODEL);
	open_element(writer, "driver");
	attribute(writer, "name", "qemu");
	attribute(writer, "type", "raw");
	attribute(writer, "cache", domain->direct_io ? "none" : "writeback");
	attribute(writer, "discard", "unmap");
	close_element(writer);
	if (socket)
		write_server(writer, socket);
	else
		leaf(writer, "source", "file", path, NULL, NULL);
	leaf(writer, "target", "dev", target, "bus", "virtio");
	text(writer, "serial", serial);
	address(writer, slot);
	close_element(writer);
}

static void write_balloon(struct writer *writer, const struct pn_balloon_device *balloon)
{
	open_element(writer, "memballoon");
	if (balloon->absent) {
		attribute(writer, "model", "none");
		close_element(writer);
		return;
	}
	attribute(writer, "model", balloon_models[balloon->model]);
	attribute(writer, "autodeflate", balloon->deflate_on_oom ? "on" : "off");
	attribute(writer, "freePageReporting", balloon->free_page_reporting ? "on" : "off");
	if (balloon->stats_interval_ns) {
		open_element(writer, "stats");
		number(writer, "period", balloon->stats_interval_ns / PN_NS_PER_S);
		close_element(writer);
	}
	if (balloon->packed || balloon->iommu) {
		open_element(writer, "driver");
		if (balloon->iommu)
			attribute(writer, "iommu", "on");
		if (balloon->packed)
			attribute(writer, "packed", "on");
		close_element(writer);
	}
	if (balloon->hotplug)
		bus_address(writer, "0x01", 0);
	else
		address(writer, SLOT_BALLOON);
	close_element(writer);
}

/* Devices of the root bus can't be unplugged. */
static void write_port(struct writer *writer)
{
	open_element(writer, "controller");
	attribute(writer, "type", "pci");
	attribute(writer, "index", "1");
	attribute(writer, "model", "pcie-root-port");
	address(writer, SLOT_PORT);
	close_element(writer);
}

static void write_serial(struct writer *writer, const struct pn_domain *domain)
{
	open_element(writer, "controller");
	attribute(writer, "type", "virtio-serial");
	attribute(writer, "index", "0");
	attribute(writer, "model", VIRTIO_MODEL);
	address(writer, SLOT_SERIAL);
	close_element(writer);
	open_element(writer, "serial");
	attribute(writer, "type", "file");
	leaf(writer, "source", "path", domain->console_path, "append", domain->keep_console ? "on" : "off");
	leaf(writer, "target", "port", "0", NULL, NULL);
	close_element(writer);
	open_element(writer, "channel");
	attribute(writer, "type", "unix");
	leaf(writer, "source", "mode", "bind", "path", domain->agent_path);
	leaf(writer, "target", "type", "virtio", "name", PN_PROTO_PORT);
	close_element(writer);
}

static void write_devices(struct writer *writer, const struct pn_domain *domain)
{
	open_element(writer, "devices");
	text(writer, "emulator", domain->emulator);
	leaf(writer, "controller", "type", "usb", "model", "none");
	write_disk(writer, domain, domain->swap_path, domain->swap_socket, "vda", "pn-swap", SLOT_SWAP);
	write_disk(writer, domain, domain->data_path, NULL, "vdb", "pn-data", SLOT_DATA);
	write_serial(writer, domain);
	if (domain->machine->balloon.hotplug)
		write_port(writer);
	write_balloon(writer, &domain->machine->balloon);
	leaf(writer, "panic", "model", "isa", NULL, NULL);
	if (domain->machine->balloon.iommu) {
		open_element(writer, "iommu");
		attribute(writer, "model", "intel");
		leaf(writer, "driver", "intremap", "on", NULL, NULL);
		close_element(writer);
	}
	open_element(writer, "video");
	leaf(writer, "model", "type", "none", NULL, NULL);
	close_element(writer);
	close_element(writer);
}

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

static void write_override(struct writer *writer, const struct pn_machine *machine)
{
	const struct pn_balloon_device *balloon = &machine->balloon;
	bool ours = !balloon->absent && (balloon->free_page_hint || balloon->page_poison || balloon->direct || balloon->model == PN_VIRTIO_LEGACY);

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
	if (balloon->page_poison)
		property(writer, "page-poison", "bool", "true");
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
	g_autofree char *module = NULL, *out = NULL;

	if (!domain->watch_path)
		return;
	module = escape_commas(domain->watcher);
	out = escape_commas(domain->watch_path);
	argument(writer, "-plugin");
	formatted(writer, "%s,out=%s", module, out);
}

static int write_qemu(struct writer *writer, const struct pn_domain *domain, struct pn_diag *diag)
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
	if (domain->machine->exact) {
		argument(writer, "-icount");
		argument(writer, "shift=0,sleep=off");
		argument(writer, "-rtc"); /* beside libvirt's own, which it completes */
		argument(writer, "base=2026-01-01T00:00:00,clock=vm");
		argument(writer, "-seed"); /* of RDRAND and the like; the case's own seed is the harness's */
		argument(writer, "1");
	}
	if (domain->plugin) {
		argument(writer, "-plugin");
		argument(writer, domain->plugin);
	}
	if (domain->incoming) {
		argument(writer, "-incoming");
		argument(writer, "defer");
	}
	write_watcher(writer, domain);
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

static int write_domain(struct writer *writer, const struct pn_domain *domain, struct pn_diag *diag)
{
	const struct pn_machine *machine = domain->machine;
	int err;

	open_element(writer, "domain");
	attribute(writer, "type", machine->accel == PN_ACCEL_KVM ? "kvm" : "qemu");
	attribute(writer, "xmlns:qemu", QEMU_NS);
	text(writer, "name", domain->name);
	text(writer, "uuid", domain->uuid);
	write_memory(writer, machine);
	xmlTextWriterWriteFormatElement(writer->xml, BAD_CAST "vcpu", "%u", machine->vcpus);
	if (machine->balloon.free_page_hint)
		text(writer, "iothreads", "1");
	write_boot(writer, domain);
	write_cpu(writer, machine);
	text(writer, "on_poweroff", "destroy");
	text(writer, "on_reboot", "restart");
	text(writer, "on_crash", "preserve");
	write_devices(writer, domain);
	write_override(writer, machine);
	err = write_qemu(writer, domain, diag);
	close_element(writer);
	return err;
}

int pn_domain_xml(const struct pn_domain *domain, char **ret_xml, struct pn_diag *diag)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	struct writer writer = { .xml = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL };
	int err;

	if (!writer.xml) {
		xmlBufferFree(buffer);
		return pn_diag_set(diag, -ENOMEM, "no memory for a domain's description");
	}
	xmlTextWriterSetIndent(writer.xml, 1);
	err = write_domain(&writer, domain, diag);
	xmlFreeTextWriter(writer.xml);
	if (!err) {
		*ret_xml = strdup((const char *)xmlBufferContent(buffer));
		if (!*ret_xml)
			err = pn_diag_set(diag, -ENOMEM, "no memory for a domain's description");
	}
	xmlBufferFree(buffer);
	return err;
}
