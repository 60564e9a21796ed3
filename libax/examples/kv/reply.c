/* SPDX-License-Identifier: MIT */
/* reply.c - replies of the Redis protocol, in its versions 2 and 3. */
#include "reply.h"

#include "number.h"

#include <stdarg.h>
#include <stdio.h>

void reply_raw(struct reply *reply, struct ax_span bytes)
{
    kv_buf_add(reply->to, bytes.ptr, bytes.len);
}

static void end_line(uint8_t *at)
{
    at[0] = '\r';
    at[1] = '\n';
}

/* A type's byte, a number, the end of the line. */
static void head(struct reply *reply, char type, int64_t value)
{
    uint8_t *at = kv_buf_reserve(reply->to, NUMBER_MAX + 3);
    at[0] = (uint8_t)type;
    uint32_t len = 1 + number_write(value, at + 1);
    end_line(at + len);
    reply->to->len += len + 2;
}

void reply_status(struct reply *reply, const char *text)
{
    reply_raw(reply, KV_TEXT("+"));
    reply_raw(reply, (struct ax_span){text, (uint32_t)strlen(text)});
    reply_raw(reply, KV_TEXT("\r\n"));
}

void reply_error(struct reply *reply, const char *text)
{
    uint32_t len = (uint32_t)strlen(text);
    uint8_t *at = kv_buf_reserve(reply->to, len + 3);
    *at++ = '-';
    for (uint32_t i = 0; i < len; i++)
        *at++ = text[i] == '\r' || text[i] == '\n' ? ' ' : (uint8_t)text[i];
    end_line(at);
    reply->to->len += len + 3;
}

void reply_errorf(struct reply *reply, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply_error(reply, text);
}

void reply_integer(struct reply *reply, int64_t value)
{
    head(reply, ':', value);
}

void reply_bulk(struct reply *reply, struct ax_span bytes)
{
    head(reply, '$', bytes.len);
    uint8_t *at = kv_buf_reserve(reply->to, bytes.len + 2);
    if (bytes.len != 0)
        memcpy(at, bytes.ptr, bytes.len);
    end_line(at + bytes.len);
    reply->to->len += bytes.len + 2;
}

void reply_text(struct reply *reply, const char *text)
{
    reply_bulk(reply, (struct ax_span){text, (uint32_t)strlen(text)});
}

void reply_null(struct reply *reply)
{
    reply_raw(reply, reply->protocol == 3 ? KV_TEXT("_\r\n") : KV_TEXT("$-1\r\n"));
}

void reply_null_array(struct reply *reply)
{
    reply_raw(reply, reply->protocol == 3 ? KV_TEXT("_\r\n") : KV_TEXT("*-1\r\n"));
}

void reply_array(struct reply *reply, uint64_t count)
{
    head(reply, '*', (int64_t)count);
}

void reply_map(struct reply *reply, uint64_t count)
{
    if (reply->protocol == 3)
        head(reply, '%', (int64_t)count);
    else
        head(reply, '*', (int64_t)count * 2);
}

void reply_set(struct reply *reply, uint64_t count)
{
    head(reply, reply->protocol == 3 ? '~' : '*', (int64_t)count);
}

void reply_push(struct reply *reply, uint64_t count)
{
    head(reply, reply->protocol == 3 ? '>' : '*', (int64_t)count);
}
