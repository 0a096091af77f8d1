// SPDX-License-Identifier: GPL-2.0-only
/* Events at points, against a plugin that the test plays: the event is done while the vCPU is held, and it is let go whatever becomes of the event. */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../base/diag.h"
#include "../base/units.h"
#include "../pin/pin.h"
#include "../pin/symbols.h"

#define BASE 0xffffffffc0000000ULL

/** struct plugin - QEMU's end; its thread answers, and holds a vCPU at each point as soon as it is set */
static struct plugin {
	int fd;
	GThread *thread;
	bool hit;		/* points are hit at once */
	unsigned int held, released;
	bool moved_while_held; /* the fake had a new target before the vCPU was let go */
} plugin;

static gpointer play(gpointer data)
{
	struct pn_pin_message message;

	while (recv(plugin.fd, &message, sizeof(message), 0) == sizeof(message)) {
		struct pn_pin_message held = {.word = PN_PIN_HELD, .id = message.id, .hits = 100, .insns = 12345};

		if (message.word == PN_PIN_RELEASE) {
			plugin.released++;
			plugin.moved_while_held = fake.asked_bytes == 7 * PN_MIB;
		}
		if (message.word != PN_PIN_SET)
			continue;
		message.word = PN_PIN_DONE;
		send(plugin.fd, &message, sizeof(message), 0);
		if (plugin.hit && send(plugin.fd, &held, sizeof(held), 0) == sizeof(held))
			plugin.held++;
	}
	return NULL;
}

static void connect_plugin(struct stage *stage)
{
	g_autofree char *shared = g_build_filename(stage->dir, "counters", NULL), *path = g_build_filename(stage->dir, "s", NULL);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pn_pin_message hello = {.word = PN_PIN_HELLO, .version = PN_PIN_VERSION};
	struct pn_pin_shared *counters;
	int fd;

	assert_int_equal(pn_pin_new(shared, path, &fake.pin, NULL), 0);
	fd = open(shared, O_RDWR | O_CLOEXEC);
	counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_true(counters != MAP_FAILED);
	counters->magic = PN_PIN_MAGIC;
	munmap(counters, sizeof(*counters));
	plugin = (struct plugin){.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	assert_int_equal(connect(plugin.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(plugin.fd, &hello, sizeof(hello), 0), sizeof(hello));
	assert_int_equal(pn_pin_wait(fake.pin, 10 * PN_NS_PER_S, NULL), 0);
	plugin.thread = g_thread_new("plugin", play, NULL);
}

static void give_symbols(void)
{
	GArray *symbols = g_array_new(FALSE, FALSE, sizeof(struct pn_symbol));
	struct pn_symbol tell = {.name = (char *)"tell_host", .offset = 0x40, .bytes = 0x80};

	g_array_append_val(symbols, tell);
	pn_pin_driver(fake.pin, BASE, 0x1000, symbols);
}

static int setup(void **state)
{
	stage_setup(state);
	connect_plugin(*state);
	return 0;
}

static int teardown(void **state)
{
	shutdown(plugin.fd, SHUT_RDWR);
	g_thread_join(plugin.thread);
	close(plugin.fd);
	pn_pin_free(fake.pin);
	return stage_teardown(state);
}

static int run(struct stage *stage, const char *point, struct pn_diag *diag)
{
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_POINT, .point = (char *)point, .balloon_bytes = 7 * PN_MIB},
	};

	stage->scenario.events = events;
	stage->scenario.event_count = G_N_ELEMENTS(events);
	return pn_timeline_run(&stage->timeline, diag);
}

static void no_plugin(void **state)
{
	struct pn_diag diag = {0};

	assert_int_equal(run(*state, "tell_host", &diag), -ENOTSUP);
	assert_non_null(strstr(diag.text, "timeline event 0: point 'tell_host': no plugin holds vCPUs"));
}

static void unknown_function(void **state)
{
	struct pn_diag diag = {0};

	fake.refuse = "symbols";
	assert_true(run(*state, "no_such", &diag) < 0);
	assert_int_equal(stage_count(*state, "point", "state", "set"), 0);
}

static void never_reached(void **state)
{
	struct pn_diag diag = {0};

	give_symbols();
	assert_int_equal(run(*state, "tell_host#100", &diag), -ENODATA);
	assert_non_null(strstr(diag.text, "point 'tell_host#100' (timeline event 0) was never reached: 0 hits of 100"));
	assert_int_equal(stage_count(*state, "point", "state", "missed"), 1);
	assert_int_equal(stage_count(*state, "event", NULL, NULL), 0);
}

/* The end of the timeline may come before the point's thread has been heard: then it is not reached. So there is a wait, for the release. */
static void done_while_held(void **state)
{
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_POINT, .point = (char *)"tell_host#100", .balloon_bytes = 7 * PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 2 * PN_NS_PER_S},
	};
	struct stage *stage = *state;
	json_t *held;

	give_symbols();
	plugin.hit = true;
	stage->scenario.events = events;
	stage->scenario.event_count = G_N_ELEMENTS(events);
	assert_int_equal(pn_timeline_run(&stage->timeline, NULL), 0);
	assert_int_equal(plugin.held, 1);
	assert_true(plugin.moved_while_held);
	held = stage_records(stage, "point");
	assert_int_equal(json_array_size(held), 3); /* set, held, released */
	assert_int_equal(json_integer_value(json_object_get(json_array_get(held, 1), "insns")), 12345);
	json_decref(held);
}

/* Whatever becomes of the event, the vCPU goes on. */
static void let_go_after_a_failure(void **state)
{
	struct pn_event events[] = {
		{.action = PN_DO_TARGET, .after = PN_AFTER_POINT, .point = (char *)"tell_host", .balloon_bytes = 7 * PN_MIB},
		{.action = PN_DO_HOLD, .after = PN_AFTER_PREVIOUS, .for_ns = 20 * PN_NS_PER_S},
	};
	struct stage *stage = *state;
	struct pn_diag diag = {0};

	give_symbols();
	plugin.hit = true;
	fake.refuse = "balloon";
	stage->scenario.events = events;
	stage->scenario.event_count = G_N_ELEMENTS(events);
	assert_int_equal(pn_timeline_run(&stage->timeline, &diag), -EREMOTEIO);
	assert_int_equal(pn_pin_holding(fake.pin), 0);
	assert_int_equal(stage_count(stage, "point", "state", "released"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_plugin, stage_setup, stage_teardown),
		cmocka_unit_test_setup_teardown(unknown_function, setup, teardown),
		cmocka_unit_test_setup_teardown(never_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(done_while_held, setup, teardown),
		cmocka_unit_test_setup_teardown(let_go_after_a_failure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
