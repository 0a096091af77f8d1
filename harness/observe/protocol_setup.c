// SPDX-License-Identifier: GPL-2.0-only
/* Registers: features, status, configuration, notifications. Requirements 1 to 3, 17, 40, 41 and 48. */

#include <string.h>

#include "protocol_private.h"

static void set_word(uint64_t *features, uint64_t select, uint64_t value)
{
	unsigned int shift = 32 * (select & 1);

	*features = (*features & ~(0xffffffffULL << shift)) | (value & 0xffffffff) << shift;
}

/* what the driver has made of the offer is final when it sets DRIVER_OK */
static void judge_features(struct pn_protocol *protocol)
{
	bool reporting = protocol->offered >> PN_F_REPORTING & 1, poison = protocol->offered >> PN_F_PAGE_POISON & 1;

	if (protocol->offered >> PN_F_MUST_TELL_HOST & 1)
		pn_rule_check(protocol, 1, pn_protocol_has(protocol, PN_F_MUST_TELL_HOST), "it was offered and turned down");
	if (poison && !protocol->context.pages_retain)
		pn_rule_check(protocol, 2, !pn_protocol_has(protocol, PN_F_PAGE_POISON), "accepted, and free pages keep no value");
	if (reporting && protocol->context.pages_retain)
		pn_rule_check(protocol, 3, !pn_protocol_has(protocol, PN_F_REPORTING) || pn_protocol_has(protocol, PN_F_PAGE_POISON),
			      "PAGE_REPORTING accepted, PAGE_POISON %s", poison ? "turned down" : "not offered");
	if (pn_protocol_has(protocol, PN_F_PAGE_POISON))
		pn_rule_check(protocol, 40, protocol->poison_written, "DRIVER_OK, and poison_val was not written since the reset");
}

static void on_status(struct pn_protocol *protocol, uint32_t status)
{
	if (status & ~protocol->status & PN_STATUS_DRIVER_OK)
		judge_features(protocol);
	protocol->status = status;
}

/* a legacy driver may write a field byte by byte: it is whole with its last byte */
static bool complete(unsigned int offset, unsigned int size)
{
	return offset % 4 + size >= 4;
}

static uint32_t field(const uint8_t *config, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, config + (offset & ~3U), sizeof(value));
	return GUINT32_FROM_LE(value);
}

static void config_written(struct pn_protocol *protocol, unsigned int offset, unsigned int size)
{
	unsigned int which = offset & ~3U;

	if (which == PN_CONFIG_POISON)
		pn_rule_check(protocol, 41, !(protocol->status & PN_STATUS_DRIVER_OK), "poison_val was written with DRIVER_OK set");
	/* both rules on configuration are of a field, not of each byte */
	if (which == PN_CONFIG_ACTUAL && !pn_protocol_has(protocol, PN_F_VERSION_1) && offset == which)
		pn_rule_check(protocol, 17, size == 4, "actual was written %u byte%s at a time", size, size == 1 ? "" : "s");
	if (!complete(offset, size))
		return;
	if (which == PN_CONFIG_POISON) {
		protocol->poison_written = true;
		protocol->poison = field(protocol->config_written, which);
	} else if (which == PN_CONFIG_ACTUAL) {
		pn_pages_actual(protocol, field(protocol->config_written, which));
	}
}

static void on_config(struct pn_protocol *protocol, const json_t *event, bool write)
{
	uint64_t offset = pn_event_number(event, "offset"), value = GUINT64_TO_LE(pn_event_number(event, "value"));
	uint64_t size = pn_event_number(event, "size");

	if (size > sizeof(value) || offset > PN_CONFIG_BYTES || offset + size > PN_CONFIG_BYTES)
		return;
	memcpy((write ? protocol->config_written : protocol->config) + offset, &value, size);
	if (write)
		config_written(protocol, offset, size);
	else if (!complete(offset, size))
		return;
	else if ((offset & ~3U) == PN_CONFIG_NUM_PAGES)
		pn_pages_target(protocol, field(protocol->config, offset));
	else if ((offset & ~3U) == PN_CONFIG_CMD_ID)
		pn_hints_id(protocol, field(protocol->config, offset));
}

void pn_setup_access(struct pn_protocol *protocol, const json_t *event, bool write)
{
	const char *reg = json_string_value(json_object_get(event, "reg"));
	uint64_t value = pn_event_number(event, "value");

	if (!g_strcmp0(reg, "config"))
		on_config(protocol, event, write);
	else if (!g_strcmp0(reg, "status") && write)
		on_status(protocol, value);
	else if (!g_strcmp0(reg, "driver_feature") && write)
		set_word(&protocol->features, pn_event_number(event, "select"), value);
	else if (!g_strcmp0(reg, "device_feature") && !write)
		set_word(&protocol->offered, pn_event_number(event, "select"), value);
}

void pn_setup_notify(struct pn_protocol *protocol, unsigned int queue)
{
	static const char *const names[] = { "inflateq", "deflateq", "statsq", "free_page_vq", "reporting_vq", "a queue that is not there" };

	pn_rule_check(protocol, 48, protocol->status & PN_STATUS_DRIVER_OK, "%s was notified, status %#x",
		      names[pn_protocol_role(protocol, queue)], protocol->status);
}
