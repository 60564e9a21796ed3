/* SPDX-License-Identifier: MIT */
/* keys.c - commands of keys of any type. */
#include "number.h"
#include "store.h"

/* One key of DEL. */
void run_del(struct call *call)
{
    struct value value;
    int error = 0;
    bool there = store_find(call, call->argv[1], &value);
    if (there)
        error = store_delete(call, call->argv[1], &value);
    if (error != 0)
        call_failed(call, error);
    else
        reply_integer(&call->reply, there);
}

/* One key of EXISTS. */
void run_exists(struct call *call)
{
    struct value value;
    reply_integer(&call->reply, store_find(call, call->argv[1], &value));
}

void run_type(struct call *call)
{
    static const char *const names[] = {"string", "list", "hash", "set"};
    struct value value;
    reply_status(&call->reply,
                 store_find(call, call->argv[1], &value) ? names[value.type & 3] : "none");
}

void run_ttl(struct call *call)
{
    struct value value;
    int64_t left = -1;
    if (!store_find(call, call->argv[1], &value))
        left = -2;
    else if (value.expires_ms != 0)
        left = value.expires_ms - call_now(call);
    if (left > 0 && kv_command_id(call->command) == KV_TTL)
        left = (left + 500) / 1000;
    reply_integer(&call->reply, left);
}

void run_persist(struct call *call)
{
    struct value value;
    int error = 0;
    bool had = store_find(call, call->argv[1], &value) && value.expires_ms != 0;
    if (had)
        error = store_set_deadline(call, call->argv[1], &value, 0);
    if (error != 0)
        call_failed(call, error);
    else
        reply_integer(&call->reply, had);
}

/* ---- EXPIRE ---- */

struct conditions {
    bool nx, xx, gt, lt;
};

static bool read_conditions(struct call *call, struct conditions *when)
{
    for (uint32_t i = 3; i < call->argc; i++) {
        struct ax_span word = call->argv[i];
        const char *nul = word.len == 0 ? NULL : memchr(word.ptr, 0, word.len);
        int shown = nul == NULL ? (int)word.len : (int)(nul - (const char *)word.ptr);
        bool known = false;
        when->nx |= known |= kv_is_word(word, "nx");
        if (!known)
            when->xx |= known |= kv_is_word(word, "xx");
        if (!known)
            when->gt |= known |= kv_is_word(word, "gt");
        if (!known)
            when->lt |= known |= kv_is_word(word, "lt");
        if (!known) {
            reply_errorf(&call->reply, "ERR Unsupported option %.*s", shown,
                         (const char *)word.ptr);
            return false;
        }
    }
    if (when->nx && (when->xx || when->gt || when->lt))
        reply_error(&call->reply,
                    "ERR NX and XX, GT or LT options at the same time are not compatible");
    else if (when->gt && when->lt)
        reply_error(&call->reply, "ERR GT and LT options at the same time are not compatible");
    else
        return true;
    return false;
}

static bool holds(const struct conditions *when, int64_t old, int64_t at)
{
    if (when->nx)
        return old == 0;
    if ((when->xx && old == 0) || (when->gt && (old == 0 || at <= old)))
        return false;
    return !when->lt || old == 0 || at < old;
}

static bool read_seconds(struct call *call, int64_t *at)
{
    int64_t seconds;
    if (!call_integer(call, call->argv[2], &seconds))
        return false;
    if (seconds <= INT64_MAX / 1000 && seconds >= INT64_MIN / 1000 &&
        seconds * 1000 <= INT64_MAX - call_now(call)) {
        *at = seconds * 1000 + call_now(call);
        return true;
    }
    reply_error(&call->reply, "ERR invalid expire time in 'expire' command");
    return false;
}

void run_expire(struct call *call)
{
    struct conditions when = {0};
    struct value value;
    int64_t at;
    if (!read_conditions(call, &when) || !read_seconds(call, &at))
        return;
    if (!store_find(call, call->argv[1], &value) || !holds(&when, value.expires_ms, at)) {
        reply_integer(&call->reply, 0);
        return;
    }
    int error = at <= call_now(call) ? store_delete(call, call->argv[1], &value)
                                     : store_set_deadline(call, call->argv[1], &value, at);
    if (error != 0)
        call_failed(call, error);
    else
        reply_integer(&call->reply, 1);
}
