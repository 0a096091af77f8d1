// SPDX-License-Identifier: GPL-2.0-only
/* What repro, shrink, bisect and fuzz have in common: where trials are made, and the failed case they start from. */
#include "hunt.h"

#include <errno.h>
#include <glib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../guests/images/paths.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../base/owned.h"
#include "../guest/guest.h"
#include "../hunt/bundle.h"
#include "../run/parts.h"
#include "../run/run.h"
#include "../scenario/scenario.h"

static int make_dir(const char *out, const char *command, char **ret_dir, struct pn_diag *diag)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *stamp = g_date_time_format(now, "%Y%m%d-%H%M%S"), *dir = NULL;
	unsigned int turn = 1;
	int err;

	dir = out ? g_canonicalize_filename(out, NULL) : g_strdup_printf("%s/runs/%s-%s", g_get_current_dir(), stamp, command);
	if (out && g_file_test(dir, G_FILE_TEST_EXISTS) && !g_file_test(dir, G_FILE_TEST_IS_DIR))
		return pn_diag_set(diag, -EINVAL, "--out: '%s' is not accepted; expected a directory", out);
	while (!out && g_file_test(dir, G_FILE_TEST_EXISTS)) {
		g_free(dir);
		dir = g_strdup_printf("%s/runs/%s-%s.%u", g_get_current_dir(), stamp, command, ++turn);
	}
	err = pn_fs_mkdir_p(dir, diag);
	if (!err)
		*ret_dir = g_steal_pointer(&dir);
	return err;
}

/* hunt_close() in any case */
static int hunt_open(const struct pn_opts *args, const char *command, struct hunt *ret_hunt, struct pn_diag *diag)
{
	uint64_t jobs = 1;
	int err = pn_opts_uint(args, "jobs", 1, 64, &jobs, diag);

	*ret_hunt = (struct hunt){0};
	if (!err && pn_opts_has(args, "connect"))
		err = pn_host_check_uri(pn_opts_get(args, "connect"), diag);
	if (!err)
		err = make_dir(pn_opts_get(args, "out"), command, &ret_hunt->dir, diag);
	if (err)
		return err;
	ret_hunt->workloads_dir = g_build_filename(pn_paths_share(), "workloads", NULL);
	ret_hunt->lab = (struct pn_lab){
		.ops = &pn_run_ops_real,
		.uri = pn_opts_get(args, "connect"),
		.workloads_dir = ret_hunt->workloads_dir,
		.dir = ret_hunt->dir,
		.jobs = (unsigned int)jobs,
	};
	ret_hunt->jobs_given = pn_opts_has(args, "jobs");
	pn_owned_repair(NULL, NULL);
	return 0;
}

static void hunt_close(struct hunt *hunt)
{
	pn_lab_deinit(&hunt->lab);
	g_free(hunt->dir);
	g_free(hunt->workloads_dir);
}

void hunt_widen(struct hunt *hunt, const struct pn_jobs_need *need)
{
	if (!hunt->jobs_given)
		hunt->lab.jobs = pn_jobs_fit(need);
}

int hunt_run(const struct pn_opts *args, const char *command, int (*work)(const struct pn_opts *args, struct hunt *hunt, void *data, struct pn_diag *diag),
	     void *data, struct pn_diag *diag)
{
	struct hunt hunt;
	int err = hunt_open(args, command, &hunt, diag);

	if (!err)
		err = work(args, &hunt, data, diag);
	hunt_close(&hunt);
	return err == -EINTR ? PN_EXIT_INTERRUPTED : err;
}

/* after the run's own changes of the scenario: exact mode leaves loads out */
static int parts_of(const struct pn_plan *plan, const char *workloads_dir, json_t **ret_parts, struct pn_diag *diag)
{
	struct pn_scenario *scenario = plan->cases[0].scenario;
	g_autofree char *unfit = pn_run_ops_real.fit(scenario); /* which is said when it is to be run */

	return pn_parts_here(scenario, workloads_dir, ret_parts, NULL, NULL, diag);
}

/* what the bundle's scenario is made of here, or with the bundle's driver where this host's own is another */
static int parts_here(const struct pn_bundle *bundle, const char **ret_driver, struct pn_jobs_need *ret_need, json_t **ret_parts, struct pn_diag *diag)
{
	g_autofree char *workloads = g_build_filename(pn_paths_share(), "workloads", NULL);
	g_autofree char *yaml = g_build_filename(bundle->dir, "scenario.yaml", NULL);
	const char *names[] = {yaml, NULL};
	struct pn_plan_config config = {.names = names, .workloads_dir = workloads};
	const json_t *driver;
	struct pn_plan *plan = NULL;
	int err = pn_plan_build(&config, &plan, diag);

	if (!err && ret_need) {
		*ret_need = (struct pn_jobs_need){0};
		pn_jobs_add(ret_need, plan->cases[0].scenario);
	}
	if (!err)
		err = parts_of(plan, workloads, ret_parts, bundle->driver ? NULL : diag);
	driver = err ? NULL : json_object_get(*ret_parts, "driver");
	if (bundle->driver && (err || !json_equal((json_t *)json_object_get(driver, "sha256"),
						  json_object_get(json_object_get(bundle->parts, "driver"), "sha256")))) {
		pn_plan_free(plan);
		json_decref(err ? NULL : *ret_parts);
		config.driver = *ret_driver = bundle->driver;
		err = pn_plan_build(&config, &plan, diag);
		if (!err)
			err = parts_of(plan, workloads, ret_parts, diag);
	}
	pn_plan_free(plan);
	return err;
}

static int compare(const struct pn_opts *args, struct pn_bundle *bundle, const json_t *here, struct pn_diag *diag)
{
	bool block = false;

	if (!bundle->parts) {
		printf("its record does not say what it was made of: an older version left it\n");
		return 0;
	}
	bundle->differences = pn_bundle_differences(bundle, here, &block);
	for (char **line = bundle->differences; *line; line++)
		printf("differs here: %s\n", *line);
	if (block && !pn_opts_has(args, "anyway")) {
		g_autofree char *all = g_strjoinv("; ", bundle->differences);

		return pn_diag_set(diag, -EXDEV, "another thing than what failed would be run: %s (--anyway runs it)", all);
	}
	return 0;
}

int hunt_case(const struct pn_opts *args, const char *path, struct pn_bundle **ret_bundle, const char **ret_driver, struct pn_jobs_need *ret_need,
	      struct pn_diag *diag)
{
	g_autofree char *signature = NULL;
	struct pn_bundle *bundle = NULL;
	json_t *here = NULL;
	int err;

	*ret_driver = NULL;
	err = pn_bundle_open(path, &bundle, diag);
	if (err)
		return err == -ENODATA ? -EINVAL : err;
	signature = pn_signature_text(&bundle->signature);
	printf("%s\n%s\n", bundle->id, signature);
	err = parts_here(bundle, ret_driver, ret_need, &here, diag);
	if (!err && *ret_driver)
		printf("driver: the bundle's own, since this host's is another\n");
	if (!err)
		err = compare(args, bundle, here, diag);
	json_decref(here);
	if (err)
		pn_bundle_free(bundle);
	else
		*ret_bundle = bundle;
	return err;
}
