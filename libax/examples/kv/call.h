/* SPDX-License-Identifier: MIT */
/* call.h - a request as the shard runs it. */
#ifndef KV_CALL_H
#define KV_CALL_H

#include <ax/actor.h>

#include "command.h"

struct shard;

struct call {
    struct ax_ctx *ctx;
    struct shard *self;
    const struct kv_command *command;
    uint32_t argc;
    const struct ax_span *argv;
    struct reply reply;
    int64_t now_ms; /* wall clock, as deadlines are; 0: not read yet */
    /* where answers go */
    struct ax_ref client;
    uint32_t target, number, piece;
};

/* Milliseconds since 1970, one moment for a whole message. */
int64_t call_now(struct call *call);
/* Between elements of an answer that may be long: what there is of it leaves. */
void call_breathe(struct call *call);
/* The answer to a change that could not be made, by what ax said. */
void call_failed(struct call *call, int error);
/* An argument as a number; false: answered. */
bool call_integer(struct call *call, struct ax_span text, int64_t *value);
/* Of a list or string of `count`, by numbers as Redis takes them: from 0, or from the end where
 * negative, both included. False: none. */
bool call_range(int64_t count, int64_t *first, int64_t *last);

/* Strings are bounded as what a client can send in one piece. */
#define KV_STRING_MAX (768 << 10)

/* What each file runs; all have this shape. */
typedef void kv_run(struct call *call);
kv_run run_get, run_set, run_setnx, run_mget, run_mset, run_incr, run_incrby, run_append,
    run_strlen, run_getrange, run_setrange;                              /* strings.c */
kv_run run_del, run_exists, run_ttl, run_expire, run_persist, run_type;  /* keys.c */
kv_run run_keys, run_scan, run_dbsize, run_flushall, run_info;           /* keyspace.c */
kv_run run_push, run_pop, run_llen, run_lrange;                          /* lists.c */
kv_run run_hset, run_hget, run_hdel, run_hgetall, run_hlen, run_hincrby; /* hashes.c */
kv_run run_sadd, run_srem, run_sismember, run_smembers, run_scard;       /* sets.c */

#endif
