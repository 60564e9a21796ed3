/* SPDX-License-Identifier: MIT */
#include "libax/stream.h"

#include "libax/event.h"
#include "libax/life.h"
#include "libax/more.h"
#include "libax/send.h"
#include "libax/turn.h"

#define NOTICE_WORDS 16u /* of the undo log, for one notice */

static uint32_t add(uint32_t a, uint32_t b)
{
    return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

static void miss(struct worker *w, struct shm_more *more, uint32_t count)
{
    if (shm_log_room(&w->port, 1))
        shm_log(&w->port, &more->missed);
    more->missed = add(more->missed, count);
}

/* body->missed: left out before it, by whoever tells it. False: it listens no more. */
static bool tell(struct worker *w, uint32_t listener, const struct shm_life_body *body)
{
    struct shm_more *more = more_of(&w->port, listener);
    const struct shm_actor *actor = actor_at(w, listener);
    if (more == NULL || more->listens == 0 ||
        (actor->state != SHM_LIVE && actor->state != SHM_RESTARTING))
        return false;
    struct shm_life_body own = *body;
    own.missed = add(body->missed, more->missed);
    const struct post post = {
        .to = actor_ref(w, listener),
        .kind = SHM_LIFE,
        .fixed = &own,
        .size = sizeof own,
    };
    if (shm_chain_depth(&actor->mail) >= actor->capacity || !shm_log_room(&w->port, NOTICE_WORDS) ||
        post_local(w, listener, &post) != 0)
        miss(w, more, add(body->missed, 1));
    else if (more->missed != 0)
        shm_set(&w->port, &more->missed, 0);
    publish_later(w, listener);
    return true;
}

static void tell_all(struct worker *w, uint8_t what, uint32_t index, uint8_t reason, uint8_t stop)
{
    const struct shm_life_body body = {
        .who = actor_ref(w, index),
        .incarnation = actor_incarnation(w, index),
        .what = what,
        .reason = reason,
        .stop = stop,
    };
    for (uint32_t i = 0; i < w->nlisteners; i++)
        (void)tell(w, w->listeners[i], &body);
}

void life_note(struct worker *w, uint8_t what, uint32_t index, uint8_t reason, uint8_t stop)
{
    struct shm_event *event = event_next(w, what, index);
    event->reason = reason;
    event->kind = stop;
    event->contract = w->contracts[actor_at(w, index)->type].hash; /* soon the ref will not tell */
    if (shm_unlikely(w->nlisteners != 0))
        tell_all(w, what, index, reason, stop);
}

/* For axsup: whether there is anybody to tell. */
static void publish(struct worker *w)
{
    shm_store(&w->port.pub->listens, w->nlisteners != 0);
}

static bool listed(const struct worker *w, uint32_t index)
{
    for (uint32_t i = 0; i < w->nlisteners; i++)
        if (w->listeners[i] == index)
            return true;
    return false;
}

/* Makes room by those that listen no more. Not the present actor's turn can have made them so: it
 * is the one that is to be added. */
static void forget_deaf(struct worker *w)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->nlisteners; i++) {
        const struct shm_more *more = more_of(&w->port, w->listeners[i]);
        if (more != NULL && more->listens != 0)
            w->listeners[kept++] = w->listeners[i];
    }
    w->nlisteners = kept;
    publish(w);
}

static bool list(struct worker *w, uint32_t index)
{
    if (listed(w, index))
        return true;
    if (w->nlisteners == LISTENERS)
        forget_deaf(w);
    if (w->nlisteners == LISTENERS)
        return false;
    w->listeners[w->nlisteners++] = index;
    publish(w);
    return true;
}

int ax_lifecycle(struct ax_ctx *ctx, bool on)
{
    struct worker *w = ctx->worker;
    struct shm_more *more = more_of(&w->port, ctx->actor);
    if (more == NULL && !on)
        return 0;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (on && !list(w, ctx->actor))
        return AX_E_LIMIT;
    more = more_get(w, ctx->actor);
    if (more == NULL)
        return AX_E_NO_MEMORY;
    shm_log(&w->port, &more->listens);
    more->listens = on;
    more->missed = 0;
    return 0;
}

void stream_heard(struct worker *w, const struct shm_life_body *body)
{
    bool any = false;
    if (body->what < SHM_ACTOR_STARTED || body->what > SHM_ACTOR_STOPPED)
        return;
    for (uint32_t i = 0; i < w->nlisteners; i++)
        any |= tell(w, w->listeners[i], body);
    if (!any)
        forget_deaf(w);
}

void stream_revive(struct worker *w, uint32_t index)
{
    const struct shm_more *more = more_of(&w->port, index);
    if (more != NULL && more->listens != 0)
        (void)list(w, index);
}

void stream_revived(struct worker *w)
{
    publish(w);
    for (uint32_t index = 1; w->nlisteners != 0 && index < w->port.priv->fresh_actor; index++) {
        if (actor_at(w, index)->state != SHM_LIVE || actor_incarnation(w, index) == 1)
            continue;
        shm_turn_begin(&w->port, 0, 0);
        tell_all(w, SHM_ACTOR_RESTARTED, index, 0, 0);
        turn_commit(w);
    }
}

const char *ax_stop_reason_name(enum ax_stop_reason reason)
{
    static const char *const names[] = {
#define STOP_NAME(name, number, text, about) [number] = (text),
        AX_STOP_REASONS(STOP_NAME)
#undef STOP_NAME
    };
    return (unsigned)reason < sizeof names / sizeof *names ? names[reason] : "?";
}
