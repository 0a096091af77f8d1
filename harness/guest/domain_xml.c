// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine as libvirt XML. Every PCI device of ours is a function of the root bus at a fixed slot: no root ports to enumerate
 * makes boot and snapshot smaller, and the same shape always gives the same machine, which a snapshot depends on.
 */

#include "domain_xml.h"

#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "../agent/proto.h"
#include "../base/diag.h"
#include "../base/units.h"
#include "domain_writer.h"
#include "machine.h"

#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

/* On the root bus a device would be transitional, which knows no iommu. */
#define VIRTIO_MODEL "virtio-non-transitional"

const char *const pn_virtio_names[PN_VIRTIO_COUNT] = { "modern", "transitional", "legacy" };

/* libvirt has no word for a device that is legacy only: of the plain one the modern half is taken away below. */
static const char *const balloon_models[PN_VIRTIO_COUNT] = { VIRTIO_MODEL, "virtio-transitional", "virtio" };

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

static void write_memory(struct writer *writer, const struct pn_machine *machine, bool joins)
{
	if (machine->plug_bytes) {
		open_element(writer, "maxMemory");
		attribute(writer, "slots", "1");
		attribute(writer, "unit", "b");
		xmlTextWriterWriteFormatString(writer->xml, "%llu", (unsigned long long)(machine->memory_bytes + machine->plug_bytes));
		close_element(writer);
	}
	open_element(writer, "memory");
	attribute(writer, "unit", "b");
	xmlTextWriterWriteFormatString(writer->xml, "%llu", (unsigned long long)(machine->memory_bytes - machine->virtio_mem_bytes));
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
	/*
	 * All of the guest's memory is the host's from the start: only so is what a balloon gives back really the host's gain. A guest that comes from
	 * another QEMU brings what it has, and what its balloon gave back there must not be taken anew.
	 */
	leaf(writer, "allocation", "mode", joins ? "ondemand" : "immediate", NULL, NULL);
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

/* libvirt plugs memory into NUMA nodes only: one, with all of the machine in it. */
static void write_node(struct writer *writer, const struct pn_machine *machine)
{
	g_autofree char *cpus = g_strdup_printf("0-%u", machine->vcpus - 1);
	g_autofree char *memory = g_strdup_printf("%llu", (unsigned long long)machine->memory_bytes);

	open_element(writer, "numa");
	open_element(writer, "cell");
	attribute(writer, "id", "0");
	attribute(writer, "cpus", cpus);
	attribute(writer, "memory", memory);
	attribute(writer, "unit", "b");
	close_element(writer);
	close_element(writer);
}

/*
 * An emulator runs each byte of a `rep stosb` as an instruction of its own. Where the processor has "enhanced" string instructions (ERMS, FSRM) Linux
 * zeroes and copies pages by bytes, 4096 steps a page: eight times what words take, and most of what any guest does here. Without them it takes words.
 */
static void write_processor(struct writer *writer, const struct pn_machine *machine)
{
	open_element(writer, "cpu");
	attribute(writer, "mode", machine->accel == PN_ACCEL_KVM ? "host-passthrough" : "maximum");
	if (machine->accel != PN_ACCEL_KVM) {
		leaf(writer, "feature", "policy", "disable", "name", "erms");
		leaf(writer, "feature", "policy", "disable", "name", "fsrm");
	}
	if (machine->plug_bytes)
		write_node(writer, machine);
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
	write_processor(writer, machine);
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
		if (balloon->iommu) {
			attribute(writer, "iommu", "on");
			attribute(writer, "ats", "on");
		}
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
	leaf(writer, "source", "path", domain->console_path, "append", domain->joins ? "on" : "off");
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
		open_element(writer, "driver");
		attribute(writer, "intremap", "on");
		attribute(writer, "iotlb", "on");
		close_element(writer);
		close_element(writer);
	}
	open_element(writer, "video");
	leaf(writer, "model", "type", "none", NULL, NULL);
	close_element(writer);
	close_element(writer);
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
	write_memory(writer, machine, domain->joins);
	xmlTextWriterWriteFormatElement(writer->xml, BAD_CAST "vcpu", "%u", machine->vcpus);
	if (machine->balloon.free_page_hint)
		text(writer, "iothreads", "1");
	write_boot(writer, domain);
	write_cpu(writer, machine);
	text(writer, "on_poweroff", "destroy");
	text(writer, "on_reboot", "restart");
	text(writer, "on_crash", "preserve");
	write_devices(writer, domain);
	pn_domain_override(writer, machine);
	err = pn_domain_qemu(writer, domain, diag);
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
