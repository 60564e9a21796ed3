/* SPDX-License-Identifier: MIT */
/* config_error.h - the list of what is wrong with a config.
 *
 * A config's mistakes are told all in one run, in the order in which they stand in the file, so
 * whoever finds one adds it here and goes on. Later checks (does the plugin load, has it this
 * contract) add theirs to the same list through the nodes that the config keeps. */
#ifndef SUP_CONFIG_ERROR_H
#define SUP_CONFIG_ERROR_H

#include "axsup/json_pos.h"

#include <stdarg.h>
#include <stdio.h>

#define SUP_CONFIG_ERRORS_MAX 100 /* kept; more are counted only */

struct sup_config_error {
    struct sup_config_error *next; /* the next in the file */
    struct sup_pos at;
    const char *key;     /* path of the key, `workers[0].count` */
    const char *message; /* what is wrong and what would be right; printable UTF-8 */
};

/* Begins zeroed. */
struct sup_config_errors {
    struct sup_config_error *first; /* sorted by position */
    const char *file;               /* for the printed lines; set by sup_config_load */
    unsigned count;                 /* kept */
    unsigned dropped;               /* beyond SUP_CONFIG_ERRORS_MAX */
    bool no_memory;                 /* the list may be incomplete */
    struct sup_pool pool;
};

/* Adds a mistake at a node of the config or, with `key` not NULL, at this member of it: at the
 * member's value where it is there, else at the node. Its path is made from the tree. */
__attribute__((format(printf, 4, 5))) void sup_config_error(struct sup_config_errors *errors,
                                                            const struct sup_json *node,
                                                            const char *key, const char *format,
                                                            ...);

/* Adds a mistake at any position; `key` is the whole path. The texts are copied; control
 * characters and broken UTF-8 in them are made printable. */
__attribute__((format(printf, 4, 5))) void sup_config_error_at(struct sup_config_errors *errors,
                                                               struct sup_pos at, const char *key,
                                                               const char *format, ...);
void sup_config_verror_at(struct sup_config_errors *errors, struct sup_pos at, const char *key,
                          const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* Sets the name that the printed lines begin with. */
void sup_config_errors_name(struct sup_config_errors *errors, const char *file);

/* Prints a line for each, sorted: `FILE:LINE:COL: KEY.PATH: message`; `FILE: message` for what
 * concerns the file as a whole. */
void sup_config_errors_print(const struct sup_config_errors *errors, FILE *to);

/* True where there is something to print. */
bool sup_config_errors_any(const struct sup_config_errors *errors);

/* Frees the list; it can be used again. */
void sup_config_errors_deinit(struct sup_config_errors *errors);

#endif
