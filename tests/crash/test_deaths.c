/* SPDX-License-Identifier: MIT */
/* What is told of an actor of another slot when that slot's processes die: in whatever order the
 * request, the answer, the deaths and the notices of them come, each end of an incarnation that the
 * monitor has seen is told once, as the end that it was, and no other. */
#include "libax/drain.h"
#include "libax/life.h"
#include "libax/send.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WATCHER 1u

static uint64_t there;

static int begin(void **state)
{
    int error = alone_begin(state);
    there = node_peer_actor(&node, 1, ax_contract_hash(subject_plugin.actors[0]->contract));
    return error;
}

static uint64_t monitor(unsigned flags)
{
    uint64_t id;
    struct ax_ctx *ctx = victim_turn(&victim, WATCHER);
    int error = ax_monitor_with(ctx, (struct ax_ref){.addr = there}, flags, &id);
    turn_commit(w);
    assert_int_equal(error, 0);
    shm_lane_flush(&w->port);
    return id;
}

/* Into the lanes' mailboxes, no further. */
static void drain(void)
{
    for (int i = 0; i < 20; i++)
        (void)drain_lanes(w, 256);
    shm_lane_flush(&w->port);
}

/* ---- the peer ---- */

/* Committed, but not published: its process dies before. */
static void stage(uint8_t kind, uint64_t corr, const void *body, uint32_t size)
{
    struct shm_port *port = &node.port[NODE_PEER];
    uint32_t bytes = shm_frame_size(size);
    shm_turn_begin(port, 0, 0);
    struct shm_frame *frame = shm_lane_reserve(port, NODE_WORKER, SHM_CONTROL, bytes);
    assert_non_null(frame);
    *frame = (struct shm_frame){.size = bytes,
                                .kind = kind,
                                .to = actor_ref(w, WATCHER),
                                .from = there,
                                .corr = corr,
                                .stamp = port->turn};
    memset(frame->body, 0, bytes - sizeof *frame);
    memcpy(frame->body, body, size);
    shm_lane_stage(port, NODE_WORKER, SHM_CONTROL, bytes);
    shm_turn_commit(port);
}

static void say_since(uint64_t id, uint32_t incarnation, uint32_t process)
{
    const struct shm_since_body body = {.incarnation = incarnation, .process = process};
    stage(SHM_SINCE, id, &body, sizeof body);
}

static void say_end(uint64_t id, uint32_t incarnation, uint8_t reason, bool returns)
{
    const struct shm_down_body body = {
        .who = there, .incarnation = incarnation, .reason = reason, .will_restart = returns};
    stage(SHM_DOWN, id, &body, sizeof body);
}

/* The notice of the death of a process that had committed all that is staged now. */
static struct shm_slot_down_body death(uint32_t process)
{
    return (struct shm_slot_down_body){.slot = NODE_PEER,
                                       .incarnation = process,
                                       .reason = SHM_SIGNAL,
                                       .signal = SIGKILL,
                                       .will_restart = 1,
                                       .turn = node.port[NODE_PEER].turn};
}

static void enter(uint32_t process)
{
    ((struct shm_public *)(void *)node.pub[NODE_PEER])->incarnation = process;
    ((struct shm_public *)(void *)node.pub[0])->slot[NODE_PEER].incarnation = process;
}

static void publish(void)
{
    node.port[NODE_PEER].dirty |= 1ull << NODE_WORKER;
    shm_lane_flush(&node.port[NODE_PEER]);
}

static void notify(const struct shm_slot_down_body *body)
{
    const struct shm_frame head = {.kind = SHM_SLOT_DOWN};
    node_send(&node, 0, SHM_CONTROL, &head, body, sizeof *body);
}

static void nobody(void *ctx, struct node *of, uint32_t slot, uint32_t lane,
                   const struct shm_frame *frame)
{
    (void)ctx;
    (void)of;
    (void)slot;
    (void)lane;
    (void)frame;
}

/* Reads what it was sent, and says so. */
static void read_all(void)
{
    assert_int_not_equal(node_take(&node, nobody, NULL), 0);
}

/* ---- what was told ---- */

static void assert_told(uint32_t incarnation, uint8_t reason, bool returns)
{
    struct shm_chain *mail = &actor_at(w, WATCHER)->mail;
    uint64_t first = shm_chain_first(&w->port, mail);
    assert_int_not_equal(first, 0);
    const struct shm_down_body *body = (const void *)shm_chain_frame(&w->port, first)->body;
    assert_int_equal(body->who, there);
    assert_int_equal(body->incarnation, incarnation);
    assert_int_equal(body->reason, reason);
    assert_int_equal(body->signal, reason == SHM_SIGNAL ? SIGKILL : 0);
    assert_int_equal(body->will_restart, returns);
    shm_turn_begin(&w->port, 0, 0);
    shm_chain_log_again(&w->port, mail);
    shm_chain_consume(&w->port, mail, first);
    turn_commit(w);
}

static void assert_no_more(void)
{
    assert_int_equal(shm_chain_depth(&actor_at(w, WATCHER)->mail), 0);
}

/* ---- the tests ---- */

/* It was gone before the request was read, by the next process, and the notice comes late. */
static void gone_before(void **state)
{
    (void)state;
    uint64_t id = monitor(0);
    const struct shm_slot_down_body first = death(1);
    enter(2);
    read_all();
    say_end(id, 0, SHM_GONE, false);
    publish();
    notify(&first);
    drain();
    assert_told(0, SHM_GONE, false);
    assert_no_more();
}

/* The request was read, but that was not published any more. */
static void known_before(void **state)
{
    (void)state;
    uint64_t id = monitor(0);
    say_since(id, 1, 1);
    const struct shm_slot_down_body first = death(1);
    notify(&first);
    drain();
    assert_told(1, SHM_SIGNAL, true);
    assert_no_more();
    notify(&first); /* once */
    drain();
    assert_no_more();
}

/* Two deaths, and an end in between, before anyone looks. */
static void all_late(void **state)
{
    (void)state;
    uint64_t id = monitor(0);
    say_since(id, 4, 1);
    const struct shm_slot_down_body first = death(1);
    say_end(id, 5, SHM_NORMAL, true);
    const struct shm_slot_down_body second = death(2);
    enter(3);
    node.port[NODE_PEER].directory[1].incarnation = 4;
    say_end(id, 7, SHM_FAILED, true);
    publish();
    notify(&first);
    notify(&second);
    drain();
    assert_told(4, SHM_SIGNAL, true);
    assert_told(5, SHM_NORMAL, true);
    assert_told(6, SHM_SIGNAL, true);
    assert_told(7, SHM_FAILED, true);
    assert_no_more();
}

/* The lane was full, and the answer of the first process comes behind its death. */
static void answer_late(void **state)
{
    (void)state;
    uint64_t id = monitor(0);
    const struct shm_slot_down_body first = death(1);
    notify(&first);
    drain();
    assert_no_more();
    enter(2);
    say_since(id, 8, 1);
    publish();
    drain();
    assert_told(8, SHM_SIGNAL, true);
    const struct shm_slot_down_body second = death(2);
    notify(&second);
    drain();
    assert_told(9, SHM_SIGNAL, true);
    assert_no_more();
}

/* Its own deaths change nothing of what it knows. */
static void watcher_dies(void **state)
{
    (void)state;
    uint64_t id = monitor(0);
    say_since(id, 3, 1);
    publish();
    drain();
    alone_die();
    const struct shm_slot_down_body first = death(1);
    notify(&first);
    drain();
    assert_told(3, SHM_SIGNAL, true);
    assert_no_more();
}

/* It does not come again: who had been gone is not told to have died now. */
static void for_good(void **state)
{
    (void)state;
    (void)monitor(AX_MONITOR_FINAL);
    struct shm_slot_down_body last = death(1);
    last.will_restart = 0;
    node.port[NODE_PEER].directory[1].incarnation = 4;
    notify(&last);
    drain();
    assert_told(5, SHM_SIGNAL, false);
    assert_no_more();
}

static void gone_for_good(void **state)
{
    (void)state;
    (void)monitor(0);
    struct shm_slot_down_body last = death(1);
    last.will_restart = 0;
    node.port[NODE_PEER].directory[1].gen++;
    notify(&last);
    drain();
    assert_told(0, SHM_GONE, false);
    assert_no_more();
}

/* The side of a link that was asked for it knows from the request. */
static void link_from_there(void **state)
{
    (void)state;
    const struct shm_since_body since = {.incarnation = 6, .process = 1};
    stage(SHM_LINK, 77, &since, sizeof since);
    const struct shm_slot_down_body first = death(1);
    notify(&first);
    drain();
    assert_told(6, SHM_SIGNAL, true);
    assert_no_more();
    read_all(); /* its answer */
    assert_int_equal(shm_chain_depth(&w->port.priv->over_control[NODE_PEER]), 0);
}

/* Who is not watched says nothing of since when he is. */
static void forged(void **state)
{
    (void)state;
    uint64_t id = monitor(0), honest = there;
    there = node_peer_actor(&node, 2, 0);
    say_since(id, 9, 1);
    publish();
    drain();
    there = honest;
    say_since(id + 1, 9, 1);
    say_since(id, 2, 1);
    say_since(id, 9, 1);
    publish();
    const struct shm_slot_down_body first = death(1);
    notify(&first);
    drain();
    assert_told(2, SHM_SIGNAL, true);
    assert_no_more();
}

/* Its last turn gave life to an actor, and sent word of it: that is committed, but the directory
 * does not show it before the next process has put it right. Nobody may believe that it is not. */
static void newer_than_its_directory(void **state)
{
    struct shm_public *axsup = (struct shm_public *)(void *)node.pub[0];
    const struct ax_contract *contract = subject_plugin.actors[0]->contract;
    const uint64_t born = SHM_REF(NODE_PEER, 2, 3), old = SHM_REF(NODE_PEER, 2, 1);
    (void)state;
    node.port[NODE_PEER].directory[2] = (struct shm_directory){.gen = 2};
    (void)victim_turn(&victim, WATCHER);
    axsup->slot[NODE_PEER].state = SHM_SLOT_RUNNING;
    assert_int_equal(admit(w, born, contract, 8), AX_E_NO_ACTOR);
    axsup->slot[NODE_PEER].state = SHM_SLOT_BACKOFF;
    assert_int_equal(admit(w, born, contract, 8), AX_E_FULL);
    assert_int_equal(admit(w, old, contract, 8), AX_E_NO_ACTOR);
    axsup->slot[NODE_PEER].state = SHM_SLOT_STARTING;
    assert_int_equal(admit(w, born, contract, 8), AX_E_FULL);
    axsup->slot[NODE_PEER].state = SHM_SLOT_FAILED;
    assert_int_equal(admit(w, born, contract, 8), AX_E_NO_ACTOR);
    turn_commit(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gone_before, begin, alone_end),
        cmocka_unit_test_setup_teardown(known_before, begin, alone_end),
        cmocka_unit_test_setup_teardown(all_late, begin, alone_end),
        cmocka_unit_test_setup_teardown(answer_late, begin, alone_end),
        cmocka_unit_test_setup_teardown(watcher_dies, begin, alone_end),
        cmocka_unit_test_setup_teardown(for_good, begin, alone_end),
        cmocka_unit_test_setup_teardown(gone_for_good, begin, alone_end),
        cmocka_unit_test_setup_teardown(link_from_there, begin, alone_end),
        cmocka_unit_test_setup_teardown(forged, begin, alone_end),
        cmocka_unit_test_setup_teardown(newer_than_its_directory, begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
