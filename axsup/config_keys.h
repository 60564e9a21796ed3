/* SPDX-License-Identifier: MIT */
/* config_keys.h - the table of config keys; for config*.c alone.
 *
 * A key's row says all that is known of it. The reader fills the struct field that the row names,
 * taking the default through the same code as a value from the file; the schema, the listing and
 * the manual page print the same row. A key that is added to the table is everywhere. */
#ifndef SUP_CONFIG_KEYS_H
#define SUP_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum sup_key_kind {
    SUP_KEY_NAME,     /* const char *: min to max bytes of the characters in first and rest */
    SUP_KEY_PATH,     /* const char *: a path as it is written */
    SUP_KEY_INTEGER,  /* unsigned or uint64_t: min to max */
    SUP_KEY_DURATION, /* uint64_t nanoseconds: min to max */
    SUP_KEY_SIZE,     /* uint64_t bytes: min to max */
    SUP_KEY_WORD,     /* an enum: index of the word */
    SUP_KEY_BACKOFF,  /* uint64_t[2]: two durations, each min to max, in order */
    SUP_KEY_SUSPECT,  /* struct sup_suspect_config: a word, or the object */
    SUP_KEY_ARGS,     /* const char *: any object, as compact JSON of at most max bytes */
    SUP_KEY_LISTEN, /* pointer to min to max struct sup_listen_config, their number at count_offset:
                       an object of addresses by name */
    SUP_KEY_BOOL,   /* bool */
    SUP_KEY_ADDRESS, /* struct sup_listen_config without a name */
    SUP_KEY_PINS,    /* as LISTEN, of struct sup_pin_config: keys in hexadecimal by name */
    SUP_KEY_TEXTS,   /* const char *const * of min to max texts, their number at count_offset */
    SUP_KEY_OBJECT,  /* a struct that `object` describes */
    SUP_KEY_LIST,    /* pointer to min to max such structs, and their number at count_offset */
};

struct sup_key_object;

struct sup_key {
    const char *name;
    enum sup_key_kind kind;
    size_t offset, width, count_offset; /* of the field; of a list's number */
    bool required;
    bool or_zero; /* 0 stands for something of its own, outside of min to max */
    uint64_t min, max;
    const char *def;    /* the default as JSON text; NULL: none, the field is all ones or NULL */
    const char *absent; /* what holds without the key, in words, where def cannot say it */
    const char *const *words; /* ends with NULL */
    const char *first, *rest; /* classes of characters; NULL: any but / and controls */
    const struct sup_key_object *object;
    const char *about; /* plain sentences */
};

struct sup_key_object {
    const char *name;  /* in the schema's $defs */
    const char *title; /* heading in the manual */
    const char *about;
    const struct sup_key *keys;
    size_t count;
    size_t size; /* of the struct */
};

extern const struct sup_key_object sup_key_top;
extern const struct sup_key_object sup_key_worker, sup_key_worker_restart, sup_key_actor;
/* The cluster's, and all in it, ended by NULL. */
extern const struct sup_key_object sup_key_cluster;
extern const struct sup_key_object *const sup_key_cluster_objects[];

/* Calls `each` for every object of the config: the top first, then in the order of the table. */
void sup_key_objects(void (*each)(const struct sup_key_object *object, void *context),
                     void *context);

/* "an integer from 1 to 63", "a duration from \"0s\" to \"1h\"": what the key takes. Returns
 * `buffer`. */
#define SUP_KEY_TAKES_ROOM 160
char *sup_key_takes(const struct sup_key *key, char *buffer);

/* The key of an object by its name, NULL where it has none. */
const struct sup_key *sup_key_find(const struct sup_key_object *object, const char *name);

/* The key whose name is nearest to a mistaken one, NULL where none is near. */
const struct sup_key *sup_key_near(const struct sup_key_object *object, const char *name);

#endif
