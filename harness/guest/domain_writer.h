/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Elements and attributes, for the two files that write a domain; where its devices are. */

#include <glib.h>
#include <libxml/xmlwriter.h>
#include <stdint.h>

struct pn_diag;
struct pn_domain;
struct pn_machine;

/* Slots of the root bus; 0x1f is the chip set's. */
enum slot { SLOT_SERIAL = 2, SLOT_BALLOON, SLOT_SWAP, SLOT_DATA, SLOT_PANIC, SLOT_PORT };

#define SLOT_PANIC_ADDR 0x6
G_STATIC_ASSERT(SLOT_PANIC == SLOT_PANIC_ADDR);

struct writer {
	xmlTextWriterPtr xml;
};

static inline void open_element(struct writer *writer, const char *name)
{
	xmlTextWriterStartElement(writer->xml, BAD_CAST name);
}

static inline void close_element(struct writer *writer)
{
	xmlTextWriterEndElement(writer->xml);
}

static inline void attribute(struct writer *writer, const char *name, const char *value)
{
	xmlTextWriterWriteAttribute(writer->xml, BAD_CAST name, BAD_CAST value);
}

static inline void number(struct writer *writer, const char *name, uint64_t value)
{
	xmlTextWriterWriteFormatAttribute(writer->xml, BAD_CAST name, "%llu", (unsigned long long)value);
}

static inline void text(struct writer *writer, const char *name, const char *value)
{
	xmlTextWriterWriteElement(writer->xml, BAD_CAST name, BAD_CAST value);
}

/* An element with one or two attributes and nothing in it; @name2 may be NULL. */
static inline void leaf(struct writer *writer, const char *name, const char *name1, const char *value1, const char *name2, const char *value2)
{
	open_element(writer, name);
	attribute(writer, name1, value1);
	if (name2)
		attribute(writer, name2, value2);
	close_element(writer);
}

/** pn_domain_override() - properties of devices that libvirt has no word for: its element qemu:override, where one is needed */
void pn_domain_override(struct writer *writer, const struct pn_machine *machine);

/** pn_domain_qemu() - arguments for QEMU itself. Return: 0 or -EINVAL for an extra device that is not one. */
int pn_domain_qemu(struct writer *writer, const struct pn_domain *domain, struct pn_diag *diag);
