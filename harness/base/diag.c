// SPDX-License-Identifier: GPL-2.0-only
/* One line that says why. Text is cut, never overrun, and line breaks in it become blanks so that it stays one line. */

#include "diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int pn_diag_set(struct pn_diag *diag, int err, const char *fmt, ...)
{
	va_list ap;

	if (!diag)
		return err;
	va_start(ap, fmt);
	vsnprintf(diag->text, sizeof(diag->text), fmt, ap);
	va_end(ap);
	for (char *c = diag->text; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	return err;
}

int pn_diag_value(struct pn_diag *diag, const char *where, const char *key, const char *value, const char *accepted)
{
	return pn_diag_set(diag, -EINVAL, "%s: %s: '%s' is not accepted; expected %s", where, key, value, accepted);
}
