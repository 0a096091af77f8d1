/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the files of the checker share. A session is what lies between two resets of the device. */

#include <glib.h>

#include "protocol.h"

#define PN_PROTOCOL_QUEUES 5

enum pn_balloon_role { PN_ROLE_INFLATE, PN_ROLE_DEFLATE, PN_ROLE_STATS, PN_ROLE_HINT, PN_ROLE_REPORT, PN_ROLE_NONE };

enum pn_balloon_feature { PN_F_MUST_TELL_HOST, PN_F_STATS_VQ, PN_F_DEFLATE_ON_OOM, PN_F_FREE_PAGE_HINT, PN_F_PAGE_POISON, PN_F_REPORTING };
#define PN_F_VERSION_1 32

enum pn_balloon_status { PN_STATUS_DRIVER_OK = 4 };
enum pn_balloon_config { PN_CONFIG_NUM_PAGES = 0, PN_CONFIG_ACTUAL = 4, PN_CONFIG_CMD_ID = 8, PN_CONFIG_POISON = 12, PN_CONFIG_BYTES = 16 };

/** struct pn_pages - the balloon page by page (protocol_pages.c) */
struct pn_pages {
	GByteArray *states;    /* of each PFN: flags of protocol_pages.c */
	GHashTable *in_flight; /* queue << 16 | head -> the event that made it available */
	uint64_t held;	       /* pages in the balloon, or on their way into it */
	bool target_known, target_served;
	uint32_t target;
	uint32_t lowest; /* target read since the last inflation: pages freed then may be told of later */
	uint64_t target_ns;
	uint64_t below; /* deflations below the target that a reset may still excuse */
	char below_first[200];
	uint64_t moved_ns; /* last time a page went in or out */
	bool actual_written;
	uint32_t actual;
	uint64_t actual_ns;
	uint64_t untold; /* when the target was last read, at rest: pages that actual leaves out; 0 once any are asked back */
	uint64_t untold_ns; /* that time */
};

/** struct pn_stats - the statistics queue (protocol_stats.c) */
struct pn_stats {
	unsigned int available; /* buffers that the device has */
	uint64_t sent;
	uint64_t tags; /* bit set of the first buffer; 0: none yet */
	uint64_t used_ns;
	unsigned int accesses_since; /* of the driver, since a buffer was used and no new one came */
};

/** struct pn_hints - free page hinting (protocol_hint.c) */
struct pn_hints {
	uint32_t id; /* as the driver read it last */
	bool known, running, ended;
	unsigned int starts; /* output buffers with the current id */
	unsigned int pages;  /* buffers of pages since the id was read */
	unsigned int accesses; /* since the id was read */
	bool over;	       /* the driver has read that the device is through */
	int open;	       /* buffers that the device has */
	unsigned int quiet;    /* what the driver did elsewhere since it read so, and since the queue last moved */
};

struct pn_protocol {
	struct pn_protocol_context context;
	struct pn_rule_result results[PN_PROTOCOL_RULES];
	char blind[200];
	bool begun, seen; /* a "watch" record; one that says on */
	json_t *config_interrupts; /* when the driver heard of a new configuration */
	json_t *kicks;	  /* when the driver notified, statistics apart: the beat of those is the host's */
	json_t *held;	  /* how long the device held the big lock for each, statistics apart */
	uint64_t now_ns, start_ns;

	uint64_t offered, features;
	uint32_t status;
	bool poison_written;
	uint32_t poison;
	uint8_t config[PN_CONFIG_BYTES];	 /* as the driver read it last */
	uint8_t config_written[PN_CONFIG_BYTES]; /* as it wrote it last */

	struct pn_pages pages;
	struct pn_stats stats;
	struct pn_hints hints;
};

/** pn_rule_ok() - requirement @rule was checked @times, and held */
void pn_rule_ok(struct pn_protocol *protocol, unsigned int rule, uint64_t times);

/** pn_rule_broken() - it was checked once, and did not */
void pn_rule_broken(struct pn_protocol *protocol, unsigned int rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** pn_rule_check() - one or the other */
#define pn_rule_check(protocol, rule, holds, ...)                      \
	do {                                                           \
		if (holds)                                             \
			pn_rule_ok(protocol, rule, 1);                 \
		else                                                   \
			pn_rule_broken(protocol, rule, __VA_ARGS__);   \
	} while (0)

/** pn_protocol_has() - was the feature accepted? */
static inline bool pn_protocol_has(const struct pn_protocol *protocol, unsigned int feature)
{
	return protocol->features >> feature & 1;
}

/** pn_protocol_role() - what a queue is for: without their features the optional ones are not there, and the rest move up */
enum pn_balloon_role pn_protocol_role(const struct pn_protocol *protocol, unsigned int queue);

/** pn_event_number() - a number of an event; 0 without it */
uint64_t pn_event_number(const json_t *event, const char *key);

/* Registers and features: protocol_setup.c */
void pn_setup_access(struct pn_protocol *protocol, const json_t *event, bool write);
void pn_setup_notify(struct pn_protocol *protocol, unsigned int queue);

/* Pages: protocol_pages.c. pn_pages_target(): the driver has read num_pages; pn_pages_actual(): it has written actual */
void pn_pages_available(struct pn_protocol *protocol, enum pn_balloon_role role, const json_t *event);
void pn_pages_used(struct pn_protocol *protocol, unsigned int queue, unsigned int head);
void pn_pages_target(struct pn_protocol *protocol, uint32_t target);
void pn_pages_actual(struct pn_protocol *protocol, uint32_t actual);
void pn_pages_end(struct pn_protocol *protocol, bool reset);

/* Statistics: protocol_stats.c */
void pn_stats_available(struct pn_protocol *protocol, const json_t *event);
void pn_stats_used(struct pn_protocol *protocol);
void pn_stats_access(struct pn_protocol *protocol);
void pn_stats_end(struct pn_protocol *protocol);

/* Hinting: protocol_hint.c */
void pn_hints_available(struct pn_protocol *protocol, const json_t *event);
void pn_hints_id(struct pn_protocol *protocol, uint32_t id);
void pn_hints_used(struct pn_protocol *protocol);
void pn_hints_access(struct pn_protocol *protocol);
void pn_hints_elsewhere(struct pn_protocol *protocol);
void pn_hints_end(struct pn_protocol *protocol);

/* Buffers of any queue, and what is reported: protocol_chain.c */
void pn_chain_available(struct pn_protocol *protocol, enum pn_balloon_role role, const json_t *event);
