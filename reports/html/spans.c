// SPDX-License-Identifier: GPL-2.0-only
/* What the journal says of the timeline: phases, faults, lifecycle actions, and targets that were not reached. */
#include "html.h"

#include <string.h>

#include "../../harness/base/units.h"

static void clear_span(gpointer data)
{
	g_free(((struct pn_html_span *)data)->detail);
}

static void add(GArray *spans, int64_t t_ns, const char *kind, const char *name, char *detail)
{
	struct pn_html_span span = {.from_ns = t_ns, .to_ns = t_ns, .kind = kind, .name = name, .detail = detail};

	g_array_append_val(spans, span);
}

static struct pn_html_span *last_of(GArray *spans, const char *kind, const char *name)
{
	for (guint i = spans->len; i-- > 0;) {
		struct pn_html_span *span = &g_array_index(spans, struct pn_html_span, i);

		if (!strcmp(span->kind, kind) && (!name || !strcmp(span->name, name)))
			return span;
	}
	return NULL;
}

static void end_phase(GArray *spans, int64_t t_ns)
{
	struct pn_html_span *phase = last_of(spans, "phase", NULL);

	if (phase && phase->to_ns == phase->from_ns)
		phase->to_ns = t_ns;
}

/* "armed" begins a span, "disarmed" ends it; what comes between is told in its detail */
static void add_fault(GArray *spans, int64_t t_ns, const json_t *line)
{
	const char *name = pn_html_string(line, "name"), *state = pn_html_string(line, "state");
	const char *why = pn_html_string(line, "evidence");
	struct pn_html_span *fault = last_of(spans, "fault", name);
	char *detail;

	if (!*why)
		why = pn_html_string(line, "reason");
	if (!strcmp(state, "armed") || !fault) {
		add(spans, t_ns, "fault", name, g_strdup(state));
		return;
	}
	detail = g_strdup_printf("%s, %s%s%s", fault->detail, state, *why ? ": " : "", why);
	g_free(fault->detail);
	fault->detail = detail;
	fault->to_ns = t_ns;
}

static void add_unsettled(GArray *spans, int64_t t_ns, const json_t *line)
{
	char want[32], have[32];

	pn_bytes_format((uint64_t)json_number_value(json_object_get(line, "asked_bytes")), want, sizeof(want));
	pn_bytes_format((uint64_t)json_number_value(json_object_get(line, "balloon_bytes")), have, sizeof(have));
	add(spans, t_ns, "unsettled", "target not reached", g_strdup_printf("asked for %s, has %s, %s", want, have, pn_html_string(line, "outcome")));
}

static void add_line(GArray *spans, int64_t t_ns, const json_t *line)
{
	if (pn_html_is(line, "ev", "phase")) {
		end_phase(spans, t_ns);
		add(spans, t_ns, "phase", pn_html_string(line, "name"), NULL);
	} else if (pn_html_is(line, "ev", "timeline") && pn_html_is(line, "state", "end")) {
		end_phase(spans, t_ns);
	} else if (pn_html_is(line, "ev", "fault")) {
		add_fault(spans, t_ns, line);
	} else if (pn_html_is(line, "ev", "event") && pn_html_is(line, "do", "lifecycle")) {
		add(spans, t_ns, "lifecycle", pn_html_string(line, "name"), NULL);
	} else if (pn_html_is(line, "ev", "unsettled")) {
		add_unsettled(spans, t_ns, line);
	} else if (pn_html_is(line, "ev", "driver") && pn_html_is(line, "state", "stuck")) {
		add(spans, t_ns, "stuck", "driver stuck", g_strdup(pn_html_string(line, "op")));
	}
}

GArray *pn_html_spans(const struct pn_html_record *record)
{
	GArray *spans = g_array_new(FALSE, FALSE, sizeof(struct pn_html_span));
	const json_t *line;
	size_t i;

	g_array_set_clear_func(spans, clear_span);
	json_array_foreach (record->journal, i, line)
		add_line(spans, json_integer_value(json_object_get(line, "t_ns")), line);
	/* a case that was cut short: its last phase went on to the last record */
	end_phase(spans, record->to_ns);
	return spans;
}
