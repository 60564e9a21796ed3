/* SPDX-License-Identifier: MIT */
/* show_events.c - events and dead letters. Each event has "at" and "event", then what its row in
 * this table names; a member that is not known is null. */
#include "axsup/show.h"

#include <ax/errors.h>

enum part {
    ACTOR = 1 << 0,   /* actor, ref, contract */
    REASON = 1 << 1,  /* reason, signal */
    CODE = 1 << 2,    /* code */
    SUSPECT = 1 << 3, /* suspect, message: who had which message in hand */
    IS = 1 << 4,      /* suspect: whether it was this actor */
    AGAIN = 1 << 5,   /* will_restart */
    BACKOFF = 1 << 6, /* backoff_ns */
    TOOK = 1 << 7,    /* duration_ns */
    LOST = 1 << 8,    /* lost */
    WATCHER = 1 << 9, /* watcher */
    LETTER = 1 << 10, /* sender, target, message, reason */
    LIFE = 1 << 11,   /* incarnation */
};

static const unsigned parts[] = {
    [SUP_WORKER_STARTED] = LIFE | TOOK,
    [SUP_WORKER_DOWN] = LIFE | REASON | CODE | SUSPECT | AGAIN | LOST,
    [SUP_WORKER_RESTARTING] = LIFE | BACKOFF,
    [SUP_WORKER_FAILED] = LIFE | REASON,
    [SUP_HUNG] = LIFE | SUSPECT | TOOK,
    [SUP_ACTOR_STARTED] = LIFE | ACTOR,
    [SUP_ACTOR_RESTARTED] = LIFE | ACTOR | REASON,
    [SUP_ACTOR_STOPPED] = LIFE | ACTOR | REASON,
    [SUP_DOWN] = LIFE | ACTOR | REASON | IS | AGAIN | WATCHER,
    [SUP_OVERLOAD_ON] = ACTOR,
    [SUP_OVERLOAD_OFF] = ACTOR,
    [SUP_DEADLETTER] = LETTER,
};

static void show_text(struct sup_out *out, const char *key, const char *text)
{
    sup_out_key(out, key);
    sup_out_string(out, *text ? text : NULL);
}

static void show_actor(struct sup_out *out, const struct sup_event *event)
{
    sup_out_key(out, "actor");
    sup_show_who(out, event->actor, event->actor_name);
    sup_out_key(out, "ref");
    sup_out_ref(out, event->actor);
    show_text(out, "contract", event->contract);
}

static void show_reason(struct sup_out *out, const struct sup_event *event)
{
    char name[32];

    show_text(out, "reason", ax_reason_name(event->reason));
    sup_out_key(out, "signal");
    sup_out_string(out, event->signal ? sup_signal_name(event->signal, name) : NULL);
}

/* Of a worker's death the suspect is an actor. Null: no message was in hand, or nobody knows. */
static void show_suspect(struct sup_out *out, const struct sup_event *event)
{
    sup_out_key(out, "suspect");
    sup_show_who(out, event->actor, event->actor_name);
    show_text(out, "message", event->message);
}

static void show_letter(struct sup_out *out, const struct sup_event *event)
{
    sup_out_key(out, "sender");
    sup_show_who(out, event->other, event->other_name);
    sup_out_key(out, "target");
    sup_show_who(out, event->actor, event->actor_name);
    show_text(out, "contract", event->contract);
    show_text(out, "message", event->message);
    show_text(out, "reason", ax_strerror(event->error));
    show_text(out, "error", ax_error_name(event->error));
}

static void show_number(struct sup_out *out, const char *key, uint64_t number)
{
    sup_out_key(out, key);
    sup_out_number(out, number);
}

static void show_ending(struct sup_out *out, const struct sup_event *event, unsigned what)
{
    if (what & REASON)
        show_reason(out, event);
    if (what & CODE) {
        sup_out_key(out, "code");
        event->signal ? sup_out_null(out) : sup_out_number(out, event->code);
        sup_out_key(out, "hung");
        sup_out_bool(out, event->hung);
    }
    if (what & SUSPECT)
        show_suspect(out, event);
    if (what & IS) {
        sup_out_key(out, "suspect");
        event->suspect_known ? sup_out_bool(out, event->suspect) : sup_out_null(out);
    }
    if (what & AGAIN) {
        sup_out_key(out, "will_restart");
        sup_out_bool(out, event->will_restart);
    }
}

static void show_parts(struct sup_out *out, const struct sup_event *event, unsigned what)
{
    if (what & ACTOR)
        show_actor(out, event);
    if (what & LIFE)
        show_number(out, "incarnation", event->incarnation);
    show_ending(out, event, what);
    if (what & WATCHER) {
        sup_out_key(out, "watcher");
        sup_show_who(out, event->other, event->other_name);
    }
    if (what & BACKOFF)
        show_number(out, "backoff_ns", event->backoff_ns);
    if (what & TOOK)
        show_number(out, "duration_ns", event->duration_ns);
    if (what & LOST)
        show_number(out, "lost", event->lost);
    if (what & LETTER)
        show_letter(out, event);
}

void sup_show_event(struct sup_out *out, struct sup *sup, const struct sup_event *event)
{
    sup_out_open(out, '{');
    sup_out_key(out, "at");
    sup_out_time(out, event->at);
    show_text(out, "event", sup_what_name(event->what));
    sup_out_key(out, "worker");
    sup_out_string(out, event->slot < sup->n_slots ? sup->slots[event->slot].name : NULL);
    show_parts(out, event, parts[event->what]);
    sup_out_close(out, '}');
}

struct list {
    struct sup_out *out;
    struct sup *sup;
};

static int add_event(void *ctx, const struct sup_event *event)
{
    const struct list *list = ctx;

    sup_show_event(list->out, list->sup, event);
    return list->out->error;
}

void sup_show_events(struct sup_out *out, struct sup *sup)
{
    sup_out_open(out, '[');
    (void)sup_event_since(sup, 0, add_event, &(struct list){out, sup});
    sup_out_close(out, ']');
}

static int add_letter(void *ctx, const struct sup_event *event)
{
    const struct list *list = ctx;

    sup_out_open(list->out, '{');
    sup_out_key(list->out, "at");
    sup_out_time(list->out, event->at);
    show_letter(list->out, event);
    sup_out_close(list->out, '}');
    return list->out->error;
}

void sup_show_letters(struct sup_out *out, struct sup *sup)
{
    sup_out_open(out, '[');
    (void)sup_letter_since(sup, 0, add_letter, &(struct list){out, sup});
    sup_out_close(out, ']');
}
