/* SPDX-License-Identifier: MIT */
/* hashes.c - commands of hashes. */
#include "number.h"
#include "store.h"

void run_hset(struct call *call)
{
    struct value value;
    int64_t count = 0;
    int error = 0;
    if (!store_find_typed(call, call->argv[1], TYPE_HASH, &value))
        return;
    store_begin(call, &value, TYPE_HASH);
    const int64_t before = value.members.tail;
    for (uint32_t i = 2; i + 1 < call->argc && error == 0; i += 2) {
        bool added;
        error = store_field_put(call, &value, call->argv[i], call->argv[i + 1], &added);
        count += error == 0 && added;
    }
    int wrote = store_fields_added(call, &value, before);
    if (error != 0 || wrote != 0)
        call_failed(call, error != 0 ? error : wrote);
    else
        reply_integer(&call->reply, count);
}

void run_hget(struct call *call)
{
    struct value value;
    struct ax_span bytes;
    if (!store_find_typed(call, call->argv[1], TYPE_HASH, &value))
        return;
    if (store_field(call, &value, call->argv[2], &bytes))
        reply_bulk(&call->reply, bytes);
    else
        reply_null(&call->reply);
}

void run_hdel(struct call *call)
{
    struct value value;
    int64_t count = 0;
    if (!store_find_typed(call, call->argv[1], TYPE_HASH, &value))
        return;
    for (uint32_t i = 2; i < call->argc && value.there; i++)
        count += store_field_delete(call, &value, call->argv[i]);
    if (count != 0)
        AX_CHECK(call->ctx, store_collection(call, call->argv[1], &value) == 0);
    reply_integer(&call->reply, count);
}

void run_hgetall(struct call *call)
{
    struct value value;
    if (!store_find_typed(call, call->argv[1], TYPE_HASH, &value))
        return;
    reply_map(&call->reply, (uint64_t)value.members.tail);
    for (int64_t i = 0; i < value.members.tail; i++) {
        struct ax_span bytes, field = store_field_name(call, value.members.id, i);
        reply_bulk(&call->reply, field);
        AX_CHECK(call->ctx, store_field(call, &value, field, &bytes));
        reply_bulk(&call->reply, bytes);
        call_breathe(call);
    }
}

void run_hlen(struct call *call)
{
    struct value value;
    if (store_find_typed(call, call->argv[1], TYPE_HASH, &value))
        reply_integer(&call->reply, value.members.tail);
}

void run_hincrby(struct call *call)
{
    struct value value;
    struct ax_span bytes;
    int64_t by, number = 0;
    uint8_t text[NUMBER_MAX];
    bool added;
    if (!call_integer(call, call->argv[3], &by) ||
        !store_find_typed(call, call->argv[1], TYPE_HASH, &value))
        return;
    if (store_field(call, &value, call->argv[2], &bytes) && !number_read(bytes, &number)) {
        reply_error(&call->reply, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(number, by, &number)) {
        reply_error(&call->reply, "ERR increment or decrement would overflow");
        return;
    }
    store_begin(call, &value, TYPE_HASH);
    const int64_t before = value.members.tail;
    bytes = (struct ax_span){text, number_write(number, text)};
    int error = store_field_put(call, &value, call->argv[2], bytes, &added);
    if (error == 0)
        error = store_fields_added(call, &value, before);
    if (error != 0)
        call_failed(call, error);
    else
        reply_integer(&call->reply, number);
}
