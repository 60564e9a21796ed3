/* SPDX-License-Identifier: MIT */
/* store.c - what a shard keeps under its keys: strings, and heads of collections. */
#include "store.h"

#define SMALL 64 /* a collection of so many members is deleted with its key */

struct head {
    uint8_t type, expires, zero[6];
    int64_t expires_ms; /* there where `expires` is 1 */
};
#define HEAD_SHORT offsetof(struct head, expires_ms)

static struct kv_buf scratch; /* an entry as it is written */

/* ---- reading ---- */

static void decode(struct call *call, struct ax_span entry, struct value *value)
{
    struct head head = {0};
    AX_CHECK(call->ctx, entry.len >= HEAD_SHORT);
    memcpy(&head, entry.ptr, HEAD_SHORT);
    uint32_t size = head.expires ? sizeof head : HEAD_SHORT;
    AX_CHECK(call->ctx, entry.len >= size);
    memcpy(&head, entry.ptr, size);
    *value = (struct value){
        .there = true,
        .type = (enum kv_type)head.type,
        .expires_ms = head.expires_ms,
        .payload = {(const uint8_t *)entry.ptr + size, entry.len - size},
    };
    if (value->type == TYPE_STRING)
        return;
    AX_CHECK(call->ctx, value->payload.len == sizeof value->members);
    memcpy(&value->members, value->payload.ptr, sizeof value->members);
}

bool store_peek(struct call *call, struct ax_span entry, struct value *value)
{
    decode(call, entry, value);
    if (value->expires_ms != 0 && value->expires_ms <= call_now(call))
        value->there = false;
    return value->there;
}

bool store_find(struct call *call, struct ax_span key, struct value *value)
{
    struct ax_span entry;
    *value = (struct value){0};
    if (ax_map_get(call->ctx, shard_keys, key, &entry) != 0)
        return false;
    if (store_peek(call, entry, value))
        return true;
    if (store_delete(call, key, value) == 0)
        *value = (struct value){0};
    return false;
}

bool store_find_typed(struct call *call, struct ax_span key, enum kv_type type, struct value *value)
{
    if (!store_find(call, key, value) || value->type == type)
        return true;
    reply_error(&call->reply, REPLY_WRONG_TYPE);
    return false;
}

/* ---- writing ---- */

/* Members that no key has any more: at once, or later. */
static int discard(struct call *call, const struct value *value)
{
    struct collection members = value->members;
    if (value->type == TYPE_STRING)
        return 0;
    if (members.tail - members.head <= SMALL) {
        AX_CHECK(call->ctx, store_give_back(call, value->type, &members, SMALL));
        return 0;
    }
    uint64_t record[4] = {value->type, members.id, (uint64_t)members.head, (uint64_t)members.tail};
    AX_TRY(ax_map_put(call->ctx, shard_trash, (struct ax_span){&members.id, sizeof members.id},
                      (struct ax_span){record, sizeof record}));
    shard_wants_sweep(call);
    return 0;
}

static int write_entry(struct call *call, struct ax_span key, enum kv_type type,
                       const struct value *old, int64_t expires_ms, struct ax_span first,
                       struct ax_span second)
{
    struct head head = {.type = (uint8_t)type, .expires = expires_ms != 0};
    head.expires_ms = expires_ms;
    scratch.len = 0;
    kv_buf_add(&scratch, &head, expires_ms != 0 ? sizeof head : HEAD_SHORT);
    kv_buf_add(&scratch, first.ptr, first.len);
    kv_buf_add(&scratch, second.ptr, second.len);
    if (expires_ms != 0 && old->expires_ms == 0) {
        AX_TRY(ax_map_put(call->ctx, shard_expiry, key, (struct ax_span){NULL, 0}));
        shard_wants_sweep(call);
    }
    const struct ax_span entry = {scratch.data, scratch.len};
    int error = ax_map_put(call->ctx, shard_keys, key, entry);
    kv_buf_reset(&scratch, 64 << 10);
    return error;
}

int store_string(struct call *call, struct ax_span key, const struct value *old, int64_t expires_ms,
                 struct ax_span first, struct ax_span second)
{
    AX_TRY(write_entry(call, key, TYPE_STRING, old, expires_ms, first, second));
    if (old->there)
        AX_CHECK(call->ctx, discard(call, old) == 0);
    return 0;
}

int store_collection(struct call *call, struct ax_span key, struct value *value)
{
    if (value->members.head == value->members.tail)
        return value->there ? store_delete(call, key, value) : 0;
    return write_entry(call, key, value->type, value, value->expires_ms,
                       (struct ax_span){&value->members, sizeof value->members},
                       (struct ax_span){NULL, 0});
}

void store_begin(struct call *call, struct value *value, enum kv_type type)
{
    if (value->there)
        return;
    *value = (struct value){.type = type, .members.id = shard_new_id(call->self)};
}

int store_delete(struct call *call, struct ax_span key, const struct value *value)
{
    const struct value gone = *value;
    AX_TRY(discard(call, &gone));
    AX_CHECK(call->ctx, ax_map_delete(call->ctx, shard_keys, key) == 0);
    return 0;
}

int store_set_deadline(struct call *call, struct ax_span key, const struct value *value,
                       int64_t expires_ms)
{
    return write_entry(call, key, value->type, value, expires_ms, value->payload,
                       (struct ax_span){NULL, 0});
}
