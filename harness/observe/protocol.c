// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker of requirements on drivers: events are handed to those files that have a rule on them. A pure function of the record.
 * Its limit: it sees what the device could see. "used" records come before the next thing the driver does, so what counts as acknowledged
 * really was; how long before is not known.
 */

#include "protocol.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../base/units.h"
#include "protocol_private.h"

struct pn_protocol *pn_protocol_new(const struct pn_protocol_context *context)
{
	struct pn_protocol *protocol = g_new0(struct pn_protocol, 1);

	protocol->context = *context;
	protocol->config_interrupts = json_array();
	protocol->kicks = json_array();
	protocol->held = json_array();
	protocol->pages.states = g_byte_array_new();
	protocol->pages.in_flight = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)json_decref);
	return protocol;
}

void pn_protocol_free(struct pn_protocol *protocol)
{
	if (!protocol)
		return;
	g_byte_array_unref(protocol->pages.states);
	g_hash_table_unref(protocol->pages.in_flight);
	json_decref(protocol->config_interrupts);
	json_decref(protocol->kicks);
	json_decref(protocol->held);
	g_free(protocol);
}

void pn_rule_ok(struct pn_protocol *protocol, unsigned int rule, uint64_t times)
{
	protocol->results[rule - 1].checked += times;
}

void pn_rule_broken(struct pn_protocol *protocol, unsigned int rule, const char *fmt, ...)
{
	struct pn_rule_result *result = &protocol->results[rule - 1];
	double at_s = (double)(protocol->now_ns - protocol->start_ns) / PN_NS_PER_S;
	va_list args;
	int length;

	result->checked++;
	if (result->broken++)
		return;
	length = snprintf(result->first, sizeof(result->first), "at %.3f s: ", at_s);
	va_start(args, fmt);
	vsnprintf(result->first + length, sizeof(result->first) - length, fmt, args);
	va_end(args);
}

uint64_t pn_event_number(const json_t *event, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(event, key));
}

enum pn_balloon_role pn_protocol_role(const struct pn_protocol *protocol, unsigned int queue)
{
	static const int optional[] = { PN_F_STATS_VQ, PN_F_FREE_PAGE_HINT, PN_F_REPORTING };
	unsigned int next = PN_ROLE_STATS;

	if (queue < PN_ROLE_STATS)
		return queue;
	for (unsigned int i = 0; i < G_N_ELEMENTS(optional); i++) {
		/* the place of the statistics queue is kept on this device whether it is accepted or not, as QEMU and Linux do */
		if (!pn_protocol_has(protocol, optional[i]) && optional[i] != PN_F_STATS_VQ)
			continue;
		if (next++ == queue)
			return PN_ROLE_STATS + i;
	}
	return PN_ROLE_NONE;
}

static void end_session(struct pn_protocol *protocol, bool reset)
{
	pn_stats_end(protocol);
	pn_hints_end(protocol);
	pn_pages_end(protocol, reset);
	protocol->features = 0;
	protocol->status = 0;
	protocol->poison_written = false;
	protocol->poison = 0;
	memset(protocol->config_written, 0, sizeof(protocol->config_written));
}

static void on_register(struct pn_protocol *protocol, const json_t *event, bool write)
{
	if (write && !g_strcmp0(json_string_value(json_object_get(event, "reg")), "status") && !pn_event_number(event, "value")) {
		end_session(protocol, true);
		return;
	}
	pn_stats_access(protocol);
	pn_hints_access(protocol);
	pn_setup_access(protocol, event, write);
}

static void on_notify(struct pn_protocol *protocol, const json_t *event)
{
	unsigned int queue = pn_event_number(event, "q");

	pn_setup_notify(protocol, queue);
	if (pn_protocol_role(protocol, queue) != PN_ROLE_HINT)
		pn_hints_elsewhere(protocol);
	if (pn_protocol_role(protocol, queue) == PN_ROLE_STATS)
		return;
	pn_stats_access(protocol);
	json_array_append_new(protocol->kicks, json_integer((json_int_t)protocol->now_ns));
}

static void on_available(struct pn_protocol *protocol, const json_t *event)
{
	enum pn_balloon_role role = pn_protocol_role(protocol, pn_event_number(event, "q"));

	pn_chain_available(protocol, role, event);
	if (role == PN_ROLE_STATS)
		pn_stats_available(protocol, event);
	else if (role == PN_ROLE_HINT)
		pn_hints_available(protocol, event);
	else if (role != PN_ROLE_NONE)
		pn_pages_available(protocol, role, event);
}

static void on_used(struct pn_protocol *protocol, const json_t *event)
{
	unsigned int queue = pn_event_number(event, "q");

	if (pn_protocol_role(protocol, queue) == PN_ROLE_STATS)
		pn_stats_used(protocol);
	if (pn_protocol_role(protocol, queue) == PN_ROLE_HINT)
		pn_hints_used(protocol);
	pn_pages_used(protocol, queue, pn_event_number(event, "head"));
}

/* The device is done with a notification: that of the statistics is the host's own wish. */
static void on_held(struct pn_protocol *protocol, const json_t *event)
{
	json_int_t wall_ns = (json_int_t)pn_event_number(event, "wall_ns"), cpu_ns = (json_int_t)pn_event_number(event, "cpu_ns");

	if (pn_protocol_role(protocol, pn_event_number(event, "q")) != PN_ROLE_STATS)
		json_array_append_new(protocol->held, json_pack("[I,I,I]", (json_int_t)protocol->now_ns - wall_ns, wall_ns, cpu_ns));
}

static void on_watch(struct pn_protocol *protocol, const json_t *event)
{
	protocol->begun = true;
	protocol->seen = !g_strcmp0(json_string_value(json_object_get(event, "state")), "on");
	protocol->start_ns = protocol->now_ns;
	if (!protocol->seen)
		g_strlcpy(protocol->blind, json_string_value(json_object_get(event, "reason")), sizeof(protocol->blind));
}

void pn_protocol_feed(struct pn_protocol *protocol, const json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "ev"));

	protocol->now_ns = pn_event_number(event, "t_ns");
	if (!g_strcmp0(name, "watch"))
		on_watch(protocol, event);
	else if (!g_strcmp0(name, "write") || !g_strcmp0(name, "read"))
		on_register(protocol, event, *name == 'w');
	else if (!g_strcmp0(name, "notify"))
		on_notify(protocol, event);
	else if (!g_strcmp0(name, "config-interrupt"))
		json_array_append_new(protocol->config_interrupts, json_integer((json_int_t)protocol->now_ns));
	else if (!g_strcmp0(name, "avail"))
		on_available(protocol, event);
	else if (!g_strcmp0(name, "used"))
		on_used(protocol, event);
	else if (!g_strcmp0(name, "held"))
		on_held(protocol, event);
	else if (!g_strcmp0(name, "backwards"))
		pn_rule_broken(protocol, 53, "queue %u", (unsigned int)pn_event_number(event, "q"));
	else if (!g_strcmp0(name, "reset"))
		end_session(protocol, true);
	else if (!g_strcmp0(name, "overflow"))
		g_strlcpy(protocol->blind, "a chain was too long for the record", sizeof(protocol->blind));
}

void pn_protocol_end(struct pn_protocol *protocol)
{
	end_session(protocol, false);
	if (!protocol->begun)
		g_strlcpy(protocol->blind, "the queues were not watched", sizeof(protocol->blind));
}

const struct pn_rule_result *pn_protocol_result(const struct pn_protocol *protocol, unsigned int rule)
{
	return &protocol->results[rule - 1];
}

const char *pn_protocol_blind(const struct pn_protocol *protocol)
{
	return protocol->blind[0] ? protocol->blind : NULL;
}

json_t *pn_protocol_kicks(const struct pn_protocol *protocol)
{
	return json_incref(protocol->kicks);
}

json_t *pn_protocol_config_interrupts(const struct pn_protocol *protocol)
{
	return json_incref(protocol->config_interrupts);
}

json_t *pn_protocol_held(const struct pn_protocol *protocol)
{
	return json_incref(protocol->held);
}

json_t *pn_protocol_json(const struct pn_protocol *protocol)
{
	static const char *const kinds[] = { [PN_RULE_CHECKED] = "checked", [PN_RULE_MAY] = "permission", [PN_RULE_UNSEEN] = "unseen" };
	json_t *list = json_array();

	for (unsigned int number = 1; number <= PN_PROTOCOL_RULES; number++) {
		const struct pn_rule_result *result = &protocol->results[number - 1];
		const struct pn_rule *rule = &pn_protocol_rules[number - 1];

		json_array_append_new(list, json_pack("{s:i, s:s, s:b, s:s, s:s?, s:s?, s:I, s:I, s:s}", "rule", number, "kind", kinds[rule->kind], "must",
						      pn_protocol_is_must(number), "text", rule->text, "why", rule->why, "known",
						      pn_protocol_known(protocol->context.driver, number), "checked", (json_int_t)result->checked,
						      "broken", (json_int_t)result->broken, "first", result->first));
	}
	return list;
}
