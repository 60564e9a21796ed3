/* SPDX-License-Identifier: MIT */
/* channels.c - SUBSCRIBE, as far as the connection is concerned: which channels it has. Who
 * subscribes to a channel is known to the front of its worker, which has the same life. */
#include "connection.h"
#include "front.h"

static uint32_t find(const struct session *s, struct ax_span channel)
{
    uint32_t i = 0;
    while (i < s->nchannels &&
           !kv_same((struct ax_span){s->channels[i].bytes, s->channels[i].len}, channel))
        i++;
    return i;
}

bool channels_has(const struct session *s, struct ax_span channel)
{
    return find(s, channel) < s->nchannels;
}

static void add(struct session *s, struct ax_span channel)
{
    struct channel_name *grown = realloc(s->channels, (s->nchannels + 1) * sizeof *s->channels);
    uint8_t *bytes = malloc(channel.len + 1u);
    if (grown == NULL || bytes == NULL)
        abort();
    if (channel.len != 0)
        memcpy(bytes, channel.ptr, channel.len);
    s->channels = grown;
    s->channels[s->nchannels].bytes = bytes;
    s->channels[s->nchannels].len = channel.len;
    s->nchannels++;
}

static void remove_at(struct session *s, uint32_t at)
{
    free(s->channels[at].bytes);
    s->channels[at] = s->channels[--s->nchannels];
}

static void say(struct session *s, const char *what, const struct ax_span *channel)
{
    struct reply to = session_say(s);
    reply_push(&to, 3);
    reply_text(&to, what);
    if (channel != NULL)
        reply_bulk(&to, *channel);
    else
        reply_null(&to);
    reply_integer(&to, s->nchannels);
    session_said(s);
}

void channels_subscribe(const struct talk *talk, uint32_t argc, const struct ax_span *argv)
{
    const front_ref front = front_ref_of(kv_system.front);
    for (uint32_t i = 1; i < argc; i++) {
        if (!channels_has(talk->s, argv[i])) {
            outgoing_flush(talk); /* the next one may suspend */
            AX_CHECK(talk->ctx, front_subscribe_wait(talk->ctx, front, argv[i]) == 0);
            add(talk->s, argv[i]);
        }
        say(talk->s, "subscribe", &argv[i]);
    }
}

static void unsubscribe(const struct talk *talk, struct ax_span channel)
{
    const front_ref front = front_ref_of(kv_system.front);
    uint32_t at = find(talk->s, channel);
    if (at < talk->s->nchannels) {
        outgoing_flush(talk);
        AX_CHECK(talk->ctx, front_unsubscribe_wait(talk->ctx, front, channel) == 0);
    }
    if (at < talk->s->nchannels) {
        struct channel_name gone = talk->s->channels[at];
        talk->s->channels[at] = talk->s->channels[--talk->s->nchannels];
        say(talk->s, "unsubscribe", &(struct ax_span){gone.bytes, gone.len});
        free(gone.bytes);
    } else {
        say(talk->s, "unsubscribe", &channel);
    }
}

void channels_unsubscribe(const struct talk *talk, uint32_t argc, const struct ax_span *argv)
{
    struct session *s = talk->s;
    if (argc == 1 && s->nchannels == 0)
        say(s, "unsubscribe", NULL);
    while (argc == 1 && s->nchannels != 0)
        unsubscribe(talk, (struct ax_span){s->channels[0].bytes, s->channels[0].len});
    for (uint32_t i = 1; i < argc; i++)
        unsubscribe(talk, argv[i]);
}

void channels_free(struct session *s)
{
    while (s->nchannels != 0)
        remove_at(s, 0);
    free(s->channels);
    s->channels = NULL;
}
