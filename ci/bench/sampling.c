// SPDX-License-Identifier: GPL-2.0-only
/*
 * What sampling costs the host (harness, libvirt in it, QEMU without its vCPUs) and the guest's vCPUs: the control run of `puncture run
 * --control` (harness/run/control.h) on a guest of its own, with limits.
 */

#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/exit.h"
#include "../../harness/base/fs.h"
#include "../../harness/base/owned.h"
#include "../../harness/base/units.h"
#include "../../harness/observe/beat.h"
#include "../../harness/run/control.h"
#include "../../harness/scenario/scenario.h"

static gint option_pairs = 6, option_seconds = 5, option_hz = 10, option_seed = 1;
static gdouble option_host_percent = 2, option_guest_percent = 1;
static char *option_json, **option_probes;

static const GOptionEntry options[] = {
	{ "pairs", 0, 0, G_OPTION_ARG_INT, &option_pairs, "pairs of windows, one with sampling and one without (6)", "N" },
	{ "seconds", 0, 0, G_OPTION_ARG_INT, &option_seconds, "length of a window (5)", "S" },
	{ "hz", 0, 0, G_OPTION_ARG_INT, &option_hz, "samples of the host a second (10); monitor and guest have paces of their own", "N" },
	{ "seed", 0, 0, G_OPTION_ARG_INT, &option_seed, "of the order within pairs (1)", "N" },
	{ "host-limit", 0, 0, G_OPTION_ARG_DOUBLE, &option_host_percent, "most that sampling may cost of a host core (2)", "PERCENT" },
	{ "guest-limit", 0, 0, G_OPTION_ARG_DOUBLE, &option_guest_percent, "most that it may cost of the guest's CPU (1)", "PERCENT" },
	{ "probe", 0, 0, G_OPTION_ARG_STRING_ARRAY, &option_probes, "only this probe, repeatable (all)", "NAME" },
	{ "json", 0, 0, G_OPTION_ARG_FILENAME, &option_json, "write the figures of every pair there", "FILE" },
	{ NULL },
};

/* One line of the table; a part of another line has no limit (0). Return: whether the cost is within its limit. */
static bool report(const struct pn_control_pair *pairs, enum pn_control_part part, double limit)
{
	struct pn_control_figure f = pn_control_figure(pairs, (unsigned int)option_pairs, part);

	printf("%-12s %8.2f %% %8.2f %% %6.1fx %8.2f %% (%.2f to %.2f)", f.name, f.control, f.sampled,
	       f.control > 0 ? f.sampled / f.control : 0.0, f.cost, f.low, f.high);
	if (limit > 0)
		printf(" %8.2f %%   %s", limit, f.cost <= limit ? "ok" : "TOO MUCH");
	printf("\n");
	return f.cost <= limit;
}

static int write_json(const struct pn_control_pair *pairs, uint64_t window_ns, struct pn_diag *diag)
{
	json_t *root = pn_control_json(pairs, (unsigned int)option_pairs, window_ns);
	char *text = json_dumps(root, JSON_INDENT(1));
	int err = pn_fs_write(option_json, text, strlen(text), diag);

	json_decref(root);
	free(text);
	return err;
}

static int run(const struct pn_control_config *config, struct pn_diag *diag)
{
	g_autofree struct pn_control_pair *pairs = g_new0(struct pn_control_pair, option_pairs);
	int err = pn_control_measure(config, pairs, diag);
	bool host_ok, guest_ok;

	if (!err && option_json)
		err = write_json(pairs, config->window_ns, diag);
	if (err)
		return err;
	printf("sampling, %d pairs of %d s, medians; paces:", option_pairs, option_seconds);
	for (enum pn_beat beat = 0; beat < PN_BEAT_COUNT; beat++)
		printf(" %s %.1f Hz%s", pn_beat_names[beat], (double)PN_NS_PER_S / (double)pn_beat_interval_ns(config->scenario, beat),
		       beat + 1 < PN_BEAT_COUNT ? "," : "\n");
	printf("%-12s %10s %10s %7s %28s %8s\n", "", "control", "sampled", "ratio", "cost", "limit");
	host_ok = report(pairs, PN_CONTROL_HOST, option_host_percent);
	report(pairs, PN_CONTROL_HARNESS, 0);
	report(pairs, PN_CONTROL_QEMU, 0);
	guest_ok = report(pairs, PN_CONTROL_GUEST, option_guest_percent);
	return host_ok && guest_ok ? PN_EXIT_PASS : PN_EXIT_FAIL;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("- what sampling costs, against a control run");
	g_autoptr(GError) error = NULL;
	struct pn_diag diag = { "" };
	struct pn_scenario scenario = { .name = "bench" };
	struct pn_control_config config = { .scenario = &scenario };
	g_autofree char *dir = NULL;
	int result;

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1 || option_pairs < 1 || option_seconds < 1 || option_hz < 1 ||
	    option_hz > 100) {
		fprintf(stderr, "sampling: %s; see --help\n", error ? error->message : "a number is out of range");
		return PN_EXIT_USAGE;
	}
	scenario.probes = option_probes;
	scenario.sample_ns = PN_NS_PER_S / (uint64_t)option_hz;
	scenario.guest = (struct pn_machine){
		.memory_bytes = 512 * PN_MIB, .vcpus = 1, .swap_bytes = 64 * PN_MIB, .balloon.stats_interval_ns = PN_NS_PER_S
	};
	dir = g_dir_make_tmp("pn-bench-XXXXXX", NULL);
	config.dir = dir;
	config.pairs = (unsigned int)option_pairs;
	config.window_ns = (uint64_t)option_seconds * PN_NS_PER_S;
	config.seed = (uint64_t)option_seed;
	result = run(&config, &diag);
	pn_owned_release_all(NULL);
	pn_fs_remove_tree(dir, NULL);
	if (result >= 0)
		return result;
	fprintf(stderr, "sampling: %s\n", diag.text);
	return PN_EXIT_BROKEN;
}
