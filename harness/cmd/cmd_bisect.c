// SPDX-License-Identifier: GPL-2.0-only
/* `puncture bisect`: the build that a failure came with. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/fs.h"
#include "../base/spawn.h"
#include "../base/units.h"
#include "../hunt/bisect.h"
#include "../hunt/bundle.h"
#include "../run/run.h"
#include "hunt.h"

#define GIT_TIMEOUT_NS (600 * PN_NS_PER_S)
#define NOISE_DEFAULT 0.01
#define ERROR_DEFAULT 0.05

static const struct pn_option options[] = {
    {"git", "DIR", "repository whose revisions from --good to --bad are the builds; it is cloned, not touched", false, "DIR"},
    {"good", "REV", "a revision without the failure", false, NULL},
    {"bad", "REV", "a revision with it", false, NULL},
    {"list", "FILE", "the builds, one a line, oldest first, in place of a repository", false, "FILE"},
    {"build", "COMMAND", "makes a build, in the checkout or an empty directory, with PN_BUILD set to revision or line", false, NULL},
    {"use", "KEY=PATH", "what of it to run: driver, kernel, modules or qemu; PATH relative to where it was built", true, NULL},
    {"error", "P", "chance that the answer is wrong, below 0.5; default 0.05", false, NULL},
    {"noise", "P", "chance that a good build shows the failure in a run, below 0.5; default 0.01", false, NULL},
    HUNT_OPTIONS("1"),
    {0},
};

static const char description[] =
    "Finds the build of driver, kernel or emulator that the failure of CASE (a case\n"
    "directory or a bundle) came with. The newest build must fail and the oldest must\n"
    "not; both are tried first. How often the newest fails is measured; each other build\n"
    "is run until a sequential probability ratio test (Wald 1945) calls it good or bad,\n"
    "so that all answers together are wrong with the chance --error at most. Builds that\n"
    "do not build, or that show nothing, are skipped.\n\n"
    "What is known is in DIR/bisect.json: the same command with --out DIR goes on.\n\n"
    "  puncture bisect CASE --git ~/driver --good v1 --bad HEAD \\\n"
    "    --build 'make -C /lib/modules/VERSION/build M=$PWD modules' --use driver=x.ko\n\n"
    "Exit codes: 0 found; 7 not found, or only between which builds; 3 nothing could be\n"
    "run; 130 interrupted.";

static int read_chance(const struct pn_opts *args, const char *option, double *value, struct pn_diag *diag)
{
	const char *text = pn_opts_get(args, option);
	g_autofree char *name = g_strconcat("--", option, NULL);
	char *end;

	if (!text)
		return 0;
	*value = g_ascii_strtod(text, &end);
	if (*end || end == text || !(*value > 0 && *value < 0.5))
		return pn_diag_value(diag, "command line", name, text, "a chance above 0 and below 0.5, such as 0.05");
	return 0;
}

static int read_uses(const struct pn_opts *args, struct pn_bisect_config *config, struct pn_diag *diag)
{
	const struct {
		const char *key, **path;
	} keys[] = {{"driver=", &config->driver}, {"kernel=", &config->kernel}, {"modules=", &config->modules}, {"qemu=", &config->qemu}};

	for (const char *const *use = pn_opts_all(args, "use"); *use; use++) {
		bool known = false;

		for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
			const char *path = g_str_has_prefix(*use, keys[i].key) ? *use + strlen(keys[i].key) : NULL;
			g_autofree char *absolute = path && *path ? g_canonicalize_filename(path, config->tree) : NULL;

			if (!absolute)
				continue;
			*keys[i].path = g_intern_string(absolute);
			known = true;
		}
		if (!known)
			return pn_diag_value(diag, "command line", "--use", *use, "driver=PATH, kernel=PATH, modules=PATH or qemu=PATH");
	}
	if (!config->driver && !config->kernel && !config->qemu)
		return pn_diag_set(diag, -EINVAL, "nothing of the builds would be run; expected --use driver=PATH, kernel=PATH or qemu=PATH");
	if (!config->kernel != !config->modules)
		return pn_diag_set(diag, -EINVAL, "--use kernel=PATH and --use modules=PATH go together");
	return 0;
}

static int make_builds(const char *text, struct pn_build **ret_builds, unsigned int *ret_count, const char *where, struct pn_diag *diag)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	struct pn_build *builds = g_new0(struct pn_build, g_strv_length(lines) + 1);
	unsigned int count = 0;

	for (char **line = lines; *line; line++)
		if (*g_strstrip(*line) && **line != '#')
			builds[count++].id = g_strdup(*line);
	if (count < 2) {
		pn_builds_free(builds, count);
		return pn_diag_set(diag, -EINVAL, "%s: %u builds; expected at least 2, one a line, oldest first", where, count);
	}
	*ret_builds = builds;
	*ret_count = count;
	return 0;
}

/* a clone of our own: the user's checkout may be in the middle of something */
static int list_revisions(const struct pn_opts *args, const char *tree, char **ret_text, struct pn_diag *diag)
{
	const char *git = pn_opts_get(args, "git"), *good = pn_opts_get(args, "good"), *bad = pn_opts_get(args, "bad");
	const char *const clone[] = {"git", "clone", "--quiet", "--shared", "--no-checkout", git, tree, NULL};
	const char *const resolve[] = {"git", "-C", git, "rev-parse", "--verify", "--quiet", NULL, NULL};
	g_autofree char *good_commit = g_strconcat(good, "^{commit}", NULL), *bad_commit = g_strconcat(bad, "^{commit}", NULL);
	g_autofree char *first = NULL, *last = NULL, *range = NULL, *rest = NULL;
	const char *list[] = {"git", "-C", git, "rev-list", "--reverse", "--first-parent", NULL, NULL};
	const char *words[G_N_ELEMENTS(resolve)];
	int err;

	memcpy(words, resolve, sizeof(words));
	words[6] = good_commit;
	if (pn_spawn_run(words, NULL, GIT_TIMEOUT_NS, &first, NULL))
		return pn_diag_value(diag, "command line", "--good", good, "a revision of --git");
	words[6] = bad_commit;
	if (pn_spawn_run(words, NULL, GIT_TIMEOUT_NS, &last, NULL))
		return pn_diag_value(diag, "command line", "--bad", bad, "a revision of --git");
	range = g_strdup_printf("%s..%s", g_strstrip(first), g_strstrip(last));
	list[6] = range;
	err = pn_spawn_run(list, NULL, GIT_TIMEOUT_NS, &rest, diag);
	if (!err && !g_file_test(tree, G_FILE_TEST_EXISTS))
		err = pn_spawn_run(clone, NULL, GIT_TIMEOUT_NS, NULL, diag);
	if (!err)
		*ret_text = g_strdup_printf("%s\n%s", first, rest);
	return err;
}

static int read_builds(const struct pn_opts *args, const char *tree, struct pn_build **ret_builds, unsigned int *ret_count, struct pn_diag *diag)
{
	g_autofree char *text = NULL;
	const char *list = pn_opts_get(args, "list");
	int err;

	if (list) {
		err = pn_fs_read(list, &text, NULL, diag);
		err = err ? err : pn_fs_mkdir_p(tree, diag);
	} else {
		err = list_revisions(args, tree, &text, diag);
	}
	return err ? err : make_builds(text, ret_builds, ret_count, list ? list : "--good..--bad", diag);
}

static int tell(const struct pn_opts *args, const struct pn_build *builds, unsigned int count, double error)
{
	unsigned int from, to;

	if (!pn_bisect_found(builds, count, &from, &to)) {
		printf("not found: the oldest build, %s, %s\n", builds[0].id,
		       builds[0].state == PN_BUILD_BAD ? "fails this way too" : "could not be judged");
		return PN_EXIT_CANNOT_TELL;
	}
	printf("%s %s, wrong with a chance of at most %g\n", from == to ? "came with" : "came with one of the builds up to", builds[to].id, error);
	for (unsigned int i = from; i < to; i++)
		printf("may be it too, was skipped: %s: %s\n", builds[i].id, builds[i].why ? builds[i].why : "");
	return from == to ? PN_EXIT_PASS : PN_EXIT_CANNOT_TELL;
}

static int bisect(const struct pn_opts *args, struct hunt *hunt, void *data, struct pn_diag *diag)
{
	struct pn_bisect_config *config = data;
	g_autofree char *tree = g_build_filename(hunt->dir, "build", NULL), *state = g_build_filename(hunt->dir, "bisect.json", NULL);
	struct pn_build *builds = NULL;
	unsigned int count = 0;
	int err;

	config->tree = tree;
	config->state_path = state;
	err = read_uses(args, config, diag);
	if (!err)
		err = read_builds(args, tree, &builds, &count, diag);
	if (err)
		return err;
	printf("%u builds, in %s\n", count, hunt->dir);
	err = pn_bisect_run(&hunt->lab, config, builds, count, diag);
	if (!err)
		err = tell(args, builds, count, config->error);
	else if (err == -ENODATA) /* said, and no fault of the command line */
		err = -EIO;
	pn_builds_free(builds, count);
	return err;
}

static int check(const struct pn_opts *args, struct pn_diag *diag)
{
	bool git = pn_opts_has(args, "git"), range = pn_opts_has(args, "good") && pn_opts_has(args, "bad");

	if (git == pn_opts_has(args, "list"))
		return pn_diag_set(diag, -EINVAL, "which builds? expected --git DIR with --good and --bad, or --list FILE");
	if (git && !range)
		return pn_diag_set(diag, -EINVAL, "--git goes with --good REV and --bad REV");
	if (!pn_opts_has(args, "build"))
		return pn_diag_set(diag, -EINVAL, "how are they built? expected --build COMMAND, which may be 'true' where nothing has to be");
	return 0;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	struct pn_bisect_config config = {.noise = NOISE_DEFAULT, .error = ERROR_DEFAULT, .out = stdout};
	struct pn_bundle *bundle = NULL;
	int err = check(args, diag);

	if (!err)
		err = read_chance(args, "noise", &config.noise, diag);
	if (!err)
		err = read_chance(args, "error", &config.error, diag);
	if (err)
		return err;
	pn_run_init();
	err = pn_bundle_open(pn_opts_operands(args)[0], &bundle, diag);
	if (err)
		return err == -ENODATA ? -EINVAL : err;
	config.yaml = bundle->yaml;
	config.signature = &bundle->signature;
	config.command = pn_opts_get(args, "build");
	config.git = pn_opts_get(args, "git");
	err = hunt_run(args, "bisect", bisect, &config, diag);
	pn_bundle_free(bundle);
	return err;
}

const struct pn_command pn_command_bisect = {
    .name = "bisect",
    .summary = "find the driver, kernel or emulator build that a failure came with",
    .usage = "CASE|BUNDLE (--git DIR --good REV --bad REV | --list FILE) --build COMMAND --use KEY=PATH...",
    .description = description,
    .options = options,
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
