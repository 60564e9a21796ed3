/* SPDX-License-Identifier: MIT */
/* members.c - what belongs to lists, hashes and sets, entry by entry.
 *
 * A list's element has the key {id, number}. A table, which is a hash or a set, has for each field
 * {id, name} -> number, bytes and {id + 1, number} -> name; the numbers are those below their
 * count, so a walk counts, and whoever is deleted has its number taken by the last one. A change
 * that fails in its middle fails the turn, which takes all of it back. */
#include "store.h"

static struct kv_buf name_scratch, bytes_scratch;

struct numbered {
    uint64_t id;
    int64_t at;
};

static struct ax_span by_number(struct numbered *key)
{
    return (struct ax_span){key, sizeof *key};
}

/* {id, name}; valid until the next one is made. */
static struct ax_span by_name(uint64_t id, struct ax_span name)
{
    name_scratch.len = 0;
    kv_buf_add(&name_scratch, &id, sizeof id);
    kv_buf_add(&name_scratch, name.ptr, name.len);
    return (struct ax_span){name_scratch.data, name_scratch.len};
}

/* ---- lists ---- */

int store_element_put(struct call *call, uint64_t id, int64_t at, struct ax_span bytes)
{
    struct numbered key = {id, at};
    return ax_map_put(call->ctx, shard_members, by_number(&key), bytes);
}

struct ax_span store_element(struct call *call, uint64_t id, int64_t at)
{
    struct numbered key = {id, at};
    struct ax_span bytes;
    AX_CHECK(call->ctx, ax_map_get(call->ctx, shard_members, by_number(&key), &bytes) == 0);
    return bytes;
}

int store_element_delete(struct call *call, uint64_t id, int64_t at)
{
    struct numbered key = {id, at};
    return ax_map_delete(call->ctx, shard_members, by_number(&key));
}

/* ---- tables ---- */

/* The number and the bytes of a field. */
static bool find(struct call *call, uint64_t id, struct ax_span field, int64_t *at,
                 struct ax_span *bytes)
{
    struct ax_span entry;
    if (ax_map_get(call->ctx, shard_members, by_name(id, field), &entry) != 0)
        return false;
    AX_CHECK(call->ctx, entry.len >= sizeof *at);
    memcpy(at, entry.ptr, sizeof *at);
    *bytes =
        (struct ax_span){(const uint8_t *)entry.ptr + sizeof *at, entry.len - (uint32_t)sizeof *at};
    return true;
}

static int put_named(struct call *call, uint64_t id, struct ax_span field, int64_t at,
                     struct ax_span bytes)
{
    bytes_scratch.len = 0;
    kv_buf_add(&bytes_scratch, &at, sizeof at);
    kv_buf_add(&bytes_scratch, bytes.ptr, bytes.len);
    return ax_map_put(call->ctx, shard_members, by_name(id, field),
                      (struct ax_span){bytes_scratch.data, bytes_scratch.len});
}

bool store_field(struct call *call, const struct value *table, struct ax_span field,
                 struct ax_span *bytes)
{
    int64_t at;
    return table->there && find(call, table->members.id, field, &at, bytes);
}

struct ax_span store_field_name(struct call *call, uint64_t id, int64_t at)
{
    return store_element(call, id + 1, at);
}

int store_field_put(struct call *call, struct value *table, struct ax_span field,
                    struct ax_span bytes, bool *added)
{
    const uint64_t id = table->members.id;
    int64_t at;
    struct ax_span old;
    if (field.len > STORE_FIELD_MAX)
        return AX_E_TOO_BIG;
    *added = !find(call, id, field, &at, &old);
    if (!*added)
        return put_named(call, id, field, at, bytes);
    AX_TRY(put_named(call, id, field, table->members.tail, bytes));
    int error = store_element_put(call, id + 1, table->members.tail, field);
    if (error != 0)
        AX_CHECK(call->ctx, ax_map_delete(call->ctx, shard_members, by_name(id, field)) == 0);
    else
        table->members.tail++;
    return error;
}

int store_fields_added(struct call *call, struct value *table, int64_t before)
{
    struct collection added = {table->members.id, before, table->members.tail};
    if (added.head == added.tail)
        return 0;
    int error = store_collection(call, call->argv[1], table);
    if (error != 0)
        (void)store_give_back(call, table->type, &added, UINT32_MAX);
    return error;
}

/* The last field gets the number `at`. */
static void renumber_last(struct call *call, uint64_t id, int64_t last, int64_t at)
{
    static struct kv_buf name;
    struct ax_span bytes, in_arena = store_field_name(call, id, last);
    int64_t number;
    name.len = 0;
    kv_buf_add(&name, in_arena.ptr, in_arena.len);
    const struct ax_span field = {name.data, name.len};
    AX_CHECK(call->ctx, find(call, id, field, &number, &bytes) && number == last);
    AX_CHECK(call->ctx, put_named(call, id, field, at, bytes) == 0);
    AX_CHECK(call->ctx, store_element_put(call, id + 1, at, field) == 0);
}

bool store_field_delete(struct call *call, struct value *table, struct ax_span field)
{
    const uint64_t id = table->members.id;
    int64_t at, last = table->members.tail - 1;
    struct ax_span bytes;
    if (!find(call, id, field, &at, &bytes))
        return false;
    AX_CHECK(call->ctx, ax_map_delete(call->ctx, shard_members, by_name(id, field)) == 0);
    if (at != last)
        renumber_last(call, id, last, at);
    AX_CHECK(call->ctx, store_element_delete(call, id + 1, last) == 0);
    table->members.tail = last;
    return true;
}

/* ---- what is left of something deleted ---- */

bool store_give_back(struct call *call, enum kv_type type, struct collection *members,
                     uint32_t most)
{
    static struct kv_buf name;
    for (; most != 0 && members->tail > members->head; most--) {
        members->tail--;
        if (type == TYPE_LIST) {
            AX_CHECK(call->ctx, store_element_delete(call, members->id, members->tail) == 0);
            continue;
        }
        struct ax_span field = store_field_name(call, members->id, members->tail);
        name.len = 0;
        kv_buf_add(&name, field.ptr, field.len);
        field = (struct ax_span){name.data, name.len};
        AX_CHECK(call->ctx,
                 ax_map_delete(call->ctx, shard_members, by_name(members->id, field)) == 0);
        AX_CHECK(call->ctx, store_element_delete(call, members->id + 1, members->tail) == 0);
    }
    return members->tail == members->head;
}
