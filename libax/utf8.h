/* SPDX-License-Identifier: MIT */
/* libax/utf8.h - telling UTF-8 from what is not (RFC 3629: no overlong forms, no surrogates). */
#ifndef LIBAX_UTF8_H
#define LIBAX_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at the start of `text`, of which `len` > 0 bytes are there; 0 for none. */
static inline size_t ax_utf8_char(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (n == 0 || p[0] > 0xf4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
        return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static inline bool ax_utf8_valid(const char *text, size_t len)
{
    for (size_t at = 0, n; at < len; at += n)
        if ((n = ax_utf8_char(text + at, len - at)) == 0)
            return false;
    return true;
}

#endif
