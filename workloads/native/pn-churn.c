/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pn-churn: is memory what it should be while it comes and goes? Keeps stamped pages in chunks and, chunk by chunk in random order, checks every
 * stamp, gives the chunk back to the kernel, takes as many pages anew, looks whether they came empty, and stamps those. So its pages are always
 * among the ones that were freed last, which is where a balloon that lets go of a page too early, or takes one that it has let go of, does harm.
 *
 *   READY            every page is stamped
 *   CORRUPT ...      (standard error) a page did not hold what was written last
 *   DIRTY ...        (standard error) a page came from the kernel with something in it
 *   {...}            the result, one line of JSON, on SIGTERM or SIGINT, after all pages have been checked once more
 *
 * Exit: 0; 1 corrupt or dirty pages were found; 2 usage; 3 no memory.
 */
#include "args.h"
#include "random.h"
#include "stamp.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_PAGES 64
#define LINES_MAX 20

static struct churn {
	uint64_t bytes, rate, seed;
	char *memory;
	size_t page_size;
	uint64_t chunks, salt;
	uint64_t *generation; /* of each chunk */
	uint64_t checked, corrupt, dirty, rounds, lines;
} churn = {.bytes = 32 << 20};

static int usage(const char *why, const char *value)
{
	fprintf(stderr, "pn-churn: %s: '%s' is not accepted\n"
		"usage: pn-churn [--size BYTES[K|M|G]] [--rate CHUNKS_PER_S] [--seed N]\n"
		"  --size      memory that is kept (32M)\n"
		"  --rate      chunks of %d pages given back and taken anew a second; 0 as fast as possible (0)\n"
		"  --seed      of the order of chunks (0)\n", why, value, CHUNK_PAGES);
	return 2;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"size", required_argument, NULL, 's'}, {"rate", required_argument, NULL, 'r'}, {"seed", required_argument, NULL, 'e'}, {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's' && (pn_args_bytes(optarg, &churn.bytes) < 0 || churn.bytes == 0))
			return usage("--size", optarg);
		if (c == 'r' && (pn_args_number(optarg, &churn.rate) < 0 || churn.rate > 1000000))
			return usage("--rate", optarg);
		if (c == 'e' && pn_args_number(optarg, &churn.seed) < 0)
			return usage("--seed", optarg);
		if (c == '?')
			return usage("option", argv[optind - 1]);
	}
	return optind < argc ? usage("argument", argv[optind]) : 0;
}

static int map_memory(void)
{
	churn.page_size = sysconf(_SC_PAGESIZE);
	churn.chunks = (churn.bytes + churn.page_size * CHUNK_PAGES - 1) / (churn.page_size * CHUNK_PAGES);
	churn.bytes = churn.chunks * CHUNK_PAGES * churn.page_size;
	churn.memory = mmap(NULL, churn.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	churn.generation = calloc(churn.chunks, sizeof(*churn.generation));
	if (churn.memory == MAP_FAILED || !churn.generation) {
		fprintf(stderr, "pn-churn: %" PRIu64 " bytes: %s\n", churn.bytes, strerror(errno));
		return 3;
	}
	madvise(churn.memory, churn.bytes, MADV_NOHUGEPAGE); /* single pages: more owners for what a balloon lets go of */
	return 0;
}

static char *page_of(uint64_t index)
{
	return churn.memory + index * churn.page_size;
}

static void check_chunk(uint64_t chunk)
{
	for (uint64_t i = chunk * CHUNK_PAGES; i < (chunk + 1) * CHUNK_PAGES; i++) {
		enum pn_stamp_verdict verdict = pn_stamp_check(page_of(i), churn.page_size, churn.salt, i, churn.generation[chunk]);

		churn.checked++;
		if (verdict == PN_STAMP_GOOD)
			continue;
		churn.corrupt++;
		if (churn.lines++ < LINES_MAX)
			fprintf(stderr, "CORRUPT page %" PRIu64 ": %s\n", i, pn_stamp_names[verdict]);
	}
}

/* A first write in the middle makes the kernel hand out a page of our own; what stands around it then is what the page came with. */
static void take_page(uint64_t index)
{
	static const char empty[sizeof(struct pn_stamp)];
	char *page = page_of(index);

	((volatile char *)page)[churn.page_size / 2] = 1;
	if (memcmp(page, empty, sizeof(empty)) == 0 && memcmp(page + churn.page_size - sizeof(empty), empty, sizeof(empty)) == 0)
		return;
	churn.dirty++;
	if (churn.lines++ < LINES_MAX)
		fprintf(stderr, "DIRTY page %" PRIu64 ": first words %" PRIx64 " %" PRIx64 "\n", index, ((uint64_t *)page)[0], ((uint64_t *)page)[1]);
}

static void fill_chunk(uint64_t chunk)
{
	churn.generation[chunk]++;
	for (uint64_t i = chunk * CHUNK_PAGES; i < (chunk + 1) * CHUNK_PAGES; i++) {
		take_page(i);
		pn_stamp_write(page_of(i), churn.page_size, churn.salt, i, churn.generation[chunk]);
	}
}

static void renew(uint64_t chunk)
{
	check_chunk(chunk);
	madvise(page_of(chunk * CHUNK_PAGES), CHUNK_PAGES * churn.page_size, MADV_DONTNEED);
	fill_chunk(chunk);
	churn.rounds++;
}

static void run(void)
{
	uint64_t step_ns = churn.rate ? 1000000000ull / churn.rate : 0;
	struct timespec due;
	struct pn_random_order order;

	pn_random_order_init(&order, churn.chunks, churn.seed);
	clock_gettime(CLOCK_MONOTONIC, &due);
	while (!pn_args_stop) {
		if (pn_args_mark || pn_args_end) {
			pn_args_mark = pn_args_end = 0; /* it is checked all the time */
			puts("MARK");
		}
		renew(pn_random_order_next(&order));
		if (!step_ns)
			continue;
		due.tv_nsec += (long)(step_ns % 1000000000ull);
		due.tv_sec += (time_t)(step_ns / 1000000000ull) + due.tv_nsec / 1000000000;
		due.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	}
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	double seconds;
	int r = parse(argc, argv);

	if (r == 0)
		r = map_memory();
	if (r)
		return r;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	pn_args_signals();
	clock_gettime(CLOCK_MONOTONIC, &from);
	churn.salt = pn_random_mix(churn.seed ^ (uint64_t)from.tv_nsec ^ (uint64_t)getpid() << 32) | 1;
	for (uint64_t i = 0; i < churn.chunks && !pn_args_stop; i++)
		fill_chunk(i);
	puts("READY");
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (!pn_args_stop)
		run();
	clock_gettime(CLOCK_MONOTONIC, &to);
	for (uint64_t i = 0; i < churn.chunks && churn.generation[i]; i++)
		check_chunk(i);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("{\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"ops\":%" PRIu64 ",\"ops_per_s\":%.3f,\"checked\":%" PRIu64 ",\"corrupt\":%" PRIu64
	       ",\"dirty\":%" PRIu64 "}\n", churn.bytes, seconds, churn.rounds, seconds > 0 ? (double)churn.rounds / seconds : 0, churn.checked,
	       churn.corrupt, churn.dirty);
	return churn.corrupt || churn.dirty ? 1 : 0;
}
