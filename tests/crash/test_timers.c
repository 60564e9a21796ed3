/* SPDX-License-Identifier: MIT */
/* Timers against a plain table in the test: set, set to come again, canceled, in turns that commit
 * and turns that are undone, while time passes in small steps and large ones, over deaths of the
 * process. Each goes off at its time and in its order; of a periodic one each moment is a message
 * or is counted; memory is found again; and a number that somebody made up is no timer. */
#include "libax/life.h"
#include "libax/send.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTOR 1u
#define ROUNDS 20000u
#define MOST 600u
#define HOUR UINT64_C(3600000000000)

struct timer { /* as it should be */
    uint64_t id, at, period, missed;
    bool waits; /* its message is in the mailbox */
    bool canceled;
};

static uint64_t seed = 1, now;
static struct timer table[MOST];
static uint32_t count;

static uint64_t below(uint64_t bound)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % bound;
}

static int begin(void **state)
{
    node_arena = 1u << 20;
    count = 0;
    int error = alone_begin(state);
    now = w->now;
    return error;
}

static void die(void)
{
    alone_die();
    w->now = now;
}

static struct ax_ctx *turn(void)
{
    return victim_turn(&victim, ACTOR);
}

static uint64_t tick_of(uint64_t at)
{
    return (at + 1023) >> 10;
}

/* ---- what is done ---- */

static uint64_t some_time(void)
{
    static const uint64_t scale[] = {1, 1000, 100000, 10000000, 1000000000, HOUR, 1000 * HOUR};
    return below(scale[below(sizeof scale / sizeof *scale)]);
}

static void set(struct timer *timer, uint64_t delay, uint64_t period)
{
    const struct subject_add add = {.by = 1};
    const struct post post = {
        .to = actor_ref(w, ACTOR),
        .method = subject_method_add,
        .kind = SHM_TELL,
        .fixed = &add,
        .size = sizeof add,
    };
    *timer = (struct timer){.at = now + delay, .period = period};
    assert_int_equal(timer_set(w, ACTOR, now + delay, period, &post, 0, 0, &timer->id), 0);
}

static void some_timer(struct timer *timer)
{
    uint64_t delay = some_time();
    if (below(4) == 0)
        set(timer, 1 + delay, 1 + delay);
    else
        set(timer, delay, 0);
}

/* A few are set, a few are canceled, some of them set in the same turn. */
static void some_turn(bool commits)
{
    struct timer old[MOST];
    uint32_t old_count = count;
    struct ax_ctx *ctx = turn();
    memcpy(old, table, sizeof old);
    for (uint64_t n = below(8); n > 0 && count < MOST; n--)
        some_timer(&table[count++]);
    for (uint64_t n = below(count < MOST / 2 ? 4 : 16); n > 0 && count > 0; n--) {
        uint32_t at = (uint32_t)below(count);
        assert_int_equal(ax_timer_cancel(ctx, table[at].id), 0);
        assert_int_equal(ax_timer_cancel(ctx, table[at].id), AX_E_NO_ACTOR);
        table[at] = table[--count];
    }
    if (count > 0) {
        struct timer *timer = &table[below(count)];
        assert_int_equal(ax_timer_missed(ctx, timer->id), timer->missed);
        timer->missed = 0;
    }
    if (commits) {
        turn_commit(w);
        return;
    }
    turn_undo(w);
    memcpy(table, old, sizeof old);
    count = old_count;
}

/* ---- what comes of it ---- */

/* A message of each that is due, but for those whose last one still waits. How many. */
static uint64_t due(uint64_t expected[MOST])
{
    uint64_t messages = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct timer *timer = &table[i];
        if (tick_of(timer->at) > now >> 10)
            continue;
        if (!timer->waits)
            expected[messages++] = timer->id;
        if (timer->period == 0) {
            table[i--] = table[--count];
            continue;
        }
        uint64_t more = (now - timer->at) / timer->period;
        timer->missed += more + timer->waits;
        timer->at += (more + 1) * timer->period;
        timer->waits = true;
    }
    return messages;
}

static bool take(uint64_t expected[MOST], uint64_t *messages, uint64_t id)
{
    for (uint64_t i = 0; i < *messages; i++)
        if (expected[i] == id) {
            expected[i] = expected[--*messages];
            return true;
        }
    return false;
}

/* Looks through what is new in the mailbox; empties it, now and then. */
static uint64_t seen; /* messages that were looked at before */

static void look_at_mail(uint64_t expected[MOST], uint64_t messages, bool empty)
{
    struct shm_chain *mail = &w->port.actors[ACTOR].mail, walk = *mail;
    for (uint64_t at; (at = shm_chain_first(&w->port, &walk)) != 0;) {
        const struct shm_frame *frame = shm_chain_frame(&w->port, at);
        assert_int_equal(frame->method, subject_method_add);
        if (++walk.handled > seen && !take(expected, &messages, frame->corr))
            fail_msg("a message of %llx was not to come", (unsigned long long)frame->corr);
        walk.head = at + frame->size == walk.tail ? walk.tail : at + frame->size;
    }
    assert_int_equal(messages, 0);
    seen = mail->accepted;
    while (empty && shm_chain_first(&w->port, mail) != 0) {
        turn();
        shm_chain_log(&w->port, mail, &w->port.actors[ACTOR].logged);
        shm_chain_consume(&w->port, mail, shm_chain_first(&w->port, mail));
        turn_commit(w);
    }
    for (uint32_t i = 0; i < count && empty; i++)
        table[i].waits = false;
}

static void pass(uint64_t time)
{
    uint64_t expected[MOST];
    w->now = now += time;
    uint64_t messages = due(expected);
    bool early = timer_next(w) > now;
    assert_true(!early || messages == 0);
    while (timer_next(w) <= now)
        (void)timers_fire(w);
    look_at_mail(expected, messages,
                 shm_chain_depth(&w->port.actors[ACTOR].mail) > 200 || below(3) != 0);
}

static void all_go_off(void **state)
{
    (void)state;
    uint32_t used = w->port.arena.used;
    seen = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        some_turn(below(4) != 0);
        if (below(3) == 0)
            pass(some_time());
        if (below(200) == 0)
            die();
    }
    struct ax_ctx *ctx = turn();
    while (count > 0)
        assert_int_equal(ax_timer_cancel(ctx, table[--count].id), 0);
    turn_commit(w);
    pass(0);
    look_at_mail(NULL, 0, true);
    assert_int_equal(w->port.arena.used, used);
    assert_int_equal(w->port.cold[ACTOR].timers, 0);
}

/* In the order of their times, those of one moment in that in which they were set. */
static void in_order(void **state)
{
    enum { FEW = 64 };
    uint64_t at[FEW], last = 0, n = 0;
    (void)state;
    for (int death = 0; death <= 1; death++, last = n = 0) {
        turn();
        for (uint32_t i = 0; i < FEW; i++) {
            at[i] = below(6) * 5000000;
            set(&table[i], at[i], 0);
        }
        turn_commit(w);
        if (death)
            die();
        w->now = now += HOUR;
        while (timer_next(w) <= now)
            (void)timers_fire(w);
        struct shm_chain *mail = &w->port.actors[ACTOR].mail;
        for (uint64_t first; (first = shm_chain_first(&w->port, mail)) != 0; n++) {
            uint32_t i = 0;
            while (i < FEW && table[i].id != shm_chain_frame(&w->port, first)->corr)
                i++;
            assert_true(i < FEW && at[i] * FEW + i >= last);
            last = at[i] * FEW + i;
            turn();
            shm_chain_log(&w->port, mail, &w->port.actors[ACTOR].logged);
            shm_chain_consume(&w->port, mail, first);
            turn_commit(w);
        }
        assert_int_equal(n, FEW);
    }
}

/* An actor with more of them than a turn can free ends, and leaves nothing. */
static void many_end(void **state)
{
    uint32_t used = w->port.arena.used;
    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        turn();
        set(&table[0], HOUR, i % 2 == 0 ? 0 : HOUR);
        turn_commit(w);
    }
    assert_true(w->port.arena.used >= used + 10000);
    for (uint32_t turns = 0; !timers_end(w, ACTOR); turns++)
        assert_true(turns < 100);
    assert_int_equal(w->port.arena.used, used);
    w->now = now += 2 * HOUR;
    assert_int_equal(timers_fire(w), 0);
}

/* What a peer may write into a message: a timer, as it would be. */
static void forged(void **state)
{
    uint8_t body[1024];
    (void)state;
    turn();
    const struct post post = {.to = actor_ref(w, ACTOR),
                              .method = subject_method_note,
                              .kind = SHM_TELL,
                              .fixed = body,
                              .size = sizeof body};
    memset(body, 0, sizeof body);
    assert_int_equal(post_local(w, ACTOR, &post), 0);
    turn_commit(w);
    struct shm_chain *mail = &w->port.actors[ACTOR].mail;
    uint8_t *at = shm_chain_frame(&w->port, shm_chain_first(&w->port, mail))->body;
    uint32_t unit = (uint32_t)((at - w->port.units) / SHM_UNIT) + 1;
    struct shm_timer *timer = shm_unit(&w->port, unit);
    uint64_t id = UINT64_C(5) << 32 | unit;
    *timer = (struct shm_timer){.at = now, .id = id, .owner = ACTOR, .order = 1};
    struct ax_ctx *ctx = turn();
    assert_int_equal(ax_timer_cancel(ctx, id), AX_E_NO_ACTOR);
    assert_null(timer_frame(w, ACTOR, id));
    assert_int_equal(ax_timer_missed(ctx, id), 0);
    assert_int_equal(ax_timer_cancel(ctx, UINT64_MAX), AX_E_NO_ACTOR);
    assert_int_equal(ax_timer_cancel(ctx, 0), AX_E_NO_ACTOR);
    turn_commit(w);
}

/* One that was set by a turn that was undone is none, and nobody else's either. */
static void undone(void **state)
{
    (void)state;
    struct timer first, second;
    turn();
    set(&first, 0, 0);
    turn_undo(w);
    struct ax_ctx *ctx = turn();
    assert_int_equal(ax_timer_cancel(ctx, first.id), AX_E_NO_ACTOR);
    set(&second, 0, 0);
    ctx->actor = ACTOR + 1;
    assert_int_equal(ax_timer_cancel(ctx, second.id), AX_E_NO_ACTOR);
    turn_undo(w);
    w->now = now += HOUR;
    assert_int_equal(timers_fire(w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_go_off, begin, alone_end),
        cmocka_unit_test_setup_teardown(in_order, begin, alone_end),
        cmocka_unit_test_setup_teardown(many_end, begin, alone_end),
        cmocka_unit_test_setup_teardown(forged, begin, alone_end),
        cmocka_unit_test_setup_teardown(undone, begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
