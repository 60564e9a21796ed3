/* SPDX-License-Identifier: MIT */
/* resp.c - requests of the Redis protocol, from bytes to arguments. What is accepted, and the words
 * for what is not, are those of Redis 7.0. */
#include "resp.h"

#include "number.h"

#include <ctype.h>
#include <stdio.h>

static enum resp_result broken(struct resp *resp, const char *words)
{
    snprintf(resp->error, sizeof resp->error, "Protocol error: %s", words);
    return RESP_BROKEN;
}

static void add_arg(struct resp *resp, uint32_t at, uint32_t len)
{
    if (resp->argc == resp->room) {
        uint32_t room = resp->room == 0 ? 16 : resp->room * 2;
        struct resp_arg *args = realloc(resp->args, room * sizeof *args);
        struct ax_span *argv = realloc(resp->argv, room * sizeof *argv);
        if (args == NULL || argv == NULL)
            abort();
        resp->args = args;
        resp->argv = argv;
        resp->room = room;
    }
    resp->args[resp->argc++] = (struct resp_arg){at, len};
}

static enum resp_result whole(struct resp *resp, const uint8_t *base)
{
    for (uint32_t i = 0; i < resp->argc; i++)
        resp->argv[i] = (struct ax_span){base + resp->args[i].at, resp->args[i].len};
    return resp->argc == 0 ? RESP_EMPTY : RESP_REQUEST;
}

/* ---- inline ---- */

static int hex(uint8_t digit)
{
    return digit <= '9' ? digit - '0' : tolower(digit) - 'a' + 10;
}

/* The byte behind a backslash within double quotes; *at is set behind what it takes. */
static uint8_t escaped(const uint8_t **at, const uint8_t *end)
{
    static const char from[] = "nrtba", to[] = "\n\r\t\b\a";
    const uint8_t *p = *at;
    if (*p == 'x' && end - p >= 3 && isxdigit(p[1]) && isxdigit(p[2])) {
        *at = p + 3;
        return (uint8_t)(hex(p[1]) << 4 | hex(p[2]));
    }
    *at = p + 1;
    const char *found = memchr(from, *p, sizeof from - 1);
    return found == NULL ? *p : (uint8_t)to[found - from];
}

/* From behind a quote to behind the one that closes it, where a blank must follow; NULL: it does
 * not. */
static const uint8_t *quoted(struct resp *resp, const uint8_t *p, const uint8_t *end, uint8_t quote)
{
    while (p < end && *p != quote && *p != 0) {
        uint8_t byte = *p++;
        if (byte == '\\' && quote == '"' && p < end)
            byte = escaped(&p, end);
        else if (byte == '\\' && quote == '\'' && p < end && *p == '\'')
            byte = *p++;
        kv_buf_add(&resp->words, &byte, 1);
    }
    if (p == end || *p == 0 || (p + 1 < end && !isspace(p[1]) && p[1] != 0))
        return NULL;
    return p + 1;
}

static const uint8_t *word(struct resp *resp, const uint8_t *p, const uint8_t *end)
{
    uint32_t from = resp->words.len;
    while (p != NULL && p < end && !isspace(*p) && *p != 0) {
        if (*p == '"' || *p == '\'') {
            p = quoted(resp, p + 1, end, *p);
            continue;
        }
        kv_buf_add(&resp->words, p++, 1);
    }
    add_arg(resp, from, resp->words.len - from);
    return p;
}

static enum resp_result inline_request(struct resp *resp, const uint8_t *data, uint32_t size,
                                       uint32_t *used)
{
    const uint8_t *newline = memchr(data, '\n', size), *p = data;
    if (newline == NULL)
        return size > RESP_LINE_MAX ? broken(resp, "too big inline request") : RESP_MORE;
    const uint8_t *end = newline > data && newline[-1] == '\r' ? newline - 1 : newline;
    *used = (uint32_t)(newline - data) + 1;
    resp->words.len = 0;
    (void)kv_buf_reserve(&resp->words, 1);
    for (;;) {
        while (p < end && isspace(*p))
            p++;
        if (p == end || *p == 0)
            return whole(resp, resp->words.data);
        p = word(resp, p, end);
        if (p == NULL)
            return broken(resp, "unbalanced quotes in request");
    }
}

/* ---- arrays ---- */

/* The number of a line "*3\r\n" or "$5\r\n" that begins at resp->at, which is set behind it.
 * RESP_REQUEST: it is there; RESP_EMPTY: the line is, but it is no number. */
static enum resp_result length_line(struct resp *resp, const uint8_t *data, uint32_t size,
                                    int64_t *value)
{
    const uint8_t *line = data + resp->at + 1, *end = data + size, *p = line;
    uint32_t sum = 0;
    while (p < end && p - line < 7 && (uint8_t)(*p - '0') <= 9)
        sum = sum * 10 + (uint8_t)(*p++ - '0');
    if (end - p >= 2 && *p == '\r' && p > line && (*line != '0' || p - line == 1)) {
        *value = sum;
        resp->at = (uint32_t)(p - data) + 2;
        return RESP_REQUEST;
    }
    p = line > end ? NULL : memchr(line - 1, '\r', (size_t)(end - line) + 1);
    if (p == NULL || end - p < 2)
        return RESP_MORE;
    resp->at = (uint32_t)(p - data) + 2;
    struct ax_span text = {line, p < line ? 0 : (uint32_t)(p - line)};
    return number_read(text, value) ? RESP_REQUEST : RESP_EMPTY;
}

static bool line_is_long(const struct resp *resp, const uint8_t *data, uint32_t size)
{
    return size - resp->at > RESP_LINE_MAX &&
           memchr(data + resp->at, '\r', size - resp->at) == NULL;
}

static enum resp_result array_head(struct resp *resp, const uint8_t *data, uint32_t size)
{
    int64_t count;
    enum resp_result result = length_line(resp, data, size, &count);
    if (result == RESP_MORE)
        return line_is_long(resp, data, size) ? broken(resp, "too big mbulk count string")
                                              : RESP_MORE;
    if (result == RESP_EMPTY || count > INT32_MAX)
        return broken(resp, "invalid multibulk length");
    resp->in_array = true;
    resp->expected = count < 0 ? 0 : (uint32_t)count;
    return RESP_REQUEST;
}

static enum resp_result bulk_head(struct resp *resp, const uint8_t *data, uint32_t size)
{
    int64_t len;
    if (resp->at == size)
        return RESP_MORE;
    uint8_t first = data[resp->at];
    if (first != '$') {
        if (memchr(data + resp->at, '\r', size - resp->at) == NULL)
            return line_is_long(resp, data, size) ? broken(resp, "too big bulk count string")
                                                  : RESP_MORE;
        snprintf(resp->error, sizeof resp->error, "Protocol error: expected '$', got '%c'", first);
        return RESP_BROKEN;
    }
    enum resp_result result = length_line(resp, data, size, &len);
    if (result == RESP_MORE)
        return line_is_long(resp, data, size) ? broken(resp, "too big bulk count string")
                                              : RESP_MORE;
    if (result == RESP_EMPTY || len < 0 || len > RESP_BULK_MAX)
        return broken(resp, "invalid bulk length");
    resp->in_bulk = true;
    resp->bulk = (uint32_t)len;
    return RESP_REQUEST;
}

static enum resp_result array_request(struct resp *resp, const uint8_t *data, uint32_t size,
                                      uint32_t *used)
{
    enum resp_result result;
    if (!resp->in_array && (result = array_head(resp, data, size)) != RESP_REQUEST)
        return result;
    while (resp->expected != 0) {
        if (!resp->in_bulk && (result = bulk_head(resp, data, size)) != RESP_REQUEST)
            return result;
        if (size - resp->at < resp->bulk + 2)
            return RESP_MORE;
        add_arg(resp, resp->at, resp->bulk);
        resp->at += resp->bulk + 2;
        resp->in_bulk = false;
        resp->expected--;
    }
    *used = resp->at;
    return whole(resp, data);
}

enum resp_result resp_parse(struct resp *resp, const uint8_t *data, uint32_t size, uint32_t *used)
{
    *used = 0;
    if (size == 0)
        return RESP_MORE;
    if (resp->at == 0)
        resp->argc = 0;
    enum resp_result result = data[0] == '*' ? array_request(resp, data, size, used)
                                             : inline_request(resp, data, size, used);
    if (result != RESP_MORE) {
        resp->at = resp->expected = 0;
        resp->in_array = resp->in_bulk = false;
    }
    return result;
}

void resp_free(struct resp *resp)
{
    free(resp->args);
    free(resp->argv);
    kv_buf_free(&resp->words);
    *resp = (struct resp){0};
}
