// SPDX-License-Identifier: GPL-2.0-only
/* `puncture repro`: a failed case again. */
#include "commands.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../../guests/images/image.h"
#include "../base/diag.h"
#include "../base/exit.h"
#include "../base/owned.h"
#include "../base/units.h"
#include "../hunt/bundle.h"
#include "../hunt/console.h"
#include "../hunt/debug.h"
#include "../hunt/repro.h"
#include "../hunt/reverse.h"
#include "../run/run.h"
#include "hunt.h"

#define TRIES_DEFAULT 10

static const struct pn_option options[] = {
    {"tries", "N", "give up after N tries; default 10", false, NULL},
    {"all", NULL, "make all tries, for the hit rate; otherwise the first hit is the last try", false, NULL},
    {"anyway", NULL, "go on although kernel, driver or emulator, in exact mode also image or loads, are not those that failed", false, NULL},
    {"shell", NULL, "a shell in the guest, at the start of the case", false, NULL},
    {"gdb", NULL, "gdb on the guest, at the end of the case's timeline", false, NULL},
    {"pack", NULL, "make a bundle of the case and stop; --out names the file", false, NULL},
    HUNT_OPTIONS("1"),
    {0},
};

static const char description[] =
    "Runs a failed case again, with the same seed and the same timeline, until it\n"
    "fails the same way: same oracle, same signature (the reason without numbers and\n"
    "addresses, or what the kernel said first). CASE is a case directory such as\n"
    "runs/latest/cases/0001, or the bundle.tar.xz that `puncture run` leaves in the\n"
    "directory of a case that failed. A bundle can be taken to another host: what\n"
    "differs there is said hash by hash, and where kernel, driver or emulator do, in\n"
    "exact mode also image or loads, nothing is run without --anyway. A bundle brings\n"
    "its driver along.\n\n"
    "--shell and --gdb start the case on this terminal. --shell opens a console in the\n"
    "guest when its driver is loaded, live also for a case of exact mode; exit or Ctrl-]\n"
    "ends it. --gdb runs the timeline and stops the guest at its end, also where that is\n"
    "a crash, with the driver's symbols at the addresses that the guest gave them. In\n"
    "exact mode gdb also goes backwards: for reverse-continue the case is executed anew,\n"
    "up to the last hit before; continue, which does the same forth, takes as long.\n\n"
    "Live cases do not repeat to the instruction: the hit rate is stated with its\n"
    "exact 95 % interval. A case of exact mode does: it is executed anew and compared\n"
    "with its recording, every instruction count, what the guest counted at every\n"
    "mark, and the console byte by byte; where they part first is said.\n\n"
    "Exit codes: 1 it failed the same way, in exact mode bit for bit; 0 it did not in\n"
    "all tries; 7 it only failed in other ways, or with other counts; 3 nothing could\n"
    "be run, or something differs.";

static int pack(const struct pn_opts *args, const char *path, struct pn_diag *diag)
{
	const char *out = pn_opts_has(args, "out") ? pn_opts_get(args, "out") : PN_BUNDLE_NAME;
	int err;

	if (!g_file_test(path, G_FILE_TEST_IS_DIR))
		return pn_diag_set(diag, -EINVAL, "%s: --pack takes a case directory, such as runs/latest/cases/0001", path);
	err = pn_bundle_pack(path, out, diag);
	if (err)
		return err == -ENODATA ? -EINVAL : err;
	printf("%s\n", out);
	return PN_EXIT_PASS;
}

/** struct guest_visit - somebody at the terminal */
struct guest_visit {
	const char *symbols; /* debug information of the driver */
	char *sections;
	int err;
	struct pn_diag *diag;
};

static int open_shell(struct pn_guest *guest, const struct pn_module *module, void *data, struct pn_diag *diag)
{
	int err = pn_console_shell(guest, diag);

	return err ? err : pn_diag_set(diag, -ECANCELED, "left by the user");
}

/* while the agent still answers: at the end it may not */
static int note_sections(struct pn_guest *guest, const struct pn_module *module, void *data, struct pn_diag *diag)
{
	struct guest_visit *visit = data;

	return module ? pn_debug_sections(guest, module->name, &visit->sections, diag) : 0;
}

static void open_gdb(struct pn_guest *guest, const struct pn_module *module, int err, void *data)
{
	struct guest_visit *visit = data;
	g_autofree char *socket = g_strdup_printf("%s/gdb-%d", pn_owned_state_dir(), (int)getpid());
	int id = pn_owned_add("file", json_pack("{s:s}", "path", socket), visit->diag);

	printf("the timeline has ended%s%s; the guest is stopped\n", err ? ": " : "", err ? g_strerror(-err) : "");
	fflush(stdout);
	visit->err = id < 0 ? id : pn_debug_gdb(guest, visit->symbols, visit->sections, socket, visit->diag);
	if (id > 0)
		pn_owned_release(id, NULL);
}

/* the debug information lies beside the driver that was built here; a bundle's driver has none */
static char *find_symbols(const struct pn_bundle *bundle, const char *driver)
{
	const char *path = driver ? driver : json_string_value(json_object_get(json_object_get(bundle->parts, "driver"), "path"));
	g_autofree char *base = path && g_str_has_suffix(path, ".ko") ? g_strndup(path, strlen(path) - strlen(".ko")) : NULL;
	g_autofree char *debug = base ? g_strconcat(base, ".debug", NULL) : NULL;

	if (debug && g_file_test(debug, G_FILE_TEST_EXISTS))
		return g_steal_pointer(&debug);
	return path && g_file_test(path, G_FILE_TEST_EXISTS) ? g_strdup(path) : NULL;
}

static int visit_case(const struct pn_opts *args, struct hunt *hunt, const struct pn_bundle *bundle, const char *driver, struct pn_diag *diag)
{
	bool shell = pn_opts_has(args, "shell");
	g_autofree char *symbols = find_symbols(bundle, driver);
	struct guest_visit data = {.symbols = symbols, .diag = diag};
	struct pn_visit visit = {.start = shell ? open_shell : note_sections, .end = shell ? NULL : open_gdb, .data = &data};
	struct pn_trial trial = {.yaml = bundle->yaml, .driver = driver, .live = shell}; /* in exact mode the guest stands, and nobody could type */
	int err = pn_lab_visit(&hunt->lab, &trial, &visit, diag);

	if (!err && trial.refused)
		err = pn_diag_set(diag, -ENOTSUP, "this host can't run the case: %s", trial.refused);
	if (!err)
		err = data.err;
	if (!err && trial.verdict && !shell)
		printf("%s\n", pn_trial_failed(&trial, &bundle->signature) ? "it failed the same way" : "it did not fail the same way");
	if (!err)
		err = !shell && !pn_trial_failed(&trial, &bundle->signature) ? PN_EXIT_PASS : shell ? PN_EXIT_PASS : PN_EXIT_FAIL;
	pn_trial_clear(&trial, false);
	g_free(data.sections);
	return err;
}

/* @tally: of a try that noted where the driver is. A case that did not fail is not looked into. */
static int go_backwards(struct hunt *hunt, const struct pn_repro_config *config, struct pn_reverse *reverse, const char *socket, struct pn_diag *diag)
{
	g_autofree char *symbols = find_symbols(config->bundle, config->driver);
	pid_t gdb;
	int err = pn_debug_start(symbols, pn_reverse_sections(reverse), socket, &gdb, diag);

	if (err)
		return err;
	err = pn_reverse_serve(reverse, &hunt->lab, config->bundle->yaml, config->driver, gdb, diag);
	pn_debug_wait(gdb);
	return err;
}

/* gdb on a case of exact mode: once as any try is, then as often as gdb goes back or forth */
static int visit_exact(struct hunt *hunt, struct pn_repro_config *config, struct pn_diag *diag)
{
	g_autofree char *socket = g_strdup_printf("%s/gdb-%d", pn_owned_state_dir(), (int)getpid());
	int id = pn_owned_add("file", json_pack("{s:s}", "path", socket), diag), err = id < 0 ? id : 0;
	struct pn_reverse *reverse = NULL;
	struct pn_repro_tally tally;

	config->tries = 1;
	if (!err)
		err = pn_reverse_new(socket, &reverse, diag);
	if (!err) {
		config->visit = pn_reverse_notes(reverse);
		err = pn_repro_run(&hunt->lab, config, &tally, diag);
	}
	if (!err && tally.same)
		err = go_backwards(hunt, config, reverse, socket, diag);
	pn_reverse_free(reverse);
	if (id > 0)
		pn_owned_release(id, NULL);
	return err ? err : pn_repro_exit(&tally, false);
}

/* --shell, --gdb, or until it fails again */
static int look_into(const struct pn_opts *args, struct hunt *hunt, struct pn_repro_config *config, struct pn_diag *diag)
{
	const struct pn_bundle *bundle = config->bundle;
	struct pn_repro_tally tally;
	int err;

	if (pn_opts_has(args, "gdb") && bundle->exact)
		return visit_exact(hunt, config, diag);
	if (pn_opts_has(args, "shell") || pn_opts_has(args, "gdb"))
		return visit_case(args, hunt, bundle, config->driver, diag);
	err = pn_repro_run(&hunt->lab, config, &tally, diag);
	return err ? err : pn_repro_exit(&tally, bundle->exact);
}

static int look(const struct pn_opts *args, struct hunt *hunt, void *data, struct pn_diag *diag)
{
	struct pn_repro_config config = {.all = pn_opts_has(args, "all"), .out = stdout};
	struct pn_bundle *bundle = NULL;
	uint64_t tries = TRIES_DEFAULT;
	int err = pn_opts_uint(args, "tries", 1, 100000, &tries, diag);

	if (!err)
		err = hunt_case(args, pn_opts_operands(args)[0], &bundle, &config.driver, NULL, diag);
	if (err)
		return err;
	config.tries = (unsigned int)tries;
	config.bundle = bundle;
	err = look_into(args, hunt, &config, diag);
	pn_bundle_free(bundle);
	return err;
}

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	if (pn_opts_has(args, "shell") + pn_opts_has(args, "gdb") + pn_opts_has(args, "pack") > 1)
		return pn_diag_set(diag, -EINVAL, "--shell, --gdb and --pack are three different things; expected one of them");
	pn_run_init();
	return pn_opts_has(args, "pack") ? pack(args, pn_opts_operands(args)[0], diag) : hunt_run(args, "repro", look, NULL, diag);
}

const struct pn_command pn_command_repro = {
    .name = "repro",
    .summary = "run a failed case again until it fails the same way",
    .usage = "[OPTION]... CASE|BUNDLE",
    .description = description,
    .options = options,
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .run = run,
};
