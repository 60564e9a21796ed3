/* SPDX-License-Identifier: MIT */
/* waiting.c - what has come for actors of this node that have no room for it at the moment.
 *
 * A burst is no reason to lose what was accepted elsewhere: what finds no room waits for some, all
 * that comes behind it does too, so that the order holds, and meanwhile the connections that it
 * comes by are not read; the peer will have to wait. But not for long, for others wait as well: an
 * actor that has made them wait for WAIT_NS gets AX_E_FULL, and is not waited for again for a
 * while. */
#include "overlay/core/place.h"
#include "overlay/gateway/gw.h"

#include <string.h>

#define WAIT_NS UINT64_C(200000000)
#define LOOK_NS UINT64_C(500000)
#define STUCK_NS UINT64_C(2000000000)
#define STUCK 16u

struct gw_waiting {
    struct gw_waiting *next;
    struct ov_frame frame; /* its spans are in `bytes` */
    uint64_t actor, handle, since;
    bool is_down;
    struct ov_out down; /* in place of a frame */
    uint8_t bytes[];
};

static struct gw_waiting *first, **end = &first;

/* ---- those that are not waited for ---- */

static struct stuck {
    uint64_t who, until; /* the hash of whom the frame names */
} stuck[STUCK];
static uint32_t next_stuck;

static uint64_t target_of(const struct ov_frame *frame, uint64_t actor)
{
    const struct ax_span name = frame->endpoint;
    if (actor != 0 || name.len == 0)
        return actor != 0 ? actor : frame->actor;
    return ov_hash(&name, 1);
}

static bool is_stuck(uint64_t who)
{
    for (uint32_t i = 0; i < STUCK; i++)
        if (stuck[i].who == who && stuck[i].until > gw.now)
            return true;
    return false;
}

/* ---- the queue ---- */

static struct ax_span put(uint8_t **at, struct ax_span from)
{
    const struct ax_span span = {*at, from.len};
    if (from.len > 0)
        memcpy(*at, from.ptr, from.len);
    *at += from.len;
    return span;
}

static struct gw_waiting *make(struct ax_ctx *ctx, size_t bytes)
{
    struct gw_waiting *waiting = malloc(sizeof *waiting + bytes);
    if (waiting != NULL)
        return waiting;
    gw_die(ctx, "no memory");
}

static void append(struct gw_waiting *waiting)
{
    *end = waiting;
    end = &waiting->next;
}

static void wait_for_room(struct ax_ctx *ctx, const struct ov_frame *frame, uint64_t actor,
                          uint64_t handle)
{
    struct gw_waiting *waiting = make(ctx, (size_t)frame->body.len + frame->endpoint.len);
    uint8_t *at = waiting->bytes;
    *waiting = (struct gw_waiting){.actor = actor, .handle = handle, .since = gw.now};
    waiting->frame = *frame;
    waiting->frame.body = put(&at, frame->body);
    waiting->frame.endpoint = put(&at, frame->endpoint);
    append(waiting);
    if (gw.now + LOOK_NS < gw.room_at)
        gw.room_at = gw.now + LOOK_NS;
    gw_links_pause(ctx);
}

bool gw_waits(struct ax_ctx *ctx, const struct ov_frame *frame, uint64_t actor, uint64_t handle,
              int error)
{
    bool behind = first != NULL, full = error == AX_E_FULL;
    if (!behind && (!full || is_stuck(target_of(frame, actor))))
        return false;
    wait_for_room(ctx, frame, actor, handle);
    return true;
}

bool gw_waits_down(struct ax_ctx *ctx, const struct ov_out *out)
{
    struct gw_waiting *waiting;
    if (first == NULL)
        return false;
    waiting = make(ctx, 0);
    *waiting = (struct gw_waiting){.is_down = true, .down = *out};
    waiting->down.detail = (struct ax_span){0};
    append(waiting);
    return true;
}

bool gw_is_waited_for(void)
{
    return first != NULL;
}

/* False: it is to wait on. */
static bool try_again(struct ax_ctx *ctx, struct gw_waiting *waiting)
{
    if (waiting->is_down) {
        gw_watch_down(ctx, &waiting->down);
        return true;
    }
    uint64_t who = target_of(&waiting->frame, waiting->actor);
    int error = gw_deliver(ctx, &waiting->frame, waiting->actor, waiting->handle);
    if (error == AX_E_FULL && !is_stuck(who)) {
        if (gw.now - waiting->since < WAIT_NS)
            return false;
        stuck[next_stuck++ % STUCK] = (struct stuck){who, gw.now + STUCK_NS};
    }
    gw_served(ctx, &waiting->frame, waiting->actor, waiting->handle, error);
    return true;
}

void gw_waiting_look(struct ax_ctx *ctx)
{
    struct gw_waiting *waiting;
    while ((waiting = first) != NULL && try_again(ctx, waiting)) {
        first = waiting->next;
        if (first == NULL)
            end = &first;
        free(waiting);
        far_go_on(ctx);
    }
    gw.room_at = first != NULL ? gw.now + LOOK_NS : UINT64_MAX;
    if (first == NULL)
        gw_links_go_on(ctx);
}
