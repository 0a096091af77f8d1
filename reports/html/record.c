// SPDX-License-Identifier: GPL-2.0-only
/* Reads what a case recorded beside its verdict. A report must come out of any directory that a kill can leave, so nothing here is fatal.
 */
#include "html.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../harness/base/diag.h"
#include "../../harness/base/journal.h"
#include "../rundir.h"

const char *pn_html_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

bool pn_html_is(const json_t *object, const char *key, const char *text)
{
	return !strcmp(pn_html_string(object, key), text);
}

static void note_trouble(struct pn_html_record *record, const char *why)
{
	if (!record->trouble)
		record->trouble = g_strdup(why);
}

static json_t *read_lines(struct pn_html_record *record, const char *name)
{
	g_autofree char *path = g_build_filename(record->dir, name, NULL);
	struct pn_diag diag = {0};
	json_t *lines = NULL;

	if (access(path, F_OK))
		return json_array();
	if (pn_journal_read(path, &lines, &diag)) {
		note_trouble(record, diag.text);
		return json_array();
	}
	return lines;
}

static json_t *read_loads(struct pn_html_record *record)
{
	g_autofree char *path = g_build_filename(record->dir, "loads.json", NULL), *why = NULL;
	json_error_t error;
	json_t *loads;

	if (access(path, F_OK))
		return json_array();
	loads = json_load_file(path, 0, &error);
	if (json_is_array(loads))
		return loads;
	json_decref(loads);
	why = g_strdup_printf("%s:%d: not a JSON array: %s", path, error.line, error.text);
	note_trouble(record, why);
	return json_array();
}

static void find_times(struct pn_html_record *record)
{
	const json_t *line;
	size_t i;

	json_array_foreach(record->journal, i, line) {
		int64_t t_ns = json_integer_value(json_object_get(line, "t_ns"));

		if (!record->from_ns)
			record->from_ns = t_ns;
		record->to_ns = MAX(record->to_ns, t_ns);
		if (!record->zero_ns && pn_html_is(line, "ev", "timeline") && pn_html_is(line, "state", "start"))
			record->zero_ns = t_ns;
	}
	if (!record->zero_ns)
		record->zero_ns = record->from_ns;
}

static void read_files(struct pn_html_record *record)
{
	record->journal = read_lines(record, "journal.jsonl");
	record->samples = read_lines(record, "samples.jsonl");
	record->kmsg = read_lines(record, "kmsg.jsonl");
	record->loads = read_loads(record);
	find_times(record);
}

/* A name becomes part of a path, and it comes from the run directory. */
static bool is_name(const char *name)
{
	return name && *name && name[0] != '.' && !strchr(name, '/');
}

GPtrArray *pn_html_guests(const struct pn_html_record *of_case)
{
	GPtrArray *names = g_ptr_array_new();
	const json_t *line, *name;
	size_t i, k;

	json_array_foreach(of_case->journal, i, line)
		if (pn_html_is(line, "ev", "case"))
			json_array_foreach(json_object_get(line, "guests"), k, name)
				if (is_name(json_string_value(name)))
					g_ptr_array_add(names, (gpointer)json_string_value(name));
	return names;
}

static char *guest_dir(const struct pn_html_record *of_case, const char *name)
{
	return g_build_filename(of_case->dir, "guests", name, NULL);
}

/* One axis for all guests: from the first record of any to the last, 0 where the first timeline begins. */
static void find_common_times(struct pn_html_record *record)
{
	g_autoptr(GPtrArray) names = pn_html_guests(record);
	int64_t zero_ns = 0;

	for (guint i = 0; i < names->len; i++) {
		struct pn_html_record guest = {.dir = guest_dir(record, names->pdata[i])};

		guest.journal = read_lines(&guest, "journal.jsonl");
		find_times(&guest);
		if (guest.from_ns) {
			record->from_ns = MIN(record->from_ns, guest.from_ns);
			record->to_ns = MAX(record->to_ns, guest.to_ns);
			if (guest.zero_ns > guest.from_ns) /* it has begun */
				zero_ns = zero_ns ? MIN(zero_ns, guest.zero_ns) : guest.zero_ns;
		}
		pn_html_record_deinit(&guest);
	}
	if (zero_ns)
		record->zero_ns = zero_ns;
}

void pn_html_record_read(const struct pn_rundir *run, size_t index, struct pn_html_record *ret_record)
{
	struct pn_html_record record = {0};

	record.dir = g_strdup_printf("%s/cases/%04" JSON_INTEGER_FORMAT, run->dir,
				     json_integer_value(json_object_get(pn_rundir_case(run, index), "index")));
	read_files(&record);
	find_common_times(&record);
	record.controller = read_lines(&record, "controller.jsonl");
	pn_html_controller_all(&record);
	*ret_record = record;
}

void pn_html_record_guest(const struct pn_html_record *of_case, const char *name, struct pn_html_record *ret_record)
{
	struct pn_html_record record = {.dir = guest_dir(of_case, name)};

	read_files(&record);
	pn_html_controller_one(of_case, name, &record);
	record.from_ns = of_case->from_ns;
	record.to_ns = of_case->to_ns;
	record.zero_ns = of_case->zero_ns;
	*ret_record = record;
}

void pn_html_record_deinit(struct pn_html_record *record)
{
	json_decref(record->journal);
	json_decref(record->samples);
	json_decref(record->kmsg);
	json_decref(record->loads);
	json_decref(record->controller);
	g_free(record->dir);
	g_free(record->trouble);
	*record = (struct pn_html_record){0};
}
