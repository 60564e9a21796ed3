/* SPDX-License-Identifier: MIT */
/* shard.c - a shard: the keys whose hash is its own, in kept maps.
 *
 * All requests that one connection has read at once for this shard are one message, and so one
 * turn: what they change and the answers to it are binding together. An answer that a client has
 * seen is therefore of a change that outlives this process; a change that a process died in the
 * middle of has been answered to nobody, and is made by its successor, from the same message.
 *
 * Where a lane to the connection is full the shard waits, with the turn so far committed. If it
 * dies there the answer is lost; the connection finds out (session.c) and says TRYAGAIN. */
#include "session.h"

#include "number.h"
#include "parcel.h"
#define AX_IMPLEMENT
#include "store.h"

#include <time.h>

#define ANSWERS_MOST (256u << 10) /* in one message; more only where one answer is longer */
#define MESSAGE_MOST (900u << 10) /* of the 1 MiB that a message may have */
#define SLICE (512u << 10)        /* of an answer that is longer still */

AX_STATE(shard, (u64, ids), (u64, cursor), (bool, sweeping));

static struct kv_buf answers;

static kv_run *const runs[KV_COMMAND_COUNT] = {
    [KV_GET] = run_get,           [KV_SET] = run_set,
    [KV_SETNX] = run_setnx,       [KV_MGET] = run_mget,
    [KV_MSET] = run_mset,         [KV_DEL] = run_del,
    [KV_EXISTS] = run_exists,     [KV_INCR] = run_incr,
    [KV_DECR] = run_incr,         [KV_INCRBY] = run_incrby,
    [KV_DECRBY] = run_incrby,     [KV_APPEND] = run_append,
    [KV_STRLEN] = run_strlen,     [KV_GETRANGE] = run_getrange,
    [KV_SETRANGE] = run_setrange, [KV_TTL] = run_ttl,
    [KV_PTTL] = run_ttl,          [KV_EXPIRE] = run_expire,
    [KV_PERSIST] = run_persist,   [KV_TYPE] = run_type,
    [KV_KEYS] = run_keys,         [KV_SCAN] = run_scan,
    [KV_DBSIZE] = run_dbsize,     [KV_FLUSHALL] = run_flushall,
    [KV_INFO] = run_info,         [KV_LPUSH] = run_push,
    [KV_RPUSH] = run_push,        [KV_LPOP] = run_pop,
    [KV_RPOP] = run_pop,          [KV_LLEN] = run_llen,
    [KV_LRANGE] = run_lrange,     [KV_HSET] = run_hset,
    [KV_HGET] = run_hget,         [KV_HDEL] = run_hdel,
    [KV_HGETALL] = run_hgetall,   [KV_HLEN] = run_hlen,
    [KV_HINCRBY] = run_hincrby,   [KV_SADD] = run_sadd,
    [KV_SREM] = run_srem,         [KV_SISMEMBER] = run_sismember,
    [KV_SMEMBERS] = run_smembers, [KV_SCARD] = run_scard,
};

/* ---- what the runs need ---- */

int64_t call_now(struct call *call)
{
    struct timespec now;
    if (call->now_ms == 0) {
        (void)clock_gettime(CLOCK_REALTIME, &now);
        call->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    }
    return call->now_ms;
}

void call_failed(struct call *call, int error)
{
    if (error == AX_E_NO_MEMORY)
        reply_error(&call->reply, REPLY_NO_MEMORY);
    else if (error == AX_E_TOO_BIG)
        reply_error(&call->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    else
        reply_errorf(&call->reply, "ERR %s", ax_strerror(error));
}

bool call_integer(struct call *call, struct ax_span text, int64_t *value)
{
    if (number_read(text, value))
        return true;
    reply_error(&call->reply, REPLY_NOT_INTEGER);
    return false;
}

bool call_range(int64_t count, int64_t *first, int64_t *last)
{
    if (*first < 0)
        *first = *first + count < 0 ? 0 : *first + count;
    if (*last < 0)
        *last = *last + count < 0 ? -1 : *last + count;
    if (*last >= count)
        *last = count - 1;
    return *first <= *last && *first < count;
}

uint64_t shard_new_id(struct shard *self)
{
    return self->ids += 2; /* the next one numbers the same collection's names */
}

void shard_wants_sweep(struct call *call)
{
    struct shard *self = call->self;
    if (self->sweeping)
        return;
    AX_CHECK(call->ctx, shard_sweep_after(call->ctx, AX_MILLISECONDS(100), NULL) == 0);
    self->sweeping = true;
}

/* ---- answers ---- */

/* Where the connection is gone there is nobody to answer. */
static void send(const struct call *call, struct kv_buf *bytes)
{
    const session_ref to = session_ref_of(call->client);
    const struct ax_span span = {bytes->data, bytes->len};
    if (session_done(call->ctx, to, call->target, call->number, span) != AX_E_FULL) {
        bytes->len = 0;
        return;
    }
    struct kv_buf mine = *bytes; /* others run meanwhile */
    *bytes = (struct kv_buf){0};
    int error = session_done_wait(call->ctx, to, call->target, call->number,
                                  (struct ax_span){mine.data, mine.len});
    (void)error;
    kv_buf_free(&mine);
    bytes->len = 0;
}

void call_breathe(struct call *call)
{
    if (answers.len < ANSWERS_MOST)
        return;
    piece_end(&answers, call->piece, true);
    send(call, &answers);
    call->piece = piece_begin(&answers);
}

/* The last answer is too long to be sent with those before it, or at all. */
static void send_slices(struct call *call)
{
    struct kv_buf whole = {0};
    kv_buf_add(&whole, answers.data + call->piece, answers.len - call->piece);
    answers.len = call->piece - 4;
    if (answers.len != 0)
        send(call, &answers);
    for (uint32_t at = 0; at < whole.len;) {
        uint32_t len = whole.len - at < SLICE ? whole.len - at : SLICE;
        uint32_t begin = piece_begin(&answers);
        kv_buf_add(&answers, whole.data + at, len);
        at += len;
        piece_end(&answers, begin, at < whole.len);
        send(call, &answers);
    }
    kv_buf_free(&whole);
}

static void run(struct call *call, const struct parcel_reader *reader)
{
    call->command = reader->command;
    call->argc = reader->argc;
    call->argv = reader->argv;
    call->piece = piece_begin(&answers);
    kv_run *how = runs[kv_command_id(reader->command)];
    if (how != NULL)
        how(call);
    else
        reply_error(&call->reply, "ERR not a command of a shard");
    if (answers.len > MESSAGE_MOST)
        send_slices(call);
    else
        piece_end(&answers, call->piece, false);
}

void shard_on_run(struct ax_ctx *ctx, struct shard *self, const struct shard_run *msg)
{
    static struct parcel_reader shared;
    struct parcel_reader reader = shared; /* with its memory */
    struct call call = {
        .ctx = ctx,
        .self = self,
        .reply = {.to = &answers, .protocol = msg->protocol},
        .client = ax_sender(ctx),
        .target = msg->target,
        .number = msg->number,
    };
    shared = (struct parcel_reader){0};
    answers.len = 0;
    parcel_read(&reader, ax_bytes(&msg->requests), msg->requests.len);
    while (parcel_next(&reader) > 0) {
        run(&call, &reader);
        if (answers.len >= ANSWERS_MOST)
            send(&call, &answers);
    }
    if (answers.len != 0 || msg->requests.len == 0)
        send(&call, &answers);
    kv_buf_reset(&answers, 2 * ANSWERS_MOST);
    free(shared.argv);
    shared = reader;
}

/* ---- sweeping ---- */

#define TRASH_MOST 200u /* members given back in a turn */
#define EXPIRY_MOST 64u /* deadlines looked at */

static bool sweep_trash(struct call *call)
{
    uint64_t cursor = 0, record[4];
    struct ax_span key, entry;
    if (ax_map_next(call->ctx, shard_trash, &cursor, &key, &entry) != 0)
        return false;
    AX_CHECK(call->ctx, entry.len == sizeof record);
    memcpy(record, entry.ptr, sizeof record);
    struct collection members = {record[1], (int64_t)record[2], (int64_t)record[3]};
    const struct ax_span id = {&record[1], sizeof record[1]};
    if (store_give_back(call, (enum kv_type)record[0], &members, TRASH_MOST)) {
        AX_CHECK(call->ctx, ax_map_delete(call->ctx, shard_trash, id) == 0);
    } else {
        record[3] = (uint64_t)members.tail;
        AX_CHECK(call->ctx, ax_map_put(call->ctx, shard_trash, id,
                                       (struct ax_span){record, sizeof record}) == 0);
    }
    return ax_map_count(call->ctx, shard_trash) != 0;
}

/* One deadline: true where it had passed. The index has keys that have none any more. */
static bool sweep_deadline(struct call *call, struct ax_span in_arena)
{
    static struct kv_buf name;
    struct value value;
    name.len = 0;
    kv_buf_add(&name, in_arena.ptr, in_arena.len);
    const struct ax_span key = {name.data, name.len};
    struct ax_span entry;
    bool there = ax_map_get(call->ctx, shard_keys, key, &entry) == 0;
    bool passed = there && !store_peek(call, entry, &value);
    if (there && !passed && value.expires_ms != 0)
        return false;
    if (passed && store_delete(call, key, &value) != 0)
        return false;
    (void)ax_map_delete(call->ctx, shard_expiry, key);
    return passed;
}

/* Walks on through the deadlines; true where many had passed, as there will be more of them. */
static bool sweep_expiry(struct call *call)
{
    uint32_t passed = 0;
    for (uint32_t i = 0; i < EXPIRY_MOST; i++) {
        struct ax_span key;
        if (ax_map_next(call->ctx, shard_expiry, &call->self->cursor, &key, NULL) != 0) {
            call->self->cursor = 0;
            break;
        }
        passed += sweep_deadline(call, key);
    }
    return passed > EXPIRY_MOST / 4;
}

void shard_on_sweep(struct ax_ctx *ctx, struct shard *self, const struct shard_sweep *msg)
{
    struct call call = {.ctx = ctx, .self = self, .reply = {.to = &answers, .protocol = 2}};
    (void)msg;
    bool soon = sweep_trash(&call);
    soon |= sweep_expiry(&call);
    self->sweeping = false;
    if (soon || ax_map_count(ctx, shard_expiry) != 0) {
        uint64_t delay_ns = soon ? AX_MICROSECONDS(100) : AX_MILLISECONDS(100);
        AX_CHECK(ctx, shard_sweep_after(ctx, delay_ns, NULL) == 0);
        self->sweeping = true;
    }
}

AX_ACTOR(shard);
