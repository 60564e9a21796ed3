/* SPDX-License-Identifier: MIT */
/* overlay/store/redis_parts.h - what redis.c, which has the requests, and redis_conn.c, which has
 * the connection, know of each other. */
#ifndef OV_STORE_REDIS_PARTS_H
#define OV_STORE_REDIS_PARTS_H

#include <hiredis/hiredis.h>

#include "overlay/store/kind.h"
#include "overlay/store/redis_link.h"
#include "overlay/store/resolve.h"

enum ov_redis_state {
    OV_REDIS_RESTING,   /* until the next attempt */
    OV_REDIS_RESOLVING, /* the name of the server */
    OV_REDIS_DIALING,
    OV_REDIS_GREETING, /* says who it is, and loads the script */
    OV_REDIS_READY,
};

enum ov_redis_word { OV_REDIS_HELLO, OV_REDIS_LOAD, OV_REDIS_ASK };

struct ov_redis_sent {
    enum ov_redis_word word;
    uint32_t slot; /* of ASK */
};

struct ov_redis_waits { /* of a slot */
    bool waits;         /* to be sent */
    bool again;         /* it was sent once, and the server did not have the script */
};

struct ov_redis {
    struct ov_store *store;
    enum ov_redis_state state;
    uint64_t until; /* RESTING: of the rest; otherwise but for READY: of patience */
    uint32_t attempt, address;

    struct ov_store_address parsed;
    struct ov_resolve *resolve;
    struct ov_resolved resolved;
    uint32_t dialled; /* how many of them */

    SSL_CTX *tls;
    struct ov_link link;
    redisReader *reader;
    char *out; /* to be written */
    size_t out_first, out_end, out_room;

    bool loading;                /* the script is on its way */
    char sha[41];                /* its name */
    struct ov_redis_sent *sent;  /* a queue of what has no reply yet, of options.room + 2 */
    uint32_t sent_first, sent_n; /* of each slot one, one HELLO or LOAD */
    struct ov_redis_waits *waits;
};

/* ---- redis_conn.c ---- */

/* As far as it goes without waiting: up to READY, and replies to ov_redis_replied. */
void ov_redis_conn_run(struct ov_redis *redis);
uint64_t ov_redis_conn_next(const struct ov_redis *redis);
/* Puts a command into the queue; frees it. `length` -1: it could not be made. */
void ov_redis_conn_send(struct ov_redis *redis, enum ov_redis_word word, uint32_t slot,
                        char *command, int length);
/* Gives it up, and rests before the next attempt, with the next address. */
void ov_redis_conn_drop(struct ov_redis *redis, const char *why);
void ov_redis_conn_load(struct ov_redis *redis);
void ov_redis_conn_close(struct ov_redis *redis);

/* ---- redis.c ---- */

/* The reply to an ASK. */
void ov_redis_replied(struct ov_redis *redis, uint32_t slot, const redisReply *reply);
/* What was sent and has no reply is unknown. */
void ov_redis_lost(struct ov_redis *redis, uint32_t slot);

#endif
