/* SPDX-License-Identifier: MIT */
/* The flood: actors that do to each other at random all that actors can do, and keep books of it in
 * kept state, so that a test can kill their processes at any moment and then add up.
 *
 * Actor N of the config is named fN and runs in worker N % workers. The first `workers` of them are
 * drivers: a timer makes them do things and wait for answers. The next are servers, which never
 * wait; the last are chains, which ask a server before they answer. So nobody waits in a circle.
 *
 * Every book is changed in the turn that does what it counts. A handler that waits counts `begun`
 * before and `done` after: what is between is canceled with its process, a dead letter each. */

#include "chick.h"
#define AX_IMPLEMENT
#include "flood.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTORS 16   /* at most */
#define OPEN_MAX 64 /* async asks of an actor */

enum wrong {
    WRONG_FIND,        /* a name is not found */
    WRONG_SEND,        /* a send is refused for a reason that cannot be */
    WRONG_ORDER,       /* a tell is missing, twice, or out of order */
    WRONG_REPLY,       /* an answer to another question */
    WRONG_CANCEL,      /* a handler that never waits was canceled */
    WRONG_UNDO,        /* a failed turn left something behind */
    WRONG_DOWN,        /* somebody is gone for good */
    WRONG_INCARNATION, /* a down is missing or came twice */
    WRONGS
};

/* So many, and the sum modulo 2^64 of marks that stand for their ids. */
AX_STRUCT(book, (u64, count), (i64, marks));

/* begun, done   handlers that may wait, see above
 * gets, chains  questions that were sent; served, chained: those whose handling is binding
 * answered, timed_out, canceled   how those that were waited for have ended
 * later         async ones by their number; later_over: those that have ended
 * watched       chicks that are monitored; finals: those that are gone */
AX_STATE(flood, (bool, settled), (bool, paused), (u64, round), (i64, dice), (u64, ids), (u64, tick),
         (array(u64, ACTORS), sent), (array(u64, ACTORS), got), (array(u64, ACTORS), downs),
         (array(u64, 8), wrong), (nested(book), gets), (nested(book), chains),
         (nested(book), served), (nested(book), chained), (nested(book), later),
         (nested(book), later_over), (u64, begun), (u64, done), (u64, answered), (u64, timed_out),
         (u64, canceled), (u64, later_answered), (u64, hops_sent), (u64, hops_got),
         (u64, ticks_set), (u64, ticks_over), (u64, bred), (u64, hatched), (u64, watched),
         (u64, finals), (u64, trips));

static uint64_t argument(struct ax_ctx *ctx, const char *key)
{
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(ax_args(ctx), quoted);
    return at == NULL ? 0 : strtoull(at + strlen(quoted), NULL, 10);
}

static uint32_t number(struct ax_ctx *ctx)
{
    return (uint32_t)argument(ctx, "number");
}

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t mark(uint64_t x)
{
    x *= 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static void enter(struct book *book, uint64_t id)
{
    book->count++;
    book->marks = (int64_t)((uint64_t)book->marks + mark(id));
}

static void strike(struct book *book, uint64_t id)
{
    book->count--;
    book->marks = (int64_t)((uint64_t)book->marks - mark(id));
}

static void wrong(struct ax_ctx *ctx, struct flood *self, enum wrong what, int64_t detail)
{
    if (self->wrong[what]++ < 8)
        ax_log(ctx, AX_WARN, "flood: wrong %d: %lld", what, (long long)detail);
}

/* xorshift64 (Marsaglia 2003). */
static uint32_t dice(struct flood *self, uint64_t sides)
{
    uint64_t x = (uint64_t)self->dice;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    self->dice = (int64_t)x;
    return (uint32_t)((x >> 8) % sides);
}

static flood_ref actor(struct ax_ctx *ctx, struct flood *self, uint32_t n)
{
    char name[16];
    flood_ref ref = {0};
    snprintf(name, sizeof name, "f%u", n);
    int error = flood_find(ctx, name, &ref);
    if (error != 0)
        wrong(ctx, self, WRONG_FIND, error);
    return ref;
}

/* One of a kind: 0 drivers, 1 servers, 2 chains; 3 any actor. */
static uint32_t choose(struct ax_ctx *ctx, struct flood *self, uint32_t kind)
{
    uint32_t workers = (uint32_t)argument(ctx, "workers");
    return kind == 3 ? dice(self, 3ull * workers) : kind * workers + dice(self, workers);
}

/* What a send may return while processes die. */
static bool sent(struct ax_ctx *ctx, struct flood *self, int error)
{
    if (error != 0 && error != AX_E_FULL && error != AX_E_NO_MEMORY)
        wrong(ctx, self, WRONG_SEND, error);
    return error == 0;
}

/* ---- tells ---- */

static void hit(struct ax_ctx *ctx, struct flood *self)
{
    uint32_t to = choose(ctx, self, 3);
    uint64_t seq = self->sent[to] + 1;
    if (sent(ctx, self, flood_hit(ctx, actor(ctx, self, to), number(ctx), seq)))
        self->sent[to] = seq;
}

void flood_on_hit(struct ax_ctx *ctx, struct flood *self, const struct flood_hit *msg)
{
    if (msg->from >= ACTORS || msg->seq != self->got[msg->from] + 1)
        wrong(ctx, self, WRONG_ORDER, (int64_t)msg->seq);
    else
        self->got[msg->from] = msg->seq;
}

static void hop(struct ax_ctx *ctx, struct flood *self, uint32_t left)
{
    uint32_t to = choose(ctx, self, 3);
    if (sent(ctx, self, flood_hop(ctx, actor(ctx, self, to), left)))
        self->hops_sent++;
}

void flood_on_hop(struct ax_ctx *ctx, struct flood *self, const struct flood_hop *msg)
{
    self->hops_got++;
    if (msg->left > 0)
        hop(ctx, self, msg->left - 1);
    if (msg->left % 2)
        hit(ctx, self);
}

/* ---- asks ---- */

static uint64_t new_id(struct ax_ctx *ctx, struct flood *self)
{
    return (uint64_t)(number(ctx) + 1) << 40 | ++self->ids;
}

/* An ask that is waited for. Its entry is binding when the wait begins. */
static void ask(struct ax_ctx *ctx, struct flood *self, bool chain, uint64_t timeout)
{
    struct book *book = chain ? &self->chains : &self->gets;
    flood_ref to = actor(ctx, self, choose(ctx, self, chain ? 2 : 1));
    uint32_t then = choose(ctx, self, 1);
    uint64_t id = new_id(ctx, self);
    struct flood_get_reply get = {0};
    struct flood_chain_reply chained = {0};
    enter(book, id);
    int error = chain ? flood_chain(ctx, to, id, then, &chained, timeout)
                      : flood_get(ctx, to, id, &get, timeout);
    switch (error) {
    case 0:
        self->answered++;
        if ((chain ? chained.id : get.id) != id)
            wrong(ctx, self, WRONG_REPLY, (int64_t)id);
        break;
    case AX_E_TIMEOUT:
        self->timed_out++;
        break;
    case AX_E_CANCELED:
        self->canceled++;
        if (!chain) /* a server never waits, so nothing can cancel its handler */
            wrong(ctx, self, WRONG_CANCEL, error);
        break;
    default: /* not sent */
        strike(book, id);
        (void)sent(ctx, self, error);
    }
}

static void ask_later(struct ax_ctx *ctx, struct flood *self, bool chain, uint64_t timeout)
{
    flood_ref to = actor(ctx, self, choose(ctx, self, chain ? 2 : 1));
    uint64_t id = new_id(ctx, self), ask;
    if (self->later.count - self->later_over.count >= OPEN_MAX)
        return;
    int error = chain ? flood_chain_async(ctx, to, id, choose(ctx, self, 1), timeout, &ask)
                      : flood_get_async(ctx, to, id, timeout, &ask);
    if (!sent(ctx, self, error))
        return;
    enter(chain ? &self->chains : &self->gets, id);
    enter(&self->later, ask);
}

static void on_reply(struct ax_ctx *ctx, struct flood *self, const struct ax_reply *reply)
{
    enter(&self->later_over, reply->ask);
    if (reply->error == 0) {
        self->later_answered++;
        if (flood_get_reply_of(reply) == NULL && flood_chain_reply_of(reply) == NULL)
            wrong(ctx, self, WRONG_REPLY, (int64_t)reply->ask);
    } else if (reply->error != AX_E_CANCELED && reply->error != AX_E_TIMEOUT) {
        wrong(ctx, self, WRONG_REPLY, reply->error);
    }
}

void flood_on_get(struct ax_ctx *ctx, struct flood *self, const struct flood_get *msg,
                  struct flood_get_reply *reply)
{
    enter(&self->served, msg->id);
    if (msg->id % 4 == 0)
        hit(ctx, self);
    reply->id = msg->id;
}

void flood_on_chain(struct ax_ctx *ctx, struct flood *self, const struct flood_chain *msg,
                    struct flood_chain_reply *reply)
{
    struct flood_get_reply answer = {0};
    uint64_t id = new_id(ctx, self);
    flood_ref server = actor(ctx, self, msg->then);
    reply->id = msg->id;
    enter(&self->chained, msg->id);
    self->begun++;
    enter(&self->gets, id);
    int error = flood_get(ctx, server, id, &answer, AX_FOREVER);
    if (error == 0) {
        self->answered++;
    } else { /* not sent */
        strike(&self->gets, id);
        (void)sent(ctx, self, error);
    }
    if (error == 0 && answer.id != id)
        wrong(ctx, self, WRONG_REPLY, (int64_t)id);
    self->done++;
}

/* ---- timers ---- */

static void set_tick(struct ax_ctx *ctx, struct flood *self)
{
    if (self->tick != 0 && dice(self, 4) == 0 && ax_timer_cancel(ctx, self->tick) == 0)
        self->ticks_over++;
    if (flood_tick_after(ctx, AX_MICROSECONDS(dice(self, 3000)), &self->tick) == 0)
        self->ticks_set++;
}

void flood_on_tick(struct ax_ctx *ctx, struct flood *self, const struct flood_tick *msg)
{
    (void)msg;
    self->ticks_over++;
    hit(ctx, self);
}

/* ---- chicks ---- */

static void breed(struct ax_ctx *ctx, struct flood *self)
{
    chick_ref chick;
    if (chick_spawn(ctx, NULL, &chick) != 0)
        return;
    AX_CHECK(ctx, chick_peck(ctx, chick, ax_self(ctx)) == 0);
    self->bred++;
    flood_ref to = actor(ctx, self, choose(ctx, self, 3));
    if (dice(self, 2) == 0 && sent(ctx, self, flood_adopt(ctx, to, chick)))
        return;
    AX_CHECK(ctx, ax_monitor(ctx, chick.ref, NULL) == 0);
    AX_CHECK(ctx, chick_leave(ctx, chick) == 0);
    self->watched++;
}

void flood_on_adopt(struct ax_ctx *ctx, struct flood *self, const struct flood_adopt *msg)
{
    if (!sent(ctx, self, chick_leave(ctx, msg->who))) { /* again when there may be room */
        AX_CHECK(ctx, flood_adopt_after(ctx, msg->who, AX_MILLISECONDS(1), NULL) == 0);
        return;
    }
    AX_CHECK(ctx, ax_monitor(ctx, msg->who.ref, NULL) == 0);
    self->watched++;
}

void flood_on_hatch(struct ax_ctx *ctx, struct flood *self, const struct flood_hatch *msg)
{
    (void)ctx, (void)msg;
    self->hatched++;
}

/* ---- failures and deaths ---- */

/* None of this may be seen: the turn fails. */
void flood_on_trip(struct ax_ctx *ctx, struct flood *self, const struct flood_trip *msg)
{
    (void)msg;
    chick_ref chick;
    for (int i = 0; i < 3; i++) {
        hit(ctx, self);
        hop(ctx, self, 3);
    }
    set_tick(ctx, self);
    ask_later(ctx, self, false, AX_FOREVER);
    if (chick_spawn(ctx, NULL, &chick) == 0)
        AX_CHECK(ctx, chick_peck(ctx, chick, ax_self(ctx)) == 0);
    self->wrong[WRONG_UNDO]++;
    ax_fail(ctx, "told to");
}

static void trip(struct ax_ctx *ctx, struct flood *self)
{
    uint32_t to = choose(ctx, self, 3);
    if (sent(ctx, self, flood_trip(ctx, actor(ctx, self, to))))
        self->trips++;
}

static void on_down(struct ax_ctx *ctx, struct flood *self, const struct ax_down *down)
{
    const char *name = ax_name(ctx, down->who);
    if (*name == '\0') { /* a chick: its process may die before it has left */
        self->finals += !down->will_restart;
        return;
    }
    uint64_t n = strtoull(name + 1, NULL, 10);
    if (n >= ACTORS || !down->will_restart)
        wrong(ctx, self, WRONG_DOWN, down->reason);
    else if (down->incarnation != ++self->downs[n])
        wrong(ctx, self, WRONG_INCARNATION,
              (int64_t)n * 1000000000 + (int64_t)down->incarnation - (int64_t)self->downs[n]);
}

static void begin_round(struct ax_ctx *ctx, struct flood *self)
{
    self->round++;
    if (self->settled && number(ctx) < argument(ctx, "workers"))
        AX_CHECK(ctx, flood_work_after(ctx, self->round, 0, NULL) == 0);
}

/* Monitors all actors, those of its own worker and itself included, once all are there. */
void flood_on_settle(struct ax_ctx *ctx, struct flood *self, const struct flood_settle *msg)
{
    uint32_t workers = (uint32_t)argument(ctx, "workers");
    flood_ref all[ACTORS];
    (void)msg;
    for (uint32_t n = 0; n < 3 * workers; n++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", n);
        if (flood_find(ctx, name, &all[n]) != 0) {
            AX_CHECK(ctx, flood_settle_after(ctx, AX_MILLISECONDS(1), NULL) == 0);
            return;
        }
    }
    for (uint32_t n = 0; n < 3 * workers; n++)
        AX_CHECK(ctx, ax_monitor(ctx, all[n].ref, NULL) == 0);
    self->settled = true;
    begin_round(ctx, self);
}

/* ---- drivers ---- */

static void do_something(struct ax_ctx *ctx, struct flood *self)
{
    uint32_t what = dice(self, 200);
    uint64_t timeout = dice(self, 4) == 0 ? AX_MICROSECONDS(dice(self, 2000)) : AX_FOREVER;
    if (what < 90)
        hit(ctx, self);
    else if (what < 110)
        hop(ctx, self, dice(self, 8));
    else if (what < 130)
        ask(ctx, self, false, timeout);
    else if (what < 145)
        ask(ctx, self, true, timeout);
    else if (what < 170)
        ask_later(ctx, self, what % 2, timeout);
    else if (what < 188)
        set_tick(ctx, self);
    else if (what < 199)
        breed(ctx, self);
    else if (dice(self, 8) == 0)
        trip(ctx, self);
}

void flood_on_work(struct ax_ctx *ctx, struct flood *self, const struct flood_work *msg)
{
    if (msg->round != self->round || self->paused)
        return;
    self->begun++;
    for (uint32_t left = 1 + dice(self, 12); left > 0; left--)
        do_something(ctx, self);
    uint64_t rest = AX_MICROSECONDS(dice(self, 1000));
    AX_CHECK(ctx, flood_work_after(ctx, self->round, rest, NULL) == 0);
    self->done++;
}

static void on_start(struct ax_ctx *ctx, struct flood *self)
{
    self->dice = (int64_t)mark(argument(ctx, "seed") + number(ctx)) | 1;
    AX_CHECK(ctx, flood_settle_after(ctx, 0, NULL) == 0);
}

void flood_on_pause(struct ax_ctx *ctx, struct flood *self, const struct flood_pause *msg,
                    struct flood_pause_reply *reply)
{
    (void)ctx, (void)msg;
    reply->resting = self->paused;
    self->paused = true;
}

AX_ACTOR(flood, .on_start = on_start, .on_restart = begin_round, .on_reply = on_reply,
         .on_down = on_down);

AX_PLUGIN("flood", &flood_actor, &chick_actor);
