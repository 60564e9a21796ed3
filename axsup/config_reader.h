/* SPDX-License-Identifier: MIT */
/* config_reader.h - what the parts of the reader share; for config_read*.c alone. */
#ifndef SUP_CONFIG_READER_H
#define SUP_CONFIG_READER_H

#include "axsup/config_keys.h"
#include "axsup/config_read.h"

struct sup_reader {
    struct sup_config *config;
    struct sup_config_errors *errors;
};

/* Adds a mistake at a node and marks it. Returns false, for the reader to return. */
__attribute__((format(printf, 3, 4))) bool
sup_read_wrong(struct sup_reader *r, struct sup_json *node, const char *format, ...);
/* The same of a value of another type than the key takes. */
bool sup_read_wrong_type(struct sup_reader *r, struct sup_json *node, const struct sup_key *key);

/* Readers of a kind: the value into the field; false after saying what is wrong. */
typedef bool sup_read_fn(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                         void *field);
sup_read_fn sup_read_listen, sup_read_address, sup_read_pins, sup_read_texts;

#endif
