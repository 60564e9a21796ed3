/* SPDX-License-Identifier: MIT */
/* show_events.c - events and dead letters. Each event has "at" and "event", then what its row in
 * this table names; a member that is not known is null. */
#include "axsup/prose.h"
#include "axsup/show.h"

#include <ax/errors.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum part {
    ACTOR = 1 << 0,     /* actor, ref, contract */
    REASON = 1 << 1,    /* reason, signal */
    CODE = 1 << 2,      /* code */
    SUSPECT = 1 << 3,   /* suspect, message: who had which message in hand */
    IS = 1 << 4,        /* suspect: whether it was this actor */
    AGAIN = 1 << 5,     /* will_restart */
    BACKOFF = 1 << 6,   /* backoff_ns */
    TOOK = 1 << 7,      /* duration_ns */
    LOST = 1 << 8,      /* lost */
    WATCHER = 1 << 9,   /* watcher */
    LETTER = 1 << 10,   /* sender, target, message, reason */
    LIFE = 1 << 11,     /* incarnation */
    RECEIVER = 1 << 12, /* receiver */
    MESSAGE = 1 << 13,  /* message: of the actor's contract */
    STOP = 1 << 14,     /* stop */
    WORDS = 1 << 15,    /* words */
    SHARD = 1 << 16,    /* registry, shard, epoch */
    NODE = 1 << 17,     /* node, session */
    FROM = 1 << 18,     /* from, count */
    STORE = 1 << 19,    /* store */
    WHY = 1 << 20,      /* why */
    DIALLED = 1 << 21,  /* node, address, count */
};

static const struct {
    unsigned parts;
    const char *about;
} rows[] = {
    [SUP_WORKER_STARTED] = {LIFE | TOOK, "A worker's process runs."},
    [SUP_WORKER_DOWN] = {LIFE | REASON | CODE | SUSPECT | AGAIN | LOST,
                         "A worker's process has ended. suspect is the actor that had a message in "
                         "hand."},
    [SUP_WORKER_RESTARTING] = {LIFE | BACKOFF, "The next process is going to be started."},
    [SUP_WORKER_FAILED] = {LIFE | REASON, "The worker is not started again."},
    [SUP_RELOADED] = {LIFE | TOOK, "A worker runs its plugin as \"axsup reload\" has loaded it."},
    [SUP_HUNG] = {LIFE | SUSPECT | TOOK,
                  "A message was handled for longer than hang_after; the process is being ended."},
    [SUP_ACTOR_STARTED] = {LIFE | ACTOR, "An actor has been spawned."},
    [SUP_ACTOR_RESTARTED] =
        {LIFE | ACTOR, "An actor goes on in another incarnation: after a failure, or with the "
                       "process of its worker. Of the actors of a process only those "
                       "with a name have one, and of these as many as half the ring "
                       "of events holds."},
    [SUP_ACTOR_STOPPED] = {LIFE | ACTOR | REASON | WORDS | STOP, "An actor has ended for good."},
    [SUP_DOWN] = {LIFE | ACTOR | REASON | WORDS | IS | AGAIN | WATCHER,
                  "Whoever monitors an actor was told of its end. worker is the watcher's; suspect "
                  "is whether the actor was the suspect."},
    [SUP_EXIT] = {LIFE | ACTOR | REASON | WORDS | IS | AGAIN | RECEIVER,
                  "An exit came to an actor that traps exits, or has ended it. actor is who has "
                  "ended or sent it, worker is the receiver's."},
    [SUP_OVERLOAD_ON] = {ACTOR, "A mailbox has reached its high mark."},
    [SUP_OVERLOAD_OFF] = {ACTOR, "It is back at its low mark."},
    [SUP_AWAIT_LOST] = {ACTOR, "The process of a durable actor that waited has ended, and the wait "
                               "with it: its plugin is loaded anew, or the wait was of a kind that "
                               "no other process goes on from. The message is canceled."},
    [SUP_SLOW] = {LIFE | ACTOR | MESSAGE | TOOK,
                  "A message was handled for longer than slow_after. message is null for a hook or "
                  "a notice."},
    [SUP_DEADLETTER] = {LETTER, "A message was accepted and not handled. reason and error say why, "
                                "error by its name."},
    [SUP_LEASE_ACQUIRED] = {SHARD, "This node has a shard of a registry."},
    [SUP_LEASE_LOST] = {SHARD | WHY, "It has it no more, given away or lost."},
    [SUP_NODE_UP] = {NODE, "There is a session with another node."},
    [SUP_NODE_DOWN] = {NODE | WHY, "The session has ended; the node may be alive."},
    [SUP_SESSION_ROTATED] = {NODE, "Another session of the same life of a node has taken the place "
                                   "of the one before. Monitors go on in it, and so do asks where "
                                   "no gateway died."},
    [SUP_AUTH_REFUSED] = {FROM | WHY, "Who has connected is no node of the cluster, or does not "
                                      "show that it is one."},
    [SUP_DIAL_REFUSED] = {DIALLED,
                          "Whoever is where a peer is dialled ends the connection before it has "
                          "shown that it is that peer, again and again: another node is there, as "
                          "where addresses in peers are swapped, or one that refuses this node, "
                          "or a relay without a node behind it. "
                          "Its own auth_refused says why. Told of a peer once in 10 s."},
    [SUP_CONFIG_DIFFERS] = {NODE | WHY,
                            "Another node has another number of shards in a registry, or keeps "
                            "leases elsewhere, so that a key may have an actor here and one there. "
                            "Both are told, with each session."},
    [SUP_STORE_UP] =
        {STORE,
         "The lease store answers: for the first time since the system was started, or after "
         "store_down. A gateway that begins anew is no reason to tell it again."},
    [SUP_STORE_DOWN] = {STORE | WHY, "The lease store does not answer: no shard can be had "
                                     "meanwhile, and those that the node has are lost in time."},
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

void sup_show_letter(struct sup_out *out, const struct sup_event *event)
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

static void show_node(struct sup_out *out, const struct sup_event *event, unsigned what)
{
    if (what & SHARD) {
        show_text(out, "registry", event->subject);
        show_number(out, "shard", event->shard);
        show_number(out, "epoch", event->number);
    }
    if (what & NODE) {
        show_text(out, "node", event->subject);
        show_number(out, "session", event->number);
    }
    if (what & FROM) {
        show_text(out, "from", event->subject);
        show_number(out, "count", event->number);
    }
    if (what & DIALLED) {
        show_text(out, "node", event->subject);
        show_text(out, "address", event->words);
        show_number(out, "count", event->number);
    }
    if (what & STORE)
        show_text(out, "store", event->subject);
    if (what & WHY)
        show_text(out, "why", event->words);
}

static void show_parts(struct sup_out *out, const struct sup_event *event, unsigned what)
{
    if (what & ACTOR)
        show_actor(out, event);
    if (what & LIFE)
        show_number(out, "incarnation", event->incarnation);
    show_ending(out, event, what);
    if (what & STOP)
        show_text(out, "stop", ax_stop_reason_name((enum ax_stop_reason)event->stop));
    if (what & MESSAGE)
        show_text(out, "message", event->message);
    if (what & WATCHER) {
        sup_out_key(out, "watcher");
        sup_show_who(out, event->other, event->other_name);
    }
    if (what & RECEIVER) {
        sup_out_key(out, "receiver");
        sup_show_who(out, event->other, event->other_name);
    }
    if (what & BACKOFF)
        show_number(out, "backoff_ns", event->backoff_ns);
    if (what & TOOK)
        show_number(out, "duration_ns", event->duration_ns);
    if (what & LOST)
        show_number(out, "lost", event->lost);
    if (what & LETTER)
        sup_show_letter(out, event);
    if (what & WORDS)
        show_text(out, "words", event->words);
    show_node(out, event, what);
}

void sup_show_event(struct sup_out *out, struct sup *sup, const struct sup_event *event)
{
    sup_out_open(out, '{');
    sup_out_key(out, "at");
    sup_out_time(out, event->at);
    show_text(out, "event", sup_what_name(event->what));
    sup_out_key(out, "worker");
    sup_out_string(out, event->slot < sup->n_slots ? sup->slots[event->slot].name : NULL);
    show_parts(out, event, rows[event->what].parts);
    sup_out_close(out, '}');
}

/* ---- for the manual ---- */

#define STOP_TEXT(name, number, text, when) " \"" text "\": " when
#define STOPS "Why it ended, in a word:" AX_STOP_REASONS(STOP_TEXT)

/* The members of each part, in the order in which they are shown. */
static const struct {
    unsigned part;
    const char *names, *about;
} members[] = {
    {ACTOR, "actor, ref, contract",
     "The actor's name (its ref where it has none), its ref as \"slot.index.generation\", and the "
     "name of its contract."},
    {LIFE, "incarnation", "Of the worker or the actor, from 1."},
    {REASON, "reason, signal",
     "A word for how it ended, and the signal as in \"SIGSEGV\" where it was one."},
    {WORDS, "words", "What the actor said of it, where the reason is \"other\"."},
    {CODE, "code, hung",
     "The exit status of a process that ended without a signal; whether it was "
     "ended because it hung."},
    {SUSPECT, "suspect, message", "The actor that had a message in hand, and the message's name."},
    {IS, "suspect", "true or false."},
    {STOP, "stop", STOPS},
    {MESSAGE, "message", "The message's name."},
    {AGAIN, "will_restart", "Whether another process or incarnation follows."},
    {WATCHER, "watcher", "Who was told."},
    {RECEIVER, "receiver", "Who was told, or is ended by it."},
    {BACKOFF, "backoff_ns", "The wait before the start."},
    {TOOK, "duration_ns",
     "From the death, or from the order to start, until it ran; how long the "
     "message has been handled."},
    {LOST, "lost", "Messages given up with memory that does not add up."},
    {LETTER, "sender, target, contract, message, reason, error",
     "Of the dead letter; also what \"axsup deadletters\" shows."},
    {SHARD, "registry, shard, epoch", "Which shard, and the epoch of the lease."},
    {NODE, "node, session", "The node's name, and the number of its session."},
    {FROM, "from, count", "The address, and how many there were since the event before."},
    {DIALLED, "node, address, count",
     "The peer's name, its address in the config, of which 47 bytes are shown, and how many "
     "connections have ended so since the event before."},
    {STORE, "store", "Where leases are: the kind of server and its prefix, or whose memory it is."},
    {WHY, "why", "The reason, or what differs, in words."},
};

static void put_members(FILE *to, unsigned what)
{
    char line[256] = "It has";
    size_t n = strlen(line);

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (what & members[i].part)
            n += (size_t)snprintf(line + n, sizeof(line) - n, " %s,", members[i].names);
    line[n - 1] = '.';
    sup_prose_man(to, line);
}

void sup_show_man_events(FILE *to)
{
    fputs(".Sh EVENTS\n", to);
    sup_prose_man(to,
                  "Each object of \"axsup events --json\" has at, event and worker, and what is "
                  "named here; what is not known is null. Where a follower was too slow, "
                  "{\"missed\": N} stands for N events that were forgotten.");
    fputs(".Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fprintf(to, ".It Cm %s\n", sup_what_name((enum sup_what)i));
        sup_prose_man(to, rows[i].about);
        put_members(to, rows[i].parts);
    }
    fputs(".El\n.Pp\nThe members:\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        fprintf(to, ".It Va %s\n", members[i].names);
        sup_prose_man(to, members[i].about);
    }
    fputs(".El\n", to);
}
