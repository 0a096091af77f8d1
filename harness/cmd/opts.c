// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options and operands of one subcommand, parsed by getopt_long() from the command's own table. Every complaint is one line
 * that names the option, what stood there and what is accepted. Not thread-safe: getopt_long() keeps its place in globals.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "../base/units.h"

struct pn_opts {
	const struct pn_command *command;
	GPtrArray **values;  /* per option of the table: its arguments, NULL-terminated; NULL: not given */
	GPtrArray *operands; /* NULL-terminated */
	GPtrArray *words;    /* all as given, NULL-terminated */
	unsigned int option_count;
};

static const char *const no_values[] = {NULL};

static unsigned int count_options(const struct pn_command *command)
{
	unsigned int count = 0;

	while (command->options && command->options[count].name)
		count++;
	return count;
}

/* --help comes last and is every command's */
static struct option *getopt_table(const struct pn_command *command, unsigned int count)
{
	struct option *table = g_new0(struct option, count + 2);

	for (unsigned int i = 0; i < count; i++) {
		table[i].name = command->options[i].name;
		table[i].has_arg = command->options[i].arg ? required_argument : no_argument;
	}
	table[count].name = "help";
	return table;
}

static void add_value(struct pn_opts *args, unsigned int option, char *value)
{
	GPtrArray *values = args->values[option];

	if (!values) {
		values = g_ptr_array_new();
		g_ptr_array_add(values, NULL);
		args->values[option] = values;
	}
	g_ptr_array_insert(values, (int)values->len - 1, value ? value : (char *)"");
}

static int bad_option(const struct pn_command *command, char **argv, int what, struct pn_diag *diag)
{
	const char *word = optind > 0 ? argv[optind - 1] : "";

	if (what == ':')
		return pn_diag_set(diag, -EINVAL, "%s needs an argument; see `puncture %s --help`", word, command->name);
	if (optopt)
		return pn_diag_set(diag, -EINVAL, "-%c is not an option; see `puncture %s --help`", optopt, command->name);
	return pn_diag_set(diag, -EINVAL, "%s is not an option of %s, is ambiguous, or takes no argument; see `puncture %s --help`", word,
			   command->name, command->name);
}

static int check_operands(const struct pn_opts *args, struct pn_diag *diag)
{
	const struct pn_command *command = args->command;
	unsigned int count = args->operands->len - 1;

	if (count < command->operands_min)
		return pn_diag_set(diag, -EINVAL, "something is missing; usage: puncture %s %s", command->name, command->usage);
	if (count > command->operands_max)
		return pn_diag_set(diag, -EINVAL, "'%s' is too much; usage: puncture %s %s",
				   (char *)g_ptr_array_index(args->operands, command->operands_max), command->name, command->usage);
	return 0;
}

int pn_opts_parse(const struct pn_command *command, int argc, char **argv, struct pn_opts **ret_args, struct pn_diag *diag)
{
	unsigned int count = count_options(command);
	g_autofree struct option *table = getopt_table(command, count);
	struct pn_opts *args = g_new0(struct pn_opts, 1);
	int index, what, err = 0;

	args->command = command;
	args->option_count = count;
	args->values = g_new0(GPtrArray *, count + 1);
	args->operands = g_ptr_array_new();
	args->words = g_ptr_array_new();
	for (int i = 0; i < argc; i++) /* before getopt_long() sorts them */
		g_ptr_array_add(args->words, argv[i]);
	g_ptr_array_add(args->words, NULL);
	optind = 0; /* glibc: start anew */
	opterr = 0;
	while (!err && (what = getopt_long(argc, argv, ":", table, &index)) != -1) {
		if (what)
			err = bad_option(command, argv, what, diag);
		else if (index == (int)count)
			err = 1;
		else
			add_value(args, index, optarg);
	}
	for (int i = optind; !err && i < argc; i++)
		g_ptr_array_add(args->operands, argv[i]);
	g_ptr_array_add(args->operands, NULL);
	if (!err)
		err = check_operands(args, diag);
	if (err) {
		pn_opts_free(args);
		return err;
	}
	*ret_args = args;
	return 0;
}

void pn_opts_free(struct pn_opts *args)
{
	if (!args)
		return;
	for (unsigned int i = 0; i < args->option_count; i++)
		if (args->values[i])
			g_ptr_array_free(args->values[i], TRUE);
	g_free(args->values);
	g_ptr_array_free(args->operands, TRUE);
	g_ptr_array_free(args->words, TRUE);
	g_free(args);
}

static const GPtrArray *values_of(const struct pn_opts *args, const char *option)
{
	for (unsigned int i = 0; i < args->option_count; i++)
		if (!strcmp(args->command->options[i].name, option))
			return args->values[i];
	g_error("command %s has no option --%s in its table", args->command->name, option);
}

bool pn_opts_has(const struct pn_opts *args, const char *option)
{
	return values_of(args, option);
}

const char *pn_opts_get(const struct pn_opts *args, const char *option)
{
	const GPtrArray *values = values_of(args, option);

	return values ? values->pdata[values->len - 2] : NULL;
}

const char *const *pn_opts_all(const struct pn_opts *args, const char *option)
{
	const GPtrArray *values = values_of(args, option);

	return values ? (const char *const *)values->pdata : no_values;
}

const char *const *pn_opts_operands(const struct pn_opts *args)
{
	return (const char *const *)args->operands->pdata;
}

const char *const *pn_opts_words(const struct pn_opts *args)
{
	return (const char *const *)args->words->pdata;
}

int pn_opts_uint(const struct pn_opts *args, const char *option, uint64_t min, uint64_t max, uint64_t *ret_value, struct pn_diag *diag)
{
	const char *text = pn_opts_get(args, option);
	guint64 value;

	if (!text)
		return 0;
	if (!g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL)) {
		g_autofree char *key = g_strdup_printf("--%s", option);
		g_autofree char *accepted = g_strdup_printf("a whole number from %" PRIu64 " to %" PRIu64, min, max);

		return pn_diag_value(diag, "command line", key, text, accepted);
	}
	*ret_value = value;
	return 0;
}

int pn_opts_duration(const struct pn_opts *args, const char *option, uint64_t *ret_ns, struct pn_diag *diag)
{
	const char *text = pn_opts_get(args, option);
	uint64_t value;

	if (!text)
		return 0;
	if (pn_duration_parse(text, &value) || !value) {
		g_autofree char *key = g_strdup_printf("--%s", option);

		return pn_diag_value(diag, "command line", key, text, PN_DURATION_ACCEPTED);
	}
	*ret_ns = value;
	return 0;
}
