// SPDX-License-Identifier: GPL-2.0-only
/* What other balloon tests check, and the scenarios that check it here: one list for the suite `peers` and for `puncture list peers`. */
#include "peers.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "../base/diag.h"
#include "doc.h"
#include "names.h"

#define FILE_NAME "peers.yaml"

static char *text_of(struct pn_doc *doc, unsigned int i, const char *key)
{
	g_autofree char *path = g_strdup_printf("cases[%u].%s", i, key);

	return g_strdup(pn_doc_text(doc, pn_doc_find(doc, path)));
}

static int refuse(struct pn_doc *doc, unsigned int i, const char *key, const char *value, const char *accepted, struct pn_diag *diag)
{
	g_autofree char *path = g_strdup_printf("cases[%u]", i), *full = g_strdup_printf("%s.%s", path, key);
	g_autofree char *where = pn_doc_where(doc, pn_doc_find(doc, path));

	return pn_diag_value(diag, where, full, value, accepted);
}

static int read_scenarios(const char *workloads_dir, struct pn_doc *doc, unsigned int i, char ***ret_names, struct pn_diag *diag)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (unsigned int k = 0;; k++) {
		g_autofree char *key = g_strdup_printf("scenarios[%u]", k), *name = text_of(doc, i, key), *path = NULL;

		if (!name)
			break;
		path = pn_names_path(workloads_dir, "scenarios", name);
		if (!path) {
			g_autofree char *accepted = pn_names_accepted(workloads_dir, "scenarios", name);

			return refuse(doc, i, key, name, accepted, diag);
		}
		g_ptr_array_add(names, g_steal_pointer(&name));
	}
	g_ptr_array_add(names, NULL);
	*ret_names = (char **)g_ptr_array_steal(names, NULL);
	return 0;
}

static int read_case(const char *workloads_dir, struct pn_doc *doc, unsigned int i, struct pn_peer_case *one, struct pn_diag *diag)
{
	int err;

	one->peer = text_of(doc, i, "peer");
	one->name = text_of(doc, i, "case");
	one->exact = text_of(doc, i, "exact");
	one->elsewhere = text_of(doc, i, "elsewhere");
	err = read_scenarios(workloads_dir, doc, i, &one->scenarios, diag);
	if (err)
		return err;
	if (!one->peer || !one->name)
		return refuse(doc, i, one->peer ? "case" : "peer", "(nothing)", "a text", diag);
	if (!one->scenarios[0] && !one->elsewhere)
		return refuse(doc, i, "scenarios", "(nothing)", "at least one scenario, or `elsewhere` with what checks it instead", diag);
	return 0;
}

int pn_peers_read(const char *workloads_dir, struct pn_peers *ret_peers, struct pn_diag *diag)
{
	g_autofree char *path = g_build_filename(workloads_dir, FILE_NAME, NULL);
	g_autoptr(GArray) cases = g_array_new(TRUE, TRUE, sizeof(struct pn_peer_case));
	struct pn_peers peers = {};
	struct pn_doc *doc = NULL;
	int err = pn_doc_read(path, &doc, diag);

	if (err < 0)
		return err;
	for (unsigned int i = 0; !err; i++) {
		g_autofree char *key = g_strdup_printf("cases[%u]", i);

		if (!pn_doc_find(doc, key))
			break;
		g_array_set_size(cases, i + 1);
		err = read_case(workloads_dir, doc, i, &g_array_index(cases, struct pn_peer_case, i), diag);
	}
	pn_doc_free(doc);
	peers.count = cases->len;
	peers.list = (struct pn_peer_case *)g_array_steal(cases, NULL);
	if (err)
		pn_peers_free(&peers);
	else
		*ret_peers = peers;
	return err;
}

void pn_peers_free(struct pn_peers *peers)
{
	for (unsigned int i = 0; i < peers->count; i++) {
		g_free(peers->list[i].peer);
		g_free(peers->list[i].name);
		g_free(peers->list[i].exact);
		g_free(peers->list[i].elsewhere);
		g_strfreev(peers->list[i].scenarios);
	}
	g_free(peers->list);
	*peers = (struct pn_peers){};
}

char *pn_peers_suite(const struct pn_peers *peers)
{
	GString *text = g_string_new("name: peers\nsummary: peers\nscenarios:\n");
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned int i = 0; i < peers->count; i++) {
		for (char **name = peers->list[i].scenarios; *name; name++) {
			if (g_hash_table_add(seen, *name))
				g_string_append_printf(text, "  - %s\n", *name);
		}
	}
	return g_string_free(text, FALSE);
}
