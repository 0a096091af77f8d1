// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's kernel log, record by record, with the moments between which a case lies. Records are written as they come: the last
 * words of a guest that dies are in the file. Written on the connection's thread: a line is some hundred bytes.
 */

#include "kmsg.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/diag.h"
#include "../guest/guest.h"
#include "lines.h"

struct pn_kmsg {
	struct pn_guest *guest;
	struct pn_lines *lines;
};

static const char *const record_keys[] = {"seq", "level", "time_us", "text"};

static void hear(const json_t *event, uint64_t host_ns, void *data)
{
	struct pn_kmsg *kmsg = data;
	const char *ev = json_string_value(json_object_get(event, "ev"));
	json_t *line;

	/* A kernel that panics may not get its last words out of the guest; QEMU says it for it. */
	if (ev && !strcmp(ev, "state"))
		pn_lines_add(kmsg->lines, json_pack("{s:I, s:o}", "t_ns", (json_int_t)host_ns, "state",
						    json_deep_copy(json_object_get(event, "state"))));
	if (!ev || strcmp(ev, "kmsg"))
		return;
	line = json_pack("{s:I}", "t_ns", (json_int_t)host_ns);
	for (size_t i = 0; i < G_N_ELEMENTS(record_keys); i++) {
		json_t *value = json_object_get(event, record_keys[i]);

		/* The event is shared with other subscribers on other threads: copied, not referenced. */
		if (value)
			json_object_set_new(line, record_keys[i], json_deep_copy(value));
	}
	pn_lines_add(kmsg->lines, line);
}

int pn_kmsg_start(struct pn_guest *guest, const char *case_dir, struct pn_kmsg **ret_kmsg, struct pn_diag *diag)
{
	struct pn_kmsg *kmsg = g_new0(struct pn_kmsg, 1);
	int err;

	kmsg->guest = guest;
	err = pn_lines_open(case_dir, "kmsg.jsonl", &kmsg->lines, diag);
	if (!err) {
		err = pn_guest_subscribe(guest, hear, kmsg);
		if (err)
			pn_diag_set(diag, err, "can't hear the guest's kernel log: %s", g_strerror(-err));
	}
	if (err) {
		pn_lines_close(kmsg->lines);
		g_free(kmsg);
		return err;
	}
	*ret_kmsg = kmsg;
	return 0;
}

int pn_kmsg_mark(struct pn_kmsg *kmsg, const char *label, uint64_t guest_ns)
{
	json_t *line = json_pack("{s:I, s:s}", "t_ns", (json_int_t)pn_clock_now_ns(), "mark", label);

	if (guest_ns)
		json_object_set_new(line, "guest_ns", json_integer((json_int_t)guest_ns));
	return pn_lines_add(kmsg->lines, line);
}

int pn_kmsg_stop(struct pn_kmsg *kmsg)
{
	int err;

	if (!kmsg)
		return 0;
	pn_guest_unsubscribe(kmsg->guest, hear, kmsg);
	err = pn_lines_close(kmsg->lines);
	g_free(kmsg);
	return err;
}
