/* SPDX-License-Identifier: MIT */
/* sets.c - commands of sets. */
#include "store.h"

static const struct ax_span nothing;

void run_sadd(struct call *call)
{
    struct value value;
    int64_t count = 0;
    int error = 0;
    if (!store_find_typed(call, call->argv[1], TYPE_SET, &value))
        return;
    store_begin(call, &value, TYPE_SET);
    const int64_t before = value.members.tail;
    for (uint32_t i = 2; i < call->argc && error == 0; i++) {
        struct ax_span bytes;
        bool added = true;
        if (value.members.tail != 0 && store_field(call, &value, call->argv[i], &bytes))
            continue;
        error = store_field_put(call, &value, call->argv[i], nothing, &added);
        count += error == 0 && added;
    }
    int wrote = store_fields_added(call, &value, before);
    if (error != 0 || wrote != 0)
        call_failed(call, error != 0 ? error : wrote);
    else
        reply_integer(&call->reply, count);
}

void run_srem(struct call *call)
{
    struct value value;
    int64_t count = 0;
    if (!store_find_typed(call, call->argv[1], TYPE_SET, &value))
        return;
    for (uint32_t i = 2; i < call->argc && value.there; i++)
        count += store_field_delete(call, &value, call->argv[i]);
    if (count != 0)
        AX_CHECK(call->ctx, store_collection(call, call->argv[1], &value) == 0);
    reply_integer(&call->reply, count);
}

void run_sismember(struct call *call)
{
    struct value value;
    struct ax_span bytes;
    if (store_find_typed(call, call->argv[1], TYPE_SET, &value))
        reply_integer(&call->reply, store_field(call, &value, call->argv[2], &bytes));
}

void run_smembers(struct call *call)
{
    struct value value;
    if (!store_find_typed(call, call->argv[1], TYPE_SET, &value))
        return;
    reply_set(&call->reply, (uint64_t)value.members.tail);
    for (int64_t i = 0; i < value.members.tail; i++) {
        reply_bulk(&call->reply, store_field_name(call, value.members.id, i));
        call_breathe(call);
    }
}

void run_scard(struct call *call)
{
    struct value value;
    if (store_find_typed(call, call->argv[1], TYPE_SET, &value))
        reply_integer(&call->reply, value.members.tail);
}
