/* SPDX-License-Identifier: MIT */
/* owed.c - the answers that a client is owed, in the order of its requests. */
#include "owed.h"

#include "number.h"

#define BYTES_KEPT 1024u /* of memory that an entry goes on with */

static struct owed_entry *entry_at(const struct owed *owed, uint32_t number)
{
    return &owed->ring[number & (owed->room - 1)];
}

/* ---- joining ---- */

/* The number behind the type of an answer, ":3\r\n"; *rest: what follows the line. */
static int64_t number_of(struct ax_span bytes, struct ax_span *rest)
{
    int64_t value = 0;
    const uint8_t *at = bytes.ptr, *end = memchr(at, '\r', bytes.len);
    if (end == NULL || bytes.len < 4)
        return 0;
    (void)number_read((struct ax_span){at + 1, (uint32_t)(end - at - 1)}, &value);
    *rest = (struct ax_span){end + 2, bytes.len - (uint32_t)(end + 2 - at)};
    return value;
}

static void replace(struct owed *owed, struct ax_span bytes)
{
    owed->joined.len = 0;
    kv_buf_add(&owed->joined, bytes.ptr, bytes.len);
}

static void fold(struct owed *owed, const struct owed_entry *entry)
{
    const struct ax_span bytes = {entry->bytes.data, entry->bytes.len};
    struct ax_span rest = {NULL, 0};
    if (owed->failed || bytes.len == 0)
        return;
    if (bytes.len != 0 && *entry->bytes.data == '-') {
        owed->failed = true;
        replace(owed, bytes);
        return;
    }
    switch (entry->join) {
    case KV_JOIN_SUM:
    case KV_JOIN_STAT:
        owed->sum += number_of(bytes, &rest);
        break;
    case KV_JOIN_LIST:
        owed->count += (uint64_t)number_of(bytes, &rest);
        kv_buf_add(&owed->joined, rest.ptr, rest.len);
        break;
    default:
        replace(owed, bytes);
    }
}

static void conclude(struct owed *owed, struct reply *to, uint8_t join)
{
    const struct ax_span joined = {owed->joined.data, owed->joined.len};
    if (!owed->failed && join == KV_JOIN_SUM)
        reply_integer(to, owed->sum);
    else if (!owed->failed && join == KV_JOIN_STAT)
        kv_info(to, (uint64_t)owed->sum >> 31, (uint64_t)owed->sum & INT32_MAX);
    else if (!owed->failed && join == KV_JOIN_LIST)
        reply_array(to, owed->count), reply_raw(to, joined);
    else
        reply_raw(to, joined);
    owed->failed = false;
    owed->sum = 0;
    owed->count = 0;
    kv_buf_reset(&owed->joined, BYTES_KEPT);
}

/* ---- the queue ---- */

static void leave(struct owed *owed, struct reply *to, struct owed_entry *entry)
{
    if (entry->join == KV_JOIN_PASS) {
        kv_buf_add(to->to, entry->bytes.data, entry->bytes.len);
    } else {
        fold(owed, entry);
        if (entry->last)
            conclude(owed, to, entry->join);
    }
    kv_buf_reset(&entry->bytes, BYTES_KEPT);
    owed->head++;
}

static void leave_all(struct owed *owed, struct reply *to)
{
    while (owed->head != owed->tail && entry_at(owed, owed->head)->done)
        leave(owed, to, entry_at(owed, owed->head));
}

static void grow(struct owed *owed)
{
    uint32_t room = owed->room == 0 ? 32 : owed->room * 2;
    struct owed_entry *ring = calloc(room, sizeof *ring);
    if (ring == NULL)
        abort();
    for (uint32_t i = 0; i < owed->room; i++) /* all of them: some have memory */
        ring[(owed->head + i) & (room - 1)] = *entry_at(owed, owed->head + i);
    free(owed->ring);
    owed->ring = ring;
    owed->room = room;
}

static struct owed_entry *add(struct owed *owed)
{
    if (owed_count(owed) == owed->room)
        grow(owed);
    struct owed_entry *entry = entry_at(owed, owed->tail++);
    *entry = (struct owed_entry){.target = OWED_HERE, .last = true, .bytes = entry->bytes};
    return entry;
}

void owed_here(struct owed *owed, struct reply *to, struct ax_span bytes)
{
    if (owed_count(owed) == 0) {
        reply_raw(to, bytes);
        return;
    }
    struct owed_entry *entry = add(owed);
    kv_buf_add(&entry->bytes, bytes.ptr, bytes.len);
    entry->done = true;
}

void owed_by(struct owed *owed, uint8_t target, uint32_t number, uint8_t join, bool last)
{
    struct owed_entry *entry = add(owed);
    entry->target = target;
    entry->number = number;
    entry->join = join;
    entry->last = last;
}

/* The first entry of the target that waits; NULL. */
static struct owed_entry *waiting(struct owed *owed, uint8_t target)
{
    uint32_t at = owed->next[target];
    if (at - owed->head > owed_count(owed)) /* it has left long ago */
        at = owed->head;
    for (; at != owed->tail; at++) {
        struct owed_entry *entry = entry_at(owed, at);
        if (entry->target == target && !entry->done) {
            owed->next[target] = at;
            return entry;
        }
    }
    owed->next[target] = at;
    return NULL;
}

static void give_up(struct owed *owed, uint8_t target, uint32_t number)
{
    static const char words[] = "-TRYAGAIN A process died before it could answer\r\n";
    struct owed_entry *entry;
    while ((entry = waiting(owed, target)) != NULL && (int32_t)(entry->number - number) < 0) {
        entry->bytes.len = 0;
        kv_buf_add(&entry->bytes, words, sizeof words - 1);
        entry->done = true;
    }
}

void owed_lost(struct owed *owed, struct reply *to, uint8_t target, uint32_t number)
{
    give_up(owed, target, number);
    leave_all(owed, to);
}

bool owed_take(struct owed *owed, struct reply *to, uint8_t target, uint32_t number,
               struct ax_span pieces)
{
    const uint8_t *begin = pieces.ptr;
    struct piece_reader reader = {.at = begin, .end = begin + pieces.len};
    int result;
    give_up(owed, target, number);
    while ((result = piece_next(&reader)) > 0) {
        struct owed_entry *entry = waiting(owed, target);
        if (entry == NULL || entry->number != number)
            return false;
        if (entry == entry_at(owed, owed->head) && entry->join == KV_JOIN_PASS && !reader.more &&
            entry->bytes.len == 0) { /* as it mostly is: no copy is kept */
            kv_buf_add(to->to, reader.bytes.ptr, reader.bytes.len);
            owed->head++;
            continue;
        }
        kv_buf_add(&entry->bytes, reader.bytes.ptr, reader.bytes.len);
        entry->done = !reader.more;
        leave_all(owed, to);
    }
    leave_all(owed, to);
    return result == 0;
}

void owed_free(struct owed *owed)
{
    for (uint32_t i = 0; i < owed->room; i++)
        kv_buf_free(&owed->ring[i].bytes);
    free(owed->ring);
    kv_buf_free(&owed->joined);
    *owed = (struct owed){0};
}
