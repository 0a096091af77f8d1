// SPDX-License-Identifier: GPL-2.0-only
/* Free page hinting: requirements 28 to 33. A command is what lies between two ids that the driver read. */

#include "protocol_private.h"

#define STOP 0
#define DONE 1
#define ENOUGH_ACCESSES 20 /* a driver that did as much since has had its chance */
#define ENOUGH_ELSEWHERE 4 /* so has one that did as much since its round was over on both sides */

static uint32_t id_of(const char *hex)
{
	uint32_t id = 0;

	for (unsigned int i = 0; i < 4; i++)
		id |= (uint32_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1])) << 8 * i;
	return id;
}

static void on_output(struct pn_protocol *protocol, const json_t *event, uint64_t bytes)
{
	const char *hex = json_string_value(json_object_get(event, "hex"));
	struct pn_hints *hints = &protocol->hints;
	uint32_t id;

	pn_rule_check(protocol, 28, bytes == 4, "an output buffer of %llu bytes", (unsigned long long)bytes);
	if (bytes != 4 || !hex || !hex[0])
		return;
	id = id_of(hex);
	if (id == STOP) {
		hints->ended = true;
		hints->running = false;
		return;
	}
	pn_rule_check(protocol, 29, hints->known && id == hints->id, "id %u was sent, the current one is %u", id, hints->id);
	if (id == hints->id)
		hints->starts++;
	pn_rule_check(protocol, 30, hints->starts <= 1, "%u output buffers with id %u", hints->starts, id);
	hints->running = true;
	hints->ended = false;
}

static void on_page(struct pn_protocol *protocol)
{
	struct pn_hints *hints = &protocol->hints;

	hints->pages++;
	pn_rule_check(protocol, 32, hints->id > DONE, "pages are hinted with id %u", hints->id);
	if (hints->id > DONE)
		pn_rule_check(protocol, 29, hints->starts, "pages are hinted before id %u was sent", hints->id);
}

void pn_hints_available(struct pn_protocol *protocol, const json_t *event)
{
	const json_t *desc;
	uint64_t readable = 0;
	bool writable = false;
	size_t i;

	protocol->hints.open++;
	protocol->hints.quiet = 0;

	json_array_foreach (json_object_get(event, "descs"), i, desc) {
		if (json_integer_value(json_array_get(desc, 1)))
			writable = true;
		else
			readable += json_integer_value(json_array_get(desc, 0));
	}
	if (readable)
		on_output(protocol, event, readable);
	if (writable)
		on_page(protocol);
}

void pn_hints_used(struct pn_protocol *protocol)
{
	protocol->hints.open--;
	protocol->hints.quiet = 0;
}

static void end_command(struct pn_protocol *protocol)
{
	struct pn_hints *hints = &protocol->hints;
	bool enough = hints->accesses >= ENOUGH_ACCESSES, over = hints->over && hints->open <= 0 && hints->quiet >= ENOUGH_ELSEWHERE;

	if (!hints->known)
		return;
	if (enough && hints->id > DONE)
		pn_rule_check(protocol, 31, hints->pages || hints->starts, "nothing was hinted for id %u", hints->id);
	if (hints->starts && (enough || over))
		pn_rule_check(protocol, 33, hints->ended, "id %u was never ended with STOP", hints->id);
}

void pn_hints_id(struct pn_protocol *protocol, uint32_t id)
{
	struct pn_hints *hints = &protocol->hints;

	if (hints->known && hints->id == id)
		return;
	/* with STOP and DONE the device ends a command; whether the driver ended its side is seen by the time of the next one */
	if (id <= DONE) {
		hints->id = id;
		hints->known = true;
		hints->over = true;
		hints->quiet = 0;
		return;
	}
	end_command(protocol);
	*hints = (struct pn_hints){ .id = id, .known = true };
}

void pn_hints_access(struct pn_protocol *protocol)
{
	protocol->hints.accesses++;
	protocol->hints.quiet++;
}

void pn_hints_elsewhere(struct pn_protocol *protocol)
{
	protocol->hints.quiet++;
}

void pn_hints_end(struct pn_protocol *protocol)
{
	end_command(protocol);
	protocol->hints = (struct pn_hints){ 0 };
}
