/* SPDX-License-Identifier: MIT */
#include "overlay/store/redis_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NS_PER_MS UINT64_C(1000000)
#define EPOCH_DIGITS 20u
#define KEY_MAX (OV_STORE_PREFIX_MAX + OV_REGISTRY_MAX + 32u)

/* As ov_store_memory_handle. A server that is full refuses the first SET, and nothing was done. */
const char ov_redis_script[] =
    "local op, asker, floor, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4]\n"
    "local held = redis.call('GET', KEYS[1])\n"
    "local epoch = redis.call('GET', KEYS[2]) or ('0'):rep(20)\n"
    "local owner, done, left = '', 0, 0\n"
    "if held then\n"
    "  owner = held:sub(22)\n"
    "  if held:sub(1, 20) > epoch then epoch = held:sub(1, 20) end\n"
    "end\n"
    "if #epoch ~= 20 then return redis.error_reply('AX no epoch in ' .. KEYS[2]) end\n"
    "local function inherits(newer, older)\n"
    "  local boot, session = newer:match('^(.*%-)(%d+)$')\n"
    "  local of, last = older:match('^(.*%-)(%d+)$')\n"
    "  return boot == of and (#session > #last or #session == #last and session >= last)\n"
    "end\n"
    "local function above(last)\n"
    "  if last == '18446744073709551615' then return nil end\n"
    "  local high, low = tonumber(last:sub(1, 10)), tonumber(last:sub(11)) + 1\n"
    "  if low == 1e10 then high, low = high + 1, 0 end\n"
    "  return ('%010d%010d'):format(high, low)\n"
    "end\n"
    "if op == 'read' then\n"
    "  done = 1\n"
    "elseif op == 'acquire' and (not held or inherits(asker, owner)) then\n"
    "  local given = held and epoch > floor and epoch or above(floor > epoch and floor or epoch)\n"
    "  if given then\n"
    "    epoch, owner, done = given, asker, 1\n"
    "    redis.call('SET', KEYS[2], epoch)\n"
    "    redis.call('SET', KEYS[1], epoch .. ' ' .. owner, 'PX', ttl)\n"
    "  end\n"
    "elseif op ~= 'acquire' and owner == asker and epoch == floor then\n"
    "  done = 1\n"
    "  if op == 'release' then\n"
    "    redis.call('DEL', KEYS[1])\n"
    "    owner = ''\n"
    "  else\n"
    "    redis.call('PEXPIRE', KEYS[1], ttl)\n"
    "  end\n"
    "end\n"
    "if owner ~= '' then\n"
    "  left = redis.call('PTTL', KEYS[1])\n"
    "  if left < 0 then return redis.error_reply('AX no end of ' .. KEYS[1]) end\n"
    "end\n"
    "return {done, epoch, owner, left}\n";

/* ---- commands ---- */

int ov_redis_hello(char **command, const char *user, const char *password)
{
    const char *words[] = {"HELLO", "2", "AUTH", user == NULL ? "default" : user, password};
    return redisFormatCommandArgv(command, password == NULL ? 2 : 5, words, NULL);
}

int ov_redis_load(char **command)
{
    const char *words[] = {"SCRIPT", "LOAD", ov_redis_script};
    return redisFormatCommandArgv(command, 3, words, NULL);
}

static const char *op_name(enum ov_store_op op)
{
    switch (op) {
    case OV_STORE_ACQUIRE:
        return "acquire";
    case OV_STORE_RENEW:
        return "renew";
    case OV_STORE_RELEASE:
        return "release";
    case OV_STORE_READ:
    default:
        return "read";
    }
}

int ov_redis_ask(char **command, const char *sha, const char *prefix,
                 const struct ov_store_request *request)
{
    char owner[KEY_MAX], epoch[KEY_MAX], asker[OV_ID_TEXT], floor[EPOCH_DIGITS + 1], ttl[24];
    uint64_t ms = request->ttl_ns / NS_PER_MS + (request->ttl_ns % NS_PER_MS != 0);
    snprintf(owner, sizeof owner, "%s{%s/%u}:owner", prefix, request->registry, request->shard);
    snprintf(epoch, sizeof epoch, "%s{%s/%u}:epoch", prefix, request->registry, request->shard);
    snprintf(floor, sizeof floor, "%020" PRIu64, request->epoch);
    snprintf(ttl, sizeof ttl, "%" PRIu64, ms);
    ov_ident_format(&request->asker, asker);
    const char *words[] = {"EVALSHA", sha,   "2", owner, epoch, op_name(request->op),
                           asker,     floor, ttl};
    return redisFormatCommandArgv(command, sizeof words / sizeof words[0], words, NULL);
}

/* ---- replies ---- */

static bool parse_epoch(const redisReply *reply, uint64_t *epoch)
{
    char *end;
    if (reply->type != REDIS_REPLY_STRING || reply->len != EPOCH_DIGITS)
        return false;
    *epoch = strtoull(reply->str, &end, 10);
    return *end == '\0';
}

static bool parse_owner(const redisReply *reply, struct ov_ident *owner)
{
    if (reply->type != REDIS_REPLY_STRING)
        return false;
    struct ax_span text = {reply->str, (uint32_t)reply->len};
    return reply->len == 0 || ov_ident_parse(text, owner) == 0;
}

/* Redis tells whole milliseconds, rounded down or not: one more is no less than there is. */
bool ov_redis_answer(const redisReply *reply, struct ov_store_answer *answer)
{
    *answer = (struct ov_store_answer){0};
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER ||
        reply->element[3]->type != REDIS_REPLY_INTEGER || reply->element[3]->integer < 0)
        return false;
    answer->outcome = reply->element[0]->integer == 1 ? OV_STORE_DONE : OV_STORE_REFUSED;
    if (reply->element[2]->len != 0)
        answer->left_ns = ((uint64_t)reply->element[3]->integer + 1) * NS_PER_MS;
    return parse_epoch(reply->element[1], &answer->epoch) &&
           parse_owner(reply->element[2], &answer->owner);
}

/* Names and values, one after another. */
bool ov_redis_is_master(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i], *value = reply->element[i + 1];
        if (name->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING &&
            strcmp(name->str, "role") == 0)
            return strcmp(value->str, "master") == 0;
    }
    return false;
}
