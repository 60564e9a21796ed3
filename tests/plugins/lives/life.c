/* SPDX-License-Identifier: MIT */
#include "book.h"
#include "note.h"

#define AX_IMPLEMENT
#include "life.h"

#include <ax/map.h>
#include <ax/registry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

AX_STATE(life, (u64, notes), (u64, hits));
AX_MAPS(life, table);

/* Fails where there is no room, which there must be: what is not noted has not happened. */
static void write_note(struct ax_ctx *ctx, struct life *self, struct note note)
{
    book_ref book;
    AX_CHECK(ctx, book_find(ctx, "book", &book) == 0);
    self->notes++;
    AX_CHECK(ctx, book_note(ctx, book, note.kind, ax_incarnation(ctx), note.error, self->notes,
                            ax_self(ctx).addr, note.number, note.who, note.value, note.more) == 0);
}

static uint64_t key_of(struct ax_ctx *ctx)
{
    char text[AX_KEY_MAX + 1] = "";
    const struct ax_span key = ax_key(ctx);
    if (key.len == 0)
        return 0;
    memcpy(text, key.ptr, key.len);
    return strtoull(text + 1, NULL, 10) + 1;
}

/* An actor of the config may be there before the book is. */
static void greet(struct ax_ctx *ctx, struct life *self)
{
    book_ref book;
    if (book_find(ctx, "book", &book) != 0)
        AX_CHECK(ctx, life_greet_after(ctx, AX_MILLISECONDS(1), NULL) == 0);
    else
        write_note(ctx, self, (struct note){.kind = NOTE_BEGUN, .number = key_of(ctx)});
}

void life_on_greet(struct ax_ctx *ctx, struct life *self, const struct life_greet *msg)
{
    (void)msg;
    greet(ctx, self);
}

static void again(struct ax_ctx *ctx, struct life *self)
{
    if (self->notes != 0) /* else its process died before it could greet */
        write_note(ctx, self, (struct note){.kind = NOTE_AGAIN});
}

static void ending(struct ax_ctx *ctx, struct life *self)
{
    if (self->notes != 0)
        write_note(ctx, self, (struct note){.kind = NOTE_ENDING});
}

/* ---- what comes ---- */

void life_on_hit(struct ax_ctx *ctx, struct life *self, const struct life_hit *msg)
{
    self->hits++;
    write_note(ctx, self,
               (struct note){.kind = NOTE_HIT,
                             .number = msg->number,
                             .who = ax_sender(ctx).addr,
                             .value = msg->life});
}

void life_on_get(struct ax_ctx *ctx, struct life *self, const struct life_get *msg,
                 struct life_get_reply *reply)
{
    write_note(ctx, self, (struct note){.kind = NOTE_SERVED, .number = msg->number});
    reply->number = msg->number;
}

void life_on_fail(struct ax_ctx *ctx, struct life *self, const struct life_fail *msg)
{
    const struct ax_span key = {.ptr = &msg->number, .len = sizeof msg->number};
    /* none of which may be seen */
    write_note(ctx, self, (struct note){.kind = NOTE_RANG, .number = msg->number});
    self->hits += 1000;
    AX_CHECK(ctx, ax_map_put(ctx, life_table, key, key) == 0);
    AX_CHECK(ctx, ax_join(ctx, "failed") == 0);
    ax_fail(ctx, "told to");
}

void life_on_ring(struct ax_ctx *ctx, struct life *self, const struct life_ring *msg)
{
    write_note(ctx, self, (struct note){.kind = NOTE_RANG, .number = msg->number});
}

static void on_down(struct ax_ctx *ctx, struct life *self, const struct ax_down *down)
{
    write_note(ctx, self,
               (struct note){.kind = NOTE_DOWN,
                             .who = down->who.addr,
                             .number = down->monitor,
                             .value = down->incarnation,
                             .more = (uint64_t)down->reason |
                                     (down->will_restart ? NOTE_RETURNS : 0) |
                                     (down->suspect ? NOTE_SUSPECT : 0)});
}

static void on_exit_of(struct ax_ctx *ctx, struct life *self, const struct ax_exit *exit)
{
    write_note(ctx, self,
               (struct note){.kind = NOTE_EXIT,
                             .who = exit->from.addr,
                             .value = exit->incarnation,
                             .more = (uint64_t)exit->reason |
                                     (exit->will_restart ? NOTE_RETURNS : 0) |
                                     (exit->suspect ? NOTE_SUSPECT : 0)});
}

static void on_reply(struct ax_ctx *ctx, struct life *self, const struct ax_reply *reply)
{
    const struct life_get_reply *body = life_get_reply_of(reply);
    write_note(ctx, self,
               (struct note){.kind = NOTE_ENDED,
                             .error = reply->error,
                             .value = body == NULL ? 0 : body->number,
                             .more = reply->ask});
}

/* ---- what is done ---- */

struct doing { /* an op in hand; a copy, as the message is gone after an await */
    uint32_t op;
    uint64_t number, value;
    struct ax_ref who;
};

static void did(struct ax_ctx *ctx, struct life *self, const struct doing *doing, int error,
                uint64_t more)
{
    const bool how = doing->op == OP_SPAWN || doing->op == OP_MONITOR;
    write_note(ctx, self,
               (struct note){.kind = NOTE_DID,
                             .error = error,
                             .number = doing->number,
                             .who = doing->who.addr,
                             .value = doing->op | (how ? doing->value << 8 : 0),
                             .more = more});
}

static void hit(struct ax_ctx *ctx, struct life *self, struct ax_ref who, uint64_t number)
{
    int error = life_hit(ctx, (life_ref){.ref = who}, number, ax_incarnation(ctx));
    write_note(ctx, self,
               (struct note){.kind = NOTE_SENT, .error = error, .number = number, .who = who.addr});
}

static void spawn(struct ax_ctx *ctx, struct life *self, struct doing *doing)
{
    char name[32];
    uint64_t monitor = 0;
    life_ref child = {{0}};
    snprintf(name, sizeof name, "n%llu", (unsigned long long)doing->number);
    const struct ax_spawn spawn = {
        .name = doing->value & SPAWN_NAMED ? name : NULL,
        .capacity = 100000,
        .restart = doing->value & SPAWN_NEVER ? AX_RESTART_NEVER : AX_RESTART_ON_FAILURE,
        .max_restarts = 1000000,
        .window_ns = AX_MILLISECONDS(1),
        .backoff_max_ns = 1,
    };
    int error = life_spawn(ctx, &spawn, &child);
    doing->who = child.ref;
    if (error == 0 && doing->value & SPAWN_LINKED)
        AX_CHECK(ctx, ax_link(ctx, child.ref) == 0);
    if (error == 0 && doing->value & SPAWN_WATCHED)
        AX_CHECK(ctx, ax_monitor(ctx, child.ref, &monitor) == 0);
    did(ctx, self, doing, error, monitor);
}

static void ask(struct ax_ctx *ctx, struct life *self, const struct doing *doing)
{
    const uint64_t number = doing->number;
    struct life_get_reply reply = {0};
    did(ctx, self, doing, 0, 0);
    int error = life_get(ctx, (life_ref){.ref = doing->who}, number, &reply, doing->value);
    write_note(ctx, self,
               (struct note){.kind = NOTE_ENDED,
                             .error = error,
                             .number = number,
                             .value = error == 0 ? reply.number : 0});
}

static void upset(struct ax_ctx *ctx, struct life *self, const struct doing *doing)
{
    hit(ctx, self, doing->who, doing->number * 16);
    int error = life_fail(ctx, (life_ref){.ref = doing->who}, doing->number);
    did(ctx, self, doing, error, 0);
    hit(ctx, self, doing->who, doing->number * 16 + 1);
}

/* The number of entries, and their marks. */
static void check(struct ax_ctx *ctx, struct life *self, struct doing *doing)
{
    struct ax_span key, value;
    uint64_t cursor = 0, sum = 0, entry, number;
    while (ax_map_next(ctx, life_table, &cursor, &key, &value) == 0) {
        AX_CHECK(ctx, key.len == sizeof entry && value.len == sizeof number);
        memcpy(&entry, key.ptr, sizeof entry);
        memcpy(&number, value.ptr, sizeof number);
        sum += lives_mark(entry ^ lives_mark(number));
    }
    doing->who.addr = self->hits;
    did(ctx, self, doing, (int)ax_map_count(ctx, life_table), sum);
}

static void change(struct ax_ctx *ctx, struct life *self, const struct doing *doing)
{
    const uint64_t entry = doing->value % LIVES_ENTRIES;
    const struct ax_span key = {.ptr = &entry, .len = sizeof entry};
    const struct ax_span value = {.ptr = &doing->value, .len = sizeof doing->value};
    int error = doing->op == OP_PUT      ? ax_map_put(ctx, life_table, key, value)
                : doing->op == OP_DELETE ? ax_map_delete(ctx, life_table, key)
                                         : ax_map_clear(ctx, life_table);
    did(ctx, self, doing, error, doing->value);
}

static void hit_key(struct ax_ctx *ctx, struct life *self, struct doing *doing)
{
    char key[32];
    life_ref ref = {{0}};
    snprintf(key, sizeof key, "k%llu", (unsigned long long)doing->value);
    const struct ax_span span = {.ptr = key, .len = (uint32_t)strlen(key)};
    int error = life_get_or_spawn(ctx, "lives", span, AX_SECONDS(20), &ref);
    doing->who = ref.ref;
    did(ctx, self, doing, error, doing->value);
    if (error == 0)
        hit(ctx, self, ref.ref, doing->number * 16);
}

static void group(struct ax_ctx *ctx, struct life *self, const struct doing *doing)
{
    char name[16];
    snprintf(name, sizeof name, "g%u", (unsigned)doing->value);
    int error = doing->op == OP_JOIN ? ax_join(ctx, name) : ax_leave(ctx, name);
    did(ctx, self, doing, error, doing->value);
}

/* What ends in one call with a result, and perhaps a number. */
static int call(struct ax_ctx *ctx, const struct doing *doing, uint64_t *more)
{
    const life_ref who = {.ref = doing->who};
    *more = doing->value;
    switch (doing->op) {
    case OP_LINK:
        return ax_link(ctx, doing->who);
    case OP_UNLINK:
        return ax_unlink(ctx, doing->who);
    case OP_MONITOR:
        return ax_monitor_with(ctx, doing->who, (unsigned)doing->value, more);
    case OP_DEMONITOR:
        return ax_demonitor(ctx, doing->value);
    case OP_TRAP:
        return ax_trap_exit(ctx, doing->value != 0);
    case OP_LATER:
        return life_get_async(ctx, who, doing->number, doing->value, more);
    case OP_QUIT:
        return ax_stop_exit(ctx, (enum ax_reason)doing->value);
    case OP_SIGNAL:
        return ax_exit_actor(ctx, doing->who, (enum ax_reason)doing->value);
    case OP_STOP:
        return ax_stop_actor(ctx, doing->who);
    case OP_TIMER:
        return life_ring_after(ctx, doing->number, doing->value, more);
    case OP_CANCEL:
        return ax_timer_cancel(ctx, doing->value);
    default:
        ax_fail(ctx, "no such op");
    }
}

static void do_it(struct ax_ctx *ctx, struct life *self, struct doing *doing)
{
    uint64_t more;
    switch (doing->op) {
    case OP_SPAWN:
        spawn(ctx, self, doing);
        return;
    case OP_JOIN:
    case OP_LEAVE:
        group(ctx, self, doing);
        return;
    case OP_TELL:
        for (uint64_t i = 0; i < doing->value; i++)
            hit(ctx, self, doing->who, doing->number * 16 + i);
        return;
    case OP_ASK:
        ask(ctx, self, doing);
        return;
    case OP_UPSET:
        upset(ctx, self, doing);
        return;
    case OP_PUT:
    case OP_DELETE:
    case OP_CLEAR:
        change(ctx, self, doing);
        return;
    case OP_CHECK:
        check(ctx, self, doing);
        return;
    case OP_KEY:
        hit_key(ctx, self, doing);
        return;
    case OP_REST:
        ax_passivate(ctx);
        return;
    default:
        if (doing->op == OP_QUIT && doing->who.addr != 0)
            hit(ctx, self, doing->who, doing->number * 16);
        int error = call(ctx, doing, &more);
        did(ctx, self, doing, error, more);
    }
}

void life_on_act(struct ax_ctx *ctx, struct life *self, const struct life_act *msg)
{
    struct doing doing = {
        .op = msg->op, .number = msg->number, .value = msg->value, .who = msg->who};
    write_note(ctx, self, (struct note){.kind = NOTE_ACT, .number = msg->number, .value = msg->op});
    do_it(ctx, self, &doing);
}

AX_ACTOR(life, .on_start = greet, .on_restart = again, .on_stop = ending, .on_down = on_down,
         .on_exit = on_exit_of, .on_reply = on_reply);
