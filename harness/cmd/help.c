// SPDX-License-Identifier: GPL-2.0-only
/* `puncture help`, and the text behind every --help: laid out from the command table, within 80 columns. */
#include "commands.h"

#include <errno.h>
#include <glib.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "exits.h"
#include "text.h"

#define HELP_COLUMN 24

static void print_option(const struct pn_option *option, FILE *out)
{
	g_autofree char *term = g_strdup_printf("--%s%s%s", option->name, option->arg ? " " : "", option->arg ? option->arg : "");

	pn_text_item(out, 2, term, HELP_COLUMN, option->help);
}

static void overview(FILE *out)
{
	fputs("usage: puncture COMMAND [OPTION]... [ARGUMENT]...\n\n"
	      "Fault injection and performance tests for VM memory ballooning.\n\nCommands:\n",
	      out);
	for (unsigned int i = 0; pn_command_table[i]; i++)
		pn_text_item(out, 2, pn_command_table[i]->name, 16, pn_command_table[i]->summary);
	fputs("\n`puncture COMMAND --help` explains one of them.\n\nExit codes:\n", out);
	for (unsigned int i = 0; pn_exit_table[i].help; i++) {
		g_autofree char *code = g_strdup_printf("%d", pn_exit_table[i].code);

		pn_text_item(out, 2, code, 8, pn_exit_table[i].help);
	}
}

void pn_command_help(const struct pn_command *command, FILE *out)
{
	static const struct pn_option help = {.name = "help", .help = "print this and stop"};

	if (!command) {
		overview(out);
		return;
	}
	fprintf(out, "usage: puncture %s %s\n\n%s\n\nOptions:\n", command->name, command->usage, command->description);
	for (const struct pn_option *option = command->options; option && option->name; option++)
		print_option(option, out);
	print_option(&help, out);
}

static int run_help(const struct pn_opts *args, struct pn_diag *diag)
{
	const char *name = pn_opts_operands(args)[0];
	const struct pn_command *command = name ? pn_command_find(name) : NULL;

	if (name && !command)
		return pn_diag_set(diag, -EINVAL, "'%s' is not a command; see `puncture help`", name);
	pn_command_help(command, stdout);
	return PN_EXIT_PASS;
}

const struct pn_command pn_command_help_record = {
	.name = "help",
	.summary = "explain a command",
	.usage = "[COMMAND]",
	.description = "Prints an overview, or what one command does and takes.",
	.operands = "commands",
	.operands_max = 1,
	.run = run_help,
};
