/* SPDX-License-Identifier: MIT */
/* out.h - a growing text, mostly of JSON, that is written from left to right.
 *
 * Nothing needs to be checked in between: once there is no memory, or the text passes its limit,
 * what is added is dropped and `error` says why. Commas are put where they belong, by looking at
 * the last byte. */
#ifndef SUP_OUT_H
#define SUP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sup_out { /* zeroed: empty, without limit */
    char *text;  /* no NUL behind it; NULL while empty */
    size_t size, room;
    size_t limit; /* bytes; 0: none */
    int error;    /* 0, AX_E_LIMIT, -ENOMEM */
};

void sup_out_deinit(struct sup_out *out);
/* Takes the text back to `size` bytes, and the error. */
void sup_out_cut(struct sup_out *out, size_t size);
/* Drops the first `size` bytes. */
void sup_out_drop(struct sup_out *out, size_t size);

void sup_out_bytes(struct sup_out *out, const void *text, size_t size);
void sup_out_text(struct sup_out *out, const char *text);
__attribute__((format(printf, 2, 3))) void sup_out_format(struct sup_out *out, const char *format,
                                                          ...);

/* '{' or '[' as a value of its own, with a comma before it where it needs one; and their ends. */
void sup_out_open(struct sup_out *out, char bracket);
void sup_out_close(struct sup_out *out, char bracket);
/* "key": and then a value, by any of the functions below. */
void sup_out_key(struct sup_out *out, const char *key);

/* A JSON string; what is not UTF-8 becomes U+FFFD. NULL: null. */
void sup_out_string(struct sup_out *out, const char *text);
void sup_out_number(struct sup_out *out, uint64_t number);
void sup_out_bool(struct sup_out *out, bool truth);
void sup_out_null(struct sup_out *out);
/* Nanoseconds since 1970 as an RFC 3339 string in UTC; 0: null. */
void sup_out_time(struct sup_out *out, uint64_t at);
/* An address as "slot.index.generation"; 0: null. */
void sup_out_ref(struct sup_out *out, uint64_t ref);

#endif
