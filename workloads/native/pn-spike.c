/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pn-spike: runs the guest out of memory, again and again, under a balloon that is to give back for it (deflate-on-oom).
 *
 *   pn-spike [--relief BYTES] [--cap BYTES] [--leave BYTES] [--gap MS]
 *
 * With --leave it first takes all but so much of free memory and holds it, so that a spike is short: nothing can be reclaimed of what has no swap. A spike
 * touches memory page by page until the kernel has counted --relief more out of the balloon (balloon_deflate), or until it has touched --cap more than was
 * free when it began; then it lets go of what it touched and waits until the balloon is as large as before, at most --gap.
 * The longest group of 16 touches in a relieved spike is what the program waited for its relief, at most: the kernel's own search for memory is in it.
 *
 *   READY            the first spike is about to begin
 *   {...}            the result, one line of JSON, on SIGTERM or SIGINT
 *
 * Keys: spikes, relieved (of them), late (the balloon was smaller at the end of the gap), ops = relieved; count, min, mean, p50, p90, p99, p999, max
 * of the wait in nanoseconds, and bins; absent when nothing was relieved. SIGUSR1 and SIGUSR2, where measuring begins and ends, are answered with
 * `MARK`; the first of them starts the figures anew.
 *
 * Exit: 0; 2 usage; 3 no address space, or a kernel without balloon_deflate.
 */
#include "args.h"
#include "hist.h"

#include <errno.h>
#include <fcntl.h>
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
#define GROUP_PAGES 16 /* touched between two looks at the clock, which an emulator makes dearer than a page */
#define LOOK_PAGES 1024 /* between looks at the balloon where no group took long */
#define LONG_NS 2000000 /* a group that takes so long may have been relieved */
#define VMSTAT_BYTES 16384

static struct spike {
	uint64_t relief_bytes, cap_bytes, leave_bytes, gap_ms, page_size;
	uint64_t spikes, relieved, late;
	struct pn_hist waits;
	int vmstat_fd;
} spike = {.relief_bytes = 16 << 20, .cap_bytes = 64 << 20, .gap_ms = 1000};

/** struct balloon - pages that the kernel has counted into balloons and out of them, since it booted */
struct balloon {
	uint64_t inflated, deflated;
};

static int usage(const char *why, const char *value)
{
	fprintf(stderr, "pn-spike: %s: '%s' is not accepted\n"
		"usage: pn-spike [--relief BYTES[K|M|G]] [--cap BYTES[K|M|G]] [--leave BYTES[K|M|G]] [--gap MS]\n"
		"  --relief    out of the balloon, to count as relief (16M)\n"
		"  --cap       touched beyond what was free, at most (64M)\n"
		"  --leave     free memory left to the spikes, the rest is held (all of it)\n"
		"  --gap       the balloon's time to take its pages again (1000)\n", why, value);
	return 2;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"relief", required_argument, NULL, 'r'}, {"cap", required_argument, NULL, 'c'}, {"leave", required_argument, NULL, 'l'}, {"gap", required_argument, NULL, 'g'}, {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r' && (pn_args_bytes(optarg, &spike.relief_bytes) < 0 || spike.relief_bytes == 0))
			return usage("--relief", optarg);
		if (c == 'c' && (pn_args_bytes(optarg, &spike.cap_bytes) < 0 || spike.cap_bytes == 0))
			return usage("--cap", optarg);
		if (c == 'l' && (pn_args_bytes(optarg, &spike.leave_bytes) < 0 || spike.leave_bytes == 0))
			return usage("--leave", optarg);
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

static uint64_t count_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* Return: 0, or a negative errno when this kernel does not count balloons. */
static int look_at_balloon(struct balloon *ret_balloon)
{
	static char text[VMSTAT_BYTES];
	ssize_t bytes = pread(spike.vmstat_fd, text, sizeof(text) - 1, 0);

	if (bytes < 0)
		return -errno;
	text[bytes] = 0;
	if (!strstr(text, "\nballoon_deflate "))
		return -ENOTSUP;
	ret_balloon->inflated = count_of(text, "\nballoon_inflate ");
	ret_balloon->deflated = count_of(text, "\nballoon_deflate ");
	return 0;
}

static uint64_t held_pages(const struct balloon *balloon)
{
	return balloon->inflated - balloon->deflated;
}

static char *map(uint64_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory != MAP_FAILED)
		madvise(memory, bytes, MADV_NOHUGEPAGE); /* a huge page is refused where a single one runs out of memory */
	return memory;
}

/* Take all but --leave, for good. */
static int take_the_rest(void)
{
	uint64_t bytes = free_bytes();
	char *memory = spike.leave_bytes ? map(bytes) : NULL;

	if (memory == MAP_FAILED)
		return -errno;
	for (uint64_t at = 0; memory && at < bytes && free_bytes() > spike.leave_bytes; at += spike.page_size)
		((volatile char *)memory)[at] = 1;
	return 0;
}

/* Return: 1 when relieved, with the longest group in @ret_wait_ns; 0; or a negative errno. */
static int touch_until_relieved(char *memory, uint64_t bytes, const struct balloon *before, uint64_t *ret_wait_ns)
{
	uint64_t longest = 0, at_ns = now_ns();
	unsigned int pages = 0;

	for (uint64_t at = 0; at < bytes && !pn_args_stop; at += spike.page_size) {
		struct balloon now;
		uint64_t then_ns, took_ns;
		int r;

		((volatile char *)memory)[at] = 1;
		if (++pages % GROUP_PAGES)
			continue;
		then_ns = now_ns();
		took_ns = then_ns - at_ns;
		longest = took_ns > longest ? took_ns : longest;
		if (took_ns >= LONG_NS || pages % LOOK_PAGES == 0) {
			r = look_at_balloon(&now);
			if (r < 0)
				return r;
			if ((now.deflated - before->deflated) * spike.page_size >= spike.relief_bytes) {
				*ret_wait_ns = longest;
				return 1;
			}
			then_ns = now_ns();
		}
		at_ns = then_ns;
	}
	return 0;
}

/* The balloon takes again what it let go of. */
static int wait_for_balloon(uint64_t pages)
{
	const struct timespec poll = {.tv_nsec = POLL_NS};
	uint64_t until_ns = now_ns() + spike.gap_ms * 1000000ull;
	struct balloon now;
	int r = look_at_balloon(&now);

	while (r == 0 && held_pages(&now) < pages && !pn_args_stop) {
		if (now_ns() >= until_ns) {
			spike.late++;
			return 0;
		}
		nanosleep(&poll, NULL);
		r = look_at_balloon(&now);
	}
	return r;
}

static int run_one(void)
{
	uint64_t bytes = free_bytes() + spike.cap_bytes, wait_ns;
	struct balloon before;
	int r = look_at_balloon(&before);
	char *memory = r == 0 ? map(bytes) : MAP_FAILED;

	if (memory == MAP_FAILED)
		return r ? r : -errno;
	spike.spikes++;
	r = touch_until_relieved(memory, bytes, &before, &wait_ns);
	if (r > 0) {
		spike.relieved++;
		pn_hist_add(&spike.waits, wait_ns);
	}
	munmap(memory, bytes);
	return r < 0 ? r : wait_for_balloon(held_pages(&before));
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
	spike.vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	r = spike.vmstat_fd < 0 ? -errno : take_the_rest();
	puts("READY");
	began_ns = now_ns();
	while (r == 0 && !pn_args_stop) {
		if (pn_args_mark)
			began_ns = now_ns();
		answer_marks();
		r = run_one();
	}
	if (r < 0)
		fprintf(stderr, "pn-spike: after %" PRIu64 " spikes: %s\n", spike.spikes, strerror(-r));
	print_result((double)(now_ns() - began_ns) / 1e9);
	return r < 0 ? 3 : 0;
}
