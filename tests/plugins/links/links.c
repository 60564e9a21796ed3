/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "links.h"

#include <stdio.h>
#include <string.h>

#define LINES 24
#define LINE 96

AX_STATE(links, (u64, last), (u64, exits), (u64, downs), (u64, lines_used),
         (array(text(96), LINES), lines));

static void write_line(struct links *self, const char *text)
{
    if (self->lines_used < LINES)
        (void)ax_text_set(self->lines[self->lines_used++], LINE, text);
}

/* An actor that is gone has no name any more, but had an address when it was asked for last. */
static struct ax_ref named(struct ax_ctx *ctx, struct links *self, const char *name)
{
    links_ref who;
    if (links_find(ctx, name, &who) == 0)
        self->last = who.ref.addr;
    return (struct ax_ref){.addr = self->last};
}

void links_on_breed(struct ax_ctx *ctx, struct links *self, const struct links_breed *msg,
                    struct links_breed_reply *reply)
{
    links_ref child;
    const struct ax_spawn spawn = {.name = msg->name, .restart = AX_RESTART_NEVER};
    reply->error = links_spawn(ctx, &spawn, &child);
    self->last = child.ref.addr;
}

void links_on_tie(struct ax_ctx *ctx, struct links *self, const struct links_tie *msg,
                  struct links_tie_reply *reply)
{
    reply->error = ax_link(ctx, named(ctx, self, msg->name));
}

void links_on_untie(struct ax_ctx *ctx, struct links *self, const struct links_untie *msg,
                    struct links_untie_reply *reply)
{
    reply->error = ax_unlink(ctx, named(ctx, self, msg->name));
}

/* To somebody who is gone: the exit is there already, and is taken back. */
void links_on_tie_untie(struct ax_ctx *ctx, struct links *self, const struct links_tie_untie *msg)
{
    uint64_t monitor;
    struct ax_ref who = named(ctx, self, msg->name);
    AX_CHECK(ctx, ax_link(ctx, who) == 0);
    AX_CHECK(ctx, ax_unlink(ctx, who) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, who, &monitor) == 0);
    AX_CHECK(ctx, ax_demonitor(ctx, monitor) == 0);
    AX_CHECK(ctx, ax_demonitor(ctx, monitor) == AX_E_NO_ACTOR);
    write_line(self, "taken back");
}

void links_on_watch(struct ax_ctx *ctx, struct links *self, const struct links_watch *msg,
                    struct links_watch_reply *reply)
{
    reply->error = ax_monitor_with(ctx, named(ctx, self, msg->name), msg->flags, NULL);
}

void links_on_trap(struct ax_ctx *ctx, struct links *self, const struct links_trap *msg,
                   struct links_trap_reply *reply)
{
    (void)self;
    reply->error = ax_trap_exit(ctx, msg->on);
}

void links_on_note(struct ax_ctx *ctx, struct links *self, const struct links_note *msg)
{
    (void)ctx;
    write_line(self, msg->words);
}

void links_on_send(struct ax_ctx *ctx, struct links *self, const struct links_send *msg,
                   struct links_send_reply *reply)
{
    reply->error = ax_exit_actor(ctx, named(ctx, self, msg->name), (enum ax_reason)msg->reason);
}

void links_on_quit(struct ax_ctx *ctx, struct links *self, const struct links_quit *msg)
{
    (void)self;
    AX_CHECK(ctx, ax_stop_exit(ctx, (enum ax_reason)msg->reason) == 0);
}

void links_on_send_words(struct ax_ctx *ctx, struct links *self, const struct links_send_words *msg,
                         struct links_send_words_reply *reply)
{
    reply->error = ax_exit_other(ctx, named(ctx, self, msg->name), msg->words);
}

void links_on_quit_words(struct ax_ctx *ctx, struct links *self, const struct links_quit_words *msg,
                         struct links_quit_words_reply *reply)
{
    (void)self;
    reply->error = ax_stop_other(ctx, msg->words);
}

void links_on_fail(struct ax_ctx *ctx, struct links *self, const struct links_fail *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "on purpose");
}

/* What it says comes before its end. */
void links_on_part(struct ax_ctx *ctx, struct links *self, const struct links_part *msg)
{
    const struct ax_ref who = named(ctx, self, msg->name);
    AX_CHECK(ctx, links_note(ctx, links_ref_of(who), "one") == 0);
    AX_CHECK(ctx, links_note(ctx, links_ref_of(who), "two") == 0);
    AX_CHECK(ctx, ax_stop_exit(ctx, (enum ax_reason)msg->reason) == 0);
}

/* Asks somebody who waits an hour for its restart. */
void links_on_hang(struct ax_ctx *ctx, struct links *self, const struct links_hang *msg)
{
    const uint64_t hour = AX_SECONDS(3600);
    const struct ax_spawn spawn = {.backoff_min_ns = hour, .backoff_max_ns = hour};
    struct links_mute_reply reply;
    links_ref child;
    (void)msg;
    write_line(self, "hangs");
    AX_CHECK(ctx, links_spawn(ctx, &spawn, &child) == 0);
    AX_CHECK(ctx, links_fail(ctx, child) == 0);
    int error = links_mute(ctx, child, &reply, AX_FOREVER);
    write_line(self, error == 0 ? "answered" : "goes on");
}

void links_on_mute(struct ax_ctx *ctx, struct links *self, const struct links_mute *msg,
                   struct links_mute_reply *reply)
{
    (void)ctx, (void)self, (void)msg;
    reply->error = 0;
}

/* Somebody who ends, or has ended: what is done to it, until that is refused. */
static int tie_racer(struct ax_ctx *ctx, links_ref racer)
{
    struct links_join_reply joined;
    int error = links_join(ctx, racer, "racers", &joined, AX_SECONDS(10));
    if (error == 0)
        error = joined.error;
    AX_CHECK(ctx, error == 0 || error == AX_E_NO_ACTOR || error == AX_E_CLOSED ||
                      error == AX_E_CANCELED);
    AX_TRY(ax_link(ctx, racer.ref));
    return ax_monitor(ctx, racer.ref, NULL);
}

static int one_race(struct ax_ctx *ctx, struct links *self, const char *nest, bool first)
{
    struct links_join_reply joined = {.error = 0};
    links_ref racer;
    if (nest[0] == '\0') {
        AX_TRY(links_spawn(ctx, &(struct ax_spawn){.restart = AX_RESTART_NEVER}, &racer));
    } else {
        struct links_bear_reply born;
        AX_TRY(links_bear(ctx, links_ref_of(named(ctx, self, nest)), &born, AX_SECONDS(10)));
        AX_TRY(born.error);
        racer = born.child;
    }
    if (first) {
        AX_TRY(links_join(ctx, racer, "racers", &joined, AX_SECONDS(10)));
        AX_TRY(joined.error);
        AX_TRY(ax_link(ctx, racer.ref));
        AX_TRY(ax_monitor(ctx, racer.ref, NULL));
    }
    AX_TRY(links_quit(ctx, racer, AX_NORMAL));
    return first ? 0 : tie_racer(ctx, racer);
}

void links_on_race(struct ax_ctx *ctx, struct links *self, const struct links_race *msg,
                   struct links_race_reply *reply)
{
    const uint32_t times = msg->times;
    char nest[32];
    memcpy(nest, msg->nest, sizeof nest);
    for (uint32_t i = 0; i < times && reply->error == 0; i++)
        reply->error = one_race(ctx, self, nest, i % 2 == 0);
}

void links_on_bear(struct ax_ctx *ctx, struct links *self, const struct links_bear *msg,
                   struct links_bear_reply *reply)
{
    (void)self, (void)msg;
    reply->error = links_spawn(ctx, &(struct ax_spawn){.restart = AX_RESTART_NEVER}, &reply->child);
}

/* Told to end, it can join nothing any more. */
void links_on_join_late(struct ax_ctx *ctx, struct links *self, const struct links_join_late *msg,
                        struct links_join_late_reply *reply)
{
    (void)self;
    AX_CHECK(ctx, ax_stop_exit(ctx, AX_NORMAL) == 0);
    reply->error = ax_join(ctx, msg->group);
}

void links_on_join(struct ax_ctx *ctx, struct links *self, const struct links_join *msg,
                   struct links_join_reply *reply)
{
    (void)self;
    reply->error = ax_join(ctx, msg->group);
}

void links_on_part_of(struct ax_ctx *ctx, struct links *self, const struct links_part_of *msg,
                      struct links_part_of_reply *reply)
{
    (void)self;
    reply->error = ax_leave(ctx, msg->group);
}

void links_on_members(struct ax_ctx *ctx, struct links *self, const struct links_members *msg,
                      struct links_members_reply *reply)
{
    char text[1024] = "";
    size_t used = 0;
    struct ax_ref who;
    (void)self;
    for (struct ax_members at = ax_members(msg->group); ax_member(ctx, &at, &who); reply->count++)
        if (used < sizeof text - 70)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s;", ax_name(ctx, who));
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->names, text) == 0);
}

void links_on_notify(struct ax_ctx *ctx, struct links *self, const struct links_notify *msg,
                     struct links_notify_reply *reply)
{
    struct ax_ref who;
    (void)self;
    if (msg->one) {
        reply->count = ax_pick(ctx, msg->group, &who) == 0 &&
                       links_note(ctx, links_ref_of(who), msg->words) == 0;
        return;
    }
    for (struct ax_members at = ax_members(msg->group); ax_member(ctx, &at, &who);)
        reply->count += links_note(ctx, links_ref_of(who), msg->words) == 0;
}

void links_on_ends(struct ax_ctx *ctx, struct links *self, const struct links_ends *msg,
                   struct links_ends_reply *reply)
{
    (void)ctx, (void)msg;
    reply->exits = self->exits;
    reply->downs = self->downs;
}

void links_on_told(struct ax_ctx *ctx, struct links *self, const struct links_told *msg,
                   struct links_told_reply *reply)
{
    char text[LINES * (LINE + 1)] = "";
    size_t used = 0;
    (void)msg;
    for (uint64_t i = 0; i < self->lines_used; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s;", self->lines[i]);
    self->lines_used = 0;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->lines, text) == 0);
}

/* ": WORDS", or nothing. */
static const char *in_words(const char *words)
{
    static char text[64];
    snprintf(text, sizeof text, "%s%s", words[0] != '\0' ? ": " : "", words);
    return text;
}

static void on_down(struct ax_ctx *ctx, struct links *self, const struct ax_down *down)
{
    char line[LINE];
    (void)ctx;
    self->downs++;
    snprintf(line, sizeof line, "down %u %s %s%s", down->incarnation, ax_reason_name(down->reason),
             down->will_restart ? "again" : "gone", in_words(down->words));
    write_line(self, line);
}

static void on_exit_of(struct ax_ctx *ctx, struct links *self, const struct ax_exit *exit)
{
    char line[LINE];
    (void)ctx;
    self->exits++;
    snprintf(line, sizeof line, "exit %u %s %s%s", exit->incarnation, ax_reason_name(exit->reason),
             exit->will_restart ? "again" : "gone", in_words(exit->words));
    write_line(self, line);
}

AX_ACTOR(links, .on_down = on_down, .on_exit = on_exit_of);
AX_PLUGIN("links", &links_actor);
