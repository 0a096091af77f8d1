/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pn-spike: runs the guest out of memory, again and again, under a balloon that is to give back for it (deflate-on-oom).
 *
 *   pn-spike [--relief BYTES] [--cap BYTES] [--gap MS]
 *
 * A spike touches memory until free memory has risen by --relief from one page to the next, which only a balloon that lets go can make it do, or until it
 * has touched --cap more than was free when it began; then it lets all of it go and waits until the balloon has taken it again, at most --gap.
 * The longest single touch of a relieved spike is what the program waited for its relief: the kernel's own search for memory is in it.
 *
 *   READY            the first spike is about to begin
 *   {...}            the result, one line of JSON, on SIGTERM or SIGINT
 *
 * Keys: spikes, relieved (of them), late (memory was still falling at the end of the gap), ops = relieved; count, min, mean, p50, p90, p99, p999, max
 * of the wait in nanoseconds, and bins; absent when nothing was relieved. SIGUSR1 and SIGUSR2, where measuring begins and ends, are answered with
 * `MARK`; the first of them starts the figures anew.
 *
 * Exit: 0; 2 usage; 3 no address space.
 */
#include "args.h"
#include "hist.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS 1000000
#define CALM_POLLS 20 /* longer than a short lockout of the balloon */
#define CALM_BYTES (256u << 10)
#define LOOK_PAGES 64 /* between looks at free memory where no touch took long */
#define LONG_NS 500000 /* a touch that takes so long may have been relieved */

static struct spike {
	uint64_t relief_bytes, cap_bytes, gap_ms, page_size;
	uint64_t spikes, relieved, late;
	struct pn_hist waits;
} spike = {.relief_bytes = 16 << 20, .cap_bytes = 64 << 20, .gap_ms = 1000};

static int usage(const char *why, const char *value)
{
	fprintf(stderr, "pn-spike: %s: '%s' is not accepted\n"
		"usage: pn-spike [--relief BYTES[K|M|G]] [--cap BYTES[K|M|G]] [--gap MS]\n"
		"  --relief    rise of free memory that counts as relief (16M)\n"
		"  --cap       touched beyond what was free, at most (64M)\n"
		"  --gap       the balloon's time to take its pages again (1000)\n", why, value);
	return 2;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"relief", required_argument, NULL, 'r'}, {"cap", required_argument, NULL, 'c'}, {"gap", required_argument, NULL, 'g'}, {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r' && (pn_args_bytes(optarg, &spike.relief_bytes) < 0 || spike.relief_bytes == 0))
			return usage("--relief", optarg);
		if (c == 'c' && (pn_args_bytes(optarg, &spike.cap_bytes) < 0 || spike.cap_bytes == 0))
			return usage("--cap", optarg);
		if (c == 'g' && (pn_args_number(optarg, &spike.gap_ms) < 0 || spike.gap_ms > 3600000))
			return usage("--gap", optarg);
		if (c == '?')
			return usage("option", argv[optind - 1]);
	}
	return optind < argc ? usage("argument", argv[optind]) : 0;
}

static uint64_t free_bytes(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? 0 : (uint64_t)info.freeram * info.mem_unit;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Free memory falls with every page, so a rise is somebody's who let go. Return: relieved? with the longest touch in @ret_wait_ns. */
static bool touch_until_relieved(char *memory, uint64_t bytes, uint64_t *ret_wait_ns)
{
	uint64_t before = free_bytes(), longest = 0, at_ns = now_ns();
	unsigned int pages = 0;

	for (uint64_t at = 0; at < bytes && !pn_args_stop; at += spike.page_size) {
		uint64_t then_ns, took_ns, left;

		((volatile char *)memory)[at] = 1;
		then_ns = now_ns();
		took_ns = then_ns - at_ns;
		longest = took_ns > longest ? took_ns : longest;
		if (took_ns >= LONG_NS || ++pages % LOOK_PAGES == 0) {
			left = free_bytes();
			if (left >= before + spike.relief_bytes) {
				*ret_wait_ns = longest;
				return true;
			}
			before = left;
			then_ns = now_ns();
		}
		at_ns = then_ns;
	}
	return false;
}

/*
 * What the balloon let go of it takes again, and is done when free memory falls no more. How much is free at rest is not known, since the page cache that a
 * spike has cost does not come back; nor how far it will fall, since a quick balloon has begun before the spike's own pages are free.
 */
static void wait_for_balloon(void)
{
	const struct timespec poll = {.tv_nsec = POLL_NS};
	uint64_t until_ns = now_ns() + spike.gap_ms * 1000000ull, last = free_bytes();
	unsigned int calm = 0;

	while (!pn_args_stop && calm < CALM_POLLS) {
		uint64_t left;

		if (now_ns() >= until_ns) {
			spike.late++;
			return;
		}
		nanosleep(&poll, NULL);
		left = free_bytes();
		calm = left + CALM_BYTES >= last ? calm + 1 : 0;
		last = left;
	}
}

static int run_one(void)
{
	uint64_t bytes = free_bytes() + spike.cap_bytes, wait_ns;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, bytes, MADV_NOHUGEPAGE); /* a huge page is refused where a single one runs out of memory */
	spike.spikes++;
	if (touch_until_relieved(memory, bytes, &wait_ns)) {
		spike.relieved++;
		pn_hist_add(&spike.waits, wait_ns);
	}
	munmap(memory, bytes);
	return 0;
}

static void answer_marks(void)
{
	if (!pn_args_mark && !pn_args_end)
		return;
	if (pn_args_mark) {
		spike.spikes = spike.relieved = spike.late = 0;
		memset(&spike.waits, 0, sizeof(spike.waits));
	}
	pn_args_mark = pn_args_end = 0;
	puts("MARK");
}

static void print_result(double seconds)
{
	const struct pn_hist *waits = &spike.waits;

	printf("{\"seconds\":%.6f,\"spikes\":%" PRIu64 ",\"relieved\":%" PRIu64 ",\"late\":%" PRIu64 ",\"ops\":%" PRIu64 ",\"ops_per_s\":%.3f", seconds,
	       spike.spikes, spike.relieved, spike.late, spike.relieved, seconds > 0 ? (double)spike.relieved / seconds : 0);
	if (waits->count) {
		printf(",\"count\":%" PRIu64 ",\"min\":%" PRIu64 ",\"mean\":%.1f,\"p50\":%" PRIu64 ",\"p90\":%" PRIu64 ",\"p99\":%" PRIu64
		       ",\"p999\":%" PRIu64 ",\"max\":%" PRIu64 ",\"bins\":", waits->count, waits->min, (double)waits->sum / (double)waits->count,
		       pn_hist_quantile(waits, 0.5), pn_hist_quantile(waits, 0.9), pn_hist_quantile(waits, 0.99), pn_hist_quantile(waits, 0.999),
		       waits->max);
		pn_hist_print_bins(waits, stdout);
	}
	puts("}");
}

int main(int argc, char **argv)
{
	uint64_t began_ns;
	int r = parse(argc, argv);

	if (r)
		return r;
	spike.page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	pn_args_signals();
	puts("READY");
	began_ns = now_ns();
	while (r == 0 && !pn_args_stop) {
		if (pn_args_mark)
			began_ns = now_ns();
		answer_marks();
		r = run_one();
		wait_for_balloon();
	}
	if (r < 0)
		fprintf(stderr, "pn-spike: after %" PRIu64 " spikes: %s\n", spike.spikes, strerror(-r));
	print_result((double)(now_ns() - began_ns) / 1e9);
	return r < 0 ? 3 : 0;
}
