/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a balloon driver put on its queues and registers, judged by the requirements of the virtio specification, "Traditional Memory Balloon
 * Device" (virtio 1.2, 5.5) and the core rules that such a driver can break. Requirements are numbered as in pn_protocol_rules.
 */

struct pn_diag;

#define PN_PROTOCOL_RULES 53

/** enum pn_rule_kind - what can be said of a requirement */
enum pn_rule_kind {
	PN_RULE_CHECKED, /* this checker can find it broken */
	PN_RULE_MAY,	 /* a permission: nothing that a driver could break */
	PN_RULE_UNSEEN,	 /* not observable at the device: @why */
};

/** struct pn_rule - one requirement on drivers; the record at index N - 1 is requirement N */
struct pn_rule {
	enum pn_rule_kind kind;
	const char *text;
	const char *why; /* of PN_RULE_UNSEEN; of a checked one: what it needs, or the reading that is checked; may be NULL */
};

extern const struct pn_rule pn_protocol_rules[PN_PROTOCOL_RULES];

/** pn_protocol_is_must() - is it a requirement that a conforming driver has to keep, not advice? */
bool pn_protocol_is_must(unsigned int rule);

/** pn_protocol_known() - why @driver is known to break @rule; NULL: it is not known to, so that breaking it fails a case */
const char *pn_protocol_known(const char *driver, unsigned int rule);

/** struct pn_rule_result - what the record says of one requirement */
struct pn_rule_result {
	uint64_t checked, broken; /* how often; broken is at most checked; of a permission: how often it was used, 0 */
	char first[200];	  /* the first time it was broken: time and figures */
};

/** struct pn_protocol_context - what the record can not tell */
struct pn_protocol_context {
	const char *driver; /* by its name; NULL: none that anything is known of */
	bool pages_retain; /* the guest's kernel expects free pages to keep a value (init_on_free=1, page_poison=1) */
};

struct pn_protocol;

/** pn_protocol_new() - a checker that has seen nothing; freed with pn_protocol_free() */
struct pn_protocol *pn_protocol_new(const struct pn_protocol_context *context);
void pn_protocol_free(struct pn_protocol *protocol);

/** pn_protocol_feed() - the next event of the record (harness/rings/stream.h), in order; what it does not know it leaves alone */
void pn_protocol_feed(struct pn_protocol *protocol, const json_t *event);

/** pn_protocol_end() - the record is complete: what had to come and did not is told now */
void pn_protocol_end(struct pn_protocol *protocol);

/** pn_protocol_result() - of requirement @rule (1 to PN_PROTOCOL_RULES); borrowed */
const struct pn_rule_result *pn_protocol_result(const struct pn_protocol *protocol, unsigned int rule);

/** pn_protocol_blind() - why the record tells nothing, or not all; NULL: it is whole */
const char *pn_protocol_blind(const struct pn_protocol *protocol);

/** pn_protocol_kicks() - [t_ns,...]: when the driver notified the device, of any queue but that of the statistics. json_decref() by the caller. */
json_t *pn_protocol_kicks(const struct pn_protocol *protocol);

/** pn_protocol_config_interrupts() - [t_ns,...]: when the driver took an interrupt that told of a new configuration. json_decref() by the caller. */
json_t *pn_protocol_config_interrupts(const struct pn_protocol *protocol);

/**
 * pn_protocol_held() - [[t_ns, wall_ns, cpu_ns],...]: since when and for how long a notification, of any queue but that of the statistics, held QEMU's
 * big lock, by the wall's clock and by that of its CPU. Empty where the device works on a thread of its own. json_decref() by the caller.
 */
json_t *pn_protocol_held(const struct pn_protocol *protocol);

/**
 * pn_protocol_json() - [{"rule","kind","must","text","why","known","checked","broken","first"}], one for each requirement
 *
 * "kind": "checked", "permission" or "unseen"; "why" as in pn_protocol_rules; "known" as pn_protocol_known(); the last two may be null.
 */
json_t *pn_protocol_json(const struct pn_protocol *protocol);

/**
 * pn_protocol_read() - judge a record on disk, line by line
 * @path: the record of harness/rings
 * @ret_result: {"rules": as pn_protocol_json(), "blind": why it tells nothing or not all, or null, "kicks": pn_protocol_kicks(),
 *  "config_interrupts": pn_protocol_config_interrupts(), "held": pn_protocol_held()}
 *
 * A last line that was cut, by a QEMU that was killed, is no error. Return: 0, -ENOENT, or another negative errno.
 */
int pn_protocol_read(const char *path, const struct pn_protocol_context *context, json_t **ret_result, struct pn_diag *diag);
