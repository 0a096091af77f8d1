// SPDX-License-Identifier: GPL-2.0-only
/* What can be set for one guest: one table of records for the configuration file and for the metadata of domains, so both say the same. */
#include "own_limits.h"

#include <errno.h>
#include <glib.h>
#include <libxml/parser.h>
#include <string.h>

#include "../../../harness/base/diag.h"
#include "../../../harness/base/units.h"

const struct pn_key_info pn_limits_keys[] = {
	{.name = "min", .type = PN_KEY_SHARE, .min = PN_MIB, .fallback = "25%", .help = "the least that a guest is left, of its memory"},
	{.name = "weight", .type = PN_KEY_COUNT, .min = 1, .max = 1000000, .fallback = "100", .help = "its share against others when memory is scarce"},
	{.name = "oom-quota", .type = PN_KEY_SHARE, .fallback = "0", .help = "what a guest with deflate-on-oom may take above its target; it is kept free"},
	{.name = "overhead", .type = PN_KEY_BYTES, .max = 1ULL << 40, .fallback = "64MiB", .help = "memory of QEMU itself"},
	{.name = "control", .type = PN_KEY_FLAG, .fallback = "on", .help = "off: nothing is done to it, and all its memory is kept for it"},
	{0},
};

static char **slot(struct pn_limits *limits, size_t index)
{
	char **slots[] = {&limits->min, &limits->weight, &limits->oom_quota, &limits->overhead, &limits->control};

	return slots[index];
}

void pn_limits_clear(struct pn_limits *limits)
{
	for (size_t i = 0; pn_limits_keys[i].name; i++)
		g_clear_pointer(slot(limits, i), g_free);
}

int pn_limits_set(struct pn_limits *limits, const char *where, const char *key, const char *text, struct pn_diag *diag)
{
	for (size_t i = 0; pn_limits_keys[i].name; i++) {
		g_autofree char *accepted = NULL;
		struct pn_key_value value;

		if (strcmp(pn_limits_keys[i].name, key) != 0)
			continue;
		if (pn_key_parse(&pn_limits_keys[i], text, PN_GIB, &value) < 0) {
			accepted = pn_key_accepted(&pn_limits_keys[i]);
			return pn_diag_value(diag, where, key, text, accepted);
		}
		g_free(*slot(limits, i));
		*slot(limits, i) = g_strdup(text);
		return 0;
	}
	return pn_diag_value(diag, where, key, text, "one of the attributes min, weight, oom-quota, overhead, control");
}

static int read_attributes(struct pn_limits *limits, const xmlNode *root, const char *where, struct pn_diag *diag)
{
	int err = 0;

	for (const xmlAttr *attr = root->properties; attr && !err; attr = attr->next) {
		xmlChar *text = xmlNodeListGetString(root->doc, attr->children, 1);

		err = pn_limits_set(limits, where, (const char *)attr->name, text ? (const char *)text : "", diag);
		xmlFree(text);
	}
	return err;
}

int pn_limits_read_xml(struct pn_limits *limits, const char *xml, const char *where, struct pn_diag *diag)
{
	xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	struct pn_limits read = {0};
	int err;

	if (!root || strcmp((const char *)root->name, "policy") != 0)
		err = pn_diag_value(diag, where, "metadata", root ? (const char *)root->name : "(not XML)", "an element <policy> with attributes only");
	else
		err = read_attributes(&read, root, where, diag);
	xmlFreeDoc(doc);
	if (err) {
		pn_limits_clear(&read);
		return err;
	}
	pn_limits_clear(limits);
	*limits = read;
	return 0;
}

static uint64_t resolve(const struct pn_limits *own, const struct pn_limits *common, size_t index, uint64_t max_bytes)
{
	const char *text = own ? *slot((struct pn_limits *)own, index) : NULL;
	struct pn_key_value value = {0};

	if (!text)
		text = *slot((struct pn_limits *)common, index);
	/* well formed, since it was set; a size may still be more than this guest has */
	if (pn_key_parse(&pn_limits_keys[index], text ? text : pn_limits_keys[index].fallback, max_bytes, &value) < 0)
		return max_bytes;
	return value.number;
}

struct pn_policy_guest pn_limits_resolve(const struct pn_limits *own, const struct pn_limits *common, uint64_t max_bytes, bool *ret_control)
{
	struct pn_policy_guest guest = {
		.max_bytes = max_bytes,
		.min_bytes = MIN(resolve(own, common, 0, max_bytes), max_bytes),
		.weight = (double)resolve(own, common, 1, max_bytes),
		.oom_quota_bytes = resolve(own, common, 2, max_bytes),
		.overhead_bytes = resolve(own, common, 3, max_bytes),
	};

	*ret_control = resolve(own, common, 4, max_bytes) != 0;
	return guest;
}
