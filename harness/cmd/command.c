// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the process's command line to a subcommand and back to an exit code. The only place that prints a diag: one line on
 * stderr, whatever went wrong.
 */
#include "command.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../base/diag.h"
#include "../base/exit.h"

const struct pn_command *pn_command_find(const char *name)
{
	for (unsigned int i = 0; pn_command_table[i]; i++)
		if (!strcmp(pn_command_table[i]->name, name))
			return pn_command_table[i];
	return NULL;
}

static int exit_code(int result)
{
	switch (result) {
	case -EINVAL:
	case -ENOENT:
	case -ERANGE:
		return PN_EXIT_USAGE;
	case -EINTR:
		return PN_EXIT_INTERRUPTED;
	default:
		return result < 0 ? PN_EXIT_BROKEN : result;
	}
}

static int complain(const char *command, int result, const struct pn_diag *diag)
{
	const char *text = diag->text[0] ? diag->text : g_strerror(-result);

	if (command)
		fprintf(stderr, "puncture %s: %s\n", command, text);
	else
		fprintf(stderr, "puncture: %s\n", text);
	return exit_code(result);
}

static int run_command(const struct pn_command *command, int argc, char **argv)
{
	struct pn_diag diag = {0};
	struct pn_opts *args = NULL;
	int result = pn_opts_parse(command, argc, argv, &args, &diag);

	if (result == 1) {
		pn_command_help(command, stdout);
		return PN_EXIT_PASS;
	}
	if (!result) {
		result = command->run(args, &diag);
		pn_opts_free(args);
	} else {
		return complain(command->name, result, &diag);
	}
	if (result < 0)
		return complain(command->name, result, &diag);
	/* a report cut short by a full disk must not look like success */
	if (fflush(stdout) || ferror(stdout))
		return complain(command->name, -EIO, &(struct pn_diag){"standard output could not be written"});
	return result;
}

int pn_command_main(int argc, char **argv)
{
	const struct pn_command *command;
	struct pn_diag diag = {0};

	if (argc < 2) {
		pn_command_help(NULL, stderr);
		return PN_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		pn_command_help(NULL, stdout);
		return PN_EXIT_PASS;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("puncture " PN_VERSION);
		return PN_EXIT_PASS;
	}
	command = pn_command_find(argv[1]);
	if (!command) {
		pn_diag_set(&diag, -EINVAL, "'%s' is not a command; see `puncture help`", argv[1]);
		return complain(NULL, -EINVAL, &diag);
	}
	return run_command(command, argc - 1, argv + 1);
}
