/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "probe.h"

#include "envoy.h"
#include "steady.h"
#include "warden.h"

#include "libax/worker.h"

#include <ax/io.h>
#include <ax/map.h>
#include <errno.h>
#include <string.h>

/* Each handled message counts once in `turns`; `sum` is what was added. */
AX_STATE(probe, (i64, sum), (i64, turns), (i64, downs), (i64, replies), (i64, errors),
         (u64, monitor), (u64, io), (u64, here), (u64, there), (u64, timer), (u64, first),
         (u64, moments), (array(u64, 3), timers));
AX_MAPS(probe, data);

void probe_on_add(struct ax_ctx *ctx, struct probe *self, const struct probe_add *msg)
{
    (void)ctx;
    self->turns++;
    self->sum += msg->by;
}

void probe_on_relay(struct ax_ctx *ctx, struct probe *self, const struct probe_relay *msg)
{
    self->turns++;
    self->sum -= 2 * msg->by;
    AX_CHECK(ctx, probe_add(ctx, msg->here, msg->by) == 0);
    AX_CHECK(ctx, probe_add(ctx, msg->there, msg->by) == 0);
}

void probe_on_get(struct ax_ctx *ctx, struct probe *self, const struct probe_get *msg,
                  struct probe_get_reply *reply)
{
    (void)ctx;
    self->turns++;
    self->sum += msg->by;
    reply->value = self->sum;
}

/* Two turns: before the await, and after it. */
void probe_on_forward(struct ax_ctx *ctx, struct probe *self, const struct probe_forward *msg,
                      struct probe_forward_reply *reply)
{
    struct probe_get_reply answer;
    self->turns++;
    self->sum += 1;
    int error = probe_get(ctx, msg->to, msg->by, &answer, AX_FOREVER);
    self->replies += error == 0;
    self->errors += error != 0;
    self->sum += 1000;
    reply->value = error == 0 ? answer.value : -error;
}

/* The same, with a message to itself on the way. */
void probe_on_muse(struct ax_ctx *ctx, struct probe *self, const struct probe_muse *msg,
                   struct probe_muse_reply *reply)
{
    struct probe_get_reply answer;
    self->turns++;
    AX_CHECK(ctx, probe_add(ctx, probe_self(ctx), msg->by) == 0);
    int error = probe_get(ctx, msg->to, msg->by, &answer, AX_FOREVER);
    self->replies += error == 0;
    self->errors += error != 0;
    self->sum = self->sum * 2 + 1000; /* what it told itself comes after this */
    reply->value = error == 0 ? answer.value : -error;
}

void probe_on_ask_later(struct ax_ctx *ctx, struct probe *self, const struct probe_ask_later *msg)
{
    self->turns++;
    AX_CHECK(ctx, probe_get_async(ctx, msg->to, 7, AX_FOREVER, NULL) == 0);
}

static void on_reply(struct ax_ctx *ctx, struct probe *self, const struct ax_reply *reply)
{
    (void)ctx;
    const struct probe_get_reply *answer = probe_get_reply_of(reply);
    self->turns++;
    self->replies += answer != NULL;
    self->errors += answer == NULL;
    self->sum += answer != NULL ? answer->value : 0;
}

void probe_on_breed(struct ax_ctx *ctx, struct probe *self, const struct probe_breed *msg)
{
    probe_ref child;
    self->turns++;
    AX_CHECK(ctx, probe_spawn(ctx, NULL, &child) == 0);
    AX_CHECK(ctx, probe_add(ctx, child, msg->by) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, child.ref, NULL) == 0);
    AX_CHECK(ctx, probe_leave(ctx, child) == 0);
}

void probe_on_raise(struct ax_ctx *ctx, struct probe *self, const struct probe_raise *msg)
{
    probe_ref child;
    self->turns++;
    AX_CHECK(ctx, probe_spawn(ctx, NULL, &child) == 0);
    AX_CHECK(ctx, probe_add(ctx, child, msg->by) == 0);
}

void probe_on_claim(struct ax_ctx *ctx, struct probe *self, const struct probe_claim *msg)
{
    probe_ref child;
    self->turns++;
    int error = probe_spawn(ctx, &(struct ax_spawn){.name = msg->name}, &child);
    if (strcmp(msg->name, "doomed") == 0)
        ax_fail(ctx, "on purpose");
    self->replies += error == 0;
    self->errors += error != 0;
}

void probe_on_key(struct ax_ctx *ctx, struct probe *self, const struct probe_key *msg)
{
    struct ax_span key = {msg->key, (uint32_t)strlen(msg->key)};
    probe_ref who;
    self->turns++;
    AX_CHECK(ctx, probe_get_or_spawn(ctx, "keys", key, AX_FOREVER, &who) == 0);
    AX_CHECK(ctx, probe_add(ctx, who, msg->by) == 0);
}

void probe_on_retire(struct ax_ctx *ctx, struct probe *self, const struct probe_retire *msg)
{
    (void)msg;
    self->turns++;
    ax_passivate(ctx);
}

void probe_on_leave(struct ax_ctx *ctx, struct probe *self, const struct probe_leave *msg)
{
    (void)msg;
    self->turns++;
    ax_stop(ctx);
}

void probe_on_watch(struct ax_ctx *ctx, struct probe *self, const struct probe_watch *msg)
{
    self->turns++;
    AX_CHECK(ctx, ax_monitor(ctx, msg->who.ref, &self->monitor) == 0);
}

void probe_on_unwatch(struct ax_ctx *ctx, struct probe *self, const struct probe_unwatch *msg)
{
    (void)msg;
    self->turns++;
    AX_CHECK(ctx, ax_demonitor(ctx, self->monitor) == 0);
}

static void on_down(struct ax_ctx *ctx, struct probe *self, const struct ax_down *down)
{
    (void)ctx;
    (void)down;
    self->turns++;
    self->downs++;
    self->sum *= 10; /* what comes before it and what after makes a difference */
}

void probe_on_later(struct ax_ctx *ctx, struct probe *self, const struct probe_later *msg)
{
    self->turns++;
    AX_CHECK(ctx, probe_add_after(ctx, msg->by, msg->delay_ns, NULL) == 0);
}

/* A timer that never was. */
void probe_on_rash(struct ax_ctx *ctx, struct probe *self, const struct probe_rash *msg)
{
    self->sum += msg->by;
    AX_CHECK(ctx, probe_add_after(ctx, msg->by, 0, NULL) == 0);
    ax_fail(ctx, "on purpose");
}

static uint64_t timer_at(struct ax_ctx *ctx, uint64_t timer)
{
    const struct shm_timer *block = shm_unit(&ctx->worker->port, (uint32_t)timer);
    return block->at;
}

/* Its moments follow each other without an end, until three messages have come of it. */
void probe_on_repeat(struct ax_ctx *ctx, struct probe *self, const struct probe_repeat *msg)
{
    self->turns++;
    self->moments = 0;
    AX_CHECK(ctx, probe_again_every(ctx, msg->by, 1, &self->timer) == 0);
    self->first = timer_at(ctx, self->timer);
}

/* Each moment so far was a message or was counted as missed. */
void probe_on_again(struct ax_ctx *ctx, struct probe *self, const struct probe_again *msg)
{
    self->turns++;
    self->sum += msg->by;
    self->replies++;
    self->moments += 1 + ax_timer_missed(ctx, self->timer);
    self->errors += self->first + self->moments != timer_at(ctx, self->timer);
    if (self->replies % 3 == 0)
        AX_CHECK(ctx, ax_timer_cancel(ctx, self->timer) == 0);
}

/* Timers out of the middle, from both ends, and one that was never in the wheel. */
void probe_on_juggle(struct ax_ctx *ctx, struct probe *self, const struct probe_juggle *msg)
{
    uint64_t last;
    self->turns++;
    for (uint32_t i = 0; i < 3 && msg->step == 0; i++)
        AX_CHECK(ctx, probe_add_after(ctx, 100, AX_SECONDS(3600), &self->timers[i]) == 0);
    if (msg->step == 1) {
        AX_CHECK(ctx, ax_timer_cancel(ctx, self->timers[1]) == 0);
        AX_CHECK(ctx, ax_timer_cancel(ctx, self->timers[1]) == AX_E_NO_ACTOR);
        AX_CHECK(ctx, probe_add_after(ctx, 5, 0, NULL) == 0);
    }
    if (msg->step == 2) {
        AX_CHECK(ctx, probe_add_after(ctx, 100, 0, &last) == 0);
        AX_CHECK(ctx, ax_timer_cancel(ctx, self->timers[2]) == 0);
        AX_CHECK(ctx, ax_timer_cancel(ctx, self->timers[0]) == 0);
        AX_CHECK(ctx, ax_timer_cancel(ctx, last) == 0);
    }
}

/* A snapshot in a turn; the second takes the place of the first. */
void probe_on_keep(struct ax_ctx *ctx, struct probe *self, const struct probe_keep *msg)
{
    self->turns++;
    self->sum += msg->by;
    AX_CHECK(ctx, ax_keep_snapshot(ctx, &self->turns, sizeof self->turns) == 0);
    AX_CHECK(ctx, ax_keep_snapshot(ctx, &self->sum, sizeof self->sum) == 0);
}

static void snapshot(struct ax_ctx *ctx, struct probe *self)
{
    self->replies++;
    AX_CHECK(ctx, ax_keep_snapshot(ctx, &self->sum, sizeof self->sum) == 0);
}

/* It begins from a snapshot, and from twice that if it does so twice. */
static void restore(struct ax_ctx *ctx, struct probe *self, const void *data, uint32_t size)
{
    int64_t sum;

    AX_CHECK(ctx, size == sizeof sum);
    memcpy(&sum, data, sizeof sum);
    self->sum += sum;
    self->turns++;
}

void probe_on_inherit(struct ax_ctx *ctx, struct probe *self, const struct probe_inherit *msg)
{
    const struct ax_spawn spawn = {.snapshot = {&msg->by, sizeof msg->by}};
    probe_ref child;
    self->turns++;
    AX_CHECK(ctx, probe_spawn(ctx, &spawn, &child) == 0);
    AX_CHECK(ctx, probe_add(ctx, child, 1) == 0);
}

void probe_on_fail(struct ax_ctx *ctx, struct probe *self, const struct probe_fail *msg)
{
    self->sum += msg->by;
    probe_ref me = probe_self(ctx);
    AX_CHECK(ctx, probe_add(ctx, me, msg->by) == 0);
    AX_CHECK(ctx, probe_add(ctx, msg->there, msg->by) == 0);
    ax_fail(ctx, "on purpose");
}

/* What comes behind a failure: mail, a down, and a question to itself. */
void probe_on_mope(struct ax_ctx *ctx, struct probe *self, const struct probe_mope *msg)
{
    const struct ax_ref nobody = {.addr = UINT64_MAX};
    probe_ref me = probe_self(ctx);
    self->turns++;
    AX_CHECK(ctx, probe_fail(ctx, me, msg->by, msg->there) == 0);
    AX_CHECK(ctx, ax_monitor(ctx, nobody, NULL) == 0);
    AX_CHECK(ctx, probe_add(ctx, me, msg->by) == 0);
    AX_CHECK(ctx, probe_get_async(ctx, me, msg->by, AX_FOREVER, NULL) == 0);
}

/* Nobody is there; that is the event. */
void probe_on_dial(struct ax_ctx *ctx, struct probe *self, const struct probe_dial *msg)
{
    self->turns++;
    self->sum += 1;
    self->here = msg->here.ref.addr;
    self->there = msg->there.ref.addr;
    AX_CHECK(ctx, ax_io_connect(ctx, "/nobody/listens/here", &self->io) == 0);
    AX_CHECK(ctx, ax_io_write(ctx, self->io, "hello", 5) == 0);
}

static void on_io(struct ax_ctx *ctx, struct probe *self, const struct ax_io_event *event)
{
    const probe_ref here = {.ref = {.addr = self->here}}, there = {.ref = {.addr = self->there}};
    AX_CHECK(ctx, event->what == AX_IO_CONNECTED && event->error == -ENOENT);
    AX_CHECK(ctx, event->io == self->io);
    self->sum += 7;
    AX_CHECK(ctx, probe_add(ctx, here, 7) == 0);
    AX_CHECK(ctx, probe_add(ctx, there, 7) == 0);
}

void probe_on_link(struct ax_ctx *ctx, struct probe *self, const struct probe_link *msg)
{
    self->turns++;
    AX_CHECK(ctx, !msg->trap || ax_trap_exit(ctx, true) == 0);
    AX_CHECK(ctx, ax_link(ctx, msg->who.ref) == 0);
}

void probe_on_unlink(struct ax_ctx *ctx, struct probe *self, const struct probe_unlink *msg)
{
    self->turns++;
    AX_CHECK(ctx, ax_unlink(ctx, msg->who.ref) == 0);
}

void probe_on_quit(struct ax_ctx *ctx, struct probe *self, const struct probe_quit *msg)
{
    self->turns++;
    if (msg->reason == AX_OTHER)
        AX_CHECK(ctx, ax_stop_other(ctx, "enough") == 0);
    else
        AX_CHECK(ctx, ax_stop_exit(ctx, (enum ax_reason)msg->reason) == 0);
}

void probe_on_join(struct ax_ctx *ctx, struct probe *self, const struct probe_join *msg)
{
    self->turns++;
    AX_CHECK(ctx, ax_join(ctx, "one") == 0);
    AX_CHECK(ctx, ax_join(ctx, "two") == 0);
    AX_CHECK(ctx, ax_leave(ctx, "one") == 0);
    AX_CHECK(ctx, msg->stay || ax_leave(ctx, "two") == 0);
}

static void on_exit_of(struct ax_ctx *ctx, struct probe *self, const struct ax_exit *exit)
{
    (void)ctx;
    self->turns++;
    self->downs++;
    self->errors += exit->reason == AX_OTHER && strcmp(exit->words, "enough") != 0;
    self->sum *= 10;
}

/* The value of a key is how often it was written, over and over. */
void probe_on_write(struct ax_ctx *ctx, struct probe *self, const struct probe_write *msg)
{
    int64_t value[128];
    self->turns++;
    for (uint64_t number = msg->from; number < msg->to; number++) {
        struct ax_span key = {&number, sizeof number}, old;
        bool there = ax_map_get(ctx, probe_data, key, &old) == 0;
        int64_t times = there ? *(const int64_t *)old.ptr + 1 : 1;
        for (uint32_t i = 0; i < 128; i++)
            value[i] = times;
        AX_CHECK(ctx, ax_map_put(ctx, probe_data, key, (struct ax_span){value, msg->size}) == 0);
    }
}

void probe_on_erase(struct ax_ctx *ctx, struct probe *self, const struct probe_erase *msg)
{
    self->turns++;
    for (uint64_t key = msg->from; key < msg->to; key++)
        AX_CHECK(ctx, ax_map_delete(ctx, probe_data, (struct ax_span){&key, sizeof key}) == 0);
}

void probe_on_wipe(struct ax_ctx *ctx, struct probe *self, const struct probe_wipe *msg)
{
    (void)msg;
    self->turns++;
    AX_CHECK(ctx, ax_map_clear(ctx, probe_data) == 0);
}

void probe_on_words(struct ax_ctx *ctx, struct probe *self, const struct probe_words *msg,
                    struct probe_words_reply *reply)
{
    char text[701];
    self->turns++;
    self->sum += msg->by;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->text, text) == 0);
}

void probe_on_listen(struct ax_ctx *ctx, struct probe *self, const struct probe_listen *msg)
{
    (void)msg;
    self->turns++;
    AX_CHECK(ctx, ax_lifecycle(ctx, true) == 0);
}

/* Restarts are as many as there are deaths. */
static void on_lifecycle(struct ax_ctx *ctx, struct probe *self, const struct ax_life *life)
{
    (void)ctx;
    if (life->event == AX_LIFE_STARTED)
        self->sum += 1;
    if (life->event == AX_LIFE_STOPPED && life->stop == AX_STOP_CONTEXT_STOP)
        self->sum *= 10; /* once, and behind the start */
    self->errors += life->missed;
}

AX_ACTOR(probe, .on_down = on_down, .on_exit = on_exit_of, .on_reply = on_reply, .on_io = on_io,
         .on_lifecycle = on_lifecycle, .snapshot = snapshot, .restore = restore);
AX_PLUGIN("probe", &probe_actor, &steady_actor, &envoy_actor, &warden_actor, &nursery_actor);
