/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "meters.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

AX_STATE(meters, (i64, n));

static char lines[8192];
static struct {
    char name[33];
    struct ax_ref ref;
} known[16];

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void meters_on_add(struct ax_ctx *ctx, struct meters *self, const struct meters_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

void meters_on_spin(struct ax_ctx *ctx, struct meters *self, const struct meters_spin *msg)
{
    uint64_t until = now() + msg->ns;

    (void)ctx, (void)self;
    while (now() < until)
        ;
}

void meters_on_loop(struct ax_ctx *ctx, struct meters *self, const struct meters_loop *msg)
{
    (void)ctx, (void)self, (void)msg;
    for (;;)
        __asm__ volatile("");
}

void meters_on_block(struct ax_ctx *ctx, struct meters *self, const struct meters_block *msg)
{
    char byte;
    int fd = open(msg->path, O_RDONLY);

    (void)self;
    AX_CHECK(ctx, fd >= 0);
    while (read(fd, &byte, 1) > 0)
        ;
    close(fd);
}

void meters_on_halt(struct ax_ctx *ctx, struct meters *self, const struct meters_halt *msg)
{
    (void)ctx, (void)self, (void)msg;
    raise(SIGSTOP);
}

void meters_on_fail(struct ax_ctx *ctx, struct meters *self, const struct meters_fail *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "on purpose");
}

void meters_on_leave(struct ax_ctx *ctx, struct meters *self, const struct meters_leave *msg)
{
    (void)self, (void)msg;
    ax_stop(ctx);
}

void meters_on_later(struct ax_ctx *ctx, struct meters *self, const struct meters_later *msg)
{
    (void)self;
    AX_CHECK(ctx, meters_add_after(ctx, msg->by, AX_SECONDS(3600), NULL) == 0);
}

/* More starts at once than a mailbox has room for. */
void meters_on_crowd(struct ax_ctx *ctx, struct meters *self, const struct meters_crowd *msg)
{
    meters_ref child;

    (void)self;
    for (uint32_t i = 0; i < msg->count; i++)
        AX_CHECK(ctx, meters_spawn(ctx, NULL, &child) == 0);
}

void meters_on_burst(struct ax_ctx *ctx, struct meters *self, const struct meters_burst *msg)
{
    meters_ref who;

    (void)self;
    AX_CHECK(ctx, meters_find(ctx, msg->name, &who) == 0);
    for (uint32_t i = 0; i < msg->count; i++)
        AX_CHECK(ctx, meters_add(ctx, who, 1) == 0);
}

void meters_on_breed(struct ax_ctx *ctx, struct meters *self, const struct meters_breed *msg,
                     struct meters_breed_reply *reply)
{
    const struct ax_spawn spawn = {
        .name = msg->name,
        .capacity = 8,
        .restart = msg->restarts == 0 ? AX_RESTART_NEVER : AX_RESTART_ON_FAILURE,
        .max_restarts = msg->restarts,
    };
    meters_ref child;

    (void)self;
    reply->error = meters_spawn(ctx, &spawn, &child);
}

void meters_on_wait_for(struct ax_ctx *ctx, struct meters *self, const struct meters_wait_for *msg,
                        struct meters_wait_for_reply *reply)
{
    struct meters_get_reply got;
    meters_ref who;

    (void)self;
    reply->error = meters_find(ctx, msg->name, &who);
    if (reply->error == 0)
        reply->error = meters_get(ctx, who, &got, AX_FOREVER);
}

void meters_on_watch(struct ax_ctx *ctx, struct meters *self, const struct meters_watch *msg,
                     struct meters_watch_reply *reply)
{
    meters_ref who;

    (void)self;
    reply->error = meters_find(ctx, msg->name, &who);
    if (reply->error == 0)
        reply->error = ax_monitor(ctx, who.ref, NULL);
}

/* A turn has room for a hundred. */
void meters_on_gaze(struct ax_ctx *ctx, struct meters *self, const struct meters_gaze *msg)
{
    const uint32_t some = msg->count < 100 ? msg->count : 100;
    const meters_ref own = {ax_self(ctx)};
    meters_ref who;

    AX_CHECK(ctx, meters_find(ctx, msg->name, &who) == 0);
    for (uint32_t i = 0; i < some; i++)
        AX_CHECK(ctx, ax_monitor(ctx, who.ref, NULL) == 0);
    self->n += some;
    if (msg->count > some)
        AX_CHECK(ctx, meters_gaze(ctx, own, msg->name, msg->count - some) == 0);
}

void meters_on_end(struct ax_ctx *ctx, struct meters *self, const struct meters_end *msg,
                   struct meters_end_reply *reply)
{
    meters_ref who;

    (void)self;
    reply->error = meters_find(ctx, msg->name, &who);
    if (reply->error == 0)
        reply->error = ax_stop_actor(ctx, who.ref);
}

void meters_on_listen(struct ax_ctx *ctx, struct meters *self, const struct meters_listen *msg,
                      struct meters_listen_reply *reply)
{
    (void)self;
    reply->error = ax_lifecycle(ctx, msg->on);
}

void meters_on_lives(struct ax_ctx *ctx, struct meters *self, const struct meters_lives *msg,
                     struct meters_lives_reply *reply)
{
    (void)self, (void)msg;
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->lines, lines) == 0);
}

/* The ref of who had the name when it was first asked for. */
static struct ax_ref remember(struct ax_ctx *ctx, const char *name)
{
    const size_t count = sizeof known / sizeof *known;
    size_t i = 0;

    while (i + 1 < count && known[i].name[0] != '\0' && strcmp(known[i].name, name) != 0)
        i++;
    meters_ref who;
    if (known[i].name[0] == '\0' && meters_find(ctx, name, &who) == 0) {
        snprintf(known[i].name, sizeof known[i].name, "%s", name);
        known[i].ref = who.ref;
    }
    return known[i].ref;
}

void meters_on_measure(struct ax_ctx *ctx, struct meters *self, const struct meters_measure *msg,
                       struct meters_measure_reply *reply)
{
    struct ax_meters meters;

    (void)self;
    reply->error = ax_meters(ctx, remember(ctx, msg->name), &meters);
    reply->closed = meters.closed;
    reply->terminated = meters.terminated;
    reply->incarnation = meters.incarnation;
    reply->mail = meters.mail;
    reply->slow = meters.slow;
    reply->busy = meters.busy_ns > 0;
    reply->handled = meters.handled;
    reply->failures = meters.failures;
    reply->silence_ns = meters.silence_ns;
    reply->idle_ns = meters.idle_ns;
    const char *name = meters.waits_on.addr == 0 ? "" : ax_name(ctx, meters.waits_on);
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->waits_on, name) == 0);
}

void meters_on_get(struct ax_ctx *ctx, struct meters *self, const struct meters_get *msg,
                   struct meters_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->n = self->n;
}

static void on_start(struct ax_ctx *ctx, struct meters *self)
{
    (void)self;
    if (strncmp(ax_name(ctx, ax_self(ctx)), "frail", 5) == 0)
        ax_fail(ctx, "it is frail");
}

static void on_lifecycle(struct ax_ctx *ctx, struct meters *self, const struct ax_life *life)
{
    static const char *const events[] = {"started", "restarted", "stopped"};
    size_t at = strlen(lines);

    (void)self;
    int n = snprintf(lines + at, sizeof lines - at, "%s %s %u", ax_name(ctx, life->who),
                     events[life->event], life->incarnation);
    if (life->event == AX_LIFE_STOPPED)
        n += snprintf(lines + at + n, sizeof lines - at - (size_t)n, " %s/%s",
                      ax_reason_name(life->reason), ax_stop_reason_name(life->stop));
    if (life->missed != 0)
        n += snprintf(lines + at + n, sizeof lines - at - (size_t)n, " missed %u", life->missed);
    snprintf(lines + at + n, sizeof lines - at - (size_t)n, ";");
}

AX_ACTOR(meters, .on_start = on_start, .on_lifecycle = on_lifecycle);
AX_PLUGIN("meters", &meters_actor);
