/* SPDX-License-Identifier: MIT */
/* json_pos.h - JSON text as a tree whose nodes know where they stood.
 *
 * Strings are C strings: a NUL in one is reported as a mistake, as is text that is not UTF-8.
 * Numbers keep their own text. Nodes live in the pool given to the parser. */
#ifndef SUP_JSON_POS_H
#define SUP_JSON_POS_H

#include "axsup/config_pool.h"

#include <stdbool.h>
#include <stdint.h>

struct sup_config_errors;

#define SUP_JSON_DEPTH_MAX 32 /* objects and lists inside each other */

/* A place in a text, both from 1; a column is one character, not one byte. {0, 0} is the text as
 * a whole. */
struct sup_pos {
    uint32_t line, column;
};

enum sup_json_kind {
    SUP_JSON_BAD, /* its mistake is already reported: read over it in silence */
    SUP_JSON_NULL,
    SUP_JSON_FALSE,
    SUP_JSON_TRUE,
    SUP_JSON_INTEGER, /* a number without fraction and exponent, of any length */
    SUP_JSON_REAL,
    SUP_JSON_STRING,
    SUP_JSON_LIST,
    SUP_JSON_OBJECT,
};

struct sup_json {
    enum sup_json_kind kind;
    struct sup_pos at;       /* of the value's first character */
    struct sup_pos key_at;   /* of the key, for a member of an object */
    struct sup_json *parent; /* NULL for the root */
    struct sup_json *next;   /* the next member or element */
    struct sup_json *first;  /* of an object or list */
    const char *key;         /* of a member; NULL otherwise */
    const char *text;        /* of a string, decoded, or of a number, as written */
    uint32_t index;          /* of an element, from 0 */
    uint32_t count;          /* members or elements */
};

/* Reads `size` bytes of JSON. Mistakes that leave the structure clear (a wrong escape, a missing or
 * trailing comma, a comment, a duplicate key) are added to `errors` and reading goes on, the nodes
 * concerned being SUP_JSON_BAD. Returns the root; NULL where reading had to stop, after adding
 * why to `errors` (or setting its no_memory). Never suspends, keeps no reference to `text`. */
struct sup_json *sup_json_parse(const char *text, size_t size, struct sup_pool *pool,
                                struct sup_config_errors *errors);

/* The member of `object` with that key, NULL where it has none or is no object. Of duplicate keys
 * the first. */
struct sup_json *sup_json_get(const struct sup_json *object, const char *key);

/* Writes the path of a node, `workers[0].actors[1].name`, to `buffer`, cut at `size`; with `key`
 * not NULL that of this member, there or not. The root alone is "top level". */
void sup_json_path(const struct sup_json *node, const char *key, char *buffer, size_t size);

/* Writes the node as compact JSON, with a NUL, as far as `size` allows. Returns the length of the
 * whole without NUL, like snprintf. */
size_t sup_json_write(const struct sup_json *node, char *buffer, size_t size);

/* "an object", "an array", "a string": the words for a kind in a sentence. Static. */
const char *sup_json_kind_text(enum sup_json_kind kind);

/* Length of the UTF-8 character at `text`, 1 to 4; 0 where its `size` bytes do not begin with a
 * valid one (overlong forms and surrogates are not). */
size_t sup_utf8_char(const char *text, size_t size);

#endif
