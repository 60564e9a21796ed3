/* SPDX-License-Identifier: MIT */
/* json_pos_text.c - the texts in JSON: strings, with their escapes and UTF-8, and numbers.
 *
 * A string that holds a mistake is read to its closing quote all the same, so that what follows it
 * is understood; only its first mistake is told, at the character that makes it. */
#include "axsup/json_pos_scan.h"

#include <string.h>

#define BAD_ESCAPE                                                                                 \
    "a backslash may be followed by one of \" \\ / b f n r t or u and four hex digits"

size_t sup_utf8_char(const char *text, size_t size)
{
    const unsigned char *t = (const unsigned char *)text;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    size_t length;

    if (size == 0)
        return 0;
    if (t[0] < 0x80)
        return 1;
    length = t[0] >= 0xF0 ? 4 : t[0] >= 0xE0 ? 3 : 2;
    if (t[0] < 0xC0 || t[0] > 0xF7 || length > size)
        return 0;
    code = t[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((t[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (t[i] & 0x3F);
    }
    if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    return length;
}

static size_t put_utf8(uint32_t code, char *to)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3F));
        to[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3F));
    to[2] = (char)(0x80 | (code >> 6 & 0x3F));
    to[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Takes up to four hex digits; false where there are fewer. */
static bool take_hex4(struct sup_json_scan *s, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        int c = sup_json_peek(s);
        const char *digits = "0123456789abcdef";
        const char *digit = c > 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

        if (!digit)
            return false;
        *value = *value << 4 | (uint32_t)(digit - digits);
        sup_json_step(s);
    }
    return true;
}

/* The code behind `\u`, of one escape or of the two that make a pair. Returns NULL or what is
 * wrong with it. */
static const char *take_code(struct sup_json_scan *s, uint32_t *code)
{
    uint32_t low;

    if (!take_hex4(s, code))
        return BAD_ESCAPE;
    if (*code == 0)
        return "\\u0000 is a NUL character, which no string may hold";
    if (*code < 0xD800 || *code > 0xDFFF)
        return NULL;
    if (*code > 0xDBFF || s->size - s->at < 6 || s->text[s->at] != '\\' ||
        s->text[s->at + 1] != 'u')
        return "half of a surrogate pair: write both, as in \\ud83d\\ude00";
    sup_json_step(s);
    sup_json_step(s);
    if (!take_hex4(s, &low) || low < 0xDC00 || low > 0xDFFF)
        return "half of a surrogate pair: write both, as in \\ud83d\\ude00";
    *code = 0x10000 + ((*code - 0xD800) << 10 | (low - 0xDC00));
    return NULL;
}

/* Takes the escape at the cursor and writes what it stands for. */
static const char *take_escape(struct sup_json_scan *s, char *to, size_t *length)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *error, *letter;
    uint32_t code;
    int c;

    sup_json_step(s);
    c = sup_json_peek(s);
    if (c == 'u') {
        sup_json_step(s);
        error = take_code(s, &code);
        if (!error)
            *length = put_utf8(code, to);
        return error;
    }
    letter = c > 0 ? strchr(letters, c) : NULL;
    if (!letter)
        return BAD_ESCAPE;
    sup_json_step(s);
    *to = meant[letter - letters];
    *length = 1;
    return NULL;
}

/* Takes one character of a string. Returns NULL or what is wrong with it; something is taken in
 * any case. */
static const char *take_char(struct sup_json_scan *s, char *to, size_t *length)
{
    const char *from = (const char *)s->text + s->at;
    unsigned char c = s->text[s->at];

    *length = 0;
    if (c == '\\')
        return take_escape(s, to, length);
    if (c == 0) {
        sup_json_step(s);
        return "a NUL character, which no string may hold";
    }
    if (c < 0x20) {
        sup_json_step(s);
        return "a control character in a string is written \\t, \\n or \\u00XX";
    }
    *length = sup_utf8_char(from, s->size - s->at);
    memcpy(to, from, *length);
    for (size_t i = 0; i < (*length ? *length : 1); i++)
        sup_json_step(s);
    return *length ? NULL : "this is not UTF-8: save the file in this encoding";
}

/* Bytes up to the closing quote, the end of the line or of the file: room for the text. */
static size_t room_for(const struct sup_json_scan *s)
{
    size_t end = s->at + 1;

    while (end < s->size && s->text[end] != '"' && s->text[end] != '\n')
        end += s->text[end] == '\\' ? 2 : 1;
    return end - s->at;
}

const char *sup_json_string(struct sup_json_scan *s)
{
    struct sup_pos begin = s->pos;
    char *text = sup_pool_alloc(s->pool, room_for(s) + 4);
    bool good = true;
    size_t n = 0;

    if (!text) {
        s->errors->no_memory = s->stopped = true;
        return NULL;
    }
    sup_json_step(s);
    for (int c; (c = sup_json_peek(s)) != '"';) {
        struct sup_pos at = s->pos;
        const char *error;
        size_t length = 0;

        if (c == SUP_JSON_END || c == '\n') {
            sup_json_fault(s, begin, "this string has no closing '\"' on its line");
            s->stopped = true;
            return NULL;
        }
        error = take_char(s, text + n, &length);
        if (!error)
            n += length;
        else if (good)
            sup_json_fault(s, at, "%s", error);
        good = good && !error;
    }
    sup_json_step(s);
    text[n] = '\0';
    return good ? text : NULL;
}

bool sup_json_is_number(const char *t, bool *whole)
{
    t += *t == '-';
    if (*t == '0')
        t++;
    else if (*t >= '1' && *t <= '9')
        t += strspn(t, "0123456789");
    else
        return false;
    *whole = *t == '\0';
    if (*t == '.') {
        size_t digits = strspn(t + 1, "0123456789");

        if (digits == 0)
            return false;
        t += 1 + digits;
    }
    if (*t == 'e' || *t == 'E') {
        t += 1 + (t[1] == '+' || t[1] == '-');
        if (*t < '0' || *t > '9')
            return false;
        t += strspn(t, "0123456789");
    }
    return *t == '\0';
}
