/* SPDX-License-Identifier: MIT */
/* connection.h - a connection, to the files of which it is made.
 *
 *   session.c      bytes in and out, answers, ends of others
 *   dispatch.c     which request goes where, and transactions
 *   outgoing.c     the messages to shards
 *   here.c         commands that it runs itself
 *   channels.c     SUBSCRIBE and what comes of it */
#ifndef KV_CONNECTION_H
#define KV_CONNECTION_H

#include "kv.h"
#include "resp.h"
#include "session.h"

struct channel_name {
    uint8_t *bytes;
    uint32_t len;
};

/* Fresh: it ends with its process, as the socket does. */
struct session {
    uint64_t io;
    struct resp resp;
    struct kv_buf in;  /* of a request that is not whole, or of many that wait */
    struct kv_buf out; /* leaves with the turn */
    struct owed owed;
    uint32_t sent[OWED_TARGETS]; /* number of the last message to it */
    uint8_t protocol;            /* 2 or 3 */
    bool watches[OWED_TARGETS];
    bool paused;  /* too much is owed: no more is read */
    bool stalled; /* the client does not take what it is owed */
    bool closing; /* when all that is owed has left */
    bool over;
    /* transactions */
    bool in_multi, dirty, in_exec;
    struct kv_buf queued; /* as a parcel */
    uint32_t queued_count, queued_weight, queued_shard;
    /* channels */
    struct channel_name *channels;
    uint32_t nchannels;
};

struct talk { /* a session in its turn */
    struct ax_ctx *ctx;
    struct session *s;
};

static inline struct reply session_reply(struct session *s)
{
    return (struct reply){.to = &s->out, .protocol = s->protocol};
}

/* An answer that is made here: it is written to where session_say says, then session_said. */
struct reply session_say(struct session *s);
void session_said(struct session *s);
void session_error(struct session *s, const char *text);

/* dispatch.c: a whole request. */
void dispatch(const struct talk *talk, uint32_t argc, const struct ax_span *argv);
void dispatch_known(const struct talk *talk, const struct kv_command *command, uint32_t argc,
                    const struct ax_span *argv);
void exec(const struct talk *talk);

/* outgoing.c */
#define NO_SHARD UINT32_MAX
/* A request, or a part of one, for a target. It leaves at the next flush. */
void outgoing_add(const struct talk *talk, uint32_t target, const struct kv_command *command,
                  uint32_t argc, const struct ax_span *argv, bool last);
/* Sends what there is; may suspend. */
void outgoing_flush(const struct talk *talk);
/* A message that asks for nothing: its answer tells which ones before it will come no more. */
void outgoing_fence(const struct talk *talk, uint32_t target);

/* here.c */
void here(const struct talk *talk, const struct kv_command *command, uint32_t argc,
          const struct ax_span *argv);

/* channels.c */
void channels_subscribe(const struct talk *talk, uint32_t argc, const struct ax_span *argv);
void channels_unsubscribe(const struct talk *talk, uint32_t argc, const struct ax_span *argv);
bool channels_has(const struct session *s, struct ax_span channel);
void channels_free(struct session *s);

#endif
