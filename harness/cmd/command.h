/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct pn_opts;
struct pn_diag;

/*
 * A subcommand is one record; parsing, --help, the man page and the completion are made from it. One file per subcommand,
 * which exports its record as pn_command_NAME; commands.c lists them.
 */

/** struct pn_option - one long option of a command */
struct pn_option {
	const char *name;    /* without the dashes */
	const char *arg;     /* what its argument is called; NULL: a switch */
	const char *help;    /* one line */
	bool repeats;	     /* may be given more than once, all count; otherwise the last one wins */
	const char *choices; /* kind of `puncture list` that completes the argument, "FILE" or "DIR"; NULL: nothing */
};

/** struct pn_command - one subcommand */
struct pn_command {
	const char *name;
	const char *summary;		 /* one line, no full stop */
	const char *usage;		 /* what follows the name: "[OPTION]... NAME|FILE..." */
	const char *description;	 /* paragraphs for --help and the man page; lines up to 78 columns */
	const struct pn_option *options; /* ends with a NULL name; NULL: none but --help */
	const char *operands;		 /* as @choices, for what is no option */
	unsigned int operands_min;	 /* fewer is a usage error */
	unsigned int operands_max;	 /* more is a usage error; UINT_MAX: any number */

	/**
	 * @run: do it; prints results to stdout
	 *
	 * Return: enum pn_exit when it has said all there is to say; or a negative errno with @diag filled, which is then printed in one line
	 * (-EINVAL, -ENOENT and -ERANGE exit with PN_EXIT_USAGE, others with PN_EXIT_BROKEN).
	 */
	int (*run)(const struct pn_opts *args, struct pn_diag *diag);
};

/** pn_command_table - all subcommands in the order of the help; ends with NULL */
extern const struct pn_command *const pn_command_table[];

/** pn_command_find() - by name; NULL when there is none */
const struct pn_command *pn_command_find(const char *name);

/**
 * pn_command_main() - parse a command line and run the subcommand
 * @argv: of the process; argv[1] is the subcommand
 *
 * Return: the process's exit code (enum pn_exit).
 */
int pn_command_main(int argc, char **argv);

/** pn_command_help() - what `puncture NAME --help` prints; NULL @command: the overview */
void pn_command_help(const struct pn_command *command, FILE *out);

/**
 * pn_opts_parse() - parse the options and operands of one command
 * @argv: argv[0] is the command's name; options and operands may be mixed, "--" ends options
 * @ret_args: freed with pn_opts_free(); borrows from @argv
 *
 * Return: 0, 1 when --help was asked for, or -EINVAL with one line.
 */
int pn_opts_parse(const struct pn_command *command, int argc, char **argv, struct pn_opts **ret_args, struct pn_diag *diag);
void pn_opts_free(struct pn_opts *args);

/** pn_opts_has() - was the option given? */
bool pn_opts_has(const struct pn_opts *args, const char *option);

/** pn_opts_get() - the option's (last) argument; NULL when not given */
const char *pn_opts_get(const struct pn_opts *args, const char *option);

/** pn_opts_all() - all arguments of an option that repeats; NULL-terminated, never NULL */
const char *const *pn_opts_all(const struct pn_opts *args, const char *option);

/** pn_opts_operands() - what is no option; NULL-terminated, never NULL */
const char *const *pn_opts_operands(const struct pn_opts *args);

/** pn_opts_words() - the command line as it was given, the command's name first; NULL-terminated */
const char *const *pn_opts_words(const struct pn_opts *args);

/** pn_opts_uint() - the option as a whole number in [@min, @max]; untouched when not given. Return: 0 or -EINVAL with one line. */
int pn_opts_uint(const struct pn_opts *args, const char *option, uint64_t min, uint64_t max, uint64_t *ret_value, struct pn_diag *diag);

/** pn_opts_duration() - the option as a duration in ns; untouched when not given. Return: 0 or -EINVAL with one line. */
int pn_opts_duration(const struct pn_opts *args, const char *option, uint64_t *ret_ns, struct pn_diag *diag);
