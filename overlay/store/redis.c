/* SPDX-License-Identifier: MIT */
/* overlay/store/redis.c - leases in Redis, 6 or later: one server, or the master of several.
 *
 * Each request is one run of a script, by its SHA-1, pipelined on one connection. A request that is
 * not answered in time ends that connection: what is behind it on the way would come no sooner. All
 * that was sent by then is unknown; what waits is sent by the next connection. */
#include <errno.h>
#include <stdlib.h>

#include "overlay/store/redis_parts.h"
#include "overlay/store/redis_script.h"

/* ---- replies ---- */

void ov_redis_lost(struct ov_redis *redis, uint32_t slot)
{
    if (redis->store->slots[slot].state == OV_SLOT_BUSY)
        ov_store_lose(redis->store, slot);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A server that has never heard of the script, restarted or another one, has not run it. */
static void ask_again(struct ov_redis *redis, uint32_t slot)
{
    redis->waits[slot] = (struct ov_redis_waits){.waits = true, .again = true};
    if (!redis->loading)
        ov_redis_conn_load(redis);
}

static void refused_by_server(struct ov_redis *redis, uint32_t slot, const char *error)
{
    struct ov_store *store = redis->store;
    if (begins(error, "NOSCRIPT") && !redis->waits[slot].again) {
        ask_again(redis, slot);
        return;
    }
    ov_store_lose(store, slot);
    if (begins(error, "READONLY") || begins(error, "NOAUTH") || begins(error, "LOADING"))
        ov_redis_conn_drop(redis, error);
    else
        ov_store_complain(store, "redis %s: %s", store->options.addresses[redis->address], error);
}

void ov_redis_replied(struct ov_redis *redis, uint32_t slot, const redisReply *reply)
{
    struct ov_store_answer answer;
    if (reply->type == REDIS_REPLY_ERROR) {
        refused_by_server(redis, slot, reply->str);
    } else if (!ov_redis_answer(reply, &answer)) {
        ov_store_lose(redis->store, slot);
        ov_redis_conn_drop(redis, "an answer that is none of the script's");
    } else {
        ov_store_end(redis->store, slot, &answer);
        ov_store_well(redis->store);
    }
}

/* ---- requests ---- */

static void redis_submit(struct ov_store *store, uint32_t slot)
{
    struct ov_redis *redis = store->own;
    redis->waits[slot] = (struct ov_redis_waits){.waits = true};
}

static void send_waiting(struct ov_redis *redis)
{
    const struct ov_store *store = redis->store;
    for (uint32_t i = 0; i < store->options.room && redis->state == OV_REDIS_READY; i++) {
        char *command = NULL;
        if (!redis->waits[i].waits)
            continue;
        redis->waits[i].waits = false;
        int length =
            ov_redis_ask(&command, redis->sha, store->options.prefix, &store->slots[i].request);
        ov_redis_conn_send(redis, OV_REDIS_ASK, i, command, length);
    }
}

/* What waits for a connection has not been sent; what waits for the script to be loaded waits for
 * an answer all the same. */
static void redis_forget(struct ov_store *store, uint32_t slot)
{
    struct ov_redis *redis = store->own;
    bool unsent = redis->waits[slot].waits;
    redis->waits[slot].waits = false;
    if (!unsent || (redis->state == OV_REDIS_READY && redis->loading))
        ov_redis_conn_drop(redis, "no answer in time");
}

/* Twice: what a reply brings about is written as well. */
static void redis_run(struct ov_store *store)
{
    struct ov_redis *redis = store->own;
    ov_redis_conn_run(redis);
    if (redis->state == OV_REDIS_READY && !redis->loading)
        send_waiting(redis);
    if (redis->out_first < redis->out_end)
        ov_redis_conn_run(redis);
}

static uint64_t redis_next(const struct ov_store *store)
{
    return ov_redis_conn_next(store->own);
}

/* ---- its life ---- */

static void redis_close(struct ov_store *store)
{
    struct ov_redis *redis = store->own;
    ov_redis_conn_close(redis);
    SSL_CTX_free(redis->tls);
    free(redis->out);
    free(redis->sent);
    free(redis->waits);
    free(redis);
}

static int redis_open(struct ov_store *store)
{
    uint32_t room = store->options.room;
    if (store->options.n_addresses == 0) {
        ov_store_complain(store, "redis: no address");
        return AX_E_INVALID;
    }
    struct ov_redis *redis = calloc(1, sizeof *redis);
    if (redis == NULL)
        return -ENOMEM;
    store->own = redis;
    redis->store = store;
    redis->sent = calloc(room + 2, sizeof *redis->sent);
    redis->waits = calloc(room, sizeof *redis->waits);
    if (redis->sent == NULL || redis->waits == NULL) {
        ov_store_complain(store, "redis: no memory");
        return -ENOMEM;
    }
    return ov_link_tls(store, &redis->tls);
}

const struct ov_store_kind ov_store_kind_redis = {
    .name = "redis",
    .open = redis_open,
    .close = redis_close,
    .submit = redis_submit,
    .forget = redis_forget,
    .run = redis_run,
    .next = redis_next,
};
