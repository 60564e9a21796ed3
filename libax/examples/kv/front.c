/* SPDX-License-Identifier: MIT */
/* front.c - the front of a worker: it lets connections in, each an actor of its own from then on,
 * and knows which of them subscribes to what. Something published comes to the fronts of all
 * workers, and each passes it on to its own connections. These end with the same process as it
 * does, so what it knows is fresh. */
#include "session.h"
#include "shard.h"

#define AX_IMPLEMENT
#include "front.h"

#include "kv.h"

#include <ax/io.h>
#include <stdio.h>

#define BUCKETS 1024u

struct channel {
    struct channel *next;
    struct kv_buf name, subscribers; /* the latter: struct ax_ref, one behind another */
};

struct front {
    uint64_t listener;
    struct channel *channels[BUCKETS];
};

struct kv_system kv_system;

/* ---- the others ---- */

static uint32_t number_arg(struct ax_ctx *ctx, const char *key)
{
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(ax_args(ctx), quoted);
    return at == NULL ? 1 : (uint32_t)strtoul(at + strlen(quoted), NULL, 10);
}

static bool find_all(struct ax_ctx *ctx, struct kv_system *system)
{
    char name[32];
    for (uint32_t i = 0; i < system->shards; i++) {
        shard_ref shard;
        snprintf(name, sizeof name, "shard-%u", i);
        if (shard_find(ctx, name, &shard) != 0)
            return false;
        system->target[i] = shard.ref;
    }
    for (uint32_t i = 0; i < system->fronts; i++) {
        front_ref front;
        snprintf(name, sizeof name, "front-%u", i);
        if (front_find(ctx, name, &front) != 0)
            return false;
        system->target[system->shards + i] = front.ref;
    }
    return true;
}

static void look(struct ax_ctx *ctx, struct front *self)
{
    struct kv_system found = {number_arg(ctx, "shards"), number_arg(ctx, "fronts"), {{0}}, {0}};
    AX_CHECK(ctx, found.shards >= 1 && found.shards <= 64 && found.fronts >= 1 &&
                      found.fronts <= OWED_TARGETS - 64);
    if (!find_all(ctx, &found)) {
        AX_CHECK(ctx, front_look_after(ctx, AX_MILLISECONDS(5), NULL) == 0);
        return;
    }
    found.front = ax_self(ctx);
    kv_system = found;
    int error = ax_io_listen(ctx, "redis", &self->listener);
    if (error != 0)
        ax_fail(ctx, ax_strerror(error));
}

void front_on_look(struct ax_ctx *ctx, struct front *self, const struct front_look *msg)
{
    (void)msg;
    look(ctx, self);
}

static void on_start(struct ax_ctx *ctx, struct front *self)
{
    look(ctx, self);
}

/* ---- connections ---- */

static void on_io(struct ax_ctx *ctx, struct front *self, const struct ax_io_event *event)
{
    static const char full[] = "-ERR max number of clients reached\r\n";
    /* Room for whatever shards may have to say, so that they never wait for one connection. */
    const struct ax_spawn spawn = {.restart = AX_RESTART_NEVER, .capacity = 100000};
    session_ref session;
    (void)self;
    if (event->what != AX_IO_ACCEPTED)
        return;
    if (session_spawn(ctx, &spawn, &session) == 0 && ax_monitor(ctx, session.ref, NULL) == 0 &&
        ax_io_give(ctx, event->accepted, session.ref) == 0)
        return;
    int error = ax_io_write(ctx, event->accepted, full, sizeof full - 1);
    (void)error;
    (void)ax_io_close(ctx, event->accepted);
}

/* ---- channels ---- */

static struct channel **place_of(struct front *self, struct ax_span name)
{
    struct channel **place = &self->channels[parcel_shard(name, BUCKETS)];
    while (*place != NULL &&
           !kv_same((struct ax_span){(*place)->name.data, (*place)->name.len}, name))
        place = &(*place)->next;
    return place;
}

static struct ax_ref *refs_of(const struct channel *channel, uint32_t *count)
{
    *count = channel->subscribers.len / (uint32_t)sizeof(struct ax_ref);
    return (struct ax_ref *)channel->subscribers.data;
}

/* True where the channel has none any more, and is gone. */
static bool remove_from(struct channel **place, struct ax_ref who)
{
    struct channel *channel = *place;
    uint32_t count, i = 0;
    struct ax_ref *refs = refs_of(channel, &count);
    while (i < count && refs[i].addr != who.addr)
        i++;
    if (i == count)
        return false;
    refs[i] = refs[count - 1];
    channel->subscribers.len -= (uint32_t)sizeof *refs;
    if (count != 1)
        return false;
    *place = channel->next;
    kv_buf_free(&channel->name);
    kv_buf_free(&channel->subscribers);
    free(channel);
    return true;
}

void front_on_subscribe(struct ax_ctx *ctx, struct front *self, const struct front_subscribe *msg)
{
    const struct ax_ref who = ax_sender(ctx);
    const struct ax_span name = {ax_bytes(&msg->channel), msg->channel.len};
    struct channel **place = place_of(self, name);
    if (*place == NULL) {
        *place = calloc(1, sizeof **place);
        if (*place == NULL)
            abort();
        kv_buf_add(&(*place)->name, name.ptr, name.len);
    }
    kv_buf_add(&(*place)->subscribers, &who, sizeof who);
}

void front_on_unsubscribe(struct ax_ctx *ctx, struct front *self,
                          const struct front_unsubscribe *msg)
{
    const struct ax_ref who = ax_sender(ctx);
    struct channel **place =
        place_of(self, (struct ax_span){ax_bytes(&msg->channel), msg->channel.len});
    if (*place != NULL)
        (void)remove_from(place, who);
}

/* A connection has ended, by itself or with the process that this one follows. */
static void on_down(struct ax_ctx *ctx, struct front *self, const struct ax_down *down)
{
    if (down->will_restart) { /* but its socket is gone */
        int error = ax_stop_actor(ctx, down->who);
        (void)error;
    }
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (struct channel **place = &self->channels[i]; *place != NULL;) {
            if (!remove_from(place, down->who))
                place = &(*place)->next;
        }
}

static int64_t deliver(struct ax_ctx *ctx, struct front *self, struct ax_span name,
                       struct ax_span text)
{
    const struct channel *channel = *place_of(self, name);
    uint32_t count = 0;
    int64_t delivered = 0;
    const struct ax_ref *refs = channel == NULL ? NULL : refs_of(channel, &count);
    for (uint32_t i = 0; i < count; i++)
        delivered += session_delivered(ctx, session_ref_of(refs[i]), name, text) == 0;
    return delivered;
}

void front_on_run(struct ax_ctx *ctx, struct front *self, const struct front_run *msg)
{
    static struct parcel_reader reader;
    static struct kv_buf answers;
    struct reply reply = {.to = &answers, .protocol = msg->protocol};
    const struct ax_ref client = ax_sender(ctx);
    answers.len = 0;
    parcel_read(&reader, ax_bytes(&msg->requests), msg->requests.len);
    while (parcel_next(&reader) > 0) {
        uint32_t piece = piece_begin(&answers);
        if (kv_command_id(reader.command) == KV_PUBLISH)
            reply_integer(&reply, deliver(ctx, self, reader.argv[1], reader.argv[2]));
        else
            reply_error(&reply, "ERR not a command of a front");
        piece_end(&answers, piece, false);
    }
    struct kv_buf mine = answers; /* others run where it waits */
    answers = (struct kv_buf){0};
    int error = session_done_wait(ctx, session_ref_of(client), msg->target, msg->number,
                                  (struct ax_span){mine.data, mine.len});
    (void)error;
    kv_buf_free(&mine);
}

AX_ACTOR(front, .on_start = on_start, .on_io = on_io, .on_down = on_down);
