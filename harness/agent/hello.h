/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <jansson.h>

/** pn_hello() - who this guest is: the body of the hello reply and event; the caller's */
json_t *pn_hello(void);
