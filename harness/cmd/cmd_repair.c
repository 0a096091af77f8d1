// SPDX-License-Identifier: GPL-2.0-only
/* `puncture repair`: undo what dead owners left; each run does the same at its start. */
#include "commands.h"

#include <glib.h>
#include <stdlib.h>

#include "../base/exit.h"
#include "../base/owned.h"
#include "../run/run.h"

static int run(const struct pn_opts *args, struct pn_diag *diag)
{
	json_t *repaired = NULL;
	const json_t *thing;
	size_t i;
	int err;

	pn_run_init();
	err = pn_owned_repair(&repaired, diag);
	json_array_foreach (repaired, i, thing) {
		char *what = json_dumps(json_object_get(thing, "what"), JSON_COMPACT | JSON_ENCODE_ANY);

		printf("removed: %s %s\n", json_string_value(json_object_get(thing, "kind")), what);
		free(what);
	}
	if (!err && !json_array_size(repaired))
		puts("nothing to repair");
	json_decref(repaired);
	return err ? err : PN_EXIT_PASS;
}

const struct pn_command pn_command_repair = {
	.name = "repair",
	.summary = "remove what killed runs have left behind",
	.usage = "",
	.description = "Ends guests, and removes or restores files, swap, cgroups and kernel settings,\n"
		       "that a killed harness owned. Touches nothing of a living one and nothing that\n"
		       "is not ours. Every run does the same before it starts.",
	.run = run,
};
