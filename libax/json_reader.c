/* SPDX-License-Identifier: MIT */
/* What is said about JSON that does not fit a layout: which field, and what would be right. */
#include <stdarg.h>
#include <stdio.h>

#include "libax/contract.h"
#include "libax/json_reader.h"

int ax_reader_fail(struct ax_reader *reader, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (reader->errorlen)
        snprintf(reader->error, reader->errorlen, "%s%s%s", reader->path,
                 reader->path_len ? ": " : "", text);
    return AX_E_INVALID;
}

size_t ax_reader_enter(struct ax_reader *reader, const char *format, ...)
{
    size_t before = reader->path_len, room = sizeof(reader->path) - before;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(reader->path + before, room, format, args);
    va_end(args);
    reader->path_len += (size_t)n < room ? (size_t)n : room - 1;
    return before;
}

void ax_reader_leave(struct ax_reader *reader, size_t before)
{
    reader->path_len = before;
    reader->path[before] = 0;
}

const char *ax_reader_kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction or exponent";
    case JSON_NULL:
        return "null";
    default:
        return "a boolean";
    }
}

int ax_reader_wrong_kind(struct ax_reader *reader, const struct ax_field *field,
                         const json_t *value)
{
    return ax_reader_fail(reader, "%s expected, not %s", ax_type_table[field->type].word,
                          ax_reader_kind_of(value));
}

/* How many letters to insert, delete or replace. Both names have at most AX_NAME_MAX bytes. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[AX_NAME_MAX + 1];
    size_t blen = strlen(b);

    for (unsigned j = 0; j <= blen; j++)
        row[j] = j;
    for (unsigned i = 0; a[i]; i++) {
        unsigned diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < blen; j++) {
            unsigned best = diagonal + (a[i] != b[j]);

            best = best < row[j] + 1 ? best : row[j] + 1;
            best = best < row[j + 1] + 1 ? best : row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[blen];
}

/* The field's name that is most like `key`, or NULL if none is. */
static const char *nearest(const struct ax_layout *layout, const char *key)
{
    unsigned best = (unsigned)strlen(key) / 2 + 1;
    const char *name = NULL;

    if (strlen(key) > AX_NAME_MAX)
        return NULL;
    for (uint32_t i = 0; i < layout->nfields; i++) {
        const char *candidate = layout->fields[i].name;
        unsigned d = strlen(candidate) <= AX_NAME_MAX ? distance(key, candidate) : UINT32_MAX;

        if (d <= best && d < strlen(candidate)) {
            best = d;
            name = candidate;
        }
    }
    return name;
}

int ax_reader_unknown(struct ax_reader *reader, const struct ax_layout *layout, const char *key)
{
    const char *near = nearest(layout, key);
    char shown[AX_NAME_MAX + 1];
    size_t n = 0;

    for (; n < AX_NAME_MAX && key[n]; n++)
        shown[n] = (unsigned char)key[n] < 0x20 || key[n] == 0x7f ? '?' : key[n];
    shown[n] = 0;
    ax_reader_enter(reader, "%s%s", reader->path_len ? "." : "", shown);
    if (near)
        return ax_reader_fail(reader, "no such field; did you mean '%s'?", near);
    return ax_reader_fail(reader, "no such field");
}
