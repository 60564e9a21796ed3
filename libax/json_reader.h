/* SPDX-License-Identifier: MIT */
/* libax/json_reader.h - where the reader of JSON stands, and what it says when something is wrong.
 */
#ifndef LIBAX_JSON_READER_H
#define LIBAX_JSON_READER_H

#include <jansson.h>

#include <ax/reflect.h>

struct ax_reader {
    unsigned char *buf;
    size_t cap, end; /* end of the image so far */
    char *error;
    size_t errorlen;
    size_t path_len;
    char path[256]; /* "a.b[3]"; cut off where it is longer */
};

/* Writes "path: text" into reader->error. Returns AX_E_INVALID. */
__attribute__((format(printf, 2, 3))) int ax_reader_fail(struct ax_reader *reader,
                                                         const char *format, ...);

/* Fails with "i64 expected, not a string". */
int ax_reader_wrong_kind(struct ax_reader *reader, const struct ax_field *field,
                         const json_t *value);

/* Fails with the name that is most like `key`, where one is. */
int ax_reader_unknown(struct ax_reader *reader, const struct ax_layout *layout, const char *key);

/* "a string", "null" ... Static. */
const char *ax_reader_kind_of(const json_t *value);

/* Goes one step down the path; ax_reader_leave with what this returned comes back. */
__attribute__((format(printf, 2, 3))) size_t ax_reader_enter(struct ax_reader *reader,
                                                             const char *format, ...);
void ax_reader_leave(struct ax_reader *reader, size_t before);

#endif
