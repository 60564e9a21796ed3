/* SPDX-License-Identifier: MIT */
#include "overlay/core/ident.h"

#include "libax/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the marker ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* The length that is left of `text` without the word at its end; 0 where it does not end so. */
static size_t without_word(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len > n && memcmp(text + len - n, word, n) == 0 ? len - n : 0;
}

/* The same without the digits at its end; 0 where there are none. */
static size_t without_digits(const char *text, size_t len, bool (*is)(char c))
{
    size_t left = len;
    while (left > 0 && is(text[left - 1]))
        left--;
    return left < len ? left : 0;
}

/* Where the parts of a marker begin, from the right. */
struct marker {
    size_t session, boot, at;
};

static bool find_marker(const char *text, size_t len, struct marker *marker)
{
    size_t end;
    if ((marker->session = without_digits(text, len, is_digit)) == 0 ||
        (end = without_word(text, marker->session, "-session-")) == 0 ||
        (marker->boot = without_digits(text, end, is_hex)) == 0 || marker->boot < 6)
        return false;
    marker->at = marker->boot - 6;
    return memcmp(text + marker->at, "@boot-", 6) == 0;
}

size_t ov_marker(struct ax_span text)
{
    struct marker marker;
    return find_marker(text.ptr, text.len, &marker) ? text.len - marker.at : 0;
}

/* ---- names ---- */

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    return false;
}

bool ov_node_valid(struct ax_span name)
{
    return name.len >= 1 && name.len <= OV_NODE_MAX && ax_utf8_valid(name.ptr, name.len) &&
           !has_control(name.ptr, name.len) && ov_marker(name) == 0;
}

uint64_t ov_boot_nonce(const uint8_t chance[8])
{
    uint64_t boot = 0;
    for (unsigned i = 0; i < 8; i++)
        boot = boot << 8 | chance[i];
    return boot != 0 ? boot : 1;
}

/* ---- ids ---- */

size_t ov_ident_format(const struct ov_ident *ident, char text[OV_ID_TEXT])
{
    return (size_t)snprintf(text, OV_ID_TEXT, "%s@boot-%" PRIx64 "-session-%" PRIu64, ident->node,
                            ident->boot, ident->session);
}

/* A number above 0 as it is printed: no leading zeros, in 64 bits. */
static bool take_number(const char *digits, size_t len, unsigned base, uint64_t *value)
{
    uint64_t n = 0;
    if (digits[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit =
            is_digit(digits[i]) ? (unsigned)(digits[i] - '0') : (unsigned)(digits[i] - 'a') + 10;
        if (n > (UINT64_MAX - digit) / base)
            return false;
        n = n * base + digit;
    }
    *value = n;
    return true;
}

int ov_ident_parse(struct ax_span span, struct ov_ident *ident)
{
    const char *text = span.ptr;
    struct marker marker;
    struct ov_ident id = {0};
    if (span.len >= OV_ID_TEXT || !find_marker(text, span.len, &marker) ||
        !ov_node_valid((struct ax_span){text, (uint32_t)marker.at}))
        return AX_E_INVALID;
    memcpy(id.node, text, marker.at);
    if (!take_number(text + marker.boot, marker.session - 9 - marker.boot, 16, &id.boot) ||
        !take_number(text + marker.session, span.len - marker.session, 10, &id.session))
        return AX_E_INVALID;
    *ident = id;
    return 0;
}

bool ov_ident_supersedes(const struct ov_ident *newer, const struct ov_ident *older)
{
    return newer->boot != older->boot || newer->session > older->session;
}

bool ov_ident_same_boot(const struct ov_ident *a, const struct ov_ident *b)
{
    return strcmp(a->node, b->node) == 0 && a->boot == b->boot;
}

bool ov_ident_same(const struct ov_ident *a, const struct ov_ident *b)
{
    return ov_ident_same_boot(a, b) && a->session == b->session;
}

bool ov_ident_inherits(const struct ov_ident *newer, const struct ov_ident *older)
{
    return ov_ident_same_boot(newer, older) && newer->session >= older->session;
}
