// SPDX-License-Identifier: GPL-2.0-only
/* Real guests that are stopped, killed, reset, crashed, and left behind by a process that was killed. */

#include "../pin/pin.h"
#include "test-real.h"

#define DRIVER "zram" /* any module that does something when it is loaded */

/* A process that starts a guest, says its uuid, and is killed. */
static void orphan(int say)
{
	struct pn_guest_config config = { .name = "orphan", .machine = &plain, .dir = dir };
	struct pn_guest *guest;
	struct pn_diag diag = { 0 };

	pn_owned_disown();
	if (pn_host_open(&(struct pn_host_config){ 0 }, &host, &diag) || pn_guest_start(host, &config, &guest, &diag)) {
		fprintf(stderr, "orphan: %s\n", diag.text);
		_exit(1);
	}
	if (write(say, ((struct pn_virt_guest *)guest->backend)->uuid, 36) != 36)
		_exit(1);
	pause();
	_exit(1);
}

static void test_repair_ends_what_a_killed_process_left(void **state)
{
	struct pn_guest *bystander;
	json_t *repaired = NULL;
	char uuid[37] = "";
	int say[2], status;
	pid_t pid;

	assert_int_equal(pipe(say), 0);
	pid = fork(); /* before this process has a connection: libvirt's threads do not survive a fork */
	if (pid == 0)
		orphan(say[1]);
	close(say[1]);
	assert_int_equal(read(say[0], uuid, 36), 36);
	close(say[0]);
	assert_int_equal(pn_host_open(&(struct pn_host_config){ 0 }, &host, NULL), 0);
	bystander = start(&plain); /* of another, living owner, at the same time */
	assert_true(pn_process_find(uuid) > 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(pn_process_find(uuid) > 0);
	assert_int_equal(pn_owned_repair(&repaired, NULL), 0);
	assert_int_equal(pn_process_find(uuid), 0);
	assert_true(json_array_size(repaired) > 0);
	json_decref(repaired);
	must_ask(bystander, json_pack("{s:s}", "op", "clock"));
	stop(bystander);
	pn_host_close(host);
}

static void test_stopped_qemu_hangs_nobody_and_goes_on(void **state)
{
	struct pn_guest *guest = start(&plain);
	struct pn_action pause = { .verb = "pause", .timeout_ns = SHORT_NS };
	uint64_t bytes;

	send_signal(guest, SIGSTOP);
	assert_int_equal(pn_guest_act(guest, &pause, NULL, NULL), -ETIMEDOUT);
	assert_int_equal(pn_guest_agent(guest, json_pack("{s:s}", "op", "clock"), SHORT_NS, NULL, NULL), -ETIMEDOUT);
	send_signal(guest, SIGCONT);
	wait_state(guest, PN_GUEST_PAUSED); /* the pause that was under way took effect */
	must_act(guest, "resume", NULL);
	wait_state(guest, PN_GUEST_RUNNING);
	must_ask(guest, json_pack("{s:s}", "op", "clock"));
	assert_int_equal(pn_guest_ballooned(guest, &bytes, NULL), 0);
	stop(guest);
}

static void test_stopped_qemu_can_be_ended(void **state)
{
	struct pn_guest *guest = start(&plain);
	struct pn_action pause = { .verb = "pause", .timeout_ns = SHORT_NS };
	g_autofree char *uuid = g_strdup(((struct pn_virt_guest *)guest->backend)->uuid);

	assert_int_equal(pn_process_find(uuid), pn_guest_pid(guest));
	send_signal(guest, SIGSTOP);
	assert_int_equal(pn_guest_act(guest, &pause, NULL, NULL), -ETIMEDOUT);
	stop(guest);
	assert_int_equal(pn_process_find(uuid), 0);
}

static void test_killed_qemu_is_gone(void **state)
{
	struct pn_guest *guest = start(&plain);
	uint64_t bytes;

	send_signal(guest, SIGKILL);
	wait_state(guest, PN_GUEST_GONE);
	assert_int_equal(pn_guest_ballooned(guest, &bytes, NULL), -ENOTCONN);
	assert_int_equal(pn_guest_agent(guest, json_pack("{s:s}", "op", "clock"), HUNG_NS, NULL, NULL), -ENOTCONN);
	stop(guest);
}

static void note_hello(const json_t *event, uint64_t host_ns, void *data)
{
	if (strcmp(json_string_value(json_object_get(event, "ev")), "hello") == 0)
		g_atomic_int_inc((int *)data);
}

static void reset_and_boot(struct pn_guest *guest)
{
	uint64_t deadline_ns = pn_clock_now_ns() + HUNG_NS;
	int hellos = 0;

	assert_int_equal(pn_guest_subscribe(guest, note_hello, &hellos), 0);
	must_act(guest, "reset", NULL);
	while (!g_atomic_int_get(&hellos)) {
		assert_true(pn_clock_now_ns() < deadline_ns);
		g_usleep(1000);
	}
	pn_guest_unsubscribe(guest, note_hello, &hellos);
}

static void test_reset_boots_again(void **state)
{
	struct pn_guest *guest = start(&plain);

	reset_and_boot(guest);
	must_ask(guest, json_pack("{s:s}", "op", "clock"));
	/* The kernel that booted anew tells of its panic, too. */
	pn_guest_agent(guest, json_pack("{s:s,s:s}", "op", "lifecycle", "do", "panic"), SHORT_NS, NULL, NULL);
	wait_state(guest, PN_GUEST_CRASHED);
	stop(guest);
}

/* Return: where the guest has put it. */
static uint64_t load_module(struct pn_guest *guest, const char *name, uint64_t *ret_size)
{
	struct pn_diag diag = { 0 };
	json_t *where = NULL;
	uint64_t base;

	must_ask(guest, json_pack("{s:s,s:s}", "op", "module.load", "name", name));
	if (pn_guest_agent(guest, json_pack("{s:s,s:s}", "op", "module.where", "name", name), HUNG_NS, &where, &diag))
		fail_msg("%s", diag.text);
	base = g_ascii_strtoull(json_string_value(json_object_get(where, "base")), NULL, 0);
	*ret_size = (uint64_t)json_integer_value(json_object_get(where, "size"));
	json_decref(where);
	return base;
}

/* Instructions that were counted for the driver under test, of which there must be some. */
static uint64_t driver_insns(struct pn_guest *guest)
{
	struct pn_pin_counts counts = { 0 };

	assert_int_equal(pn_pin_counts(pn_guest_pin(guest), &counts), 0);
	assert_true(counts.driver > 0);
	return counts.driver;
}

/* What comes to where the driver lay before the reset is nothing of the driver's until the guest has said where that is now. */
static void test_reset_takes_the_driver_away(void **state)
{
	struct pn_machine machine = plain;
	uint64_t base, size, again, more, before;
	struct pn_guest *guest;

	machine.accel = PN_ACCEL_TCG; /* which alone has the plugin */
	machine.kernel_args = "nokaslr"; /* to the same place, but for some pages */
	guest = start(&machine);
	base = load_module(guest, DRIVER, &size);
	pn_pin_driver(pn_guest_pin(guest), base, size, NULL);
	reset_and_boot(guest);
	before = driver_insns(guest);
	again = load_module(guest, DRIVER, &more);
	assert_true(again < base + size && base < again + more);
	assert_int_equal(driver_insns(guest), before);
	pn_pin_driver(pn_guest_pin(guest), again, more, NULL);
	assert_true(driver_insns(guest) > before);
	stop(guest);
}

static void test_crash_is_kept(void **state)
{
	struct pn_guest *guest = start(&plain);

	pn_guest_agent(guest, json_pack("{s:s,s:s}", "op", "lifecycle", "do", "panic"), SHORT_NS, NULL, NULL);
	wait_state(guest, PN_GUEST_CRASHED);
	assert_true(pn_guest_pid(guest) > 0);
	stop(guest);
}

int main(void)
{
	const struct CMUnitTest first[] = { cmocka_unit_test(test_repair_ends_what_a_killed_process_left) };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stopped_qemu_hangs_nobody_and_goes_on),
		cmocka_unit_test(test_stopped_qemu_can_be_ended),
		cmocka_unit_test(test_killed_qemu_is_gone),
		cmocka_unit_test(test_reset_boots_again),
		cmocka_unit_test(test_reset_takes_the_driver_away),
		cmocka_unit_test(test_crash_is_kept),
		cmocka_unit_test(test_nothing_is_left),
	};
	int r = begin();

	if (r)
		return r;
	r = cmocka_run_group_tests_name("orphans", first, NULL, NULL);
	r += cmocka_run_group_tests_name("faults", tests, open_host, NULL);
	return finish(r);
}
