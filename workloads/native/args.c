/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments and signals of the native programs. */
#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

volatile int pn_args_stop, pn_args_mark, pn_args_end;

static int parse(const char *text, char **ret_end, uint64_t *ret_number)
{
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*ret_number = strtoull(text, ret_end, 10);
	return errno ? -EINVAL : 0;
}

int pn_args_number(const char *text, uint64_t *ret_number)
{
	char *end;
	int r = parse(text, &end, ret_number);

	return r == 0 && *end ? -EINVAL : r;
}

int pn_args_bytes(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t number;
	char *end;
	int r = parse(text, &end, &number);

	if (r < 0)
		return r;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return -EINVAL;
	if (unit && __builtin_mul_overflow(number, (uint64_t)1 << 10 * (unit - units + 1), &number))
		return -EINVAL;
	*ret_bytes = number;
	return 0;
}

static void on_signal(int number)
{
	if (number == SIGUSR1)
		pn_args_mark = 1;
	else if (number == SIGUSR2)
		pn_args_end = 1;
	else
		pn_args_stop = 1;
}

void pn_args_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
}
