/* SPDX-License-Identifier: MIT */
/* table.h - JSON documents as text for people: aligned columns, short values. */
#ifndef SUP_TABLE_H
#define SUP_TABLE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* What a cell shows of a member. Each writes to `cell` and may look at the whole row. */
typedef void sup_cell_fn(const json_t *value, const json_t *row, char *cell, size_t room);

struct sup_column {
    const char *title;
    const char *key; /* of a member of each row */
    sup_cell_fn *show;
    int right; /* align numbers so */
};

#define SUP_CELL_ROOM 512

/* Prints a list of objects with a line of titles; nothing but the titles for an empty one. Numbers
 * of a row that are not there show as "-". */
void sup_table_print(FILE *to, const json_t *rows, const struct sup_column *columns, size_t count);

/* Texts and numbers as they are, null as "-"; control characters as "?". */
sup_cell_fn sup_cell_plain;
/* Nanoseconds as "1.5s", "3m12s", "2h05m". */
sup_cell_fn sup_cell_duration;
/* "2026-01-31T10:00:00.123456789Z" as "10:00:00.123456". */
sup_cell_fn sup_cell_time;
/* Thousands as they are, then "12.3k", "4.5M". */
sup_cell_fn sup_cell_count;

/* How long something took, to three digits or so. Returns `text`, of at least 32 bytes. */
char *sup_text_duration(uint64_t ns, char *text, size_t room);

#endif
