/* SPDX-License-Identifier: MIT */
/* request.h - one line of the control socket, read and checked.
 *
 * A request is a flat JSON object: {"command":"call","actor":"counter","message":"add",
 * "args":"{\"by\":5}","timeout_ns":5000000000}. The JSON of a message travels as a string, so that
 * what is read here never nests and its numbers keep their digits. What a command takes and needs
 * stands in the two tables; "system" any of them may have. */
#ifndef SUP_REQUEST_H
#define SUP_REQUEST_H

#include "axsup/config_pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(symbol, name, keys that may be there, keys that must) */
#define SUP_REQUESTS(X)                                                                            \
    X(STATUS, "status", 0, 0)                                                                      \
    X(ACTORS, "actors",                                                                            \
      SUP_WITH_WORKER | SUP_WITH_CONTRACT | SUP_WITH_NAME | SUP_WITH_STATE | SUP_WITH_MIN_MAIL |   \
          SUP_WITH_SORT | SUP_WITH_LIMIT,                                                          \
      0)                                                                                           \
    X(INSPECT, "inspect", SUP_WITH_ACTOR, SUP_WITH_ACTOR)                                          \
    X(METRICS, "metrics", 0, 0)                                                                    \
    X(STATE, "state", SUP_WITH_ACTOR, SUP_WITH_ACTOR)                                              \
    X(MAP, "map",                                                                                  \
      SUP_WITH_ACTOR | SUP_WITH_MAP | SUP_WITH_PREFIX | SUP_WITH_LIMIT | SUP_WITH_CURSOR,          \
      SUP_WITH_ACTOR)                                                                              \
    X(CALL, "call", SUP_WITH_ACTOR | SUP_WITH_MESSAGE | SUP_WITH_ARGS | SUP_WITH_TIMEOUT,          \
      SUP_WITH_ACTOR | SUP_WITH_MESSAGE)                                                           \
    X(SEND, "send", SUP_WITH_ACTOR | SUP_WITH_MESSAGE | SUP_WITH_ARGS,                             \
      SUP_WITH_ACTOR | SUP_WITH_MESSAGE)                                                           \
    X(CONTRACTS, "contracts", 0, 0)                                                                \
    X(EVENTS, "events", SUP_WITH_FOLLOW, 0)                                                        \
    X(DEADLETTERS, "deadletters", 0, 0)                                                            \
    X(KILL, "kill", SUP_WITH_WORKER | SUP_WITH_SIGNAL, SUP_WITH_WORKER)                            \
    X(RESTART, "restart", SUP_WITH_WORKER, SUP_WITH_WORKER)                                        \
    X(RELOAD, "reload", SUP_WITH_WORKER, SUP_WITH_WORKER)                                          \
    X(STOP, "stop", SUP_WITH_NOW, 0)

enum sup_request_command {
#define SUP_REQUEST_ENUM(symbol, name, may, must) SUP_REQUEST_##symbol,
    SUP_REQUESTS(SUP_REQUEST_ENUM)
#undef SUP_REQUEST_ENUM
};

/* X(symbol, name, kind, field of struct sup_request, least, most) */
#define SUP_REQUEST_KEYS(X)                                                                        \
    X(ACTOR, "actor", TEXT, actor, 0, 0)                                                           \
    X(MESSAGE, "message", TEXT, message, 0, 0)                                                     \
    X(ARGS, "args", TEXT, args, 0, 0)                                                              \
    X(WORKER, "worker", TEXT, worker, 0, 0)                                                        \
    X(CONTRACT, "contract", TEXT, contract, 0, 0)                                                  \
    X(NAME, "name", TEXT, name, 0, 0)                                                              \
    X(STATE, "state", TEXT, state, 0, 0)                                                           \
    X(SORT, "sort", TEXT, sort, 0, 0)                                                              \
    X(MIN_MAIL, "min_mail", NUMBER, min_mail, 1, UINT32_MAX)                                       \
    X(TIMEOUT, "timeout_ns", NUMBER, timeout_ns, 1, INT64_MAX)                                     \
    X(SIGNAL, "signal", NUMBER, signal, 1, 64)                                                     \
    X(FOLLOW, "follow", FLAG, follow, 0, 0)                                                        \
    X(NOW, "now", FLAG, now, 0, 0)                                                                 \
    X(SYSTEM, "system", TEXT, system, 0, 0)                                                        \
    X(MAP, "map", TEXT, map, 0, 0)                                                                 \
    X(PREFIX, "prefix", TEXT, prefix, 0, 0)                                                        \
    X(LIMIT, "limit", NUMBER, limit, 1, INT64_MAX)                                                 \
    X(CURSOR, "cursor", NUMBER, cursor, 0, INT64_MAX)

enum sup_request_place {
#define SUP_REQUEST_PLACE(symbol, ...) SUP_PLACE_##symbol,
    SUP_REQUEST_KEYS(SUP_REQUEST_PLACE)
#undef SUP_REQUEST_PLACE
};

enum sup_request_key {
#define SUP_REQUEST_BIT(symbol, ...) SUP_WITH_##symbol = 1 << SUP_PLACE_##symbol,
    SUP_REQUEST_KEYS(SUP_REQUEST_BIT)
#undef SUP_REQUEST_BIT
};

struct sup_request {
    enum sup_request_command command;
    unsigned keys;                                          /* which were there */
    const char *actor, *message, *args, *worker, *contract; /* NULL where absent */
    const char *name, *state, *sort, *map, *prefix;         /* the same */
    const char *system;                                     /* that it is for; NULL: any */
    uint64_t timeout_ns, signal, min_mail, limit, cursor;   /* 0 where absent */
    bool follow, now;
    struct sup_pool pool; /* holds the texts */
};

#define SUP_REQUEST_WHY_MAX 200

/* Reads `size` bytes without the line's end. 0; AX_E_INVALID with `why` telling what is wrong, as
 * printable text; -ENOMEM. sup_request_deinit in any case. Any bytes may come. */
int sup_request_parse(const char *text, size_t size, struct sup_request *out,
                      char why[SUP_REQUEST_WHY_MAX]);
void sup_request_deinit(struct sup_request *request);

const char *sup_request_name(enum sup_request_command command);

#endif
