/* SPDX-License-Identifier: MIT */
/* here.c - commands that a connection runs itself. */
#include "connection.h"

#include "glob.h"
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define SPEAKS_LIKE "7.0.15" /* the Redis whose words these are */

/* ---- the connection ---- */

static void ping(struct session *s, struct reply *to, uint32_t argc, const struct ax_span *argv)
{
    const struct ax_span text = argc == 2 ? argv[1] : (struct ax_span){"", 0};
    if (argc > 2) {
        reply_arity(to, "ping");
    } else if (s->nchannels != 0 && s->protocol == 2) {
        reply_array(to, 2);
        reply_text(to, "pong");
        reply_bulk(to, text);
    } else if (argc == 2) {
        reply_bulk(to, text);
    } else {
        reply_raw(to, KV_TEXT("+PONG\r\n"));
    }
}

static void choose(struct reply *to, struct ax_span number)
{
    int64_t index;
    if (!number_read(number, &index) || index < INT32_MIN || index > INT32_MAX)
        reply_error(to, REPLY_NOT_INTEGER);
    else if (index != 0)
        reply_error(to, "ERR DB index is out of range");
    else
        reply_status(to, "OK");
}

static void greet(const struct talk *talk, struct reply *to)
{
    reply_map(to, 7);
    reply_text(to, "server");
    reply_text(to, "redis");
    reply_text(to, "version");
    reply_text(to, SPEAKS_LIKE);
    reply_text(to, "proto");
    reply_integer(to, to->protocol);
    reply_text(to, "id");
    reply_integer(to, (int64_t)(talk->s->io & INT64_MAX));
    reply_text(to, "mode");
    reply_text(to, "standalone");
    reply_text(to, "role");
    reply_text(to, "master");
    reply_text(to, "modules");
    reply_array(to, 0);
}

/* AUTH and SETNAME: there is no password, and names are not kept. False: answered. */
static bool hello_options(struct reply *to, uint32_t argc, const struct ax_span *argv)
{
    for (uint32_t i = 2; i < argc; i++) {
        if (kv_is_word(argv[i], "auth") && i + 2 < argc) {
            if (!kv_same(argv[i + 1], KV_TEXT("default"))) {
                reply_error(to, "WRONGPASS invalid username-password pair or user is disabled.");
                return false;
            }
            i += 2;
        } else if (kv_is_word(argv[i], "setname") && i + 1 < argc) {
            i++;
        } else {
            reply_errorf(to, "ERR Syntax error in HELLO option '%.*s'",
                         (int)(argv[i].len < 128 ? argv[i].len : 128), (const char *)argv[i].ptr);
            return false;
        }
    }
    return true;
}

static void hello(const struct talk *talk, uint32_t argc, const struct ax_span *argv)
{
    struct session *s = talk->s;
    int64_t protocol = s->protocol;
    if (argc >= 2)
        outgoing_flush(talk); /* what was asked for before is answered in its protocol */
    struct reply to = session_say(s);
    if (argc >= 2 && !number_read(argv[1], &protocol))
        reply_error(&to, "ERR Protocol version is not an integer or out of range");
    else if (protocol < 2 || protocol > 3)
        reply_error(&to, "NOPROTO unsupported protocol version");
    else if (hello_options(&to, argc, argv)) {
        s->protocol = (uint8_t)protocol;
        to.protocol = s->protocol;
        greet(talk, &to);
    }
    session_said(s);
}

/* ---- about the server ---- */

static void config(struct reply *to, uint32_t argc, const struct ax_span *argv)
{
    static const char *const known[][2] = {
        {"appendonly", "no"},
        {"databases", "1"},
        {"maxmemory", "0"},
        {"save", ""},
        {"proto-max-bulk-len", "786432"},
        {"io-threads", "1"},
    };
    const size_t count = sizeof known / sizeof known[0];
    bool chosen[sizeof known / sizeof known[0]] = {false};
    uint64_t matches = 0;
    for (size_t i = 0; i < count; i++) {
        const struct ax_span name = {known[i][0], (uint32_t)strlen(known[i][0])};
        for (uint32_t j = 2; j < argc && !chosen[i]; j++)
            chosen[i] = glob_match(argv[j], name, true);
        matches += chosen[i];
    }
    reply_map(to, matches);
    for (size_t i = 0; i < count; i++)
        if (chosen[i])
            reply_text(to, known[i][0]), reply_text(to, known[i][1]);
}

/* Of deadlines, `expires` counts some that are none any more. */
void kv_info(struct reply *to, uint64_t keys, uint64_t expires)
{
    char text[512];
    int len = snprintf(text, sizeof text,
                       "# Server\r\nredis_version:" SPEAKS_LIKE "\r\nredis_mode:standalone\r\n"
                       "server_name:ax-kv\r\nprocess_id:%d\r\nshards:%u\r\n"
                       "\r\n# Persistence\r\nloading:0\r\n"
                       "\r\n# Replication\r\nrole:master\r\n"
                       "\r\n# Keyspace\r\n",
                       (int)getpid(), kv_system.shards);
    if (keys != 0)
        len += snprintf(text + len, sizeof text - (size_t)len,
                        "db0:keys=%lu,expires=%lu,avg_ttl=0\r\n", (unsigned long)keys,
                        (unsigned long)expires);
    if (to->protocol == 3) {
        char head[32];
        int size = snprintf(head, sizeof head, "=%d\r\ntxt:", len + 4);
        reply_raw(to, (struct ax_span){head, (uint32_t)size});
        reply_raw(to, (struct ax_span){text, (uint32_t)len});
        reply_raw(to, KV_TEXT("\r\n"));
    } else {
        reply_bulk(to, (struct ax_span){text, (uint32_t)len});
    }
}

/* ---- SCAN ---- */

/* As strtoul takes it, which is what Redis does. */
static bool read_cursor(struct ax_span text, uint64_t *cursor)
{
    char copy[32], *end;
    if (text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    errno = 0;
    *cursor = strtoul(copy, &end, 10);
    return !isspace((unsigned char)copy[0]) && *end == 0 && errno == 0;
}

/* The error, NULL: none. */
static const char *scan_options(uint32_t argc, const struct ax_span *argv)
{
    for (uint32_t i = 2; i < argc; i += 2) {
        int64_t count;
        bool more = i + 1 < argc;
        if (more && kv_is_word(argv[i], "count")) {
            if (!number_read(argv[i + 1], &count))
                return REPLY_NOT_INTEGER;
            if (count < 1)
                return REPLY_SYNTAX;
        } else if (!more || !(kv_is_word(argv[i], "match") || kv_is_word(argv[i], "type"))) {
            return REPLY_SYNTAX;
        }
    }
    return NULL;
}

static void scan(const struct talk *talk, const struct kv_command *command, uint32_t argc,
                 const struct ax_span *argv)
{
    uint64_t cursor = 0;
    uint8_t text[NUMBER_MAX];
    const char *error =
        read_cursor(argv[1], &cursor) ? scan_options(argc, argv) : "ERR invalid cursor";
    uint64_t shard = cursor >> 24 & 0xff;
    if (error != NULL) {
        session_error(talk->s, error);
        return;
    }
    if (shard >= kv_system.shards)
        shard = kv_system.shards - 1;
    struct ax_span *to = malloc((argc + 1) * sizeof *to);
    if (to == NULL)
        abort();
    to[0] = argv[0];
    to[1] = (struct ax_span){&cursor, sizeof cursor};
    to[2] = (struct ax_span){text, number_write(kv_system.shards, text)};
    memcpy(to + 3, argv + 2, (argc - 2) * sizeof *to);
    outgoing_add(talk, (uint32_t)shard, command, argc + 1, to, true);
    free(to);
}

/* ---- transactions ---- */

static void forget(struct session *s)
{
    s->in_multi = s->dirty = false;
    kv_buf_reset(&s->queued, 4096);
    s->queued_count = s->queued_weight = 0;
    s->queued_shard = NO_SHARD;
}

static void multi(struct session *s)
{
    if (s->in_multi) {
        session_error(s, "ERR MULTI calls can not be nested");
        return;
    }
    forget(s);
    s->in_multi = true;
    struct reply to = session_say(s);
    reply_status(&to, "OK");
    session_said(s);
}

static void end_multi(const struct talk *talk, bool run)
{
    struct session *s = talk->s;
    if (!s->in_multi) {
        session_error(s, run ? "ERR EXEC without MULTI" : "ERR DISCARD without MULTI");
    } else if (run && s->dirty) {
        session_error(s, "EXECABORT Transaction discarded because of previous errors.");
        forget(s);
    } else if (run) {
        s->in_multi = false;
        exec(talk);
        forget(s);
    } else {
        struct reply to = session_say(s);
        reply_status(&to, "OK");
        session_said(s);
        forget(s);
    }
}

/* ---- all of them ---- */

/* Those that are an answer and nothing else. */
static void answer(struct session *s, const struct kv_command *command, uint32_t argc,
                   const struct ax_span *argv)
{
    struct reply to = session_say(s);
    switch (kv_command_id(command)) {
    case KV_PING:
        ping(s, &to, argc, argv);
        break;
    case KV_ECHO:
        reply_bulk(&to, argv[1]);
        break;
    case KV_SELECT:
        choose(&to, argv[1]);
        break;
    case KV_QUIT:
        reply_status(&to, "OK");
        s->closing = true;
        break;
    case KV_COMMAND:
        kv_command_describe(&to, argc, argv);
        break;
    default:
        config(&to, argc, argv);
    }
    session_said(s);
}

void here(const struct talk *talk, const struct kv_command *command, uint32_t argc,
          const struct ax_span *argv)
{
    switch (kv_command_id(command)) {
    case KV_SCAN:
        scan(talk, command, argc, argv);
        break;
    case KV_HELLO:
        hello(talk, argc, argv);
        break;
    case KV_MULTI:
        multi(talk->s);
        break;
    case KV_EXEC:
        end_multi(talk, true);
        break;
    case KV_DISCARD:
        end_multi(talk, false);
        break;
    case KV_SUBSCRIBE:
        channels_subscribe(talk, argc, argv);
        break;
    case KV_UNSUBSCRIBE:
        channels_unsubscribe(talk, argc, argv);
        break;
    default:
        answer(talk->s, command, argc, argv);
    }
}
