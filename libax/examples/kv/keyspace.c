/* SPDX-License-Identifier: MIT */
/* keyspace.c - commands about all keys of a shard. */
#include "glob.h"
#include "number.h"
#include "owed.h"
#include "store.h"

#include <stdio.h>

void run_dbsize(struct call *call)
{
    reply_integer(&call->reply, (int64_t)ax_map_count(call->ctx, shard_keys));
}

void run_info(struct call *call)
{
    reply_integer(&call->reply, KV_STAT(ax_map_count(call->ctx, shard_keys),
                                        ax_map_count(call->ctx, shard_expiry)));
}

void run_flushall(struct call *call)
{
    static const unsigned all[] = {shard_keys, shard_members, shard_expiry, shard_trash};
    if (call->argc > 2 || (call->argc == 2 && !kv_is_word(call->argv[1], "sync") &&
                           !kv_is_word(call->argv[1], "async"))) {
        reply_error(&call->reply, REPLY_SYNTAX);
        return;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        AX_CHECK(call->ctx, ax_map_clear(call->ctx, all[i]) == 0);
    reply_raw(&call->reply, KV_TEXT("+OK\r\n"));
}

/* ---- walks ---- */

struct found {
    struct kv_buf keys; /* as bulk strings */
    int64_t count;
};

static void note(struct found *found, struct ax_span key)
{
    struct reply to = {.to = &found->keys, .protocol = 2};
    reply_bulk(&to, key);
    found->count++;
}

/* An array of what was found; it may be long. */
static void answer(struct call *call, struct found *found)
{
    reply_array(&call->reply, (uint64_t)found->count);
    for (uint32_t at = 0; at < found->keys.len;) {
        uint32_t some = found->keys.len - at < (128u << 10) ? found->keys.len - at : 128u << 10;
        reply_raw(&call->reply, (struct ax_span){found->keys.data + at, some});
        call_breathe(call);
        at += some;
    }
    kv_buf_free(&found->keys);
}

void run_keys(struct call *call)
{
    struct found found = {0};
    struct ax_span key, entry;
    struct value value;
    uint64_t cursor = 0;
    while (ax_map_next(call->ctx, shard_keys, &cursor, &key, &entry) == 0)
        if (glob_match(call->argv[1], key, false) && store_peek(call, entry, &value))
            note(&found, key);
    answer(call, &found);
}

/* ---- SCAN ----
 *
 * A cursor has one number for the client: that of the map, with the shard in bits that this leaves
 * free. Where it does not, the walk goes on until it does. The connection has checked the request
 * (scan.c); argv[1] has the cursor as 8 bytes, argv[2] how many shards there are, and the
 * options follow. */
#define SHARD_SHIFT 24
#define SHARD_BITS ((uint64_t)0xff << SHARD_SHIFT)

struct scan {
    uint64_t cursor, shard, shards;
    struct ax_span pattern, type;
    int64_t count;
    bool any_key, any_type;
};

static void read_scan(const struct call *call, struct scan *scan)
{
    int64_t shards = 0;
    *scan = (struct scan){.count = 10, .any_key = true, .any_type = true};
    memcpy(&scan->cursor, call->argv[1].ptr, sizeof scan->cursor);
    (void)number_read(call->argv[2], &shards);
    scan->shard = (scan->cursor & SHARD_BITS) >> SHARD_SHIFT;
    scan->cursor &= ~SHARD_BITS;
    scan->shards = (uint64_t)shards;
    for (uint32_t i = 3; i + 1 < call->argc; i += 2) {
        if (kv_is_word(call->argv[i], "match")) {
            scan->pattern = call->argv[i + 1];
            scan->any_key = kv_same(scan->pattern, KV_TEXT("*"));
        } else if (kv_is_word(call->argv[i], "type")) {
            scan->type = call->argv[i + 1];
            scan->any_type = false;
        } else {
            (void)number_read(call->argv[i + 1], &scan->count);
        }
    }
}

static bool wanted(struct call *call, const struct scan *scan, struct ax_span key,
                   struct ax_span entry)
{
    static const char *const names[] = {"string", "list", "hash", "set"};
    struct value value;
    return (scan->any_key || glob_match(scan->pattern, key, false)) &&
           store_peek(call, entry, &value) &&
           (scan->any_type || kv_is_word(scan->type, names[value.type & 3]));
}

void run_scan(struct call *call)
{
    struct found found = {0};
    struct scan scan;
    struct ax_span key, entry;
    int64_t looked = 0;
    char text[24];
    read_scan(call, &scan);
    uint64_t next = 0;
    while (looked < scan.count || (scan.cursor & SHARD_BITS) != 0) {
        if (ax_map_next(call->ctx, shard_keys, &scan.cursor, &key, &entry) != 0) {
            scan.cursor = 0;
            break;
        }
        looked++;
        if (wanted(call, &scan, key, entry))
            note(&found, key);
    }
    if (scan.cursor != 0)
        next = scan.cursor | scan.shard << SHARD_SHIFT;
    else if (scan.shard + 1 < scan.shards)
        next = (scan.shard + 1) << SHARD_SHIFT;
    int len = snprintf(text, sizeof text, "%lu", (unsigned long)next);
    reply_array(&call->reply, 2);
    reply_bulk(&call->reply, (struct ax_span){text, (uint32_t)len});
    answer(call, &found);
}
