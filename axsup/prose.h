/* SPDX-License-Identifier: MIT */
/* prose.h - plain sentences of a table, laid out for a terminal or as mdoc. */
#ifndef SUP_PROSE_H
#define SUP_PROSE_H

#include <stdio.h>

/* Prints sentences in lines of up to 78 columns, each after `indent` blanks. */
void sup_prose(FILE *to, const char *text, int indent);

/* The same in mdoc: each sentence begins a line, and what roff would take for its own is escaped.
 */
void sup_prose_man(FILE *to, const char *text);

#endif
