/* SPDX-License-Identifier: MIT */
#include "axsup/table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Copies with control characters replaced: what a worker named may be shown on any terminal. */
static void put_text(const char *text, char *cell, size_t room)
{
    size_t n = 0;

    for (; *text && n + 1 < room; text++) {
        unsigned char c = (unsigned char)*text;
        cell[n++] = c < ' ' || c == 0x7f ? '?' : (char)c;
    }
    cell[n] = '\0';
}

void sup_cell_plain(const json_t *value, const json_t *row, char *cell, size_t room)
{
    (void)row;
    if (json_is_string(value))
        put_text(*json_string_value(value) ? json_string_value(value) : "-", cell, room);
    else if (json_is_integer(value))
        snprintf(cell, room, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        snprintf(cell, room, "%s", json_is_true(value) ? "yes" : "no");
    else
        snprintf(cell, room, "-");
}

char *sup_text_duration(uint64_t ns, char *text, size_t room)
{
    uint64_t s = ns / 1000000000u;

    if (ns < 1000)
        snprintf(text, room, "%" PRIu64 "ns", ns);
    else if (ns < 1000000)
        snprintf(text, room, "%.3gus", (double)ns / 1e3);
    else if (ns < 1000000000)
        snprintf(text, room, "%.3gms", (double)ns / 1e6);
    else if (s < 60)
        snprintf(text, room, "%.3gs", (double)ns / 1e9);
    else if (s < 3600)
        snprintf(text, room, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, room, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
    else
        snprintf(text, room, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
    return text;
}

void sup_cell_duration(const json_t *value, const json_t *row, char *cell, size_t room)
{
    (void)row;
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        sup_text_duration((uint64_t)json_integer_value(value), cell, room);
    else
        snprintf(cell, room, "-");
}

void sup_cell_time(const json_t *value, const json_t *row, char *cell, size_t room)
{
    const char *text = json_string_value(value);

    (void)row;
    if (text && strlen(text) > 26)
        snprintf(cell, room, "%.10s %.15s", text, text + strlen("2026-01-31T"));
    else
        snprintf(cell, room, "-");
}

void sup_cell_count(const json_t *value, const json_t *row, char *cell, size_t room)
{
    double n = (double)json_integer_value(value);

    if (!json_is_integer(value) || n < 100000)
        sup_cell_plain(value, row, cell, room);
    else if (n < 1e6)
        snprintf(cell, room, "%.0fk", n / 1e3);
    else if (n < 1e9)
        snprintf(cell, room, "%.1fM", n / 1e6);
    else
        snprintf(cell, room, "%.1fG", n / 1e9);
}

/* Characters, not bytes. */
static size_t width_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void show(const struct sup_column *column, const json_t *row, char *cell)
{
    column->show(json_object_get(row, column->key), row, cell, SUP_CELL_ROOM);
}

static void put_cell(FILE *to, const struct sup_column *column, const char *cell, size_t width,
                     bool first, bool last)
{
    int pad = (int)(width - width_of(cell));

    if (!first)
        fputs("  ", to);
    if (column->right)
        fprintf(to, "%*s%s", pad, "", cell);
    else
        fprintf(to, "%s%*s", cell, last ? 0 : pad, "");
}

void sup_table_print(FILE *to, const json_t *rows, const struct sup_column *columns, size_t count)
{
    size_t *width = calloc(count, sizeof(*width));
    char cell[SUP_CELL_ROOM];

    if (!width)
        return;
    for (size_t c = 0; c < count; c++) {
        width[c] = strlen(columns[c].title);
        for (size_t r = 0; r < json_array_size(rows); r++) {
            show(&columns[c], json_array_get(rows, r), cell);
            width[c] = width_of(cell) > width[c] ? width_of(cell) : width[c];
        }
    }
    for (size_t c = 0; c < count; c++)
        put_cell(to, &columns[c], columns[c].title, width[c], c == 0, c + 1 == count);
    putc('\n', to);
    for (size_t r = 0; r < json_array_size(rows); r++) {
        for (size_t c = 0; c < count; c++) {
            show(&columns[c], json_array_get(rows, r), cell);
            put_cell(to, &columns[c], cell, width[c], c == 0, c + 1 == count);
        }
        putc('\n', to);
    }
    free(width);
}
