/* SPDX-License-Identifier: MIT */
#include "axsup/out.h"
#include "axsup/json_pos.h"

#include <ax/reflect.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROOM_FIRST 4096u

void sup_out_deinit(struct sup_out *out)
{
    free(out->text);
    *out = (struct sup_out){.limit = out->limit};
}

void sup_out_cut(struct sup_out *out, size_t size)
{
    out->size = size;
    out->error = 0;
}

void sup_out_drop(struct sup_out *out, size_t size)
{
    out->size -= size;
    if (out->size > 0)
        memmove(out->text, out->text + size, out->size);
}

/* Room for `size` bytes more, which then belong to the text; NULL where there is none. */
static char *more(struct sup_out *out, size_t size)
{
    size_t room = out->room ? out->room : ROOM_FIRST, need = out->size + size;

    if (out->error != 0)
        return NULL;
    if (out->limit && need > out->limit) {
        out->error = AX_E_LIMIT;
        return NULL;
    }
    while (room < need)
        room *= 2;
    if (room != out->room) {
        char *text = realloc(out->text, room);

        if (!text) {
            out->error = -ENOMEM;
            return NULL;
        }
        out->text = text;
        out->room = room;
    }
    out->size = need;
    return out->text + need - size;
}

void sup_out_bytes(struct sup_out *out, const void *text, size_t size)
{
    char *to = size > 0 ? more(out, size) : NULL;

    if (to)
        memcpy(to, text, size);
}

void sup_out_text(struct sup_out *out, const char *text)
{
    sup_out_bytes(out, text, strlen(text));
}

void sup_out_format(struct sup_out *out, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length > 0)
        sup_out_bytes(out, text, (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

static void comma(struct sup_out *out)
{
    char last = out->size > 0 ? out->text[out->size - 1] : '\0';

    if (last && !strchr("{[:,\n", last))
        sup_out_bytes(out, ",", 1);
}

void sup_out_open(struct sup_out *out, char bracket)
{
    comma(out);
    sup_out_bytes(out, &bracket, 1);
}

void sup_out_close(struct sup_out *out, char bracket)
{
    sup_out_bytes(out, &bracket, 1);
}

void sup_out_key(struct sup_out *out, const char *key)
{
    sup_out_string(out, key);
    sup_out_bytes(out, ":", 1);
}

static void put_char(struct sup_out *out, unsigned char c)
{
    if (c == '"' || c == '\\')
        sup_out_bytes(out, (char[2]){'\\', (char)c}, 2);
    else if (c == '\n')
        sup_out_bytes(out, "\\n", 2);
    else if (c == '\t')
        sup_out_bytes(out, "\\t", 2);
    else if (c < ' ' || c == 0x7f)
        sup_out_format(out, "\\u%04x", c);
    else
        sup_out_bytes(out, &c, 1);
}

void sup_out_string(struct sup_out *out, const char *text)
{
    if (!text) {
        sup_out_null(out);
        return;
    }
    comma(out);
    sup_out_bytes(out, "\"", 1);
    for (size_t left = strlen(text); left > 0;) {
        size_t length = sup_utf8_char(text, left);

        if (length == 1)
            put_char(out, (unsigned char)*text);
        else if (length == 0)
            sup_out_text(out, "\xef\xbf\xbd"); /* U+FFFD */
        else
            sup_out_bytes(out, text, length);
        text += length ? length : 1;
        left -= length ? length : 1;
    }
    sup_out_bytes(out, "\"", 1);
}

void sup_out_number(struct sup_out *out, uint64_t number)
{
    comma(out);
    sup_out_format(out, "%" PRIu64, number);
}

void sup_out_bool(struct sup_out *out, bool truth)
{
    comma(out);
    sup_out_text(out, truth ? "true" : "false");
}

void sup_out_null(struct sup_out *out)
{
    comma(out);
    sup_out_text(out, "null");
}

void sup_out_time(struct sup_out *out, uint64_t at)
{
    time_t seconds = (time_t)(at / 1000000000u);
    char text[64];
    struct tm tm;

    if (at == 0 || !gmtime_r(&seconds, &tm)) {
        sup_out_null(out);
        return;
    }
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof(text) - n, ".%09" PRIu64 "Z", at % 1000000000u);
    sup_out_string(out, text);
}

void sup_out_ref(struct sup_out *out, uint64_t ref)
{
    char text[AX_REF_TEXT];

    sup_out_string(out, ref ? ax_ref_format((struct ax_ref){ref, 0}, text) : NULL);
}
