// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon over real guests of a real libvirtd: within the budget; killed between two orders; a QEMU that hangs; libvirtd killed and started again;
 * a configuration read anew; a user without rights, by TCP and in a session.
 *
 *	test-balloond-real PUNCTURE BALLOOND SCENARIO
 *
 * The harness starts the guests and is then killed, so that they run on with nobody but libvirtd and the daemon. Every wait is for a state, which the
 * daemon tells (balloond status), and ends with the alarm of the whole program.
 */

#include "real_fixture.h"

/* Orders by one of its lives at most: the next finds targets that are valid, and goes on to what the first was about. */
static void test_killed_between_two_orders(void **state)
{
	unsigned int before = count_log("target");

	start_balloond();
	while (count_log("target") == before)
		g_usleep(1000);
	kill_balloond();
	start_balloond();
	json_decref(wait_until(within_budget));
}

static pid_t qemu_of(const char *suffix)
{
	virDomainPtr *domains = NULL;
	int count = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	pid_t pid = 0;

	for (int i = 0; i < count; i++) {
		g_autofree char *path = g_strdup_printf("/run/libvirt/qemu/%s.pid", virDomainGetName(domains[i])), *text = NULL;

		if (g_str_has_suffix(virDomainGetName(domains[i]), suffix) && !pn_fs_read(path, &text, NULL, NULL))
			pid = (pid_t)atoi(text);
		virDomainFree(domains[i]);
	}
	free(domains);
	assert_true(pid > 0);
	return pid;
}

static json_int_t ticks_wanted;

static bool has_actual(const json_t *snapshot, const char *suffix)
{
	return json_is_integer(json_object_get(guest_of(snapshot, suffix), "actual_bytes"));
}

/* Decisions go on, with the others in them; a guest may be late once on a busy machine, so this is waited for. */
static bool others_go_on(const json_t *snapshot)
{
	return json_integer_value(json_object_get(snapshot, "ticks")) >= ticks_wanted && has_actual(snapshot, "-b") && has_actual(snapshot, "-c") &&
	       !has_actual(snapshot, "-a");
}

static void test_a_hung_monitor_delays_nobody(void **state)
{
	json_t *snapshot = wait_until(within_budget);
	pid_t pid = qemu_of("-a");

	json_decref(snapshot);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	snapshot = wait_until(is_stuck_or_stale);
	ticks_wanted = json_integer_value(json_object_get(snapshot, "ticks")) + 3;
	json_decref(snapshot);
	json_decref(wait_until(others_go_on));
	assert_int_equal(kill(pid, SIGCONT), 0);
	json_decref(wait_until(is_fresh));
}

static void write_config(const char *text)
{
	assert_int_equal(pn_fs_write(CONFIG, text, strlen(text), NULL), 0);
}

static void test_the_configuration_is_read_anew(void **state)
{
	unsigned int failed = count_log("reload failed");

	write_config("interval: never\n");
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	while (count_log("reload failed") == failed)
		g_usleep(POLL_US);
	json_decref(wait_until(within_budget)); /* the old one stays */
	write_config(CONFIGURATION("1740MiB"));
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	json_decref(wait_until(has_less));
}

static void test_libvirtd_goes_and_comes_back(void **state)
{
	virConnectClose(conn);
	assert_int_equal(kill(libvirtd, SIGKILL), 0);
	waitpid(libvirtd, NULL, 0);
	json_decref(wait_until(is_disconnected));
	unlink("/run/libvirtd.pid");
	libvirtd = start_daemon();
	assert_true(connect_daemon(libvirtd));
	json_decref(wait_until(is_running));
}

static void stop_balloond(void)
{
	unsigned int stopped = count_log("stopped");
	int code = -1;

	assert_int_equal(kill(daemon_pid, SIGTERM), 0);
	assert_int_equal(waitpid(daemon_pid, &code, 0), daemon_pid);
	assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
	assert_true(count_log("stopped") == stopped + 1);
	assert_false(g_file_test(socket_path, G_FILE_TEST_EXISTS));
}

static void test_it_ends_and_targets_stay(void **state)
{
	json_decref(wait_until(within_budget));
	stop_balloond();
}

/* all guests, by the device's word, where the new minimum wants them */
static bool all_have_more(const json_t *snapshot)
{
	const json_t *guest;
	size_t i;

	json_array_foreach(json_object_get(snapshot, "guests"), i, guest)
		if (json_integer_value(json_object_get(guest, "actual_bytes")) < 220 * (json_int_t)PN_MIB)
			return false;
	return is_running(snapshot);
}

static void start_as_nobody(const char *config)
{
	const char *const argv[] = {balloond, "--config", HOME "/balloond.yaml", NULL};

	assert_int_equal(pn_fs_mkdir_p(HOME, NULL), 0);
	assert_int_equal(chown(HOME, NOBODY, NOBODY), 0);
	assert_int_equal(pn_fs_write(HOME "/balloond.yaml", config, strlen(config), NULL), 0);
	assert_int_equal(chmod(HOME "/balloond.yaml", 0644), 0);
	assert_int_equal(chmod(LOG, 0666), 0);
	socket_path = NOBODYS_SOCKET;
	daemon_pid = begin_as(argv, LOG, true);
}

/* Without any right on this host, by the network: orders that real guests follow. */
static void test_nobody_over_the_network(void **state)
{
	start_as_nobody("connection: " REMOTE "\nhost: {capacity: 1840MiB, reserve: 100MiB}\nlimits: {min: 220MiB, overhead: 200MiB}\n"
			"status: {socket: " NOBODYS_SOCKET "}\ninterval: 1s\ntimeout: 400ms\n");
	json_decref(wait_until(all_have_more));
	stop_balloond();
}

static const char session_xml[] = "<domain type='qemu'><name>of-nobody</name><memory unit='MiB'>64</memory>"
				  "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
				  "<devices><controller type='usb' model='none'/><memballoon model='virtio'/></devices></domain>";

/* A libvirtd of that user's, as virsh would start it, with one guest in it, until it is killed. Return: its process. */
static pid_t start_session(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		virConnectPtr session = NULL;

		setpgid(0, 0);
		become_nobody();
		if (fork() == 0) {
			execlp("libvirtd", "libvirtd", NULL);
			_exit(127);
		}
		while (!(session = virConnectOpen(SESSION)) || !virDomainCreateXML(session, session_xml, 0)) {
			if (session)
				fprintf(stderr, "session: %s\n", virGetLastErrorMessage());
			g_usleep(10 * POLL_US);
		}
		for (;;)
			pause();
	}
	return pid;
}

/* Its one guest has no driver: what it has is seen all the same, and it is asked. */
static bool has_session_guest(const json_t *snapshot)
{
	const json_t *guest = guest_of(snapshot, "of-nobody");

	return !g_strcmp0(json_string_value(json_object_get(snapshot, "state")), "running") &&
	       json_integer_value(json_object_get(guest, "actual_bytes")) == 64 * (json_int_t)PN_MIB && json_is_true(json_object_get(guest, "control"));
}

static void test_a_session(void **state)
{
	pid_t session;

	assert_int_equal(pn_fs_mkdir_p(HOME, NULL), 0);
	assert_int_equal(chown(HOME, NOBODY, NOBODY), 0);
	session = start_session();
	start_as_nobody("connection: " SESSION "\nhost: {capacity: 200MiB, reserve: 10MiB}\nstatus: {socket: " NOBODYS_SOCKET "}\n");
	json_decref(wait_until(has_session_guest));
	stop_balloond();
	assert_int_equal(kill(-session, SIGKILL), 0);
	assert_int_equal(waitpid(session, NULL, 0), session);
}

static bool timelines_began(void)
{
	static const char *const names[GUESTS] = {"a", "b", "c"};
	unsigned int began = 0;

	for (size_t i = 0; i < GUESTS; i++) {
		g_autofree char *path = g_strdup_printf(OUT "/cases/0001/guests/%s/journal.jsonl", names[i]), *text = NULL;

		began += !pn_fs_read(path, &text, NULL, NULL) && strstr(text, "\"ev\":\"timeline\"") != NULL;
	}
	return began == GUESTS;
}

static int start_guests(void **state)
{
	const char *const argv[] = {puncture, "run", scenario, "--connect", URI, "--jobs", "1", "--out", OUT, NULL};
	pid_t pid = begin(argv, "/run/puncture.log");

	while (!timelines_began()) {
		if (waitpid(pid, NULL, WNOHANG)) {
			g_autofree char *log = NULL;

			fprintf(stderr, "the guests did not start: %s\n", pn_fs_read("/run/puncture.log", &log, NULL, NULL) ? "?" : log);
			return -1;
		}
		g_usleep(POLL_US);
	}
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	write_config(CONFIGURATION("1840MiB"));
	return 0;
}

static int judge(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_between_two_orders),     cmocka_unit_test(test_a_hung_monitor_delays_nobody),
		cmocka_unit_test(test_the_configuration_is_read_anew), cmocka_unit_test(test_libvirtd_goes_and_comes_back),
		cmocka_unit_test(test_it_ends_and_targets_stay),      cmocka_unit_test(test_nobody_over_the_network),
		cmocka_unit_test(test_a_session),
	};
	int failed;

	libvirtd = start_daemon();
	if (!connect_daemon(libvirtd))
		return 1;
	failed = cmocka_run_group_tests(tests, start_guests, NULL);
	if (failed) {
		g_autofree char *log = NULL;

		fprintf(stderr, "%s\n", pn_fs_read(LOG, &log, NULL, NULL) ? "no log" : log);
	}
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: test-balloond-real PUNCTURE BALLOOND SCENARIO\n");
		return 2;
	}
	puncture = argv[1];
	balloond = argv[2];
	scenario = argv[3];
	return libvirtd_main(puncture, LIFE_S, judge);
}
