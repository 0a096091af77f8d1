// SPDX-License-Identifier: GPL-2.0-only
/* The table of laws. */
#include "law.h"

#include <string.h>

const struct pn_law *const pn_laws[] = {
	&pn_law_balloond, &pn_law_balloond_cautious, &pn_law_balloond_careful, &pn_law_balloond_deep, &pn_law_static, &pn_law_mom, &pn_law_proxmox,
	&pn_law_squeezed, &pn_law_balance,	 &pn_law_senpai, NULL,
};

const struct pn_law *pn_law_find(const char *name)
{
	for (size_t i = 0; pn_laws[i]; i++)
		if (!strcmp(pn_laws[i]->name, name))
			return pn_laws[i];
	return NULL;
}
