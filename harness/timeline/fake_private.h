/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <string.h>

#include "fake.h"

struct pn_diag;

/* Between the guest of fake.h and its agent; under its lock. */

static inline bool is(const char *what, const char *word)
{
	return what && strcmp(what, word) == 0;
}

/** fake_move() - the balloon goes as far as its speed has let it since it was last looked at */
void fake_move(void);

/** fake_struck() - a fault has struck: the speed of from now on */
void fake_struck(void);

/** fake_agent() - answer a request. Return: 0 with @ret_reply, or a negative errno. */
int fake_agent(const json_t *request, json_t **ret_reply, struct pn_diag *diag);

/** fake_injection_read(), fake_injection_write() - a knob of the kernel's fault injection. Return: false when the file is none. */
bool fake_injection_read(const char *path, char **ret_text);
bool fake_injection_write(const char *path, const char *text);

/** fake_allocate() - the driver allocates. Return: whether it has got it. */
bool fake_allocate(void);
