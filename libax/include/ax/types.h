/* SPDX-License-Identifier: MIT */
/* ax/types.h - the values that a message can hold.
 *
 * A message is one piece of memory, its image: a fixed part, which is the C struct that the
 * contract generates, and behind it the bytes of its str and bytes fields. It holds no pointer, so
 * the same bytes mean the same in any process and at any address. A str or bytes field says where
 * its data lies relative to the field itself; therefore such a struct must not be copied by
 * assignment: the copy would point elsewhere. Copy the text out, or pass ax_str() on. */
#ifndef AX_TYPES_H
#define AX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ax/errors.h>

struct ax_ctx;

/* Bytes of the longest name of a contract, message or field, without the NUL. */
#define AX_NAME_MAX 63

/* The address of an actor. It stays valid over restarts of the actor and of its process. */
struct ax_ref {
    uint64_t addr; /* slot: 8 bits, index: 24, generation: 32, from the top; 0: no actor */
    uint64_t node; /* 0: this node */
};

/* A text in an image. The data is UTF-8 by convention and has a NUL behind it. */
struct ax_str {
    int64_t off;   /* from this field to the data; 0: empty */
    uint32_t len;  /* bytes, without the NUL */
    uint32_t zero; /* always 0 */
};

/* Bytes in an image, of no particular alignment. */
struct ax_bytes {
    int64_t off;
    uint32_t len;
    uint32_t zero;
};

/* Bytes anywhere: how a sender is given the data of a bytes field. */
struct ax_span {
    const void *ptr;
    uint32_t len;
};

/* The text of a field, never NULL; it lives as long as the message does. Never suspends. */
static inline const char *ax_str(const struct ax_str *field)
{
    return field->off ? (const char *)field + field->off : "";
}

/* The data of a field, field->len bytes; NULL where there are none. Lives as long as the message.
 */
static inline const void *ax_bytes(const struct ax_bytes *field)
{
    return field->len ? (const char *)field + field->off : NULL;
}

/* Copies a text into a text(N) field and fills the rest with NUL; NULL is the empty text. False,
 * with the field untouched, where text and NUL do not fit into size bytes. */
static inline bool ax_text_set(char *field, size_t size, const char *text)
{
    size_t len;

    if (!text)
        text = "";
    len = strlen(text);
    if (len >= size)
        return false;
    memcpy(field, text, len + 1);
    memset(field + len + 1, 0, size - len - 1);
    return true;
}

#endif
