/* SPDX-License-Identifier: MIT */
#include "axsup/prose.h"

#include <stdbool.h>
#include <string.h>

#define WIDTH 78

/* How a character of a word is written. */
static const char *written(const char *word, int i, bool mdoc, char plain[2])
{
    plain[0] = word[i];
    plain[1] = '\0';
    if (mdoc && word[i] == '\\')
        return "\\e";
    if (mdoc && word[i] == '-')
        return "\\-";
    if (mdoc && i == 0 && word[i] == '.')
        return "\\&.";
    if (mdoc && i == 0 && word[i] == '\'')
        return "\\&'";
    return plain;
}

/* Columns; nowhere to write with NULL. */
static int put_word(FILE *to, const char *word, int length, bool mdoc)
{
    int columns = 0;

    for (int i = 0; i < length; i++) {
        char plain[2];
        const char *text = written(word, i, mdoc, plain);

        columns += (int)strlen(text);
        if (to)
            fputs(text, to);
    }
    return columns;
}

static void put(FILE *to, const char *text, int indent, bool mdoc)
{
    int column = 0;

    while (*text) {
        int length = (int)strcspn(text, " ");
        bool ends = mdoc && length > 0 && text[length - 1] == '.' && text[length] != '\0';

        if (column > 0 && column + 1 + put_word(NULL, text, length, mdoc) > WIDTH) {
            putc('\n', to);
            column = 0;
        }
        column += column == 0 ? fprintf(to, "%*s", indent, "") : fprintf(to, " ");
        column += put_word(to, text, length, mdoc);
        text += length;
        text += strspn(text, " ");
        if (ends) {
            putc('\n', to);
            column = 0;
        }
    }
    if (column > 0)
        putc('\n', to);
}

void sup_prose(FILE *to, const char *text, int indent)
{
    put(to, text, indent, false);
}

void sup_prose_man(FILE *to, const char *text)
{
    put(to, text, 0, true);
}
