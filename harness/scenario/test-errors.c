// SPDX-License-Identifier: GPL-2.0-only
/* Every kind of refusal, word for word: one line with file, line, key, value and what is accepted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"
#include "test-home.h"

#define SIZE "a size with its unit, such as 64KiB, 512MiB or 2GiB"
#define TIME "a duration such as 250ms, 2s, 5min or 8h"
#define HEAD "summary: s\n"
#define BODY HEAD "pattern: inflate\n"

struct refusal {
	const char *what;
	const char *yaml;
	const char *set; /* of the command line, or NULL */
	const char *line;
};

static const struct refusal refusals[] = {
    /* known issues */
    {"known without expiry", BODY "expect: fail:ledger\nknown: {reason: r}\n", NULL,
     "x.yaml:4: known.expires: '(nothing)' is not accepted; expected a text"},
    {"known and expected to pass", BODY "known: {reason: r, expires: 2027-06-30}\n", NULL,
     "x.yaml:1: expect: 'pass' is not accepted; expected fail:ORACLE, since the scenario has `known`"},
    {"known until no day", BODY "expect: fail:ledger\nknown: {reason: r, expires: 2027-02-30}\n", NULL,
     "x.yaml:4: known.expires: '2027-02-30' is not accepted; expected a day such as 2027-06-30"},
    /* form */
    {"not YAML", "a: [1\n", NULL, "x.yaml:2: not YAML: did not find expected ',' or ']' while parsing a flow sequence"},
    {"empty", "", NULL, "x.yaml:1: empty; expected a mapping of keys to values"},
    {"no mapping", "- a\n", NULL, "x.yaml:1: expected a mapping of keys to values"},
    {"two documents", BODY "---\na: 1\n", NULL, "x.yaml:4: a second document; expected one a file"},
    {"alias", HEAD "pattern: &p inflate\nload: *p\n", NULL, "x.yaml:2: anchors and aliases are not accepted; write the value twice"},
    {"key twice", BODY "summary: t\n", NULL, "x.yaml:3: summary: 'summary' is not accepted; expected each key once"},
    {"key a list", BODY "[a]: b\n", NULL, "x.yaml:3: a key must be a word"},
    {"too deep", HEAD "a: [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]\n", NULL, "x.yaml:2: nested more than 16 levels deep"},
    /* keys */
    {"unknown key", BODY "gest: {}\n", NULL,
     "x.yaml:3: gest: 'gest' is not accepted; expected a key such as guest, guests, seed, name, mix, ..."},
    {"unknown nested key", BODY "guest: {memroy: 1GiB}\n", NULL,
     "x.yaml:3: guest.memroy: 'memroy' is not accepted; expected a key such as memory, qemu, image, kernel, exact, ..."},
    {"unknown parameter", HEAD "pattern: {kind: inflate, period: 1s}\n", NULL,
     "x.yaml:2: pattern.period: 'period' is not accepted; expected a key such as kind, hold or amount"},
    {"unknown argument", HEAD "timeline: [{do: hold, for: 1s, balloon: 1MiB}]\n", NULL,
     "x.yaml:2: timeline[0].balloon: 'balloon' is not accepted; expected a key such as at, after, do, for or phase"},
    {"summary missing", "pattern: inflate\n", NULL, "x.yaml:1: summary: '(nothing)' is not accepted; expected a text"},
    {"kind missing", HEAD "pattern: {}\n", NULL,
     "x.yaml:2: pattern.kind: '(nothing)' is not accepted; expected one of inflate, deflate, step, ramp, oscillate, random-walk, flip, "
     "sweep, reclaim"},
    {"nothing to do", HEAD, NULL,
     "x.yaml:1: timeline: '(nothing)' is not accepted; expected a pattern, or a timeline of at least one event"},
    {"both", BODY "timeline: [{do: hold, for: 1s}]\n", NULL,
     "x.yaml:3: timeline: '(a list)' is not accepted; expected either pattern or timeline, not both"},
    /* types, units, ranges */
    {"mapping for text", HEAD "pattern: inflate\nexpect: {a: b}\n", NULL,
     "x.yaml:3: expect: '(a mapping)' is not accepted; expected a text"},
    {"text for mapping", BODY "guest: big\n", NULL, "x.yaml:3: guest: 'big' is not accepted; expected a mapping of keys to values"},
    {"text for list", BODY "faults: oom\n", NULL, "x.yaml:3: faults: 'oom' is not accepted; expected a list of mappings"},
    {"item no mapping", BODY "faults: [oom]\n", NULL, "x.yaml:3: faults[0]: 'oom' is not accepted; expected a list of mappings"},
    {"size without unit", BODY "guest: {memory: 512}\n", NULL,
     "x.yaml:3: guest.memory: '512' is not accepted; expected " SIZE ", from 192MiB to 1TiB"},
    {"size with wrong unit", BODY "guest: {memory: 512MB}\n", NULL,
     "x.yaml:3: guest.memory: '512MB' is not accepted; expected " SIZE ", from 192MiB to 1TiB"},
    {"size too small", BODY "guest:\n  memory: 64MiB\n", NULL,
     "x.yaml:4: guest.memory: '64MiB' is not accepted; expected " SIZE ", from 192MiB to 1TiB"},
    {"size not aligned", BODY "guest: {memory: 513MiB}\n", NULL,
     "x.yaml:3: guest.memory: '513MiB' is not accepted; expected a multiple of 2MiB"},
    {"duration without unit", BODY "settle: 30\n", NULL, "x.yaml:3: settle: '30' is not accepted; expected " TIME ", from 10ms to 1h"},
    {"duration out of range", BODY "sample: 1ms\n", NULL, "x.yaml:3: sample: '1ms' is not accepted; expected " TIME ", from 10ms to 1min"},
    {"count", BODY "guest: {vcpus: 1.5}\n", NULL, "x.yaml:3: guest.vcpus: '1.5' is not accepted; expected a whole number, from 1 to 64"},
    {"octal", BODY "guest: {vcpus: 010}\n", NULL, "x.yaml:3: guest.vcpus: '010' is not accepted; expected a whole number, from 1 to 64"},
    {"flag", BODY "guest: {balloon: {packed: perhaps}}\n", NULL,
     "x.yaml:3: guest.balloon.packed: 'perhaps' is not accepted; expected true or false"},
    {"choice", BODY "guest: {backing: huge}\n", NULL,
     "x.yaml:3: guest.backing: 'huge' is not accepted; expected one of 4k, thp, memfd, hugetlb"},
    {"percent", HEAD "pattern: {kind: inflate, amount: 120%}\n", NULL,
     "x.yaml:2: pattern.amount: '120%' is not accepted; expected " SIZE
     ", or a percentage of the guest's memory from 0% to 100%, at least 4KiB"},
    {"name", BODY "load: [a b]\n", NULL, "x.yaml:3: load: 'a b' is not accepted; expected a name or a list of names"},
    {"bad point", "summary: s\ntimeline: [{do: target, balloon: 10%}, {do: target, balloon: 0, at: \"f#0\"}]\n", NULL,
     "x.yaml:2: timeline[1].at: 'f#0' is not accepted; expected a duration such as 250ms, 2s, 5min or 8h, from 0 to 24h, or a point such as tell_host, tell_host#100 (its 100th call) or tell_host@exit#3"},
    {"point and after", "summary: s\ntimeline: [{do: target, balloon: 10%}, {do: target, balloon: 0, at: f, after: settled}]\n", NULL,
     "x.yaml:2: timeline[1].after: 'settled' is not accepted; expected none: `at` is a point of the guest's code"},
    {"pause at a point", "summary: s\ntimeline: [{do: target, balloon: 10%}, {do: lifecycle, action: pause, at: f}]\n", NULL,
     "x.yaml:2: timeline[1].action: 'pause' is not accepted; expected hold with `for`: at a point of the guest's code a vCPU is held already"},
    {"load at a point", "summary: s\ntimeline: [{do: target, balloon: 10%}, {do: load-start, load: vm, at: f}]\n", NULL,
     "x.yaml:2: timeline[1].do: 'load-start' is not accepted; expected target, hold, fault or lifecycle: at a point of the guest's code the guest can't answer"},
    {"fault at a point during", BODY "faults: [{fault: reset, at: f, during: inflate}]\n", NULL,
     "x.yaml:3: faults[0].during: 'inflate' is not accepted; expected none: `at` is a point of the guest's code"},
    {"unknown probe", BODY "probes: [psi, pis]\n", NULL,
     "x.yaml:3: probes: 'pis' is not accepted; expected one or a list of guest, balloon, stats, block, meminfo, psi, harness, perf, sched, "
     "smaps, ram, pin, free"},
    {"stats interval", BODY "guest: {balloon: {stats-interval: 1500ms}}\n", NULL,
     "x.yaml:3: guest.balloon.stats-interval: '1500ms' is not accepted; expected whole seconds: the device can't do other"},
    {"small disk", BODY "guest: {disk: 1MiB}\n", NULL, "x.yaml:3: guest.disk: '1MiB' is not accepted; expected 0, or at least 16MiB"},
    /* keys that go together */
    {"modules alone", BODY "guest: {modules: /lib/modules}\n", NULL,
     "x.yaml:3: guest.modules: '/lib/modules' is not accepted; expected guest.kernel beside it"},
    {"no such driver", BODY "driver: /nowhere/x.ko\n", NULL,
     "x.yaml:3: driver.name: '/nowhere/x.ko' is not accepted; expected stock, vballoon or vballoon-leak, or a .ko file that exists"},
    {"unknown driver", BODY "driver: vbaloon\n", NULL,
     "x.yaml:3: driver.name: 'vbaloon' is not accepted; expected vballoon, stock or vballoon-leak, or a .ko file that exists"},
    {"unknown driver of an axis", BODY "matrix:\n  driver:\n    - stock\n    - sotck\n", NULL,
     "x.yaml:6: driver.name: 'sotck' is not accepted; expected stock, vballoon or vballoon-leak, or a .ko file that exists"},
    {"unknown driver of the command line", BODY, "driver=nosuch",
     "--set: driver.name: 'nosuch' is not accepted; expected stock, vballoon or vballoon-leak, or a .ko file that exists"},
    {"unknown image", BODY "guest:\n  image: clod\n", NULL,
     "x.yaml:4: guest.image: 'clod' is not accepted; expected cloud or generic, or a .yaml file that exists"},
    {"image file that is not there", BODY "guest: {image: /nowhere/x.yaml}\n", NULL,
     "x.yaml:3: guest.image: '/nowhere/x.yaml' is not accepted; expected generic or cloud, or a .yaml file that exists"},
    {"no such emulator", BODY "guest: {qemu: qemu-nosuch}\n", NULL,
     "x.yaml:3: guest.qemu: 'qemu-nosuch' is not accepted; expected a program that exists, by its path or in PATH"},
    {"seed beyond what a double holds", BODY "seed: 9007199254740992\n", NULL,
     "x.yaml:3: seed: '9007199254740992' is not accepted; expected a whole number, from 1 to 9007199254740991"},
    {"unknown load", BODY "load: [cpu, toch]\n", NULL, "x.yaml:3: load[1]: 'toch' is not accepted; expected touch, cpu or swapper"},
    {"load twice", BODY "load: cpu\nalongside: cpu\n", NULL,
     "x.yaml:3: load: 'cpu' is not accepted; expected each load once, here or in alongside"},
    {"load without swap", BODY "load: swapper\n", NULL,
     "x.yaml:1: guest.swap: '0' is not accepted; expected a size: load 'swapper' needs a swap disk"},
    {"requirement", BODY "requires: [kvn]\n", NULL, "x.yaml:3: requires: 'kvn' is not accepted; expected kvm, pin, ksm, thp, pmu, ..."},
    {"expect", BODY "expect: fail\n", NULL,
     "x.yaml:3: expect: 'fail' is not accepted; expected pass, brok, brok:TEXT, fail:sanity, fail:faults, fail:ledger, fail:integrity, fail:liveness, "
     "fail:protocol, fail:kernel-log, fail:host"},
    {"expect what is waived", BODY "expect: fail:host\noracles: {waive: [{oracle: host, reason: r}]}\n", NULL,
     "x.yaml:3: expect: 'fail:host' is not accepted; expected an oracle that oracles.waive leaves on"},
    {"waiver without reason", BODY "oracles:\n  waive:\n    - oracle: host\n", NULL,
     "x.yaml:5: oracles.waive[0].reason: '(nothing)' is not accepted; expected a text"},
    {"waiver with blank reason", BODY "oracles: {waive: [{oracle: host, reason: ' '}]}\n", NULL,
     "x.yaml:3: oracles.waive[0].reason: '' is not accepted; expected a reason: it stands in the report"},
    /* patterns */
    {"base above amount", HEAD "pattern: {kind: ramp, amount: 10%, base: 20%}\n", NULL,
     "x.yaml:2: pattern.base: '20%' is not accepted; expected less than pattern.amount, 10%"},
    {"interval", HEAD "pattern: {kind: oscillate, period: 1s, interval: 900ms}\n", NULL,
     "x.yaml:2: pattern.interval: '900ms' is not accepted; expected at most half of the time it divides"},
    {"gaps", HEAD "pattern: {kind: flip, gap-min: 2s}\n", NULL,
     "x.yaml:2: pattern.gap-min: '2s' is not accepted; expected at most pattern.gap-max, 1s"},
    {"out of reach", HEAD "pattern: {kind: inflate, amount: 90%}\n", NULL,
     "x.yaml:2: pattern.amount: '90%' is not accepted; expected at most 384MiB of this guest's memory, or may-miss: true (in a timeline)"},
    /* timelines */
    {"out of reach in a timeline", HEAD "timeline:\n  - {do: target, balloon: 500MiB}\n  - {after: settled, do: hold, for: 1s}\n", NULL,
     "x.yaml:3: timeline[0].balloon: '500MiB' is not accepted; expected at most 384MiB of this guest's memory, or may-miss: true (in a "
     "timeline)"},
    {"after the end", HEAD "runtime: 2s\ntimeline:\n  - {do: target, balloon: 5MiB}\n  - {at: 3s, do: target, balloon: 0}\n", NULL,
     "x.yaml:5: timeline[1].at: '3s' is not accepted; expected a time before the end of the timeline, runtime 2s"},
    {"fault longer than the end", BODY "runtime: 2s\nfaults: [{fault: qemu-stop, at: 1s, for: 1500ms}]\n", NULL,
     "x.yaml:4: faults[0].for: '1500ms' is not accepted; expected a time before the end of the timeline, runtime 2s"},
    {"runtime too short", HEAD "runtime: 1s\npattern: {kind: inflate, hold: 3s}\n", NULL,
     "x.yaml:2: runtime: '1s' is not accepted; expected at least 3s, the planned length of the timeline"},
    {"timeout too short", HEAD "timeout: 2s\npattern: {kind: inflate, hold: 3s}\n", NULL,
     "x.yaml:2: timeout: '2s' is not accepted; expected more than 3s, the planned length of the timeline"},
    {"timeout as long as the timeline", HEAD "timeout: 3s\npattern: {kind: inflate, hold: 3s}\n", NULL,
     "x.yaml:2: timeout: '3s' is not accepted; expected more than 3s, the planned length of the timeline"},
    {"start of a load that is not there", HEAD "timeline:\n  - {do: hold, for: 1s}\n  - {do: load-start, load: cpuu}\n", NULL,
     "x.yaml:4: timeline[1].load: 'cpuu' is not accepted; expected cpu, touch or swapper"},
    {"stop of nothing", HEAD "timeline: [{do: load-stop, load: cpu}]\n", NULL,
     "x.yaml:2: timeline[0].load: 'cpu' is not accepted; expected a load that was started before"},
    {"start of what runs", HEAD "load: cpu\ntimeline: [{do: load-start, load: cpu}]\n", NULL,
     "x.yaml:3: timeline[0].load: 'cpu' is not accepted; expected a load that does not run already"},
    {"settle without target", HEAD "timeline: [{do: hold, after: settled, for: 1s}]\n", NULL,
     "x.yaml:2: timeline[0].after: 'settled' is not accepted; expected previous: no target has been set before"},
    {"settle while paused",
     HEAD "timeline:\n  - {do: target, balloon: 5MiB}\n  - {do: lifecycle, action: pause}\n  - {after: settled, do: hold, for: 1s}\n", NULL,
     "x.yaml:5: timeline[2].after: 'settled' is not accepted; expected previous: the guest is paused and its balloon can't settle"},
    {"end while paused", HEAD "timeline:\n  - {do: target, balloon: 5MiB}\n  - {do: lifecycle, action: pause}\n", NULL, 
     "x.yaml:3: timeline.after: 'settled, as every timeline ends' is not accepted; expected previous: the guest is paused and its balloon "
     "can't settle"},
    {"settle while paused by time",
     HEAD "timeline:\n  - {do: target, balloon: 5MiB}\n  - {at: 1s, do: lifecycle, action: pause}\n  - {after: settled, do: hold, for: 1s}\n",
     NULL, "x.yaml:5: timeline[2].after: 'settled' is not accepted; expected previous: the guest is paused and its balloon can't settle"},
    {"settle under a fault without end",
     HEAD "timeline:\n  - {do: target, balloon: 5MiB}\n  - {do: fault, fault: qemu-stop}\n  - {after: settled, do: hold, for: 1s}\n", NULL,
     "x.yaml:4: timeline[1].for: '(none)' is not accepted; expected a duration: with this fault in force the balloon can't settle later on"},
    {"settle without driver",
     HEAD "timeline:\n  - {do: target, balloon: 5MiB}\n  - {do: lifecycle, action: unbind}\n  - {after: settled, do: hold, for: 1s}\n",
     NULL, "x.yaml:5: timeline[2].after: 'settled' is not accepted; expected previous: no driver is bound and the balloon can't settle"},
    {"resume of what runs", HEAD "timeline: [{do: lifecycle, action: resume}]\n", NULL,
     "x.yaml:2: timeline[0].action: 'resume' is not accepted; expected an action other than resume: the guest is not paused"},
    {"target without device", BODY "guest: {balloon: {absent: true}}\n", NULL,
     "x.yaml:2: pattern.balloon: '(a target)' is not accepted; expected no target: guest.balloon.absent is true"},
    /* faults */
    {"unknown fault", BODY "faults: [{fault: reste}]\n", NULL,
     "x.yaml:3: faults[0].fault: 'reste' is not accepted; expected reset, oom, panic, migrate, suspend, ..."},
    {"argument of another fault", BODY "faults: [{fault: reset, bytes: 1MiB}]\n", NULL,
     "x.yaml:3: faults[0].bytes: 'bytes' is not accepted; expected a key such as at, lasts, fault, for, while, ..."},
    {"argument's value", BODY "faults: [{fault: oom, mode: much}]\n", NULL,
     "x.yaml:3: faults[0].mode: 'much' is not accepted; expected one of anon, cache, mlock, thp"},
    {"fault that the guest can't have", BODY "faults: [{fault: unplug, for: 1s}]\n", NULL,
     "x.yaml:3: faults[0].fault: 'unplug' is not accepted; expected guest.balloon.hotplug: true beside it, or another fault"},
    {"disk fault without a server", BODY "guest: {swap: 64MiB}\nfaults: [{fault: swap-hang, for: 1s}]\n", NULL,
     "x.yaml:4: faults[0].fault: 'swap-hang' is not accepted; expected guest.swap with guest.swap-server: nbdkit beside it, or another fault"},
    {"for of an instant", BODY "faults: [{fault: reset, for: 1s}]\n", NULL,
     "x.yaml:3: faults[0].for: '1s' is not accepted; expected no `for`: this fault is over when it has happened"},
    {"unknown phase", BODY "faults: [{fault: reset, during: inflat}]\n", NULL,
     "x.yaml:3: faults[0].during: 'inflat' is not accepted; expected inflate or hold"},
    {"fault missing", HEAD "timeline: [{do: fault}]\n", NULL,
     "x.yaml:2: timeline[0].fault: '(nothing)' is not accepted; expected a name without white space"},
    /* matrix */
    {"axis no list", BODY "matrix: {driver: stock}\n", NULL,
     "x.yaml:3: matrix.driver: 'stock' is not accepted; expected a list of at least one value"},
    {"axis of nothing", BODY "matrix: {driver: []}\n", NULL,
     "x.yaml:3: matrix.driver: '(no values)' is not accepted; expected a list of at least one value"},
    {"value twice", BODY "matrix: {driver: [stock, stock]}\n", NULL,
     "x.yaml:3: matrix.driver: 'stock' is not accepted; expected each value once"},
    {"unknown axis", BODY "matrix: {bakcing: [thp]}\n", NULL,
     "x.yaml:3: bakcing: 'bakcing' is not accepted; expected a key such as backing, packed, matrix, vcpus, kernel, ..."},
    {"bad value of an axis", BODY "matrix:\n  backing:\n    - thp\n    - huge\n", NULL,
     "x.yaml:6: guest.backing: 'huge' is not accepted; expected one of 4k, thp, memfd, hugetlb"},
    {"exclude of no axis", BODY "matrix: {driver: [stock], exclude: [{load: cpu}]}\n", NULL,
     "x.yaml:3: matrix.exclude: 'load' is not accepted; expected an axis of this matrix"},
    {"exclude of no value", BODY "matrix: {driver: [stock], exclude: [{driver: stok}]}\n", NULL,
     "x.yaml:3: matrix.exclude: 'stok' is not accepted; expected a value of that axis"},
    /* command line */
    {"set without value", BODY, "guest.memory",
     "--set: key: 'guest.memory' is not accepted; expected KEY=VALUE, such as guest.memory=1GiB"},
    {"set unknown key", BODY, "guest.memroy=1GiB",
     "--set: guest.memroy: 'memroy' is not accepted; expected a key such as memory, qemu, image, kernel, exact, ..."},
    {"set bad value", BODY, "backing=huge", "--set: guest.backing: 'huge' is not accepted; expected one of 4k, thp, memfd, hugetlb"},
    {"set through a scalar", BODY, "summary.x=1",
     "--set: summary.x: '1' is not accepted; expected a dotted key of a scenario, list elements as [0]"},
    {"set an item that is not there", BODY, "timeline[3].for=1s",
     "--set: timeline[3].for: '1s' is not accepted; expected a dotted key of a scenario, list elements as [0]"},
    {"set a mapping", BODY, "guest={}", "--set: guest: '(a mapping)' is not accepted; expected a value or a list of values"},
    {"set no YAML", BODY, "load=[a", "--set: load: '[a' is not accepted; expected a value as in a YAML file, on one line"},
};

static void refuses(void **state)
{
	const struct refusal *refusal = *state;
	g_autofree char *path = NULL;
	char *home = home_new();
	struct pn_diag diag = {};
	struct pn_plan *plan = NULL;
	const char *text;
	int r;

	home_write(home, "scenarios/x.yaml", refusal->yaml);
	r = home_plan(home, "x", (const char *const[]){refusal->set, NULL}, &plan, &diag);
	path = g_build_filename(home, "scenarios/", NULL);
	text = g_str_has_prefix(diag.text, path) ? diag.text + strlen(path) : diag.text;
	assert_string_equal(text, refusal->line);
	assert_int_equal(r, -EINVAL);
	assert_null(plan);
	assert_null(strchr(diag.text, '\n'));
	home_free(home);
}

static char **drivers(void)
{
	return g_strsplit("vballoon stock vballoon-leak", " ", -1);
}

static char **images(void)
{
	return g_strsplit("cloud generic", " ", -1);
}

/* The command in the message is one that can be typed as it stands. */
static void modules_without_indexes_name_the_command(void **state)
{
	char *home = home_new();
	g_autofree char *modules = g_build_filename(home, "lib/modules/6.1.0-test", NULL), *index = g_build_filename(modules, "modules.dep.bin", NULL);
	g_autofree char *set = g_strconcat("modules=", modules, NULL), *beside = g_strconcat("modules=", home, NULL);
	g_autofree char *command = g_strdup_printf("depmod -b '%s' 6.1.0-test", home);
	struct pn_plan *plan = NULL;
	struct pn_diag diag = {};

	home_write(home, "scenarios/x.yaml", BODY "guest: {kernel: /proc/version}\n");
	assert_int_equal(pn_fs_mkdir_p(modules, NULL), 0);
	assert_int_equal(home_plan(home, "x", (const char *const[]){set, NULL}, &plan, &diag), -EINVAL);
	assert_true(g_str_has_suffix(diag.text, command));
	assert_int_equal(home_plan(home, "x", (const char *const[]){beside, NULL}, &plan, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "/lib/modules/RELEASE"));
	assert_true(g_file_set_contents(index, "", 0, NULL));
	assert_int_equal(home_plan(home, "x", (const char *const[]){set, NULL}, &plan, &diag), 0);
	pn_plan_free(plan);
	home_free(home);
}

int main(void)
{
	struct CMUnitTest tests[G_N_ELEMENTS(refusals) + 1];

	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++)
		tests[i] = (struct CMUnitTest){.name = refusals[i].what, .test_func = refuses, .initial_state = (void *)&refusals[i]};
	tests[G_N_ELEMENTS(refusals)] = (struct CMUnitTest)cmocka_unit_test(modules_without_indexes_name_the_command);
	pn_names_provide("drivers", drivers);
	pn_names_provide("images", images);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
