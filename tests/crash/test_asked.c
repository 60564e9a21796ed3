/* SPDX-License-Identifier: MIT */
/* Monitors and links that another slot has asked for: what it says of one later finds its record at
 * once, however many there are, and nobody else's; and it says so itself of those it has asked for.
 * That nothing is searched is shown by lists that are cut behind their first record. */
#include "libax/life.h"
#include "libax/record.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TARGET 1u
#define MANY 5u
#define PEER SHM_REF(NODE_PEER, 1, 1)
#define NUMBER(i) ((uint64_t)(100 + (i)) << 32 | (7 + (i))) /* of the peer's records */

static struct shm_frame last[2]; /* that the peer was sent: an answer, and all else */
static uint32_t units[MANY];     /* where the worker says that it keeps what it was asked for */

static void taken(void *ctx, struct node *from, uint32_t slot, uint32_t lane,
                  const struct shm_frame *frame)
{
    struct shm_since_body since;
    (void)ctx, (void)from, (void)lane;
    if (slot != NODE_PEER)
        return;
    last[frame->kind != SHM_SINCE] = *frame;
    uint32_t i = (uint32_t)(frame->corr >> 32) - 100;
    if (frame->kind != SHM_SINCE || i >= MANY)
        return;
    assert_true(shm_frame_body(frame) >= sizeof since);
    memcpy(&since, frame->body, sizeof since);
    units[i] = since.unit;
}

static void say_as(uint64_t from, uint8_t kind, uint64_t number, const void *body, uint32_t size)
{
    const struct shm_frame head = {
        .kind = kind, .to = actor_ref(w, TARGET), .from = from, .corr = number};
    node_send(&node, NODE_PEER, SHM_CONTROL, &head, body, size);
    alone_rounds();
    node_take(&node, taken, NULL);
}

static void say(uint8_t kind, uint64_t number)
{
    const struct shm_since_body since = {.incarnation = 1, .process = 1, .unit = 4711};
    bool tells = kind == SHM_LINK || kind == SHM_SINCE;
    say_as(PEER, kind, number, &since, tells ? sizeof since : 0);
}

static int begin(void **state)
{
    memset(last, 0, sizeof last);
    memset(units, 0, sizeof units);
    return alone_begin(state);
}

/* The peer asks for MANY; each is answered with its unit. The first record of the list. */
static struct shm_watch *ask(uint8_t kind)
{
    uint8_t as = kind == SHM_LINK ? SHM_LINKED : SHM_WATCHED;
    for (uint32_t i = 0; i < MANY; i++) {
        say(kind, NUMBER(i));
        assert_int_equal(record_first(&w->port, TARGET, as), units[i]);
    }
    assert_int_equal(w->port.priv->asked[NODE_PEER], MANY);
    return record_at(&w->port, units[MANY - 1]);
}

/* The number by which the peer names one, once it was told its unit. */
static uint64_t there(uint32_t i)
{
    return record_there(NUMBER(i), units[i]);
}

/* The oldest is at the end of the list. */
static void assert_found(uint8_t kind, uint8_t end, const void *body, uint32_t size)
{
    struct shm_watch *first = ask(kind);
    uint32_t next = first->next;
    first->next = 0;
    say_as(PEER, end, there(0), body, size);
    assert_int_equal(w->port.priv->asked[NODE_PEER], MANY - 1);
    first->next = next;
    assert_int_equal(record_at(&w->port, units[1])->next, 0);
    uint32_t used = w->port.arena.used;
    alone_die();
    assert_int_equal(w->port.arena.used, used);
    assert_int_equal(w->port.priv->asked[NODE_PEER], MANY - 1);
}

static void demonitor(void **state)
{
    (void)state;
    assert_found(SHM_MONITOR, SHM_DEMONITOR, NULL, 0);
}

static void unlink_found(void **state)
{
    (void)state;
    assert_found(SHM_LINK, SHM_UNLINK, NULL, 0);
}

static void exit_found(void **state)
{
    const struct shm_down_body gone = {.who = PEER, .incarnation = 1, .reason = SHM_NORMAL};
    (void)state;
    assert_found(SHM_LINK, SHM_EXIT, &gone, SHM_DOWN_LEAST);
}

/* Who was not told yet names it by its number alone. */
static void without_unit(void **state)
{
    (void)state;
    (void)ask(SHM_MONITOR);
    say(SHM_DEMONITOR, NUMBER(2));
    assert_int_equal(w->port.priv->asked[NODE_PEER], MANY - 1);
    say(SHM_DEMONITOR, there(2)); /* gone */
    assert_int_equal(w->port.priv->asked[NODE_PEER], MANY - 1);
}

static void nobody_elses(void **state)
{
    uint64_t own;
    (void)state;
    (void)ask(SHM_MONITOR);
    struct ax_ctx *ctx = victim_turn(&victim, TARGET);
    int error = ax_monitor(ctx, (struct ax_ref){.addr = PEER}, &own);
    turn_commit(w);
    assert_int_equal(error, 0);
    say_as(SHM_REF(NODE_PEER, 2, 1), SHM_DEMONITOR, there(0), NULL, 0);
    say(SHM_DEMONITOR, record_there(NUMBER(1), units[0]));
    say(SHM_DEMONITOR, record_there(NUMBER(0), 0));
    say(SHM_DEMONITOR, record_there(NUMBER(0), UINT32_MAX));
    say(SHM_UNLINK, there(0));
    say(SHM_DEMONITOR, record_there(own, (uint32_t)own));
    assert_int_equal(w->port.priv->asked[NODE_PEER], MANY);
    assert_int_equal(w->port.cold[TARGET].monitors, (uint32_t)own);
}

/* ---- what the worker itself has asked for ---- */

static void assert_said(uint8_t kind, uint64_t number)
{
    node_take(&node, taken, NULL);
    assert_int_equal(last[1].kind, kind);
    assert_int_equal(last[1].corr, number);
}

/* The number of the record that the last frame asked for. */
static uint64_t asked_for(uint8_t kind)
{
    alone_rounds();
    node_take(&node, taken, NULL);
    assert_int_equal(last[1].kind, kind);
    return last[1].corr;
}

static uint64_t watch(uint64_t *number)
{
    struct ax_ctx *ctx = victim_turn(&victim, TARGET);
    int error = ax_monitor(ctx, (struct ax_ref){.addr = PEER}, number);
    turn_commit(w);
    assert_int_equal(error, 0);
    return asked_for(SHM_MONITOR);
}

static void take_back(uint64_t number)
{
    struct ax_ctx *ctx = victim_turn(&victim, TARGET);
    int error = ax_demonitor(ctx, number);
    turn_commit(w);
    assert_int_equal(error, 0);
    alone_rounds();
}

static void watcher_says(void **state)
{
    uint64_t number;
    (void)state;
    uint64_t asked = watch(&number);
    take_back(number);
    assert_said(SHM_DEMONITOR, asked);
    asked = watch(&number);
    say(SHM_SINCE, asked);
    alone_die();
    take_back(number);
    assert_said(SHM_DEMONITOR, record_there(asked, 4711));
    alone_die();
}

static uint64_t make_link(void)
{
    struct ax_ctx *ctx = victim_turn(&victim, TARGET);
    int error = ax_link(ctx, (struct ax_ref){.addr = PEER});
    turn_commit(w);
    assert_int_equal(error, 0);
    uint64_t asked = asked_for(SHM_LINK);
    say(SHM_SINCE, asked);
    return asked;
}

static void linker_says(void **state)
{
    (void)state;
    uint64_t asked = make_link();
    struct ax_ctx *ctx = victim_turn(&victim, TARGET);
    int error = ax_unlink(ctx, (struct ax_ref){.addr = PEER});
    turn_commit(w);
    assert_int_equal(error, 0);
    alone_rounds();
    assert_said(SHM_UNLINK, record_there(asked, 4711));
    asked = make_link();
    alone_die();
    actor_failed(w, TARGET, 0, "on purpose", false);
    alone_rounds();
    assert_said(SHM_EXIT, record_there(asked, 4711));
}

/* What was asked of it is named by the number that the other side has given. */
static void asked_side_says(void **state)
{
    (void)state;
    say(SHM_LINK, NUMBER(3));
    actor_failed(w, TARGET, 0, "on purpose", false);
    alone_rounds();
    assert_said(SHM_EXIT, NUMBER(3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(demonitor, begin, alone_end),
        cmocka_unit_test_setup_teardown(unlink_found, begin, alone_end),
        cmocka_unit_test_setup_teardown(exit_found, begin, alone_end),
        cmocka_unit_test_setup_teardown(without_unit, begin, alone_end),
        cmocka_unit_test_setup_teardown(nobody_elses, begin, alone_end),
        cmocka_unit_test_setup_teardown(watcher_says, begin, alone_end),
        cmocka_unit_test_setup_teardown(linker_says, begin, alone_end),
        cmocka_unit_test_setup_teardown(asked_side_says, begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
