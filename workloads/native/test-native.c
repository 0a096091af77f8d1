/* SPDX-License-Identifier: GPL-2.0-only */
#include "args.h"
#include "hist.h"
#include "random.h"
#include "stamp.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void bins_cover_everything_without_gap_or_overlap(void **state)
{
	assert_int_equal(pn_hist_bin_low(0), 0);
	for (unsigned int bin = 0; bin + 1 < PN_HIST_BINS; bin++)
		assert_true(pn_hist_bin_high(bin) + 1 == pn_hist_bin_low(bin + 1));
	assert_true(pn_hist_bin_high(PN_HIST_BINS - 1) == UINT64_MAX);
}

static void a_value_is_known_to_one_part_in_64(void **state)
{
	for (int shift = 0; shift < 64; shift++) {
		struct pn_hist *hist = calloc(1, sizeof(*hist));
		uint64_t value = (1ull << shift) + (1ull << shift) / 3, got;

		pn_hist_add(hist, value);
		pn_hist_add(hist, UINT64_MAX);
		got = pn_hist_quantile(hist, 0.5);
		assert_true(got >= value && got - value <= value / 64);
		free(hist);
	}
}

static void quantiles_are_those_of_the_ranks(void **state)
{
	struct pn_hist *hist = calloc(1, sizeof(*hist));

	assert_int_equal(pn_hist_quantile(hist, 0.5), 0);
	for (uint64_t v = 1; v <= 50; v++) /* below 64 each value has a bin of its own */
		pn_hist_add(hist, v);
	assert_int_equal(pn_hist_quantile(hist, 0), 1);
	assert_int_equal(pn_hist_quantile(hist, 0.5), 25);
	assert_int_equal(pn_hist_quantile(hist, 0.51), 26);
	assert_int_equal(pn_hist_quantile(hist, 0.99), 50);
	assert_int_equal(pn_hist_quantile(hist, 1), 50);
	assert_int_equal(hist->min, 1);
	assert_int_equal(hist->max, 50);
	assert_int_equal(hist->sum, 1275);
	free(hist);
}

static void each_round_visits_every_page_once(void **state)
{
	static const uint64_t counts[] = {1, 2, 3, 63, 64, 65, 1000, 4097};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct pn_random_order order;
		unsigned int *visits = calloc(counts[i], sizeof(*visits));

		pn_random_order_init(&order, counts[i], 7);
		for (unsigned int round = 1; round <= 3; round++) {
			for (uint64_t n = 0; n < counts[i]; n++)
				visits[pn_random_order_next(&order)]++;
			for (uint64_t n = 0; n < counts[i]; n++)
				assert_int_equal(visits[n], round);
		}
		free(visits);
	}
}

static void the_order_is_the_seeds(void **state)
{
	struct pn_random_order a, b, c;
	unsigned int same = 0;

	pn_random_order_init(&a, 10000, 1);
	pn_random_order_init(&b, 10000, 1);
	pn_random_order_init(&c, 10000, 2);
	for (int i = 0; i < 1000; i++) {
		uint64_t x = pn_random_order_next(&a);

		assert_int_equal(x, pn_random_order_next(&b));
		same += x == pn_random_order_next(&c);
	}
	assert_true(same < 100);
}

static void a_stamp_tells_what_happened_to_its_page(void **state)
{
	char page[4096] = {0}, other[4096] = {0};

	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 0, 0), PN_STAMP_ZERO);
	pn_stamp_write(page, sizeof(page), 5, 17, 3);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 17, 3), PN_STAMP_GOOD);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 17, 4), PN_STAMP_STALE);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 18, 3), PN_STAMP_FOREIGN);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 6, 17, 3), PN_STAMP_FOREIGN);
	pn_stamp_write(other, sizeof(other), 5, 17, 4);
	memcpy(page, other, 2048);
	assert_int_equal(pn_stamp_check(page, sizeof(page), 5, 17, 4), PN_STAMP_TORN);
	other[9]++;
	other[4096 - 32 + 9]++;
	assert_int_equal(pn_stamp_check(other, sizeof(other), 5, 17, 4), PN_STAMP_TORN);
}

static void sizes_are_read_or_refused(void **state)
{
	uint64_t bytes;

	assert_int_equal(pn_args_bytes("64M", &bytes), 0);
	assert_int_equal(bytes, 64 << 20);
	assert_int_equal(pn_args_bytes("123", &bytes), 0);
	assert_int_equal(bytes, 123);
	for (const char *const *bad = (const char *const[]){"", "M", "-1", "1X", "1MB", "99999999999999999999", "99999999T", NULL}; *bad; bad++)
		assert_int_equal(pn_args_bytes(*bad, &bytes), -EINVAL);
	assert_int_equal(pn_args_number("12x", &bytes), -EINVAL);
}

static const char *touch_path, *churn_path, *hog_path, *spike_path;

static uint64_t touches(const char *progress)
{
	FILE *file = fopen(progress, "r");
	uint64_t count = 0;

	if (file && fread(&count, sizeof(count), 1, file) != 1)
		count = 0;
	if (file)
		fclose(file);
	return count;
}

static pid_t start_touch(const char *progress, FILE **ret_output)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(touch_path, touch_path, "--size", "256K", "--rate", "5000", "--progress", progress, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	*ret_output = fdopen(fds[0], "r");
	return pid;
}

static void expect_line(FILE *output, const char *expected)
{
	char line[64];

	assert_non_null(fgets(line, sizeof(line), output));
	assert_string_equal(line, expected);
}

/* What is touched after the end of what is measured is in the total, and in no figure. */
static void touches_outside_of_what_is_measured_do_not_count(void **state)
{
	char progress[] = "/tmp/pn-test-touch-XXXXXX", result[65536];
	uint64_t marked, measured, count;
	FILE *output;
	pid_t pid;
	int status;

	if (!touch_path)
		skip();
	close(mkstemp(progress));
	pid = start_touch(progress, &output);
	expect_line(output, "READY\n");
	while (touches(progress) < 100)
		usleep(1000);
	marked = touches(progress);
	kill(pid, SIGUSR1);
	expect_line(output, "MARK\n");
	while (touches(progress) < marked + 100)
		usleep(1000);
	kill(pid, SIGUSR2);
	expect_line(output, "MARK\n");
	measured = touches(progress);
	while (touches(progress) < measured + 1000)
		usleep(1000);
	kill(pid, SIGTERM);
	assert_non_null(fgets(result, sizeof(result), output));
	assert_int_equal(sscanf(strstr(result, "\"count\":"), "\"count\":%" SCNu64, &count), 1);
	assert_in_range(count, 1, measured - marked);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fclose(output);
	unlink(progress);
}

/* On a host whose memory is sound it finds nothing, and it has looked at every page at least twice. */
static void churned_pages_hold_what_they_should(void **state)
{
	uint64_t rounds, checked, corrupt, dirty;
	char result[1024];
	FILE *output;
	int fds[2], status;
	pid_t pid;

	if (!churn_path)
		skip();
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(churn_path, churn_path, "--size", "1M", "--rate", "200", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	output = fdopen(fds[0], "r");
	expect_line(output, "READY\n");
	kill(pid, SIGUSR1);
	expect_line(output, "MARK\n"); /* it goes round */
	kill(pid, SIGTERM);
	assert_non_null(fgets(result, sizeof(result), output));
	assert_int_equal(sscanf(strstr(result, "\"ops\":"), "\"ops\":%" SCNu64, &rounds), 1);
	assert_int_equal(sscanf(strstr(result, "\"checked\":"), "\"checked\":%" SCNu64 ",\"corrupt\":%" SCNu64 ",\"dirty\":%" SCNu64, &checked, &corrupt, &dirty), 3);
	assert_true(rounds > 0);
	assert_int_equal(checked, 64 * rounds + 256);
	assert_int_equal(corrupt, 0);
	assert_int_equal(dirty, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fclose(output);
}
/* Whoever measures waits for these words, also while it holds what it has and does nothing. */
static void a_hog_that_holds_its_memory_still_answers(void **state)
{
	char line[256];
	FILE *output;
	int fds[2], status;
	pid_t pid;

	if (!hog_path)
		skip();
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(hog_path, hog_path, "anon", "16M", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	output = fdopen(fds[0], "r");
	expect_line(output, "READY\n");
	expect_line(output, "took 16777216\n");
	kill(pid, SIGUSR1);
	expect_line(output, "MARK\n");
	kill(pid, SIGUSR2);
	expect_line(output, "MARK\n");
	kill(pid, SIGTERM);
	assert_non_null(fgets(line, sizeof(line), output));
	assert_non_null(strstr(line, "\"bytes\":16777216"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fclose(output);
}

/* It is never let loose here: it would run this machine out of memory. */
static void spikes_without_an_end_are_refused(void **state)
{
	static const char *const wrong[][2] = {{"--relief", "0"}, {"--cap", "0"}, {"--cap", "much"}, {"--leave", "0"}, {"--gap", "-1"}, {"--often", "1"}};

	if (!spike_path)
		skip();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			fclose(stderr);
			execl(spike_path, spike_path, wrong[i][0], wrong[i][1], (char *)NULL);
			_exit(127);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_cover_everything_without_gap_or_overlap),
		cmocka_unit_test(a_value_is_known_to_one_part_in_64),
		cmocka_unit_test(quantiles_are_those_of_the_ranks),
		cmocka_unit_test(each_round_visits_every_page_once),
		cmocka_unit_test(the_order_is_the_seeds),
		cmocka_unit_test(a_stamp_tells_what_happened_to_its_page),
		cmocka_unit_test(sizes_are_read_or_refused),
		cmocka_unit_test(touches_outside_of_what_is_measured_do_not_count),
		cmocka_unit_test(churned_pages_hold_what_they_should),
		cmocka_unit_test(spikes_without_an_end_are_refused),
		cmocka_unit_test(a_hog_that_holds_its_memory_still_answers),
	};

	touch_path = argc > 1 ? argv[1] : NULL;
	churn_path = argc > 2 ? argv[2] : NULL;
	hog_path = argc > 3 ? argv[3] : NULL;
	spike_path = argc > 4 ? argv[4] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
