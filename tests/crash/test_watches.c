/* SPDX-License-Identifier: MIT */
/* Monitors at the limits: no down is lost where the arena has nothing left, or the turn no room to
 * log it, or both and the process dies; nobody is told what another slot makes up; and what ends
 * gives all of its memory back. */
#include "libax/drain.h"
#include "libax/life.h"
#include "libax/send.h"
#include "libax/turn.h"
#include "libax/watch.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WATCHER 1u
#define TARGET 2u

static uint64_t monitor(uint32_t watcher, uint32_t target)
{
    struct ax_ctx *ctx = &w->current->ctx;
    uint64_t id;
    ctx->actor = watcher;
    shm_turn_begin(&w->port, 0, 0);
    int error = ax_monitor(ctx, (struct ax_ref){.addr = actor_ref(w, target)}, &id);
    turn_commit(w);
    assert_int_equal(error, 0);
    return id;
}

static void from_other(uint8_t kind, uint64_t to, uint64_t corr, const void *body, uint32_t size)
{
    const struct shm_frame head = {
        .kind = kind, .to = to, .from = SHM_REF(NODE_PEER, 1, 1), .corr = corr};
    node_send(&node, NODE_PEER, SHM_CONTROL, &head, body, size);
    alone_rounds();
}

static int64_t told(uint32_t index)
{
    const struct subject_counts *counts = w->self[index];
    return counts == NULL ? -1 : counts->told;
}

static uint64_t depth(uint32_t index)
{
    return shm_chain_depth(&actor_at(w, index)->mail);
}

/* No block is left; a successor finds these again. */
static void take_all(void)
{
    shm_turn_begin(&w->port, 0, 0);
    while (shm_arena_take(&w->port, 0) != 0)
        ;
    turn_commit(w);
}

static void fill_control_lane(void)
{
    struct shm_frame *frame;
    shm_turn_begin(&w->port, 0, 0);
    while ((frame = shm_lane_reserve(&w->port, NODE_PEER, SHM_CONTROL, sizeof *frame)) != NULL) {
        *frame =
            (struct shm_frame){.size = sizeof *frame, .kind = SHM_DEMONITOR, .stamp = w->port.turn};
        shm_lane_stage(&w->port, NODE_PEER, SHM_CONTROL, sizeof *frame);
    }
    turn_commit(w);
}

static void fail_actor(uint32_t index)
{
    actor_failed(w, index, 0, "on purpose", false);
}

/* The volatile knowledge of what is free is that of a successor. */
static void assert_no_leak(void)
{
    uint32_t used = w->port.arena.used;
    alone_die();
    assert_int_equal(w->port.arena.used, used);
}

static void no_memory(void **state)
{
    (void)state;
    (void)monitor(WATCHER, TARGET);
    from_other(SHM_MONITOR, actor_ref(w, TARGET), 77, NULL, 0);
    fill_control_lane();
    take_all();
    fail_actor(TARGET); /* the blocks that were kept for it */
    assert_int_equal(w->port.cold[TARGET].ended, 0);
    assert_int_equal(depth(WATCHER), 1);
    assert_int_equal(shm_chain_depth(&w->port.priv->over_control[NODE_PEER]), 1);
    fail_actor(TARGET); /* nothing left: it waits, in the memory */
    assert_int_not_equal(w->port.cold[TARGET].ended, 0);
    assert_false(watch_catch_up(w, TARGET));
    alone_die();
    alone_rounds();
    assert_int_equal(w->port.cold[TARGET].ended, 0);
    assert_int_equal(told(WATCHER), 2);
    assert_int_equal(shm_chain_depth(&w->port.priv->over_control[NODE_PEER]), 2);
    assert_no_leak();
}

/* What one down has taken is there for the next. */
static void blocks_come_back(void **state)
{
    (void)state;
    (void)monitor(WATCHER, TARGET);
    take_all();
    for (int i = 1; i <= 10; i++) {
        fail_actor(TARGET);
        alone_rounds();
        assert_int_equal(told(WATCHER), i);
        assert_int_equal(w->port.cold[TARGET].ended, 0);
    }
}

/* Ends in a turn that has logged almost all that it may. */
static void end_in_full_turn(uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    shm_set(&w->port, &actor_at(w, index)->incarnation, actor_at(w, index)->incarnation + 1);
    while (shm_log_room(&w->port, 40))
        shm_log(&w->port, &w->port.priv->next_id);
    watch_tell(w, index, SHM_FAILED);
    turn_commit(w);
}

static void full_turn(void **state)
{
    (void)state;
    (void)monitor(WATCHER, TARGET);
    end_in_full_turn(TARGET);
    assert_int_equal(w->port.cold[TARGET].ended, 1);
    assert_int_equal(depth(WATCHER), 0);
    assert_true(watch_catch_up(w, TARGET));
    assert_int_equal(depth(WATCHER), 1);
    end_in_full_turn(TARGET);
    alone_die();
    alone_rounds();
    assert_int_equal(told(WATCHER), 2);
    assert_int_equal(w->port.cold[TARGET].ended, 0);
    assert_no_leak();
}

/* In order, with their own reasons: what it failed of, and the two deaths before anyone told it. */
static void ends_before_deaths(void **state)
{
    static const struct boot_end ends[2] = {{.reason = SHM_HUNG, .suspect = TARGET},
                                            {.reason = SHM_SIGNAL, .signal = 11}};
    static const uint8_t reasons[] = {SHM_FAILED, SHM_SIGNAL, SHM_HUNG};
    (void)state;
    (void)monitor(WATCHER, TARGET);
    end_in_full_turn(TARGET);
    victim_leave(&victim);
    victim.boot.incarnation += 2;
    victim.boot.nends = 2;
    memcpy(victim.boot.ends, ends, sizeof ends);
    assert_int_equal(victim_enter(&victim, &node, &subject_plugin), 0);
    assert_int_equal(victim_start(&victim), 0);
    assert_true(watch_catch_up(w, TARGET));
    assert_int_equal(depth(WATCHER), 3);
    const struct shm_frame *frame =
        shm_chain_frame(&w->port, shm_chain_first(&w->port, &actor_at(w, WATCHER)->mail));
    for (uint32_t i = 0; i < 3; i++) {
        const struct shm_down_body *body = (const void *)frame->body;
        assert_int_equal(body->incarnation, i + 1);
        assert_int_equal(body->reason, reasons[i]);
        assert_int_equal(body->signal, i == 1 ? 11 : 0);
        assert_int_equal(body->suspect, i != 1);
        assert_int_equal(body->will_restart, 1);
        shm_turn_begin(&w->port, 0, 0);
        shm_chain_log_again(&w->port, &actor_at(w, WATCHER)->mail);
        shm_chain_consume(&w->port, &actor_at(w, WATCHER)->mail,
                          shm_chain_first(&w->port, &actor_at(w, WATCHER)->mail));
        turn_commit(w);
        frame = shm_chain_frame(&w->port, shm_chain_first(&w->port, &actor_at(w, WATCHER)->mail));
    }
    assert_int_equal(depth(WATCHER), 0);
}

static void forged_down(void **state)
{
    (void)state;
    uint64_t id = monitor(WATCHER, TARGET);
    struct shm_watch *watch = shm_unit(&w->port, w->port.cold[WATCHER].monitors);
    struct shm_down_body body = {.who = SHM_REF(NODE_PEER, 1, 1), .incarnation = 99};
    from_other(SHM_DOWN, actor_ref(w, WATCHER), id, &body, sizeof body);
    assert_int_equal(watch->heard, 0);
    assert_int_equal(actor_at(w, WATCHER)->mail.accepted, 0);
    body.who = actor_ref(w, TARGET);
    from_other(SHM_DOWN, actor_ref(w, WATCHER), id, &body, sizeof body);
    assert_int_equal(actor_at(w, WATCHER)->mail.accepted, 0);
}

/* From the slot that was asked, but in the name of another's actor. */
static void forged_reply(void **state)
{
    const struct subject_ref who = {
        .ref.addr = node_peer_actor(&node, 1, ax_contract_hash(&subject_contract))};
    struct ax_ctx *ctx = victim_turn(&victim, WATCHER);
    uint64_t ask;
    (void)state;
    int error = subject_get_async(ctx, who, AX_SECONDS(60), &ask);
    turn_commit(w);
    assert_int_equal(error, 0);
    struct shm_frame head = {.kind = SHM_REPLY,
                             .method = subject_method_get,
                             .to = actor_ref(w, WATCHER),
                             .from = actor_ref(w, TARGET),
                             .corr = ask};
    const struct subject_get_reply body = {0};
    node_send(&node, NODE_PEER, SHM_DATA, &head, &body, sizeof body);
    alone_rounds();
    assert_int_equal(actor_at(w, WATCHER)->mail.accepted, 0);
    head.from = who.ref.addr;
    node_send(&node, NODE_PEER, SHM_DATA, &head, &body, sizeof body);
    alone_rounds();
    assert_int_equal(told(WATCHER), 1);
}

/* Of whom it may be, but of no reason, and neither true nor false. */
static void malformed_down(void **state)
{
    uint64_t id;
    struct ax_ctx *ctx = victim_turn(&victim, WATCHER);
    (void)state;
    int error = ax_monitor(ctx, (struct ax_ref){.addr = SHM_REF(NODE_PEER, 1, 1)}, &id);
    turn_commit(w);
    assert_int_equal(error, 0);
    const struct shm_down_body good = {
        .who = SHM_REF(NODE_PEER, 1, 1), .incarnation = 1, .reason = SHM_OTHER, .will_restart = 1};
    struct shm_down_body reason = good, suspect = good, again = good;
    reason.reason = SHM_OTHER + 1;
    suspect.suspect = 2;
    again.will_restart = 2;
    const struct shm_down_body *bad[] = {&reason, &suspect, &again};
    for (int i = 0; i < 3; i++) {
        from_other(SHM_DOWN, actor_ref(w, WATCHER), id, bad[i], SHM_DOWN_LEAST);
        from_other(SHM_EXIT, actor_ref(w, WATCHER), 0, bad[i], SHM_DOWN_LEAST);
    }
    assert_int_equal(actor_at(w, WATCHER)->mail.accepted, 0);
    from_other(SHM_DOWN, actor_ref(w, WATCHER), id, &good, SHM_DOWN_LEAST);
    assert_int_equal(told(WATCHER), 1);
}

/* A message, not handled yet, whose bytes look like a record to those who ask for it by number. */
static uint64_t forge_record(uint8_t kind, struct shm_watch *was)
{
    uint8_t body[1024] = {0};
    const struct post post = {.to = actor_ref(w, TARGET),
                              .method = subject_method_note,
                              .kind = SHM_TELL,
                              .fixed = body,
                              .size = sizeof body};
    shm_turn_begin(&w->port, 0, 0);
    assert_int_equal(post_local(w, TARGET, &post), 0);
    turn_commit(w);
    struct shm_chain *mail = &actor_at(w, TARGET)->mail;
    const uint8_t *at = shm_chain_frame(&w->port, shm_chain_first(&w->port, mail))->body;
    uint32_t unit = (uint32_t)((at - w->port.units) / SHM_UNIT) + 1;
    uint64_t id = UINT64_C(5) << 32 | unit;
    *was = (struct shm_watch){
        .peer = SHM_REF(NODE_PEER, 1, 1), .id = id, .owner = WATCHER, .kind = kind, .mine = 1};
    memcpy(shm_unit(&w->port, unit), was, sizeof *was);
    return id;
}

/* What comes from there with the number of a record that is none changes nothing. */
static void assert_believes_nothing(uint8_t record, uint8_t kind)
{
    struct shm_watch was;
    const struct shm_down_body body = {.who = SHM_REF(NODE_PEER, 1, 1), .incarnation = 9};
    uint64_t id = forge_record(record, &was);
    const struct shm_frame head = {
        .kind = kind, .to = actor_ref(w, WATCHER), .from = body.who, .corr = id};
    node_send(&node, NODE_PEER, SHM_CONTROL, &head, &body, sizeof body);
    for (int i = 0; i < 10; i++)
        (void)drain_lanes(w, 256);
    assert_int_equal(actor_at(w, WATCHER)->mail.accepted, 0);
    assert_memory_equal(shm_unit(&w->port, (uint32_t)id), &was, sizeof was);
}

static void forged_records(void **state)
{
    (void)state;
    assert_believes_nothing(SHM_WATCHES, SHM_DOWN);
    assert_believes_nothing(SHM_WATCHES, SHM_SINCE);
    assert_believes_nothing(SHM_LINKED, SHM_EXIT);
    assert_believes_nothing(SHM_LINKED, SHM_UNLINK);
}

/* Nor does the actor itself, who may have got the number from anywhere; what a turn had set up that
 * was undone is none, and what one had taken back that was undone is still there. */
static void undone_records(void **state)
{
    struct shm_watch was;
    uint64_t id = forge_record(SHM_WATCHES, &was);
    struct ax_ctx *ctx = victim_turn(&victim, WATCHER);
    (void)state;
    assert_int_equal(ax_demonitor(ctx, id), AX_E_NO_ACTOR);
    assert_int_equal(ax_monitor(ctx, (struct ax_ref){.addr = actor_ref(w, TARGET)}, &id), 0);
    was = *(const struct shm_watch *)shm_unit(&w->port, (uint32_t)id);
    turn_undo(w);
    ctx = victim_turn(&victim, WATCHER);
    memcpy(shm_unit(&w->port, (uint32_t)id), &was, sizeof was);
    assert_int_equal(ax_demonitor(ctx, id), AX_E_NO_ACTOR);
    turn_commit(w);
    id = monitor(WATCHER, TARGET);
    ctx = victim_turn(&victim, WATCHER);
    assert_int_equal(ax_demonitor(ctx, id), 0);
    turn_undo(w);
    ctx = victim_turn(&victim, WATCHER);
    assert_int_equal(ax_demonitor(ctx, id), 0);
    assert_int_equal(ax_demonitor(ctx, id), AX_E_NO_ACTOR);
    turn_commit(w);
}

static void end_gives_all_back(void **state)
{
    (void)state;
    (void)monitor(TARGET, TARGET);
    (void)monitor(TARGET, WATCHER);
    (void)monitor(WATCHER, TARGET);
    from_other(SHM_MONITOR, actor_ref(w, TARGET), 77, NULL, 0);
    shm_turn_begin(&w->port, 0, 0);
    actor_stop(w, TARGET, SHM_NORMAL, 0, AX_STOP_CONTEXT_STOP);
    turn_commit(w);
    alone_rounds();
    assert_int_equal(actor_at(w, TARGET)->state, SHM_FREE);
    assert_int_equal(told(WATCHER), 1);
    assert_int_equal(w->port.cold[WATCHER].watchers, 0);
    assert_int_equal(w->port.cold[WATCHER].monitors, 0);
    assert_no_leak();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_memory, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(blocks_come_back, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(full_turn, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(ends_before_deaths, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(forged_down, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(forged_reply, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(malformed_down, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(forged_records, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(undone_records, alone_begin, alone_end),
        cmocka_unit_test_setup_teardown(end_gives_all_back, alone_begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
