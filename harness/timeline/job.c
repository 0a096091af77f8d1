// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load's file made concrete for one guest. Expansion depends on the guest's shape and the seed only.
 */
#include "job.h"

#include <glib.h>
#include <jansson.h>

#include "../base/journal.h"
#include "../guest/guest.h"
#include "../scenario/scenario.h"
#include "loads.h"
#include "timeline.h"

#define GUEST_DIR "/run/puncture/loads"

void pn_job_deinit(struct pn_job *job)
{
	pn_load_free(job->load);
	g_strfreev(job->argv);
	g_free(job->dir);
}

int pn_job_init(struct pn_job *job, const struct pn_timeline *timeline, const char *name, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	const struct pn_machine *machine = pn_guest_machine(timeline->guest);
	int r;

	*job = (struct pn_job){.dir = g_strdup_printf("%s/%s", GUEST_DIR, name)};
	r = pn_load_read(timeline->workloads_dir, name, &job->load, diag);
	if (r < 0) {
		g_clear_pointer(&job->dir, g_free);
		return r;
	}
	job->context = (struct pn_load_context){.memory_bytes = machine->memory_bytes, .vcpus = machine->vcpus, .seed = timeline->scenario->seed,
						.disk = machine->disk_bytes ? PN_FIXTURE_DISK : NULL, .dir = job->dir, .mix = &timeline->scenario->mix};
	for (char **word = job->load->argv; *word; word++) {
		char *text;

		r = pn_load_expand(*word, &job->context, &text, diag);
		if (r < 0) {
			pn_job_deinit(job);
			return r;
		}
		g_ptr_array_add(argv, text);
	}
	g_ptr_array_add(argv, NULL);
	job->argv = (char **)g_ptr_array_steal(argv, NULL);
	return 0;
}

void pn_job_journal(const struct pn_timeline *timeline, const char *name, const char *state)
{
	pn_journal_add(timeline->journal, "load", json_pack("{s:s,s:s}", "load", name, "state", state));
}
