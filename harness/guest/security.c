// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a libvirtd does to confine QEMU, from its capabilities: said before a guest fails on a file that it may not open. A libvirtd without
 * secmodel elements confines nothing.
 */

#include "security.h"

#include <errno.h>
#include <glib.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <string.h>

#include "../base/diag.h"

static char *text_below(xmlXPathContextPtr context, xmlNodePtr node, const char *path)
{
	xmlXPathObjectPtr found;
	char *text = NULL;

	xmlXPathSetContextNode(node, context);
	found = xmlXPathEvalExpression(BAD_CAST path, context);
	if (found && found->nodesetval && found->nodesetval->nodeNr) {
		xmlChar *content = xmlNodeGetContent(found->nodesetval->nodeTab[0]);

		text = g_strdup((const char *)content);
		xmlFree(content);
	}
	xmlXPathFreeObject(found);
	return text;
}

/* One security driver. A label of DAC's is "+UID:+GID". */
static int check_model(xmlXPathContextPtr context, xmlNodePtr node, uid_t uid, struct pn_diag *diag)
{
	g_autofree char *model = text_below(context, node, "model");
	g_autofree char *label = text_below(context, node, "baselabel[@type='qemu' or @type='kvm']");
	unsigned int user;

	if (!model || strcmp(model, "none") == 0)
		return 0;
	if (strcmp(model, "dac") != 0)
		return pn_diag_set(diag, -EACCES,
				   "this libvirtd confines QEMU with %s, which keeps it from the guests' files: set security_driver = \"none\" in its qemu.conf",
				   model);
	if (label && sscanf(label, "+%u:", &user) == 1 && user != uid)
		return pn_diag_set(diag, -EACCES,
				   "this libvirtd runs QEMU as user %u, not as %u, who owns the guests' files: set user and group in its qemu.conf", user,
				   (unsigned int)uid);
	return 0;
}

int pn_security_check(const char *capabilities, uid_t uid, struct pn_diag *diag)
{
	xmlDocPtr doc = xmlReadMemory(capabilities, (int)strlen(capabilities), "capabilities", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlXPathContextPtr context = doc ? xmlXPathNewContext(doc) : NULL;
	xmlXPathObjectPtr models = context ? xmlXPathEvalExpression(BAD_CAST "/capabilities/host/secmodel", context) : NULL;
	int err = models ? 0 : pn_diag_set(diag, -EPROTO, "libvirt's capabilities are not XML");

	for (int i = 0; !err && models->nodesetval && i < models->nodesetval->nodeNr; i++)
		err = check_model(context, models->nodesetval->nodeTab[i], uid, diag);
	xmlXPathFreeObject(models);
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	return err;
}
