/* SPDX-License-Identifier: MIT */
/* command.h - the commands, once: names, arity, who runs them, how answers of several are joined.
 */
#ifndef KV_COMMAND_H
#define KV_COMMAND_H

#include "reply.h"

/* Who runs a command:
 *   HERE   the connection itself
 *   KEY    the shard that has its first argument
 *   EACH   for each element the shard that has it; an element is one argument, or a pair
 *   SOME   as KEY; where there are very many elements, in several turns
 *   ALL    every shard
 *   FRONT  the front of every worker
 *
 * How the answers become one:
 *   PASS   each as it is, one after another
 *   SUM    integers are added up
 *   OK     "OK" where all say so
 *   LAST   the last one
 *   LIST   arrays become one
 *   STAT   the text of INFO, from the counts of all shards
 * With all but PASS the first error is the answer.
 *
 * X(symbol, name, arity, who, join, first element, arguments in one, flags, first key, last, step):
 * arity as Redis gives it, the name included; negative: at least. */
#define KV_COMMANDS(X)                                                                             \
    X(PING, "ping", -1, HERE, PASS, 0, 0, "fast", 0, 0, 0)                                         \
    X(ECHO, "echo", 2, HERE, PASS, 0, 0, "fast loading stale", 0, 0, 0)                            \
    X(SELECT, "select", 2, HERE, PASS, 0, 0, "fast loading stale", 0, 0, 0)                        \
    X(QUIT, "quit", -1, HERE, PASS, 0, 0, "fast loading stale noscript no_auth", 0, 0, 0)          \
    X(COMMAND, "command", -1, HERE, PASS, 0, 0, "loading stale", 0, 0, 0)                          \
    X(INFO, "info", -1, ALL, STAT, 0, 0, "loading stale", 0, 0, 0)                                 \
    X(CONFIG, "config", -2, HERE, PASS, 0, 0, "", 0, 0, 0)                                         \
    X(HELLO, "hello", -1, HERE, PASS, 0, 0, "fast loading stale noscript no_auth", 0, 0, 0)        \
    X(MULTI, "multi", 1, HERE, PASS, 0, 0, "fast loading stale noscript", 0, 0, 0)                 \
    X(EXEC, "exec", 1, HERE, PASS, 0, 0, "loading stale noscript", 0, 0, 0)                        \
    X(DISCARD, "discard", 1, HERE, PASS, 0, 0, "fast loading stale noscript", 0, 0, 0)             \
    X(SUBSCRIBE, "subscribe", -2, HERE, PASS, 0, 0, "pubsub loading stale noscript", 0, 0, 0)      \
    X(UNSUBSCRIBE, "unsubscribe", -1, HERE, PASS, 0, 0, "pubsub loading stale noscript", 0, 0, 0)  \
    X(PUBLISH, "publish", 3, FRONT, SUM, 0, 0, "pubsub loading stale fast", 0, 0, 0)               \
    X(GET, "get", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                                    \
    X(SET, "set", -3, KEY, PASS, 0, 0, "write denyoom", 1, 1, 1)                                   \
    X(SETNX, "setnx", 3, KEY, PASS, 0, 0, "write denyoom fast", 1, 1, 1)                           \
    X(MGET, "mget", -2, EACH, PASS, 1, 1, "readonly fast", 1, -1, 1)                               \
    X(MSET, "mset", -3, EACH, OK, 1, 2, "write denyoom", 1, -1, 2)                                 \
    X(DEL, "del", -2, EACH, SUM, 1, 1, "write", 1, -1, 1)                                          \
    X(EXISTS, "exists", -2, EACH, SUM, 1, 1, "readonly fast", 1, -1, 1)                            \
    X(INCR, "incr", 2, KEY, PASS, 0, 0, "write denyoom fast", 1, 1, 1)                             \
    X(DECR, "decr", 2, KEY, PASS, 0, 0, "write denyoom fast", 1, 1, 1)                             \
    X(INCRBY, "incrby", 3, KEY, PASS, 0, 0, "write denyoom fast", 1, 1, 1)                         \
    X(DECRBY, "decrby", 3, KEY, PASS, 0, 0, "write denyoom fast", 1, 1, 1)                         \
    X(APPEND, "append", 3, KEY, PASS, 0, 0, "write denyoom fast", 1, 1, 1)                         \
    X(STRLEN, "strlen", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                              \
    X(GETRANGE, "getrange", 4, KEY, PASS, 0, 0, "readonly", 1, 1, 1)                               \
    X(SETRANGE, "setrange", 4, KEY, PASS, 0, 0, "write denyoom", 1, 1, 1)                          \
    X(TTL, "ttl", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                                    \
    X(PTTL, "pttl", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                                  \
    X(EXPIRE, "expire", -3, KEY, PASS, 0, 0, "write fast", 1, 1, 1)                                \
    X(PERSIST, "persist", 2, KEY, PASS, 0, 0, "write fast", 1, 1, 1)                               \
    X(TYPE, "type", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                                  \
    X(KEYS, "keys", 2, ALL, LIST, 0, 0, "readonly", 0, 0, 0)                                       \
    X(SCAN, "scan", -2, HERE, PASS, 0, 0, "readonly", 0, 0, 0)                                     \
    X(DBSIZE, "dbsize", 1, ALL, SUM, 0, 0, "readonly fast", 0, 0, 0)                               \
    X(FLUSHALL, "flushall", -1, ALL, OK, 0, 0, "write", 0, 0, 0)                                   \
    X(LPUSH, "lpush", -3, SOME, LAST, 2, 1, "write denyoom fast", 1, 1, 1)                         \
    X(RPUSH, "rpush", -3, SOME, LAST, 2, 1, "write denyoom fast", 1, 1, 1)                         \
    X(LPOP, "lpop", -2, KEY, PASS, 0, 0, "write fast", 1, 1, 1)                                    \
    X(RPOP, "rpop", -2, KEY, PASS, 0, 0, "write fast", 1, 1, 1)                                    \
    X(LLEN, "llen", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                                  \
    X(LRANGE, "lrange", 4, KEY, PASS, 0, 0, "readonly", 1, 1, 1)                                   \
    X(HSET, "hset", -4, SOME, SUM, 2, 2, "write denyoom fast", 1, 1, 1)                            \
    X(HGET, "hget", 3, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                                  \
    X(HDEL, "hdel", -3, SOME, SUM, 2, 1, "write fast", 1, 1, 1)                                    \
    X(HGETALL, "hgetall", 2, KEY, PASS, 0, 0, "readonly", 1, 1, 1)                                 \
    X(HLEN, "hlen", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                                  \
    X(HINCRBY, "hincrby", 4, KEY, PASS, 0, 0, "write denyoom fast", 1, 1, 1)                       \
    X(SADD, "sadd", -3, SOME, SUM, 2, 1, "write denyoom fast", 1, 1, 1)                            \
    X(SREM, "srem", -3, SOME, SUM, 2, 1, "write fast", 1, 1, 1)                                    \
    X(SISMEMBER, "sismember", 3, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)                        \
    X(SMEMBERS, "smembers", 2, KEY, PASS, 0, 0, "readonly", 1, 1, 1)                               \
    X(SCARD, "scard", 2, KEY, PASS, 0, 0, "readonly fast", 1, 1, 1)

enum kv_command_id {
#define KV_ENUM(symbol, ...) KV_##symbol,
    KV_COMMANDS(KV_ENUM)
#undef KV_ENUM
        KV_COMMAND_COUNT
};

enum kv_who { KV_WHO_HERE, KV_WHO_KEY, KV_WHO_EACH, KV_WHO_SOME, KV_WHO_ALL, KV_WHO_FRONT };
enum kv_join {
    KV_JOIN_PASS,
    KV_JOIN_SUM,
    KV_JOIN_OK,
    KV_JOIN_LAST,
    KV_JOIN_LIST,
    KV_JOIN_STAT,
};

struct kv_command {
    const char *name;
    int arity;
    uint8_t who, join;   /* enum kv_who, enum kv_join */
    uint8_t first, each; /* of the elements */
    const char *flags;
    int first_key, last_key, step;
};

extern const struct kv_command kv_commands[KV_COMMAND_COUNT];

/* By name in any case; NULL. */
const struct kv_command *kv_command_find(struct ax_span name);
static inline enum kv_command_id kv_command_id(const struct kv_command *command)
{
    return (enum kv_command_id)(command - kv_commands);
}

static inline bool kv_arity_fits(int arity, uint32_t argc)
{
    return arity < 0 ? argc >= (uint32_t)-arity : argc == (uint32_t)arity;
}

/* A word of a request is this one, in any case. `word` in lower case. */
bool kv_is_word(struct ax_span text, const char *word);

/* Errors in the words of Redis. */
void reply_unknown(struct reply *reply, uint32_t argc, const struct ax_span *argv);
void reply_unknown_sub(struct reply *reply, const struct kv_command *command, struct ax_span sub);
void reply_arity(struct reply *reply, const char *name);

/* COMMAND, with any subcommand. */
void kv_command_describe(struct reply *reply, uint32_t argc, const struct ax_span *argv);

#endif
