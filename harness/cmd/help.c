// SPDX-License-Identifier: GPL-2.0-only
/* `puncture help`, and the text behind every --help: laid out from the command table, within 80 columns. */
#include "command.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/exit.h"
#include "exits.h"

#define HELP_COLUMN 24
#define WIDTH 79

/* words of @text from column @column on, wrapped */
static void print_wrapped(const char *text, unsigned int column, unsigned int used, FILE *out)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	unsigned int at = used;

	if (at >= column) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", (int)(column - at), "");
	at = column;
	for (char **word = words; *word; word++) {
		unsigned int length = g_utf8_strlen(*word, -1);

		if (at > column && at + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			fputc(' ', out);
			at++;
		}
		fputs(*word, out);
		at += length;
	}
	fputc('\n', out);
}

static void print_option(const struct pn_option *option, FILE *out)
{
	int used = fprintf(out, "  --%s%s%s", option->name, option->arg ? " " : "", option->arg ? option->arg : "");

	print_wrapped(option->help, HELP_COLUMN, used, out);
}

static void overview(FILE *out)
{
	fputs("usage: puncture COMMAND [OPTION]... [ARGUMENT]...\n\n"
	      "Fault injection and performance tests for VM memory ballooning.\n\nCommands:\n",
	      out);
	for (unsigned int i = 0; pn_command_table[i]; i++)
		print_wrapped(pn_command_table[i]->summary, 16, fprintf(out, "  %s", pn_command_table[i]->name), out);
	fputs("\n`puncture COMMAND --help` explains one of them.\n\nExit codes:\n", out);
	for (unsigned int i = 0; pn_exit_table[i].help; i++)
		print_wrapped(pn_exit_table[i].help, 8, fprintf(out, "  %d", pn_exit_table[i].code), out);
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
