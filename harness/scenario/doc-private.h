/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <glib.h>

#include "doc.h"

/** struct pn_doc - the document and, per node, the interned name of what it came from (a file, or an option such as "--set") */
struct pn_doc {
	yaml_document_t yaml;
	GPtrArray *origins;
	char *file;
};

/** pn_doc_steps() - a dotted path in steps; an index keeps its opening bracket; g_strfreev() by the caller */
char **pn_doc_steps(const char *path);

/** pn_doc_item() - element of a sequence by decimal digits; 0 when absent */
int pn_doc_item(struct pn_doc *doc, int list, const char *digits);
