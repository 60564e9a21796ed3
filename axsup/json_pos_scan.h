/* SPDX-License-Identifier: MIT */
/* json_pos_scan.h - the cursor that the parts of the JSON reader share; for json_pos*.c alone. */
#ifndef SUP_JSON_POS_SCAN_H
#define SUP_JSON_POS_SCAN_H

#include "axsup/config_error.h"

#define SUP_JSON_END (-1)

struct sup_json_scan {
    const unsigned char *text;
    size_t size, at;
    struct sup_pos pos;          /* of text[at] */
    const struct sup_json *here; /* the node being read, for the path of a mistake */
    unsigned depth;
    bool stopped; /* the structure is lost: nothing after this can be understood */
    struct sup_pool *pool;
    struct sup_config_errors *errors;
};

/* The byte at the cursor, SUP_JSON_END behind the last. */
static inline int sup_json_peek(const struct sup_json_scan *s)
{
    return s->at < s->size ? s->text[s->at] : SUP_JSON_END;
}

/* Goes on by one byte; a column is counted where a character begins. */
static inline void sup_json_step(struct sup_json_scan *s)
{
    unsigned char c = s->text[s->at++];

    if (c == '\n') {
        s->pos.line++;
        s->pos.column = 1;
    } else if ((c & 0xC0) != 0x80) {
        s->pos.column++;
    }
}

/* Adds a mistake at `at`, with the path of the node being read. */
__attribute__((format(printf, 3, 4))) void
sup_json_fault(struct sup_json_scan *s, struct sup_pos at, const char *format, ...);

/* Reads the string that begins at the cursor. Returns its decoded text; NULL where it is no good,
 * which is then reported, the cursor behind it unless the scan is stopped. */
const char *sup_json_string(struct sup_json_scan *s);

/* Whether the text is a number of JSON: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
 * `*whole` is set where it is an integer. */
bool sup_json_is_number(const char *text, bool *whole);

#endif
