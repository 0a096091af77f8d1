/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pn-mix: memory of known kinds, so that each way of getting memory back meets what it is good at and what it is not.
 *
 *   pn-mix [--cold BYTES] [--incompressible BYTES] [--zero BYTES] [--duplicate BYTES] [--cache BYTES] [--fresh BYTES]
 *          [--diverge PAGES_PER_S] [--seed N]
 *
 * cold: private pages, each with a stamp and text that compresses about three to one. incompressible: stamp and noise. zero: pages written with
 * zeroes. duplicate: pages whose content depends on their number alone, the same in every guest. cache: page cache, clean, of the data disk (found by its
 * serial number, written over without a file system). --diverge: so many duplicate pages a second get a content of their own, until they all have.
 *
 *   READY   everything is there
 *   MARK    on SIGUSR1 and SIGUSR2, as of every native load; on SIGHUP when a walk is over: every page is checked and written again, the cache read again,
 *           and --fresh bytes of new memory are written and released: what a guest does that needs its memory now
 *   {...}   on SIGTERM or SIGINT: bytes by kind, "corrupt", "walks": [{"seconds", "count", "p50", "p99", "p999", "max" (ns a page), "fresh_seconds"}]
 *
 * Exit: 0; 1 corruption was found; 2 usage; 3 no memory or no data disk. Huge pages are left to the kernel: what is measured is what a guest has.
 */
#include "args.h"
#include "hist.h"
#include "random.h"
#include "stamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define TICK_NS 10000000ull
#define WALKS_MAX 16
#define BLOCK_BYTES (1u << 20)

enum kind { COLD, INCOMPRESSIBLE, ZERO, DUPLICATE, CACHE, FRESH, KINDS };

static const char *const names[KINDS] = {"cold", "incompressible", "zero", "duplicate", "cache", "fresh"};

/** struct walk - one time that all was needed */
struct walk {
	double seconds, fresh_seconds;
	uint64_t count, p50, p99, p999, max;
};

static struct mix {
	uint64_t bytes[KINDS], seed, salt, diverge, diverged;
	char *memory[KINDS]; /* NULL for cache and fresh */
	uint64_t generation; /* of all pages; 0: as they were filled */
	uint64_t corrupt;
	int disk;
	struct walk walks[WALKS_MAX];
	unsigned int walk_count;
} mix = {.disk = -1};

static volatile sig_atomic_t need;

static void on_need(int number)
{
	need = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int usage(const char *why, const char *value)
{
	fprintf(stderr, "pn-mix: %s: '%s' is not accepted\nusage: pn-mix [--cold|--incompressible|--zero|--duplicate|--cache|--fresh BYTES[K|M|G]]"
		" [--diverge PAGES_PER_S] [--seed N]\n", why, value);
	return 2;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"cold", required_argument, NULL, COLD}, {"incompressible", required_argument, NULL, INCOMPRESSIBLE}, {"zero", required_argument, NULL, ZERO},
		{"duplicate", required_argument, NULL, DUPLICATE}, {"cache", required_argument, NULL, CACHE}, {"fresh", required_argument, NULL, FRESH},
		{"diverge", required_argument, NULL, 'd'}, {"seed", required_argument, NULL, 's'}, {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c < KINDS && pn_args_bytes(optarg, &mix.bytes[c]) < 0)
			return usage(names[c], optarg);
		if (c == 'd' && pn_args_number(optarg, &mix.diverge) < 0)
			return usage("--diverge", optarg);
		if (c == 's' && pn_args_number(optarg, &mix.seed) < 0)
			return usage("--seed", optarg);
		if (c == '?')
			return usage("option", argv[optind - 1]);
	}
	return optind < argc ? usage("argument", argv[optind]) : 0;
}

/* words[i] for i from 4 to 507 lie between the stamps of a page */
static void fill_words(uint64_t *words, unsigned int from, uint64_t seed, unsigned int keep_of_3)
{
	uint64_t x = seed | 1;

	for (unsigned int i = from; i < PAGE / sizeof(*words) - from; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = i % 3 < keep_of_3 ? x : 0x2064657461657065ull;
	}
}

static void write_page(enum kind kind, uint64_t index)
{
	char *page = mix.memory[kind] + index * PAGE;
	uint64_t key = kind * 0x100000000ull + index;

	switch (kind) {
	case ZERO:
		memset(page, 0, PAGE);
		if (mix.generation)
			*(uint64_t *)page = mix.generation;
		break;
	case DUPLICATE:
		fill_words((uint64_t *)page, 0, pn_random_mix(index), 3);
		if (mix.generation || index < mix.diverged)
			*(uint64_t *)page = pn_random_mix(mix.salt + index) + mix.generation;
		break;
	default:
		fill_words((uint64_t *)page, sizeof(struct pn_stamp) / sizeof(uint64_t), pn_random_mix(mix.salt + key), kind == COLD ? 1 : 3);
		pn_stamp_write(page, PAGE, mix.salt, key, mix.generation);
	}
}

static int is_good(enum kind kind, uint64_t index)
{
	const char *page = mix.memory[kind] + index * PAGE;
	const uint64_t *words = (const void *)page;
	uint64_t expected[PAGE / sizeof(uint64_t)];

	if (kind == ZERO)
		return words[0] == mix.generation && !words[1] && !memcmp(words + 1, words + 2, PAGE - 2 * sizeof(*words));
	if (kind != DUPLICATE)
		return pn_stamp_check(page, PAGE, mix.salt, kind * 0x100000000ull + index, mix.generation) == PN_STAMP_GOOD;
	fill_words(expected, 0, pn_random_mix(index), 3);
	if (mix.generation || index < mix.diverged)
		expected[0] = pn_random_mix(mix.salt + index) + mix.generation;
	return !memcmp(expected, page, PAGE);
}

/* The data disk by its serial number: nobody makes links in this guest. */
static int open_disk(void)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		char path[300], serial[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/sys/block/%s/serial", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(serial, sizeof(serial), file) && !strncmp(serial, "pn-data", 7)) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_RDWR | O_CLOEXEC);
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static int fill_cache(void)
{
	static uint64_t block[BLOCK_BYTES / sizeof(uint64_t)];

	mix.disk = open_disk();
	for (uint64_t at = 0; mix.disk >= 0 && at < mix.bytes[CACHE]; at += BLOCK_BYTES) {
		uint64_t bytes = mix.bytes[CACHE] - at < BLOCK_BYTES ? mix.bytes[CACHE] - at : BLOCK_BYTES;

		for (unsigned int page = 0; page < BLOCK_BYTES / PAGE; page++)
			fill_words(block + page * PAGE / sizeof(uint64_t), 0, pn_random_mix(mix.salt + at + page), 2);
		if (pwrite(mix.disk, block, bytes, at) != (ssize_t)bytes)
			return -1;
	}
	return mix.disk >= 0 ? fdatasync(mix.disk) : -1;
}

static int fill(void)
{
	for (enum kind kind = COLD; kind <= DUPLICATE; kind++) {
		mix.bytes[kind] = mix.bytes[kind] / PAGE * PAGE;
		mix.memory[kind] = mix.bytes[kind] ? mmap(NULL, mix.bytes[kind], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) : NULL;
		if (mix.memory[kind] == MAP_FAILED) {
			fprintf(stderr, "pn-mix: %s: %s\n", names[kind], strerror(errno));
			return 3;
		}
		for (uint64_t i = 0; i < mix.bytes[kind] / PAGE && !pn_args_stop; i++)
			write_page(kind, i);
	}
	if (mix.bytes[CACHE] && fill_cache() < 0) {
		fprintf(stderr, "pn-mix: cache: the data disk: %s\n", mix.disk < 0 ? "there is none" : strerror(errno));
		return 3;
	}
	return 0;
}

static void read_cache(struct pn_hist *hist)
{
	static char page[PAGE];

	for (uint64_t at = 0; at < mix.bytes[CACHE] && !pn_args_stop; at += PAGE) {
		uint64_t before = now_ns();

		if (pread(mix.disk, page, PAGE, at) != PAGE)
			mix.corrupt++;
		pn_hist_add(hist, now_ns() - before);
	}
}

static void use_fresh(struct walk *walk)
{
	uint64_t before = now_ns();
	char *memory;

	if (!mix.bytes[FRESH])
		return;
	memory = mmap(NULL, mix.bytes[FRESH], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (uint64_t at = 0; memory != MAP_FAILED && at < mix.bytes[FRESH] && !pn_args_stop; at += PAGE)
		memory[at] = 1;
	if (memory != MAP_FAILED)
		munmap(memory, mix.bytes[FRESH]);
	walk->fresh_seconds = (now_ns() - before) / 1e9;
}

/* Everything is checked against what was written last, then written as of the next generation. */
static void walk_all(void)
{
	static struct pn_hist hist;
	struct walk walk = {0};
	uint64_t began = now_ns();

	memset(&hist, 0, sizeof(hist));
	use_fresh(&walk);
	for (enum kind kind = COLD; kind <= DUPLICATE; kind++) {
		for (uint64_t i = 0; i < mix.bytes[kind] / PAGE && !pn_args_stop; i++) {
			uint64_t before = now_ns();

			if (!is_good(kind, i) && mix.corrupt++ < 20)
				fprintf(stderr, "CORRUPT %s page %" PRIu64 " of generation %" PRIu64 "\n", names[kind], i, mix.generation);
			mix.generation++;
			write_page(kind, i);
			mix.generation--;
			pn_hist_add(&hist, now_ns() - before);
		}
	}
	mix.generation++;
	read_cache(&hist);
	walk.seconds = (now_ns() - began) / 1e9;
	walk.count = hist.count;
	walk.p50 = pn_hist_quantile(&hist, 0.5);
	walk.p99 = pn_hist_quantile(&hist, 0.99);
	walk.p999 = pn_hist_quantile(&hist, 0.999);
	walk.max = hist.max;
	if (mix.walk_count < WALKS_MAX)
		mix.walks[mix.walk_count++] = walk;
}

static void diverge(void)
{
	uint64_t due = mix.diverge * TICK_NS / 1000000000 + 1, pages = mix.bytes[DUPLICATE] / PAGE;

	for (uint64_t i = 0; mix.diverge && i < due && mix.diverged < pages; i++)
		write_page(DUPLICATE, mix.diverged++);
}

static void run(void)
{
	struct timespec tick = {.tv_nsec = mix.diverge ? TICK_NS : 50 * 1000000};

	while (!pn_args_stop) {
		if (pn_args_mark || pn_args_end) {
			pn_args_mark = pn_args_end = 0;
			puts("MARK");
		}
		if (need) {
			need = 0;
			walk_all();
			puts("MARK");
		}
		diverge();
		nanosleep(&tick, NULL);
	}
}

static void report(void)
{
	fputs("{", stdout);
	for (enum kind kind = 0; kind < KINDS; kind++)
		printf("\"%s\":%" PRIu64 ",", names[kind], mix.bytes[kind]);
	printf("\"diverged\":%" PRIu64 ",\"corrupt\":%" PRIu64 ",\"walks\":[", mix.diverged, mix.corrupt);
	for (unsigned int i = 0; i < mix.walk_count; i++) {
		const struct walk *walk = &mix.walks[i];

		printf("%s{\"seconds\":%.6f,\"count\":%" PRIu64 ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64 ",\"max\":%" PRIu64
		       ",\"fresh_seconds\":%.6f}", i ? "," : "", walk->seconds, walk->count, walk->p50, walk->p99, walk->p999, walk->max, walk->fresh_seconds);
	}
	puts("]}");
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_need};
	int r = parse(argc, argv);

	if (r)
		return r;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	pn_args_signals();
	sigaction(SIGHUP, &action, NULL);
	mix.salt = pn_random_mix(mix.seed ^ now_ns()) | 1;
	r = fill();
	if (r)
		return r;
	puts("READY");
	run();
	report();
	return mix.corrupt ? 1 : 0;
}
