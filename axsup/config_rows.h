/* SPDX-License-Identifier: MIT */
/* config_rows.h - how a row of the table of config keys is written; for config_keys*.c alone. */
#ifndef SUP_CONFIG_ROWS_H
#define SUP_CONFIG_ROWS_H

#include "axsup/config.h"
#include "axsup/config_keys.h"

#define US UINT64_C(1000)
#define MS (1000 * US)
#define SEC (1000 * MS)
#define HOUR (3600 * SEC)
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY(type, key, what, field, ...)                                                           \
    {                                                                                              \
        .name = (key), .kind = SUP_KEY_##what, .offset = offsetof(struct type, field),             \
        .width = sizeof(((struct type *)NULL)->field), __VA_ARGS__                                 \
    }
#define REQUIRED .required = true
#define RANGE(low, high) .min = (low), .max = (high)
#define DEFAULT(...) .def = #__VA_ARGS__
#define ABSENT(text) .absent = (text)
#define WORDS(...)                                                                                 \
    .words = (const char *const[])                                                                 \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define LETTERS(begin, go_on) .first = (begin), .rest = (go_on)
#define OF(which) .object = &(which)
#define ABOUT(text) .about = (text)
#define OBJECT(type, called, heading, text, table)                                                 \
    {                                                                                              \
        .name = (called), .title = (heading), .about = (text), .keys = (table),                    \
        .count = COUNT(table), .size = sizeof(struct type)                                         \
    }

#endif
