// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several guests in one case: each is a scenario of its own, the file's with the guest's keys put over it. So all that holds for one guest
 * (schema, checks, timeline, oracles) holds for each of several without knowing of the others.
 */
#include "members.h"

#include <errno.h>
#include <string.h>

#include "../base/diag.h"
#include "doc.h"
#include "schema.h"

static int refuse(struct pn_doc *doc, int node, const char *key, const char *value, const char *accepted, struct pn_diag *diag)
{
	g_autofree char *where = pn_doc_where(doc, node);

	return pn_diag_value(diag, where, key, value, accepted);
}

/* Leaves one by one: what one guest says of its balloon must not take away what the scenario says of its memory. */
static int overlay(struct pn_doc *doc, struct pn_doc *from, int map, const char *path, struct pn_diag *diag)
{
	const yaml_node_t *yaml = pn_doc_node(from, map);

	for (ptrdiff_t i = 0; i < yaml->data.mapping.pairs.top - yaml->data.mapping.pairs.start; i++) {
		yaml_node_pair_t pair = yaml->data.mapping.pairs.start[i];
		g_autofree char *key = g_strdup_printf("%s.%s", path, pn_doc_text(from, pair.key));
		int r;

		if (pn_doc_node(from, pair.value)->type == YAML_MAPPING_NODE)
			r = overlay(doc, from, pair.value, key, diag);
		else if (pn_doc_set(doc, key, pn_doc_graft(doc, from, pair.value)) < 0)
			r = refuse(from, pair.value, key, "(below a value)", "a key of a guest", diag);
		else
			r = 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_over(struct pn_doc *doc, struct pn_doc *from, yaml_node_pair_t pair, struct pn_diag *diag)
{
	static const char *const own[] = {"name", "count", "delay", "stagger", NULL};
	const char *key = pn_doc_text(from, pair.key);

	if (g_strv_contains(own, key))
		return 0;
	if (strcmp(key, "guest") == 0)
		return overlay(doc, from, pair.value, "guest", diag);
	if (strcmp(key, "pattern") == 0 || strcmp(key, "timeline") == 0) {
		pn_doc_remove(doc, pn_doc_root(doc), "pattern");
		pn_doc_remove(doc, pn_doc_root(doc), "timeline");
	}
	pn_doc_put(doc, pn_doc_root(doc), key, pn_doc_graft(doc, from, pair.value));
	return 0;
}

static int derive(struct pn_doc *from, int item, struct pn_doc **ret_doc, struct pn_diag *diag)
{
	struct pn_doc *doc = pn_doc_copy(from);
	const yaml_node_t *yaml = pn_doc_node(from, item);
	int r = 0;

	pn_doc_remove(doc, pn_doc_root(doc), "guests");
	for (ptrdiff_t i = 0; r >= 0 && i < yaml->data.mapping.pairs.top - yaml->data.mapping.pairs.start; i++)
		r = put_over(doc, from, yaml->data.mapping.pairs.start[i], diag);
	if (r < 0)
		pn_doc_free(doc);
	else
		*ret_doc = doc;
	return r;
}

static uint64_t number_of(struct pn_doc *doc, int item, const char *name)
{
	g_autofree char *key = g_strconcat("guests[].", name, NULL);

	return pn_schema_value(&pn_scenario_schema, key, pn_doc_text(doc, pn_doc_get(doc, item, name)), 0);
}

static void clear_member(gpointer data)
{
	struct pn_member *member = data;

	g_free(member->name);
	pn_doc_free(member->doc);
}

static int check_name(struct pn_doc *doc, int item, const GArray *members, const char *name, struct pn_diag *diag)
{
	if (strchr(name, '/') || name[0] == '.' || strlen(name) > 32)
		return refuse(doc, item, "guests[].name", name, "at most 32 characters, no '/', no '.' in front: files are called so", diag);
	for (guint i = 0; i < members->len; i++)
		if (strcmp(g_array_index(members, struct pn_member, i).name, name) == 0)
			return refuse(doc, item, "guests[].name", name, "a name that no other guest has", diag);
	return 0;
}

static int add_item(struct pn_doc *doc, int item, GArray *members, struct pn_diag *diag)
{
	const char *said = pn_doc_text(doc, pn_doc_get(doc, item, "name"));
	uint64_t count = number_of(doc, item, "count");
	g_autofree char *base = g_strdup(said);

	if (members->len + count > PN_MEMBERS_MAX)
		return refuse(doc, item, "guests", "(more)", "at most " G_STRINGIFY(PN_MEMBERS_MAX) " guests", diag);
	for (uint64_t i = 0; i < count; i++) {
		struct pn_member member = {.delay_ns = number_of(doc, item, "delay") + i * number_of(doc, item, "stagger")};
		int r;

		member.name = !base	  ? g_strdup_printf("g%u", members->len + 1)
			      : count > 1 ? g_strdup_printf("%s-%" G_GUINT64_FORMAT, base, i + 1)
					  : g_strdup(base);
		r = check_name(doc, item, members, member.name, diag);
		if (r >= 0)
			r = derive(doc, item, &member.doc, diag);
		if (r < 0) {
			g_free(member.name);
			return r;
		}
		g_array_append_val(members, member);
	}
	return 0;
}

int pn_members_expand(struct pn_doc *doc, GArray **ret_members, struct pn_diag *diag)
{
	g_autoptr(GArray) members = g_array_new(FALSE, TRUE, sizeof(struct pn_member));
	int list = pn_doc_find(doc, "guests");

	g_array_set_clear_func(members, clear_member);
	for (int i = 0; list; i++) {
		g_autofree char *path = g_strdup_printf("guests[%d]", i);
		int item = pn_doc_find(doc, path), r;

		if (!item)
			break;
		r = add_item(doc, item, members, diag);
		if (r < 0)
			return r;
	}
	if (list && !members->len)
		return refuse(doc, list, "guests", "(an empty list)", "at least one guest", diag);
	*ret_members = g_steal_pointer(&members);
	return 0;
}
