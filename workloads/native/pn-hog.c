/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pn-hog: takes memory until it has what it was told to take, or the kernel acts.
 *
 *   pn-hog anon|cache|mlock|thp BYTES [--rate BYTES_PER_S] [--file PATH]
 *
 * anon: private pages, each written to. mlock: the same, locked. thp: 2 MiB at a time, huge pages advised. cache: page cache, of the file
 * given, or of memory without a file (which only swap can take back). Prints `READY` before the first page, `took BYTES` every 16 MiB, and
 * {"bytes":...} when it is told to end (SIGTERM, SIGINT) or can't go on; holds what it has until then. It measures nothing by time: SIGUSR1 and
 * SIGUSR2, where measuring begins and ends, are answered with `MARK`, at its next chunk.
 *
 * Exit: 0 told to end; 2 usage; 3 the kernel refused (which is not an OOM kill: that is a SIGKILL).
 */
#include "args.h"

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

#define CHUNK_BYTES (2ull << 20)
#define TELL_BYTES (16ull << 20)

static uint64_t rate;
static const char *file_path;
static int file_fd = -1;

/* Pages that a host's or guest's page merging or compression can't make small. */
static void dirty(char *memory, uint64_t bytes, uint64_t salt)
{
	uint64_t x = salt * 0x9e3779b97f4a7c15ull | 1;

	for (uint64_t at = 0; at < bytes; at += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(memory + at, &x, sizeof(x));
	}
}

static char *map(uint64_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int take_anon(uint64_t at, uint64_t bytes)
{
	char *memory = map(bytes);

	if (!memory)
		return -errno;
	dirty(memory, bytes, at + 1);
	return 0;
}

static int take_mlock(uint64_t at, uint64_t bytes)
{
	char *memory = map(bytes);

	if (!memory || mlock(memory, bytes) < 0)
		return -errno;
	dirty(memory, bytes, at + 1);
	return 0;
}

static int take_thp(uint64_t at, uint64_t bytes)
{
	/* Twice the size, so that one aligned huge page is in it. */
	char *memory = map(2 * CHUNK_BYTES);

	if (!memory)
		return -errno;
	memory = (char *)(((uintptr_t)memory + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES);
	if (madvise(memory, CHUNK_BYTES, MADV_HUGEPAGE) < 0)
		return -errno;
	dirty(memory, bytes, at + 1);
	return 0;
}

static int take_cache(uint64_t at, uint64_t bytes)
{
	static char block[CHUNK_BYTES];

	if (file_fd < 0)
		file_fd = file_path ? open(file_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : memfd_create("pn-hog", MFD_CLOEXEC);
	if (file_fd < 0)
		return -errno;
	dirty(block, bytes, at + 1);
	return pwrite(file_fd, block, bytes, at) == (ssize_t)bytes ? 0 : errno ? -errno : -ENOSPC;
}

static const struct mode {
	const char *name;
	int (*take)(uint64_t at, uint64_t bytes);
} modes[] = {{"anon", take_anon}, {"cache", take_cache}, {"mlock", take_mlock}, {"thp", take_thp}};

static int usage(const char *why, const char *value)
{
	fprintf(stderr,
		"pn-hog: %s: '%s' is not accepted\nusage: pn-hog anon|cache|mlock|thp BYTES[K|M|G] [--rate BYTES_PER_S[K|M|G]] [--file PATH]\n",
		why, value);
	return 2;
}

static int parse(int argc, char **argv, const struct mode **ret_mode, uint64_t *ret_bytes)
{
	static const struct option options[] = {{"rate", required_argument, NULL, 'r'}, {"file", required_argument, NULL, 'f'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r' && pn_args_bytes(optarg, &rate) < 0)
			return usage("--rate", optarg);
		if (c == 'f')
			file_path = optarg;
		if (c == '?')
			return usage("option", argv[optind - 1]);
	}
	if (argc - optind != 2)
		return usage("arguments", optind < argc ? argv[optind] : "");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, argv[optind]) == 0)
			*ret_mode = &modes[i];
	}
	if (!*ret_mode)
		return usage("mode", argv[optind]);
	return pn_args_bytes(argv[optind + 1], ret_bytes) < 0 ? usage("bytes", argv[optind + 1]) : 0;
}

static void answer_marks(void)
{
	if (!pn_args_mark && !pn_args_end)
		return;
	pn_args_mark = pn_args_end = 0;
	puts("MARK");
}

/* Wait until @taken bytes are due at the rate asked for. */
static void keep_pace(const struct timespec *start, uint64_t taken)
{
	struct timespec due = *start;
	uint64_t ns;

	if (!rate)
		return;
	ns = (uint64_t)((double)taken / rate * 1e9) + due.tv_nsec;
	due.tv_sec += ns / 1000000000;
	due.tv_nsec = ns % 1000000000;
	while (!pn_args_stop && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
}

static int take_all(const struct mode *mode, uint64_t bytes, uint64_t *ret_taken)
{
	struct timespec start;
	uint64_t taken = 0;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (r == 0 && taken < bytes && !pn_args_stop) {
		uint64_t step = bytes - taken < CHUNK_BYTES ? bytes - taken : CHUNK_BYTES;

		r = mode->take(taken, step);
		if (r < 0)
			break;
		taken += step;
		if (taken % TELL_BYTES == 0)
			printf("took %" PRIu64 "\n", taken);
		answer_marks();
		keep_pace(&start, taken);
	}
	*ret_taken = taken;
	return r;
}

int main(int argc, char **argv)
{
	const struct mode *mode = NULL;
	uint64_t bytes = 0, taken;
	sigset_t all, before;
	int r = parse(argc, argv, &mode, &bytes);

	if (r)
		return r;
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	pn_args_signals();
	puts("READY");
	r = take_all(mode, bytes, &taken);
	if (r < 0)
		fprintf(stderr, "pn-hog: after %" PRIu64 " bytes: %s\n", taken, strerror(-r));
	/* Blocked while it is looked at, so that no signal falls between the look and the wait. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	while (r == 0 && !pn_args_stop) {
		answer_marks();
		sigsuspend(&before);
	}
	printf("{\"mode\":\"%s\",\"bytes\":%" PRIu64 "}\n", mode->name, taken);
	return r < 0 ? 3 : 0;
}
