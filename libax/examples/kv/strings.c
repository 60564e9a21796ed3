/* SPDX-License-Identifier: MIT */
/* strings.c - commands of strings, in the order of checks and with the words of Redis 7.0. */
#include "number.h"
#include "store.h"

static const struct ax_span nothing;

/* The answer to a string that was written: as given, or why not. */
static void written(struct call *call, int error, int64_t answer)
{
    if (error != 0)
        call_failed(call, error);
    else
        reply_integer(&call->reply, answer);
}

void run_get(struct call *call)
{
    struct value value;
    if (!store_find_typed(call, call->argv[1], TYPE_STRING, &value))
        return;
    if (value.there)
        reply_bulk(&call->reply, value.payload);
    else
        reply_null(&call->reply);
}

/* One element of MGET. */
void run_mget(struct call *call)
{
    struct value value;
    if (store_find(call, call->argv[1], &value) && value.type == TYPE_STRING)
        reply_bulk(&call->reply, value.payload);
    else
        reply_null(&call->reply);
}

/* ---- SET ---- */

struct set_options {
    bool nx, xx, get, keep_ttl, absolute;
    int64_t unit_ms; /* 0: no deadline */
    struct ax_span deadline;
};

/* One of the four, which may be there again, but no other. */
static bool deadline_option(struct set_options *options, struct ax_span word)
{
    static const struct {
        const char *word;
        int64_t unit_ms;
        bool absolute;
    } all[] = {{"ex", 1000, false}, {"px", 1, false}, {"exat", 1000, true}, {"pxat", 1, true}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (kv_is_word(word, all[i].word)) {
            if (options->unit_ms != 0 &&
                (options->unit_ms != all[i].unit_ms || options->absolute != all[i].absolute))
                return false;
            options->unit_ms = all[i].unit_ms;
            options->absolute = all[i].absolute;
            return true;
        }
    return false;
}

static bool read_options(const struct call *call, struct set_options *options)
{
    for (uint32_t i = 3; i < call->argc; i++) {
        struct ax_span word = call->argv[i];
        bool timed = options->unit_ms != 0;
        if (kv_is_word(word, "nx") && !options->xx) {
            options->nx = true;
        } else if (kv_is_word(word, "xx") && !options->nx) {
            options->xx = true;
        } else if (kv_is_word(word, "get")) {
            options->get = true;
        } else if (kv_is_word(word, "keepttl") && !timed) {
            options->keep_ttl = true;
        } else if (!options->keep_ttl && i + 1 < call->argc && deadline_option(options, word)) {
            options->deadline = call->argv[++i];
        } else {
            return false;
        }
    }
    return true;
}

/* The deadline that an option gives; false: answered. */
static bool read_deadline(struct call *call, const struct set_options *options, int64_t *at)
{
    int64_t value;
    if (options->unit_ms == 0)
        return true;
    if (!call_integer(call, options->deadline, &value))
        return false;
    if (value > 0 && value <= INT64_MAX / options->unit_ms) {
        value *= options->unit_ms;
        int64_t from = options->absolute ? 0 : call_now(call);
        if (value <= INT64_MAX - from) {
            *at = from + value;
            return true;
        }
    }
    reply_error(&call->reply, "ERR invalid expire time in 'set' command");
    return false;
}

/* Where GET is asked for, what was there is the answer whatever becomes of SET. */
static void old_value(struct call *call, const struct value *value)
{
    if (value->there)
        reply_bulk(&call->reply, value->payload);
    else
        reply_null(&call->reply);
}

void run_set(struct call *call)
{
    struct set_options options = {0};
    struct value value;
    int64_t at = 0;
    if (call->argc > 3 && !read_options(call, &options)) {
        reply_error(&call->reply, REPLY_SYNTAX);
        return;
    }
    if (!read_deadline(call, &options, &at))
        return;
    if (!options.get)
        (void)store_find(call, call->argv[1], &value);
    else if (!store_find_typed(call, call->argv[1], TYPE_STRING, &value))
        return;
    uint32_t before = call->reply.to->len;
    if (options.get)
        old_value(call, &value);
    if ((options.nx && value.there) || (options.xx && !value.there)) {
        if (!options.get)
            reply_null(&call->reply);
        return;
    }
    if (options.keep_ttl)
        at = value.expires_ms;
    int error = store_string(call, call->argv[1], &value, at, call->argv[2], nothing);
    if (error != 0) {
        call->reply.to->len = before;
        call_failed(call, error);
    } else if (!options.get) {
        reply_raw(&call->reply, KV_TEXT("+OK\r\n"));
    }
}

void run_setnx(struct call *call)
{
    struct value value;
    if (store_find(call, call->argv[1], &value))
        reply_integer(&call->reply, 0);
    else
        written(call, store_string(call, call->argv[1], &value, 0, call->argv[2], nothing), 1);
}

/* One pair of MSET. */
void run_mset(struct call *call)
{
    struct value value;
    (void)store_find(call, call->argv[1], &value);
    int error = store_string(call, call->argv[1], &value, 0, call->argv[2], nothing);
    if (error != 0)
        call_failed(call, error);
    else
        reply_raw(&call->reply, KV_TEXT("+OK\r\n"));
}

/* ---- numbers ---- */

static void add(struct call *call, int64_t by)
{
    struct value value;
    int64_t number = 0;
    uint8_t text[NUMBER_MAX];
    if (!store_find_typed(call, call->argv[1], TYPE_STRING, &value))
        return;
    if (value.there && !call_integer(call, value.payload, &number))
        return;
    if (__builtin_add_overflow(number, by, &number)) {
        reply_error(&call->reply, "ERR increment or decrement would overflow");
        return;
    }
    const struct ax_span bytes = {text, number_write(number, text)};
    written(call, store_string(call, call->argv[1], &value, value.expires_ms, bytes, nothing),
            number);
}

void run_incr(struct call *call)
{
    add(call, kv_command_id(call->command) == KV_INCR ? 1 : -1);
}

void run_incrby(struct call *call)
{
    int64_t by;
    if (!call_integer(call, call->argv[2], &by))
        return;
    if (kv_command_id(call->command) == KV_INCRBY)
        add(call, by);
    else if (by == INT64_MIN)
        reply_error(&call->reply, "ERR decrement would overflow");
    else
        add(call, -by);
}

/* ---- parts ---- */

void run_append(struct call *call)
{
    struct value value;
    if (!store_find_typed(call, call->argv[1], TYPE_STRING, &value))
        return;
    int64_t len = (int64_t)value.payload.len + call->argv[2].len;
    int error = len > KV_STRING_MAX ? AX_E_TOO_BIG
                                    : store_string(call, call->argv[1], &value, value.expires_ms,
                                                   value.payload, call->argv[2]);
    written(call, error, len);
}

void run_strlen(struct call *call)
{
    struct value value;
    if (store_find_typed(call, call->argv[1], TYPE_STRING, &value))
        reply_integer(&call->reply, value.payload.len);
}

void run_getrange(struct call *call)
{
    struct value value;
    int64_t first, last;
    if (!call_integer(call, call->argv[2], &first) || !call_integer(call, call->argv[3], &last) ||
        !store_find_typed(call, call->argv[1], TYPE_STRING, &value))
        return;
    bool backwards = first < 0 && last < 0 && first > last;
    if (last < 0 && last + (int64_t)value.payload.len < 0)
        last = -(int64_t)value.payload.len; /* the first byte, other than with lists */
    if (backwards || !call_range(value.payload.len, &first, &last))
        reply_bulk(&call->reply, nothing);
    else
        reply_bulk(&call->reply, (struct ax_span){(const uint8_t *)value.payload.ptr + first,
                                                  (uint32_t)(last - first + 1)});
}

static void overwrite(struct call *call, const struct value *value, uint32_t offset,
                      struct ax_span bytes)
{
    static struct kv_buf whole;
    uint32_t len =
        value->payload.len > offset + bytes.len ? value->payload.len : offset + bytes.len;
    whole.len = 0;
    kv_buf_add(&whole, value->payload.ptr, value->payload.len);
    uint8_t *end = kv_buf_reserve(&whole, len - whole.len);
    memset(end, 0, len - whole.len);
    memcpy(whole.data + offset, bytes.ptr, bytes.len);
    written(call,
            store_string(call, call->argv[1], value, value->expires_ms,
                         (struct ax_span){whole.data, len}, nothing),
            len);
    kv_buf_reset(&whole, 64 << 10);
}

void run_setrange(struct call *call)
{
    struct value value;
    struct ax_span bytes = call->argv[3];
    int64_t offset;
    if (!call_integer(call, call->argv[2], &offset))
        return;
    if (offset < 0) {
        reply_error(&call->reply, "ERR offset is out of range");
        return;
    }
    if (!store_find_typed(call, call->argv[1], TYPE_STRING, &value))
        return;
    if (bytes.len == 0)
        reply_integer(&call->reply, value.payload.len);
    else if (offset > KV_STRING_MAX - (int64_t)bytes.len)
        call_failed(call, AX_E_TOO_BIG);
    else
        overwrite(call, &value, (uint32_t)offset, bytes);
}
