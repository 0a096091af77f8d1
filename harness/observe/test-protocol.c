// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker of requirements, with made-up records: a conforming driver's session breaks none, and each requirement that is checked has a record,
 * that session with one thing changed, that breaks it and only it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../base/units.h"
#include "protocol.h"


/*
 * A session that keeps to all: every feature, ten pages in, asked back, hints, a report, statistics.
 * Lines are found by their label, in front of the colon, to be changed.
 */
static const char *const session[] = {
	"watch: {'ev':'watch','state':'on','reason':''}",
	"reset: {'ev':'write','reg':'status','value':0,'size':1}",
	"offer: {'ev':'read','reg':'device_feature','select':0,'value':63,'size':4}",
	"accept: {'ev':'write','reg':'driver_feature','select':0,'value':59,'size':4}", /* all but DEFLATE_ON_OOM */
	"version: {'ev':'write','reg':'driver_feature','select':1,'value':1,'size':4}",
	"poison: {'ev':'write','reg':'config','offset':12,'value':2863311530,'size':4}",
	"early: {'ev':'none'}",
	"ok: {'ev':'write','reg':'status','value':15,'size':1}",
	"stats: {'ev':'avail','q':2,'head':0,'flaws':0,'descs':[[90,0]],'hex':'@'}",
	"stats-kick: {'ev':'notify','q':2}",
	"target: {'ev':'read','reg':'config','offset':0,'value':10,'size':4}",
	"inflate: {'ev':'avail','q':0,'head':1,'flaws':0,'descs':[[40,0]],'pfns':'100+a'}",
	"inflate-kick: {'ev':'notify','q':0}",
	"before-ack: {'ev':'none'}",
	"inflated: {'ev':'used','q':0,'head':1,'bytes':0}",
	"actual: {'ev':'write','reg':'config','offset':4,'value':10,'size':4}",
	"after-actual: {'ev':'none'}",
	"wait: 1",
	"stats-used: {'ev':'used','q':2,'head':0,'bytes':0}",
	"stats-again: {'ev':'avail','q':2,'head':0,'flaws':0,'descs':[[90,0]],'hex':'@'}",
	"stats-again-kick: {'ev':'notify','q':2}",
	"report: {'ev':'avail','q':4,'head':0,'flaws':0,'descs':[[4194304,1]],'at':[8388608],'fill':[2863311530]}",
	"before-report-ack: {'ev':'none'}",
	"reported: {'ev':'used','q':4,'head':0,'bytes':0}",
	"command: {'ev':'read','reg':'config','offset':8,'value':2,'size':4}",
	"hint-start: {'ev':'avail','q':3,'head':0,'flaws':0,'descs':[[4,0]],'hex':'02000000'}",
	"hint: {'ev':'avail','q':3,'head':1,'flaws':0,'descs':[[4194304,1]],'at':[16777216]}",
	"hint-more: {'ev':'none'}",
	"hint-stop: {'ev':'avail','q':3,'head':2,'flaws':0,'descs':[[4,0]],'hex':'00000000'}",
	"busy: 30",
	"done: {'ev':'read','reg':'config','offset':8,'value':1,'size':4}",
	"after-done: {'ev':'none'}",
	"zero: {'ev':'read','reg':'config','offset':0,'value':0,'size':4}",
	"deflate: {'ev':'avail','q':1,'head':3,'flaws':0,'descs':[[40,0]],'pfns':'109-a'}",
	"deflated: {'ev':'used','q':1,'head':3,'bytes':0}",
	"empty: {'ev':'write','reg':'config','offset':4,'value':0,'size':4}",
	"wait: 1",
	"late: {'ev':'none'}",
	"busy: 30",
};

/** struct change - a line of the session in place of the one with that label; up to three */
struct change {
	unsigned int rule; /* broken by it, and no other; 0: none */
	struct {
		const char *label, *line;
	} lines[3];
	struct pn_protocol_context context;
};

/* Nine statistics, 0 to 8; @first_tag in place of 0. */
static void stats_hex(char *text, unsigned int first_tag)
{
	for (unsigned int i = 0; i < 9; i++)
		text += sprintf(text, "%02x00%016x", i ? i : first_tag, i);
}

static void feed(struct pn_protocol *protocol, uint64_t *now_ns, const char *line)
{
	char text[1024], stats[256];
	size_t used = 0;
	json_t *event;

	stats_hex(stats, strchr(line, '#') ? 9 : 0);
	for (const char *at = line; *at && used < sizeof(text) - sizeof(stats); at++) {
		if (*at == '@' || *at == '#')
			used += sprintf(text + used, "%s", stats);
		else
			text[used++] = *at == '\'' ? '"' : *at;
	}
	text[used] = '\0';
	event = json_loads(text, 0, NULL);
	assert_non_null(event);
	*now_ns += PN_NS_PER_MS;
	json_object_set_new(event, "t_ns", json_integer((json_int_t)*now_ns));
	pn_protocol_feed(protocol, event);
	json_decref(event);
}

static const char *line_of(const char *record, const struct change *change)
{
	const char *line = strstr(record, ": ") + 2;

	for (size_t i = 0; i < 3 && change->lines[i].label; i++) {
		size_t length = strlen(change->lines[i].label);

		if (!strncmp(record, change->lines[i].label, length) && record[length] == ':')
			line = change->lines[i].line;
	}
	return line;
}

/* "wait: N" lets N seconds go by, "busy: N" is a driver that does N other things and 4 s */
static struct pn_protocol *play(const struct change *change)
{
	struct pn_protocol *protocol = pn_protocol_new(&change->context);
	uint64_t now_ns = PN_NS_PER_S;

	for (size_t i = 0; i < sizeof(session) / sizeof(session[0]); i++) {
		const char *line = line_of(session[i], change);

		if (!strncmp(session[i], "wait:", 5)) {
			now_ns += PN_NS_PER_S;
		} else if (!strncmp(session[i], "busy:", 5)) {
			now_ns += 4 * PN_NS_PER_S;
			for (unsigned int k = 0; k < 30; k++)
				feed(protocol, &now_ns, "{'ev':'read','reg':'status','value':15,'size':1}");
		} else {
			feed(protocol, &now_ns, line);
		}
	}
	pn_protocol_end(protocol);
	return protocol;
}

static void check(const struct change *change)
{
	struct pn_protocol *protocol = play(change);

	for (unsigned int rule = 1; rule <= PN_PROTOCOL_RULES; rule++) {
		const struct pn_rule_result *result = pn_protocol_result(protocol, rule);

		if (!!result->broken != (rule == change->rule))
			fail_msg("changing '%s' must break D%u, but D%u is broken %llu of %llu times: %s",
				 change->lines[0].label ? change->lines[0].label : "nothing", change->rule, rule,
				 (unsigned long long)result->broken, (unsigned long long)result->checked, result->first);
	}
	assert_null(pn_protocol_blind(protocol));
	pn_protocol_free(protocol);
}

#define RETAIN { .pages_retain = true }

static const struct change changes[] = {
	{ 0, { { NULL, NULL } }, RETAIN },
	{ 1, { { "accept", "{'ev':'write','reg':'driver_feature','select':0,'value':58,'size':4}" } }, RETAIN },
	{ 2, { { NULL, NULL } }, { .pages_retain = false } },
	{ 3, { { "accept", "{'ev':'write','reg':'driver_feature','select':0,'value':43,'size':4}" } }, RETAIN },
	{ 4,
	  { { "inflate", "{'ev':'none'}" }, { "deflate", "{'ev':'none'}" }, { "actual", "{'ev':'none'}" } },
	  RETAIN },
	{ 7,
	  { { "after-actual", "{'ev':'avail','q':1,'head':4,'flaws':0,'descs':[[4,0]],'pfns':'100+1'}" },
	    { "stats-used", "{'ev':'avail','q':0,'head':5,'flaws':0,'descs':[[4,0]],'pfns':'100+1'}" },
	    { "stats-again", "{'ev':'used','q':0,'head':5,'bytes':0}" } },
	  RETAIN },
	{ 9,
	  { { "after-actual", "{'ev':'avail','q':0,'head':2,'flaws':0,'descs':[[4,0]],'pfns':'104+1'}" },
	    { "hint-more", "{'ev':'used','q':0,'head':2,'bytes':0}" } },
	  RETAIN },
	{ 9, { { "deflate", "{'ev':'none'}" }, { "late", "{'ev':'read','reg':'config','offset':0,'value':3,'size':4}" } }, RETAIN },
	{ 12, { { "before-ack", "{'ev':'avail','q':0,'head':2,'flaws':0,'descs':[[4,0]],'pfns':'104+1'}" } }, RETAIN },
	{ 12,
	  { { "before-ack", "{'ev':'avail','q':4,'head':6,'flaws':0,'descs':[[8192,1]],'at':[1048576],'fill':[2863311530]}" },
	    { "after-actual", "{'ev':'used','q':4,'head':6,'bytes':0}" } },
	  RETAIN },
	{ 13, { { "after-actual", "{'ev':'avail','q':1,'head':4,'flaws':0,'descs':[[4,0]],'pfns':'300+1'}" } }, RETAIN },
	{ 14, { { "actual", "{'ev':'write','reg':'config','offset':4,'value':9,'size':4}" } }, RETAIN },
	{ 14, { { "empty", "{'ev':'none'}" } }, RETAIN },
	{ 17,
	  { { "version", "{'ev':'none'}" },
	    { "actual", "{'ev':'write','reg':'config','offset':4,'value':10,'size':1}" },
	    { "after-actual", "{'ev':'write','reg':'config','offset':5,'value':0,'size':3}" } },
	  RETAIN },
	{ 19, { { "stats-used", "{'ev':'none'}" } }, RETAIN },
	{ 20, { { "stats", "{'ev':'none'}" }, { "stats-used", "{'ev':'none'}" }, { "stats-again", "{'ev':'none'}" } }, RETAIN },
	{ 21, { { "stats-again", "{'ev':'none'}" } }, RETAIN },
	{ 22, { { "stats", "{'ev':'avail','q':2,'head':0,'flaws':0,'descs':[[60,0]],'hex':'@'}" } }, RETAIN },
	{ 23,
	  { { "stats", "{'ev':'avail','q':2,'head':0,'flaws':0,'descs':[[10,0]],'hex':'00000100000000000000'}" },
	    { "stats-again", "{'ev':'avail','q':2,'head':0,'flaws':0,'descs':[[10,0]],'hex':'00000200000000000000'}" } },
	  RETAIN },
	{ 26, { { "stats-again", "{'ev':'avail','q':2,'head':0,'flaws':0,'descs':[[90,0]],'hex':'#'}" } }, RETAIN },
	{ 28, { { "hint-more", "{'ev':'avail','q':3,'head':3,'flaws':0,'descs':[[8,0]],'hex':'0200000000000000'}" } }, RETAIN },
	{ 29, { { "command", "{'ev':'read','reg':'config','offset':8,'value':3,'size':4}" } }, RETAIN },
	{ 30, { { "hint-more", "{'ev':'avail','q':3,'head':3,'flaws':0,'descs':[[4,0]],'hex':'02000000'}" } }, RETAIN },
	{ 31, { { "hint-start", "{'ev':'none'}" }, { "hint", "{'ev':'none'}" }, { "done", "{'ev':'none'}" } }, RETAIN },
	{ 32, { { "after-done", "{'ev':'avail','q':3,'head':4,'flaws':0,'descs':[[4194304,1]],'at':[20971520]}" } }, RETAIN },
	{ 33, { { "hint-stop", "{'ev':'none'}" }, { "done", "{'ev':'none'}" } }, RETAIN },
	{ 40, { { "poison", "{'ev':'none'}" }, { "report", "{'ev':'none'}" } }, RETAIN },
	{ 41, { { "after-actual", "{'ev':'write','reg':'config','offset':12,'value':2863311530,'size':4}" } }, RETAIN },
	{ 43, { { "report", "{'ev':'avail','q':4,'head':0,'flaws':0,'descs':[[4194304,1]],'at':[8388608],'fill':[0]}" } }, RETAIN },
	{ 43, { { "report", "{'ev':'avail','q':4,'head':0,'flaws':0,'descs':[[4194304,1]],'at':[8388608],'fill':[null]}" } }, RETAIN },
	{ 44,
	  { { "before-report-ack", "{'ev':'avail','q':0,'head':7,'flaws':0,'descs':[[4,0]],'pfns':'800+1'}" },
	    { "hint-more", "{'ev':'used','q':0,'head':7,'bytes':0}" },
	    { "deflated", "{'ev':'avail','q':1,'head':8,'flaws':0,'descs':[[4,0]],'pfns':'800+1'}" } },
	  RETAIN },
	{ 46, { { "report", "{'ev':'avail','q':4,'head':0,'flaws':0,'descs':[[4096,1]],'at':[8388608],'fill':[2863311530]}" } }, RETAIN },
	{ 48, { { "early", "{'ev':'notify','q':2}" } }, RETAIN },
	{ 49, { { "inflate", "{'ev':'avail','q':0,'head':1,'flaws':1,'descs':[[40,0]],'pfns':'100+a'}" } }, RETAIN },
	{ 50,
	  { { "report",
	      "{'ev':'avail','q':4,'head':0,'flaws':0,'descs':[[4294963200,1],[8192,1]],'at':[8589934592,8388608],'fill':[2863311530,2863311530]}" } },
	  RETAIN },
	{ 51, { { "inflate", "{'ev':'avail','q':0,'head':1,'flaws':2,'descs':[[40,0]],'pfns':'100+a'}" } }, RETAIN },
	{ 53, { { "after-actual", "{'ev':'backwards','q':0}" } }, RETAIN },
};

static void test_each(void **state)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		check(&changes[i]);
}

/* No checked requirement without a record that breaks it; the only one that needs more than a record is 52. */
static void test_complete(void **state)
{
	for (unsigned int rule = 1; rule <= PN_PROTOCOL_RULES; rule++) {
		bool found = pn_protocol_rules[rule - 1].kind != PN_RULE_CHECKED || rule == 52;

		for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
			found |= changes[i].rule == rule;
		if (!found)
			fail_msg("D%u is checked, and nothing here breaks it", rule);
		assert_non_null(pn_protocol_rules[rule - 1].text);
	}
}

/* A driver on its way out gives all back whatever the target is. */
static void test_leaving(void **state)
{
	static const struct change leaving = {
		0,
		{ { "after-actual", "{'ev':'avail','q':1,'head':4,'flaws':0,'descs':[[40,0]],'pfns':'100+a'}" },
		  { "deflate", "{'ev':'none'}" },
		  { "stats-used", "{'ev':'write','reg':'status','value':0,'size':1}" } },
		RETAIN,
	};
	struct pn_protocol *protocol = play(&leaving);

	assert_int_equal(pn_protocol_result(protocol, 7)->broken, 0);
	pn_protocol_free(protocol);
}

/* A round that was over on both sides, with the driver at work elsewhere since: it has had its chance to end it with STOP. */
static uint64_t unended_rounds(const char *last, unsigned int elsewhere)
{
	static const char *const round[] = {
		"{'ev':'watch','state':'on','reason':''}",
		"{'ev':'write','reg':'driver_feature','select':0,'value':8,'size':4}",
		"{'ev':'write','reg':'status','value':15,'size':1}",
		"{'ev':'read','reg':'config','offset':8,'value':2,'size':4}",
		"{'ev':'avail','q':3,'head':0,'flaws':0,'descs':[[4,0]],'hex':'02000000'}",
		"{'ev':'used','q':3,'head':0,'bytes':0}",
		"{'ev':'avail','q':3,'head':1,'flaws':0,'descs':[[4194304,1]],'at':[16777216]}",
		"{'ev':'read','reg':'config','offset':8,'value':1,'size':4}",
	};
	struct pn_protocol *protocol = pn_protocol_new(&(struct pn_protocol_context){0});
	uint64_t now_ns = PN_NS_PER_S, broken;

	for (size_t i = 0; i < sizeof(round) / sizeof(round[0]); i++)
		feed(protocol, &now_ns, round[i]);
	feed(protocol, &now_ns, last);
	for (unsigned int i = 0; i < elsewhere; i++)
		feed(protocol, &now_ns, "{'ev':'notify','q':1}");
	pn_protocol_end(protocol);
	broken = pn_protocol_result(protocol, 33)->broken;
	pn_protocol_free(protocol);
	return broken;
}

static void test_unended(void **state)
{
	assert_int_equal(unended_rounds("{'ev':'used','q':3,'head':1,'bytes':0}", 4), 1);
	/* it may be about to, and the device may not have let go of the last page */
	assert_int_equal(unended_rounds("{'ev':'used','q':3,'head':1,'bytes':0}", 3), 0);
	assert_int_equal(unended_rounds("{'ev':'none'}", 4), 0);
}

/* Pages that actual leaves out when a target is read, @then before the next: counted late, told of late, or taken back in silence. */
static uint64_t silent_pages(const char *then)
{
	static const char *const begin[] = {
		"{'ev':'watch','state':'on','reason':''}",
		"{'ev':'write','reg':'status','value':15,'size':1}",
		"{'ev':'read','reg':'config','offset':0,'value':10,'size':4}",
		"{'ev':'avail','q':0,'head':1,'flaws':0,'descs':[[32,0]],'pfns':'100+8'}",
		"{'ev':'used','q':0,'head':1,'bytes':0}",
		"{'ev':'write','reg':'config','offset':4,'value':8,'size':4}",
		"{'ev':'avail','q':0,'head':1,'flaws':0,'descs':[[8,0]],'pfns':'200+2'}",
		"{'ev':'used','q':0,'head':1,'bytes':0}",
	};
	struct pn_protocol *protocol = pn_protocol_new(&(struct pn_protocol_context){0});
	uint64_t now_ns = PN_NS_PER_S, broken;

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		feed(protocol, &now_ns, begin[i]);
	now_ns += PN_NS_PER_S;
	feed(protocol, &now_ns, "{'ev':'read','reg':'config','offset':0,'value':12,'size':4}");
	feed(protocol, &now_ns, then);
	now_ns += PN_NS_PER_S;
	feed(protocol, &now_ns, "{'ev':'read','reg':'config','offset':0,'value':11,'size':4}");
	broken = pn_protocol_result(protocol, 9)->broken;
	pn_protocol_free(protocol);
	return broken;
}

static void test_counted_late(void **state)
{
	assert_int_equal(silent_pages("{'ev':'write','reg':'config','offset':4,'value':10,'size':4}"), 0);
	assert_int_equal(silent_pages("{'ev':'write','reg':'config','offset':4,'value':9,'size':4}"), 1);
	assert_int_equal(silent_pages("{'ev':'none'}"), 1);
	/* not done yet */
	assert_int_equal(silent_pages("{'ev':'avail','q':1,'head':4,'flaws':0,'descs':[[4,0]],'pfns':'200+1'}"), 0);
}

static void test_blind(void **state)
{
	static const struct change off = { 0, { { "watch", "{'ev':'watch','state':'off','reason':'no such symbol'}" } }, RETAIN };
	static const struct change none = { 0, { { "watch", "{'ev':'none'}" } }, RETAIN };
	struct pn_protocol *protocol = play(&off);

	assert_string_equal(pn_protocol_blind(protocol), "no such symbol");
	pn_protocol_free(protocol);
	protocol = play(&none);
	assert_non_null(pn_protocol_blind(protocol));
	pn_protocol_free(protocol);
}

static void test_known(void **state)
{
	assert_non_null(pn_protocol_known("stock", 48));
	assert_null(pn_protocol_known("vballoon", 48));
	assert_null(pn_protocol_known(NULL, 40));
	assert_non_null(pn_protocol_known("vballoon", 17));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),  cmocka_unit_test(test_complete), cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_blind), cmocka_unit_test(test_known),    cmocka_unit_test(test_unended), cmocka_unit_test(test_counted_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
