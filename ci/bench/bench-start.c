// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a guest takes to start, from pn_guest_start() to its agent's hello: from the warm snapshot and from cold, taken by turns so
 * that a busy machine hurts both alike. Prints JSON: medians, all samples, the ratio.
 *
 *	bench-start [ROUNDS [MEMORY_MIB [URI]]]
 */

#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../harness/base/clock.h"
#include "../../harness/base/diag.h"
#include "../../harness/base/fs.h"
#include "../../harness/base/owned.h"
#include "../../harness/base/units.h"
#include "../../harness/guest/guest.h"
#include "../../harness/guest/kinds.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int once(struct pn_host *host, const struct pn_machine *machine, const char *dir, bool cold, double *ret_start_s, double *ret_stop_s,
		struct pn_diag *diag)
{
	struct pn_guest_config config = { .name = cold ? "cold" : "warm", .machine = machine, .dir = dir, .cold = cold };
	struct pn_guest *guest;
	uint64_t begin_ns = pn_clock_now_ns(), up_ns;
	int err = pn_guest_start(host, &config, &guest, diag);

	if (err)
		return err;
	up_ns = pn_clock_now_ns();
	err = pn_guest_stop(guest, diag);
	*ret_start_s = (double)(up_ns - begin_ns) / PN_NS_PER_S;
	*ret_stop_s = (double)(pn_clock_now_ns() - up_ns) / PN_NS_PER_S;
	return err;
}

static json_t *report(double *values, unsigned int count)
{
	json_t *samples = json_array();

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(samples, json_real(values[i]));
	return json_pack("{s:f,s:o}", "median_s", median(values, count), "samples_s", samples);
}

static int measure(struct pn_host *host, const struct pn_machine *machine, const char *dir, unsigned int rounds, struct pn_diag *diag)
{
	g_autofree double *warm = g_new0(double, rounds), *cold = g_new0(double, rounds), *stop = g_new0(double, 2 * rounds);
	json_t *result;
	int err = pn_guest_prepare(host, machine, diag);

	if (err < 0)
		return err;
	for (unsigned int i = 0; i < rounds; i++) {
		err = once(host, machine, dir, false, &warm[i], &stop[2 * i], diag);
		if (!err)
			err = once(host, machine, dir, true, &cold[i], &stop[2 * i + 1], diag);
		if (err)
			return err;
	}
	result = json_pack("{s:s,s:I,s:i,s:o,s:o,s:o}", "bench", "start", "memory_mib", (json_int_t)(machine->memory_bytes / PN_MIB), "rounds",
			   (int)rounds, "warm", report(warm, rounds), "cold", report(cold, rounds), "stop", report(stop, 2 * rounds));
	json_object_set_new(result, "cold_over_warm", json_real(median(cold, rounds) / median(warm, rounds)));
	json_dumpf(result, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(result);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : 7;
	struct pn_machine machine = { .memory_bytes = (argc > 2 ? strtoull(argv[2], NULL, 10) : 512) * PN_MIB, .vcpus = 1, .backing = PN_BACKING_THP };
	struct pn_host_config config = { .uri = argc > 3 ? argv[3] : NULL };
	g_autofree char *dir = g_dir_make_tmp("puncture-bench-XXXXXX", NULL);
	struct pn_host *host = NULL;
	struct pn_diag diag = { 0 };
	int err;

	if (!dir || rounds == 0 || rounds > 1000 || machine.memory_bytes == 0) {
		fprintf(stderr, "usage: bench-start [ROUNDS (1 to 1000) [MEMORY_MIB [URI]]]\n");
		return 2;
	}
	pn_guest_register_kinds();
	pn_owned_repair(NULL, NULL);
	err = pn_host_open(&config, &host, &diag);
	if (!err)
		err = measure(host, &machine, dir, rounds, &diag);
	pn_host_close(host);
	pn_owned_release_all(NULL);
	pn_fs_remove_tree(dir, NULL);
	if (err)
		fprintf(stderr, "bench-start: %s\n", diag.text);
	return err ? 3 : 0;
}
