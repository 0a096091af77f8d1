// SPDX-License-Identifier: GPL-2.0-only
/* A record on disk, which may be long: one line at a time is in memory. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/diag.h"
#include "protocol.h"

static int feed_lines(struct pn_protocol *protocol, FILE *file, const char *path, struct pn_diag *diag)
{
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int err = 0;

	while (!err && (length = getline(&line, &size, file)) > 0) {
		json_t *event;

		number++;
		if (line[length - 1] != '\n')
			break; /* QEMU was killed while it wrote */
		event = json_loadb(line, length, 0, NULL);
		if (event)
			pn_protocol_feed(protocol, event);
		else
			err = pn_diag_set(diag, -EBADMSG, "%s:%u: not a record of the queues", path, number);
		json_decref(event);
	}
	free(line);
	return err;
}

int pn_protocol_read(const char *path, const struct pn_protocol_context *context, json_t **ret_result, struct pn_diag *diag)
{
	FILE *file = fopen(path, "re");
	struct pn_protocol *protocol;
	int err;

	if (!file)
		return pn_diag_set(diag, -errno, "%s: can't be read", path);
	protocol = pn_protocol_new(context);
	err = feed_lines(protocol, file, path, diag);
	fclose(file);
	if (!err) {
		pn_protocol_end(protocol);
		*ret_result = json_pack("{s:o, s:s?, s:o, s:o, s:o}", "rules", pn_protocol_json(protocol), "blind", pn_protocol_blind(protocol), "kicks",
					pn_protocol_kicks(protocol), "config_interrupts", pn_protocol_config_interrupts(protocol), "held",
					pn_protocol_held(protocol));
	}
	pn_protocol_free(protocol);
	return err;
}
