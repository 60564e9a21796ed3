/* SPDX-License-Identifier: MIT */
/* overlay/store/redis_script.h - what is asked of Redis: a script that compares and sets in one
 * step.
 *
 * A shard has two keys:
 *
 *      PREFIX{REGISTRY/SHARD}:owner   "EPOCH SESSION", expires with the lease
 *      PREFIX{REGISTRY/SHARD}:epoch   the last epoch, never expires
 *
 * Epochs are written with 20 digits, so that they compare as texts do: a number of Lua holds no
 * more than 53 bits. The floor that comes with an ACQUIRE keeps epochs rising where Redis has lost
 * the second key: it was restarted without its data, or a replica has taken over that lacked it. */
#ifndef OV_STORE_REDIS_SCRIPT_H
#define OV_STORE_REDIS_SCRIPT_H

#include <hiredis/hiredis.h>

#include "overlay/store/kind.h"

extern const char ov_redis_script[];

/* Each returns the length of the command, to be freed by redisFreeCommand, or -1: no memory. */
int ov_redis_hello(char **command, const char *user, const char *password);
int ov_redis_load(char **command);
int ov_redis_ask(char **command, const char *sha, const char *prefix,
                 const struct ov_store_request *request);

/* False: it is not what the script returns. */
bool ov_redis_answer(const redisReply *reply, struct ov_store_answer *answer);
/* Whether HELLO was answered by a server that can be written to. */
bool ov_redis_is_master(const redisReply *reply);

#endif
