/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pn-touch: how long does it take to touch a page? Maps memory, stamps every page, then goes over the pages in random order, checks each
 * stamp and renews it, and keeps a histogram of how long that took: what a program feels when its pages have to come back from swap, or
 * when the kernel has none to give.
 *
 *   READY            every page is stamped; from here on latencies count
 *   MARK             on SIGUSR1: the figures start anew, so that warm-up is kept apart; on SIGUSR2: they stand, and what is touched from here on
 *                    is checked, not counted
 *   CORRUPT ...      (standard error) a page did not hold what was written last
 *   {...}            the result, one line of JSON, on SIGTERM or SIGINT
 *
 * Exit: 0; 1 corruption was found; 2 usage; 3 no memory. The latency is that of the touch alone: at a given rate, time that the program was
 * not let run does not enter it, but shows as "late_max_ns".
 */
#include "args.h"
#include "hist.h"
#include "random.h"
#include "stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS "/run/pn-touch.count"
#define SECOND_NS 1000000000ull
enum { PROGRESS_COUNT, PROGRESS_P50, PROGRESS_P99, PROGRESS_MAX, PROGRESS_WORDS }; /* latencies of the last whole second; 0 before there is one */
#define BATCH_NS 2000000ull
#define CORRUPT_LINES_MAX 20

static struct probe {
	uint64_t bytes, rate, seed;
	const char *progress_path;
	char *memory;
	size_t page_size;
	uint64_t pages, salt;
	uint32_t *generation; /* of each page */
	volatile uint64_t *progress; /* PROGRESS_WORDS */
	struct pn_random_order order;
	struct pn_hist hist, second; /* of all that counts; of the second that runs */
	uint64_t second_ns;	     /* when that one began */
	uint64_t since_ns, until_ns, late_max_ns, corrupt, total; /* until: 0 while touches count */
} probe = {.bytes = 64 << 20, .progress_path = PROGRESS};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int usage(const char *why, const char *value)
{
	fprintf(stderr, "pn-touch: %s: '%s' is not accepted\n"
		"usage: pn-touch [--size BYTES[K|M|G]] [--rate TOUCHES_PER_S] [--seed N] [--progress FILE]\n"
		"  --size      memory to touch (64M)\n"
		"  --rate      touches a second; 0 as fast as possible (0)\n"
		"  --seed      of the order of pages (0)\n"
		"  --progress  file whose first 8 bytes count the touches, latencies of the last second behind it; empty for none (" PROGRESS ")\n", why, value);
	return 2;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"size", required_argument, NULL, 's'}, {"rate", required_argument, NULL, 'r'}, {"seed", required_argument, NULL, 'e'},
		{"progress", required_argument, NULL, 'p'}, {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's' && (pn_args_bytes(optarg, &probe.bytes) < 0 || probe.bytes == 0))
			return usage("--size", optarg);
		if (c == 'r' && (pn_args_number(optarg, &probe.rate) < 0 || probe.rate > 1000000000))
			return usage("--rate", optarg);
		if (c == 'e' && pn_args_number(optarg, &probe.seed) < 0)
			return usage("--seed", optarg);
		if (c == 'p')
			probe.progress_path = optarg;
		if (c == '?')
			return usage("option", argv[optind - 1]);
	}
	return optind < argc ? usage("argument", argv[optind]) : 0;
}

/* The count of touches and the latencies of the last second for whoever watches; without it the probe works all the same. */
static void map_progress(void)
{
	static uint64_t nobody[PROGRESS_WORDS];
	const size_t size = sizeof(nobody);
	void *map = MAP_FAILED;
	int fd;

	probe.progress = nobody;
	if (!probe.progress_path[0])
		return;
	unlink(probe.progress_path);
	fd = open(probe.progress_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0 && ftruncate(fd, size) == 0)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fprintf(stderr, "pn-touch: %s: %s: progress is not told\n", probe.progress_path, strerror(errno));
	else
		probe.progress = map;
	if (fd >= 0)
		close(fd);
}

static int map_memory(void)
{
	probe.page_size = sysconf(_SC_PAGESIZE);
	probe.pages = (probe.bytes + probe.page_size - 1) / probe.page_size;
	probe.memory = mmap(NULL, probe.pages * probe.page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	probe.generation = calloc(probe.pages, sizeof(*probe.generation));
	if (probe.memory == MAP_FAILED || !probe.generation) {
		fprintf(stderr, "pn-touch: %" PRIu64 " bytes: %s\n", probe.bytes, strerror(errno));
		return 3;
	}
	/* Pages are what is measured: a huge page would make one slow touch of 512. */
	madvise(probe.memory, probe.pages * probe.page_size, MADV_NOHUGEPAGE);
	return 0;
}

static void complain(uint64_t index, enum pn_stamp_verdict verdict)
{
	const struct pn_stamp *found = (const void *)(probe.memory + index * probe.page_size);

	if (probe.corrupt++ >= CORRUPT_LINES_MAX)
		return;
	fprintf(stderr, "CORRUPT page %" PRIu64 " of %" PRIu64 ": %s: expected generation %u, found salt %" PRIx64 " index %" PRIu64 " generation %" PRIu64 "\n",
		index, probe.pages, pn_stamp_names[verdict], probe.generation[index], found->salt, found->index, found->generation);
}

/* counted whether or not the whole counts: what is seen over time has its own phases */
static void tell_second(uint64_t at_ns, uint64_t latency_ns)
{
	pn_hist_add(&probe.second, latency_ns);
	if (at_ns - probe.second_ns < SECOND_NS)
		return;
	probe.progress[PROGRESS_P50] = pn_hist_quantile(&probe.second, 0.5);
	probe.progress[PROGRESS_P99] = pn_hist_quantile(&probe.second, 0.99);
	probe.progress[PROGRESS_MAX] = probe.second.max;
	memset(&probe.second, 0, sizeof(probe.second));
	probe.second_ns = at_ns;
}

static void touch_one(void)
{
	uint64_t index = pn_random_order_next(&probe.order), before = now_ns(), after;
	char *page = probe.memory + index * probe.page_size;
	enum pn_stamp_verdict verdict = pn_stamp_check(page, probe.page_size, probe.salt, index, probe.generation[index]);

	if (verdict == PN_STAMP_GOOD)
		pn_stamp_write(page, probe.page_size, probe.salt, index, ++probe.generation[index]);
	after = now_ns();
	if (!probe.until_ns)
		pn_hist_add(&probe.hist, after - before);
	tell_second(after, after - before);
	probe.progress[PROGRESS_COUNT] = ++probe.total;
	if (verdict == PN_STAMP_GOOD)
		return;
	complain(index, verdict);
	pn_stamp_write(page, probe.page_size, probe.salt, index, ++probe.generation[index]);
}

static void restart(void)
{
	memset(&probe.hist, 0, sizeof(probe.hist));
	probe.since_ns = now_ns();
	probe.until_ns = 0;
	probe.late_max_ns = 0;
}

static void hear_signals(void)
{
	if (pn_args_mark) {
		pn_args_mark = 0;
		restart();
		puts("MARK");
	}
	if (pn_args_end) {
		pn_args_end = 0;
		probe.until_ns = now_ns();
		puts("MARK");
	}
}

static void sleep_until(uint64_t due_ns)
{
	struct timespec due = {.tv_sec = due_ns / 1000000000ull, .tv_nsec = due_ns % 1000000000ull};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

/* Touches at the rate asked for, in batches of BATCH_NS; what could not be done in time is not made up for. */
static void run(void)
{
	uint64_t batch = probe.rate ? (probe.rate * BATCH_NS + 999999999) / 1000000000 : 64, due_ns = now_ns();
	uint64_t step_ns = probe.rate ? batch * 1000000000ull / probe.rate : 0;

	probe.second_ns = due_ns;
	while (!pn_args_stop) {
		hear_signals();
		for (uint64_t i = 0; i < batch && !pn_args_stop; i++)
			touch_one();
		if (!probe.rate)
			continue;
		due_ns += step_ns;
		if (now_ns() > due_ns) {
			uint64_t late_ns = now_ns() - due_ns;

			if (!probe.until_ns && late_ns > probe.late_max_ns)
				probe.late_max_ns = late_ns;
			due_ns = now_ns();
		} else {
			sleep_until(due_ns);
		}
	}
}

static void report(void)
{
	double seconds = ((probe.until_ns ? probe.until_ns : now_ns()) - probe.since_ns) / 1e9;
	const struct pn_hist *hist = &probe.hist;

	printf("{\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"count\":%" PRIu64 ",\"ops\":%" PRIu64 ",\"ops_per_s\":%.3f,", probe.pages * probe.page_size,
	       seconds, hist->count, hist->count, seconds > 0 ? hist->count / seconds : 0);
	printf("\"min\":%" PRIu64 ",\"mean\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p90\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64 ",\"max\":%" PRIu64 ",",
	       hist->min, hist->count ? hist->sum / hist->count : 0, pn_hist_quantile(hist, 0.5), pn_hist_quantile(hist, 0.9),
	       pn_hist_quantile(hist, 0.99), pn_hist_quantile(hist, 0.999), hist->max);
	printf("\"late_max_ns\":%" PRIu64 ",\"corrupt\":%" PRIu64 ",\"bins\":", probe.late_max_ns, probe.corrupt);
	pn_hist_print_bins(hist, stdout);
	puts("}");
}

int main(int argc, char **argv)
{
	int r = parse(argc, argv);

	if (r == 0)
		r = map_memory();
	if (r)
		return r;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	pn_args_signals();
	map_progress();
	probe.salt = pn_random_mix(probe.seed ^ now_ns()) | 1;
	pn_random_order_init(&probe.order, probe.pages, probe.seed);
	for (uint64_t i = 0; i < probe.pages && !pn_args_stop; i++)
		pn_stamp_write(probe.memory + i * probe.page_size, probe.page_size, probe.salt, i, 0);
	puts("READY");
	restart();
	run();
	report();
	if (probe.progress_path[0])
		unlink(probe.progress_path);
	return probe.corrupt ? 1 : 0;
}
