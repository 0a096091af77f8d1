// SPDX-License-Identifier: GPL-2.0-only
/* The healthy record, and ways to spoil it. */

#include "fixture.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/units.h"

static json_int_t ns(double seconds)
{
	return (json_int_t)llround(seconds * (double)PN_NS_PER_S);
}

/* Bytes in the balloon at an instant: even movement, at rest elsewhere. */
static json_int_t balloon_at(double s)
{
	if (s < 1.0 || s >= 3.25)
		return 0;
	if (s < 1.5)
		return (json_int_t)((s - 1.0) / 0.5 * FIXTURE_BALLOON) / 4096 * 4096;
	if (s < 3.0)
		return FIXTURE_BALLOON;
	return (json_int_t)((3.25 - s) / 0.25 * FIXTURE_BALLOON) / 4096 * 4096;
}

static void put(json_t *line, const char *key, json_int_t value)
{
	json_object_set_new(line, key, json_integer(value));
}

static void put_host(json_t *line, double s)
{
	put(line, "host.mem.free_bytes", 8 * (json_int_t)PN_GIB + balloon_at(s));
	put(line, "qemu.rss_bytes", FIXTURE_MEMORY - balloon_at(s));
	put(line, "qemu.cpu_ns", ns(s) / 2);
	put(line, "qemu.main.cpu_ns", ns(s) / 20);
	put(line, "qemu.vcpu0.cpu_ns", ns(s) / 4);
	put(line, "qemu.vcpu0.run_delay_ns", ns(s) / 100);
	put(line, "harness.cpu_ns", ns(s) / 100);
}

static void put_monitor(json_t *line, double s)
{
	put(line, "balloon.bytes", balloon_at(s));
	put(line, "balloon.change_events", balloon_at(s) ? 1 : 0);
	put(line, "balloon.stats.age_ns", ns(0.5));
	put(line, "monitor_ns", 200000 + (json_int_t)llround(s * 1000));
	put(line, "swapdev.read_bytes", 0);
	put(line, "swapdev.write_bytes", 0);
}

static void put_guest(json_t *line, double s)
{
	json_int_t pages = balloon_at(s) / 4096, inflated = s < 1.5 ? pages : FIXTURE_BALLOON_PAGES;

	put(line, "guest.mem.free", 100 * (json_int_t)PN_MIB - balloon_at(s));
	put(line, "guest.zone.DMA.managed_pages", 1000);
	put(line, "guest.zone.DMA32.managed_pages", FIXTURE_MANAGED - 1000 - pages);
	put(line, "guest.vm.balloon_inflate", 77 + inflated);
	put(line, "guest.vm.balloon_deflate", 77 + inflated - pages);
	put(line, "guest.vm.pswpin", 0);
	put(line, "guest.vm.pswpout", 0);
	put(line, "guest.vm.pgfault", 1000 + (json_int_t)llround(s * 100));
	put(line, "guest.vm.pgmajfault", 10);
	put(line, "guest.driver.cpu_ns", ns(s) / 50);
	if (s > 0.5 && s < 5.0)
		put(line, "guest.driver.held_pages", pages);
}

static void add_beat(struct fixture *fixture, double s, const char *src, void (*fill)(json_t *line, double s))
{
	json_t *line = json_pack("{s:I, s:s}", "t_ns", ns(s), "src", src);

	fill(line, s);
	json_array_append_new(fixture->record.samples, line);
}

static void add_mark(struct fixture *fixture, double s, const char *label)
{
	json_t *line =
	    json_pack("{s:I, s:s, s:s, s:I, s:I}", "t_ns", ns(s), "src", "mark", "mark", label, "guest_t_ns", ns(s), "guest_ns", ns(s) + 7);

	put_host(line, s);
	put_monitor(line, s);
	put_guest(line, s);
	put(line, "balloon.after_bytes", balloon_at(s));
	put(line, "qemu.ram.size_bytes", FIXTURE_MEMORY);
	put(line, "qemu.ram.rss_bytes", FIXTURE_MEMORY - balloon_at(s));
	put(line, "guest.mem.unaccounted", 20 * (json_int_t)PN_MIB);
	put(line, "guest.kernel.tainted", s > 0.4 ? 4096 + 8192 : 0);
	json_array_append_new(fixture->record.samples, line);
	json_array_append_new(fixture->record.kmsg, json_pack("{s:I, s:s}", "t_ns", ns(s), "mark", label));
}

void fixture_journal(struct fixture *fixture, double seconds, const char *ev, json_t *fields)
{
	json_t *entry = json_pack("{s:I, s:s}", "t_ns", ns(seconds), "ev", ev);
	size_t at = json_array_size(fixture->record.journal);

	if (fields)
		json_object_update(entry, fields);
	json_decref(fields);
	while (at && pn_field_or(json_array_get(fixture->record.journal, at - 1), "t_ns", 0) > ns(seconds))
		at--;
	json_array_insert_new(fixture->record.journal, at, entry);
}

static void add_course(struct fixture *fixture, double s, double settle_s, const char *phase, json_int_t from, json_int_t to)
{
	fixture_journal(fixture, s, "phase", json_pack("{s:s}", "name", phase));
	fixture_journal(fixture, s, "target", json_pack("{s:I, s:I}", "balloon_bytes", to, "from_bytes", from));
	fixture_journal(
	    fixture, s + settle_s, "settled",
	    json_pack("{s:I, s:I, s:I, s:I}", "balloon_bytes", to, "asked_bytes", to, "from_bytes", from, "duration_ns", ns(settle_s)));
}

static void fill_journal(struct fixture *fixture)
{
	fixture_journal(fixture, 0.1, "guest", json_pack("{s:s, s:I}", "state", "started", "duration_ns", ns(0.45)));
	fixture_journal(fixture, 0.2, "clock", json_pack("{s:s, s:I, s:I}", "when", "start", "offset_ns", ns(100), "error_ns", ns(0.001)));
	fixture_journal(fixture, 0.6, "driver", json_pack("{s:s}", "state", "bound"));
	fixture_journal(fixture, 1.0, "timeline", json_pack("{s:s}", "state", "start"));
	add_course(fixture, 1.0, 0.5, "inflate", 0, FIXTURE_BALLOON);
	add_course(fixture, 3.0, 0.25, "deflate", FIXTURE_BALLOON, 0);
	fixture_journal(fixture, 4.0, "timeline", json_pack("{s:s, s:i}", "state", "end", "outcome", 0));
	fixture_journal(fixture, 5.5, "clock",
			json_pack("{s:s, s:I, s:I}", "when", "end", "offset_ns", ns(100.002), "error_ns", ns(0.001)));
}

void fixture_fault(struct fixture *fixture, const char *name)
{
	fixture->events[2] = (struct pn_event){.action = PN_DO_FAULT, .name = (char *)name};
	fixture->scenario.event_count = 3;
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->scenario =
	    (struct pn_scenario){.name = "fixture", .events = fixture->events, .event_count = 2, .sample_ns = 100 * PN_NS_PER_MS};
	fixture->scenario.guest = (struct pn_machine){.memory_bytes = FIXTURE_MEMORY, .vcpus = 1, .balloon.stats_interval_ns = PN_NS_PER_S};
	fixture->scenario.loads = fixture->loads;
	fixture->events[0] = (struct pn_event){.action = PN_DO_TARGET, .balloon_bytes = FIXTURE_BALLOON};
	fixture->events[1] = (struct pn_event){.action = PN_DO_TARGET};
	fixture->record = (struct pn_record){.scenario = &fixture->scenario,
					     .journal = json_array(),
					     .samples = json_array(),
					     .kmsg = json_array(),
					     .loads = json_array(),
					     .protocol = json_pack("{s:[{s:i, s:i, s:i, s:s}]}", "rules", "rule", 48, "checked", 9, "broken", 0,
								   "first", ""),
					     .host = json_array()};
	fill_journal(fixture);
	fixture_kmsg(fixture, 0.0, "Linux version 6.1.0");
	add_mark(fixture, 0.3, "boot");
	add_mark(fixture, 0.7, "driver");
	for (int i = 0; i < 60; i++) {
		add_beat(fixture, i / 10.0, "host", put_host);
		add_beat(fixture, i / 10.0 + 0.01, "monitor", put_monitor);
		add_beat(fixture, i / 10.0 + 0.02, "guest", put_guest);
	}
	add_mark(fixture, 1.55, "settled:1");
	add_mark(fixture, 3.3, "settled:2");
	add_mark(fixture, 4.5, "rest");
	add_mark(fixture, 5.0, "unloaded");
	fixture_kmsg(fixture, 5.1, "vballoon: driver gone");
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	json_decref(fixture->record.journal);
	json_decref(fixture->record.samples);
	json_decref(fixture->record.kmsg);
	json_decref(fixture->record.loads);
	json_decref(fixture->record.host);
	json_decref(fixture->record.protocol);
	free(fixture);
	return 0;
}

json_t *fixture_mark(struct fixture *fixture, const char *label)
{
	return (json_t *)pn_record_mark(&fixture->record, label);
}

void fixture_ramp(struct fixture *fixture, double from_s, double to_s, const char *key, int64_t from, int64_t to)
{
	json_t *line;
	size_t i;

	json_array_foreach(fixture->record.samples, i, line) {
		double s = (double)pn_field_or(line, "t_ns", 0) / (double)PN_NS_PER_S;

		if (json_object_get(line, key) && s >= from_s && s <= to_s)
			put(line, key, from + (json_int_t)((double)(to - from) * (s - from_s) / (to_s - from_s)));
	}
}

void fixture_set(struct fixture *fixture, double from_s, double to_s, const char *key, int64_t value)
{
	fixture_ramp(fixture, from_s, to_s, key, value, value);
}

void fixture_drop(struct fixture *fixture, const char *src, double from_s, double to_s)
{
	json_t *samples = fixture->record.samples;

	for (size_t i = json_array_size(samples); i-- > 0;) {
		const json_t *line = json_array_get(samples, i);
		json_int_t t_ns = pn_field_or(line, "t_ns", 0);

		if (pn_is(line, "src", src) && t_ns >= ns(from_s) && t_ns <= ns(to_s))
			json_array_remove(samples, i);
	}
}

void fixture_forget(struct fixture *fixture, const char *ev, const char *state)
{
	json_t *journal = fixture->record.journal;

	for (size_t i = json_array_size(journal); i-- > 0;) {
		const json_t *entry = json_array_get(journal, i);

		if (pn_is(entry, "ev", ev) && (!state || pn_is(entry, "state", state)))
			json_array_remove(journal, i);
	}
}

void fixture_kmsg(struct fixture *fixture, double seconds, const char *text)
{
	json_array_append_new(fixture->record.kmsg, json_pack("{s:I, s:i, s:I, s:s}", "t_ns", ns(seconds), "level", 4, "time_us",
							      ns(seconds) / 1000, "text", text));
}

struct pn_finding fixture_judge(struct fixture *fixture, const char *oracle)
{
	struct pn_finding finding = {.verdict = PN_BROK};
	int err = pn_oracle_judge(oracle, &fixture->record, &finding);

	assert(!err);
	return finding;
}
