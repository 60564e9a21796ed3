/* SPDX-License-Identifier: MIT */
#include "axsup/prose.h"

#include <stdbool.h>
#include <string.h>

#define WIDTH 78

static void put_word(FILE *to, const char *word, int length, bool mdoc)
{
    if (mdoc && (*word == '.' || *word == '\''))
        fputs("\\&", to);
    for (int i = 0; i < length; i++)
        if (mdoc && word[i] == '\\')
            fputs("\\e", to);
        else if (mdoc && word[i] == '-')
            fputs("\\-", to);
        else
            putc(word[i], to);
}

static void put(FILE *to, const char *text, int indent, bool mdoc)
{
    int column = 0;

    while (*text) {
        int length = (int)strcspn(text, " ");
        bool ends = mdoc && length > 0 && text[length - 1] == '.' && text[length] != '\0';

        if (column > 0 && column + 1 + length > WIDTH) {
            putc('\n', to);
            column = 0;
        }
        column += column == 0 ? fprintf(to, "%*s", indent, "") : fprintf(to, " ");
        put_word(to, text, length, mdoc);
        column += length;
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
