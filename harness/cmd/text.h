/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdio.h>

/**
 * pn_text_item() - print a term and its explanation, wrapped to 80 columns
 * @indent: blanks before @term
 * @term: may hold colours
 * @column: where the explanation stands; on a line of its own when @term reaches there
 */
void pn_text_item(FILE *out, unsigned int indent, const char *term, unsigned int column, const char *help);
