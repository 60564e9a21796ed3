/* SPDX-License-Identifier: MIT */
/* dispatch.c - which request goes where.
 *
 * A request with keys of several shards becomes one part for each key; one with very many elements
 * of one key, several parts of some hundred. Both are then not one turn, as all the rest is. In a
 * transaction everything is: its requests wait here until EXEC, and leave as one message. So they
 * must be for one shard, which is checked when they are queued. */
#include "connection.h"
#include "shard.h"

#include <stdio.h>

#define SOME_MOST 200u                  /* arguments in one part */
#define SOME_BYTES (128u << 10)         /* bytes of them, or one element */
#define QUEUED_BYTES (512u << 10)       /* of a transaction */
#define QUEUED_WEIGHT 1000u             /* arguments in all of it */
#define REQUEST_BYTES_MOST (900u << 10) /* of one that cannot be parted */

static uint32_t shard_of(struct ax_span key)
{
    return parcel_shard(key, kv_system.shards);
}

/* ---- parts ---- */

static void each(const struct talk *talk, const struct kv_command *command, uint32_t argc,
                 const struct ax_span *argv)
{
    if (kv_command_id(command) == KV_MGET) {
        struct reply to = session_say(talk->s);
        reply_array(&to, argc - 1);
        session_said(talk->s);
    }
    for (uint32_t i = command->first; i < argc; i += command->each) {
        struct ax_span part[3] = {argv[0], argv[i]};
        if (command->each == 2)
            part[2] = argv[i + 1];
        outgoing_add(talk, shard_of(argv[i]), command, 1u + command->each, part,
                     i + command->each == argc);
    }
}

/* How many arguments from `at` on one part has. */
static uint32_t part_of(const struct kv_command *command, uint32_t argc, const struct ax_span *argv,
                        uint32_t at)
{
    uint32_t end = at;
    uint64_t bytes = 0;
    while (end < argc && end - at < SOME_MOST) {
        for (uint32_t i = 0; i < command->each; i++)
            bytes += argv[end + i].len;
        if (end != at && bytes > SOME_BYTES)
            break;
        end += command->each;
    }
    return end - at;
}

static void some(const struct talk *talk, const struct kv_command *command, uint32_t argc,
                 const struct ax_span *argv)
{
    struct ax_span part[2 + SOME_MOST + 1];
    const uint32_t shard = shard_of(argv[1]);
    if (talk->s->in_exec) {
        outgoing_add(talk, shard, command, argc, argv, true);
        return;
    }
    for (uint32_t at = command->first; at < argc;) {
        uint32_t count = part_of(command, argc, argv, at);
        memcpy(part, argv, 2 * sizeof *argv);
        memcpy(part + 2, argv + at, count * sizeof *argv);
        at += count;
        outgoing_add(talk, shard, command, 2 + count, part, at == argc);
    }
}

static void every(const struct talk *talk, const struct kv_command *command, uint32_t argc,
                  const struct ax_span *argv, uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        outgoing_add(talk, from + i, command, argc, argv, i + 1 == count);
}

static bool is_too_big(uint32_t argc, const struct ax_span *argv)
{
    uint64_t bytes = 0;
    for (uint32_t i = 1; i < argc; i++)
        bytes += argv[i].len + 4u;
    return bytes > REQUEST_BYTES_MOST;
}

/* Where elements are pairs, of the last one. */
static bool lacks_half(const struct kv_command *command, uint32_t argc)
{
    return command->each == 2 && (argc - command->first) % 2 != 0;
}

void dispatch_known(const struct talk *talk, const struct kv_command *command, uint32_t argc,
                    const struct ax_span *argv)
{
    struct session *s = talk->s;
    if (lacks_half(command, argc)) {
        struct reply to = session_say(s);
        reply_arity(&to, command->name);
        session_said(s);
        return;
    }
    switch (command->who) {
    case KV_WHO_HERE:
        here(talk, command, argc, argv);
        break;
    case KV_WHO_EACH:
        each(talk, command, argc, argv);
        break;
    case KV_WHO_SOME:
        some(talk, command, argc, argv);
        break;
    case KV_WHO_ALL:
        every(talk, command, argc, argv, 0, kv_system.shards);
        break;
    case KV_WHO_FRONT:
        every(talk, command, argc, argv, kv_system.shards, kv_system.fronts);
        break;
    default:
        if (is_too_big(argc, argv))
            session_error(s, "ERR request is too big");
        else
            outgoing_add(talk, shard_of(argv[1]), command, argc, argv, true);
    }
}

/* ---- transactions ---- */

/* The one shard that a request is for; kv_system.shards where there are several, NO_SHARD: none. */
static uint32_t only_shard(const struct kv_command *command, uint32_t argc,
                           const struct ax_span *argv)
{
    uint32_t shard = NO_SHARD, step = command->who == KV_WHO_EACH ? command->each : argc;
    if (kv_command_id(command) == KV_SCAN || command->who == KV_WHO_ALL)
        return kv_system.shards == 1 ? 0 : kv_system.shards;
    if (command->who == KV_WHO_HERE || command->who == KV_WHO_FRONT || lacks_half(command, argc))
        return NO_SHARD;
    for (uint32_t i = 1; i < argc; i += step) {
        uint32_t its = shard_of(argv[i]);
        if (shard != NO_SHARD && its != shard)
            return kv_system.shards;
        shard = its;
    }
    return shard;
}

static void queue(struct session *s, const struct kv_command *command, uint32_t argc,
                  const struct ax_span *argv)
{
    uint32_t shard = only_shard(command, argc, argv);
    uint64_t bytes = s->queued.len;
    for (uint32_t i = 1; i < argc; i++)
        bytes += argv[i].len + 4u;
    if (shard == kv_system.shards ||
        (shard != NO_SHARD && s->queued_shard != NO_SHARD && shard != s->queued_shard)) {
        session_error(s, "CROSSSLOT Keys in request don't hash to the same slot");
        s->dirty = true;
    } else if (bytes > QUEUED_BYTES || s->queued_weight + argc > QUEUED_WEIGHT) {
        session_error(s, "ERR transaction is too big");
        s->dirty = true;
    } else {
        struct reply to = session_say(s);
        reply_raw(&to, KV_TEXT("+QUEUED\r\n"));
        session_said(s);
        if (shard != NO_SHARD)
            s->queued_shard = shard;
        s->queued_count++;
        s->queued_weight += argc;
        parcel_add(&s->queued, command, argc, argv);
    }
}

/* What is queued becomes one message, with none of what was asked for before or is after. */
void exec(const struct talk *talk)
{
    struct session *s = talk->s;
    struct parcel_reader reader = {0};
    outgoing_flush(talk);
    struct reply to = session_say(s);
    reply_array(&to, s->queued_count);
    session_said(s);
    s->in_exec = true;
    parcel_read(&reader, s->queued.data, s->queued.len);
    while (parcel_next(&reader) > 0)
        dispatch_known(talk, reader.command, reader.argc, reader.argv);
    outgoing_flush(talk);
    s->in_exec = false;
    free(reader.argv);
}

/* ---- a request ---- */

static bool is_of_transactions(enum kv_command_id id)
{
    return id == KV_EXEC || id == KV_DISCARD || id == KV_MULTI || id == KV_QUIT;
}

/* Names, subcommands and numbers of arguments, as Redis looks at them first. False: answered. */
static bool fits(struct session *s, const struct kv_command *command, uint32_t argc,
                 const struct ax_span *argv)
{
    struct reply to = session_say(s);
    uint32_t before = to.to->len;
    if (command == NULL) {
        reply_unknown(&to, argc, argv);
    } else if (kv_command_id(command) == KV_CONFIG && argc >= 2) {
        if (!kv_is_word(argv[1], "get"))
            reply_unknown_sub(&to, command, argv[1]);
        else if (argc < 3)
            reply_arity(&to, "config|get");
    } else if (!kv_arity_fits(command->arity, argc)) {
        reply_arity(&to, command->name);
    }
    if (to.to->len == before)
        return true;
    s->dirty |= s->in_multi;
    if (command != NULL && kv_command_id(command) == KV_EXEC) { /* is an end all the same */
        to.to->len = before;
        reply_error(&to, "EXECABORT Transaction discarded because of: wrong number of arguments "
                         "for 'exec' command");
        s->in_multi = false;
    }
    session_said(s);
    return false;
}

/* With the old protocol a subscriber cannot tell answers from what is published. */
static bool listens_only(struct session *s, const struct kv_command *command)
{
    enum kv_command_id id = kv_command_id(command);
    if (s->nchannels == 0 || s->protocol == 3 || id == KV_SUBSCRIBE || id == KV_UNSUBSCRIBE ||
        id == KV_PING || id == KV_QUIT)
        return false;
    struct reply to = session_say(s);
    reply_errorf(&to,
                 "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                 "RESET are allowed in this context",
                 command->name);
    session_said(s);
    return true;
}

void dispatch(const struct talk *talk, uint32_t argc, const struct ax_span *argv)
{
    struct session *s = talk->s;
    const struct kv_command *command = kv_command_find(argv[0]);
    if (!fits(s, command, argc, argv) || listens_only(s, command))
        return;
    if (s->in_multi && !is_of_transactions(kv_command_id(command)))
        queue(s, command, argc, argv);
    else
        dispatch_known(talk, command, argc, argv);
}
