/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/** pn_args_bytes() - "4096", "64K", "64M", "2G" (powers of 1024). Return: 0 or -EINVAL. */
int pn_args_bytes(const char *text, uint64_t *ret_bytes);

/** pn_args_number() - a decimal number. Return: 0 or -EINVAL. */
int pn_args_number(const char *text, uint64_t *ret_number);

/** pn_args_signals() - SIGTERM and SIGINT (stop), SIGUSR1 (mark) and SIGUSR2 (end) set the flags below and interrupt sleeps */
void pn_args_signals(void);

extern volatile int pn_args_stop, pn_args_mark, pn_args_end;
