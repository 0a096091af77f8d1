// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which loads the guest runs, as its agent says. Loads whose id starts with PN_FAULT_LOAD_PREFIX are a fault's own.
 */
#include "loads.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "../base/diag.h"
#include "../guest/guest.h"
#include "ready.h"
#include "timeline.h"

static int roster(const struct pn_timeline *timeline, json_t **ret_reply, json_t **ret_loads, struct pn_diag *diag)
{
	json_t *reply, *loads;
	int r;

	r = pn_guest_agent(timeline->guest, json_pack("{s:s}", "op", "load.list"), 0, &reply, diag);
	if (r < 0)
		return r;
	loads = json_object_get(reply, "loads");
	if (!json_is_array(loads)) {
		json_decref(reply);
		return pn_diag_set(diag, -EPROTO, "agent: load.list without loads");
	}
	*ret_reply = reply;
	*ret_loads = loads;
	return 0;
}

static const char *id_of(const json_t *load)
{
	const char *id = json_string_value(json_object_get(load, "id"));

	return id ? id : "";
}

int pn_load_state(const struct pn_timeline *timeline, const char *id, bool *ret_running, bool *ret_oom_killed, uint64_t *ret_cpu_ns,
		  struct pn_diag *diag)
{
	json_t *reply, *loads, *load;
	size_t i;
	int r;

	r = roster(timeline, &reply, &loads, diag);
	if (r < 0)
		return r;
	r = -ENOENT;
	json_array_foreach(loads, i, load) {
		if (strcmp(id_of(load), id) != 0)
			continue;
		if (ret_running)
			*ret_running = json_is_true(json_object_get(load, "running"));
		if (ret_oom_killed)
			*ret_oom_killed = json_is_true(json_object_get(load, "oom_killed"));
		if (ret_cpu_ns)
			*ret_cpu_ns = (uint64_t)json_integer_value(json_object_get(load, "cpu_ns"));
		r = 0;
		break;
	}
	json_decref(reply);
	return r < 0 ? pn_diag_set(diag, r, "load '%s': the guest's agent knows no such load", id) : 0;
}

int pn_loads_running(const struct pn_timeline *timeline, char ***ret_names, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) names = NULL;
	json_t *reply, *loads, *load;
	size_t i;
	int r;

	r = roster(timeline, &reply, &loads, diag);
	if (r < 0)
		return r;
	names = g_ptr_array_new_with_free_func(g_free);
	json_array_foreach(loads, i, load)
		if (json_is_true(json_object_get(load, "running")) && !g_str_has_prefix(id_of(load), PN_FAULT_LOAD_PREFIX))
			g_ptr_array_add(names, g_strdup(id_of(load)));
	json_decref(reply);
	g_ptr_array_add(names, NULL);
	*ret_names = (char **)g_ptr_array_steal(names, NULL);
	return 0;
}
