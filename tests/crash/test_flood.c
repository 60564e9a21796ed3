/* SPDX-License-Identifier: MIT */
/* Another slot that floods a worker with what is no mail - monitors, links, signals, downs - while
 * the actor concerned is in a long turn, and whether or not it reads its answers: others still get
 * memory, each question is answered once, and no down is lost. */
#include "libax/drain.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/post.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TARGET 1u
#define FLOOD 20000u
#define BATCH 32u
#define FRAME (shm_frame_size(sizeof(struct shm_down_body)))
#define PEER SHM_REF(NODE_PEER, 1, 1)

static struct answers {
    uint32_t known, refused, other;
} answers;

static void count(void *ctx, struct node *from, uint32_t slot, uint32_t lane,
                  const struct shm_frame *frame)
{
    struct shm_down_body body;
    (void)ctx, (void)from, (void)lane;
    if (slot != NODE_PEER)
        return;
    if (frame->kind == SHM_SINCE)
        answers.known++;
    else if (shm_down_read(frame, &body) && body.reason == SHM_OTHER && body.words[0] != '\0' &&
             body.who == actor_ref(w, TARGET))
        answers.refused++;
    else
        answers.other++;
}

static int begin(void **state)
{
    answers = (struct answers){0};
    if (alone_begin(state) != 0)
        return -1;
    alone_rounds();
    node_take(&node, count, NULL);
    answers = (struct answers){0};
    return 0;
}

/* A round in which no actor runs: one of them is in a long turn. */
static void long_turn(void)
{
    clock_read(w);
    (void)drain_lanes(w, 256);
    if (w->over != 0)
        (void)flush_overflow(w);
    shm_lane_flush(&w->port);
}

static bool lane_has_room(void)
{
    return shm_lane_room(&node.port[NODE_PEER], NODE_WORKER, SHM_CONTROL, 2 * FRAME);
}

static void ask(uint8_t kind, uint64_t corr, const void *body, uint32_t size)
{
    const struct shm_frame head = {
        .kind = kind, .to = actor_ref(w, TARGET), .from = PEER, .corr = corr};
    node_send(&node, NODE_PEER, SHM_CONTROL, &head, body, size);
}

/* As many as it takes, up to FLOOD; how many. Stops where the worker does not read on. */
static uint32_t flood(uint8_t kind, bool reads, bool numbered, const void *body, uint32_t size)
{
    uint32_t sent = 0;
    while (sent < FLOOD) {
        for (uint32_t i = 0; i < BATCH && lane_has_room(); i++) {
            ask(kind, numbered ? ++sent : 0, body, size);
            sent += !numbered;
        }
        long_turn();
        if (reads)
            node_take(&node, count, NULL);
        long_turn();
        if (!lane_has_room())
            break;
    }
    return sent;
}

static uint64_t depth(void)
{
    return shm_chain_depth(&actor_at(w, TARGET)->mail);
}

/* A message of the largest size to somebody else. */
static void assert_others_have_memory(void)
{
    assert_true(memory_room(w, 8 * w->port.geo.max_message / SHM_UNIT));
}

static void read_all(void)
{
    for (int i = 0; i < 2000; i++) {
        long_turn();
        node_take(&node, count, NULL);
    }
}

static void ask_for_too_much(uint8_t kind, bool reads)
{
    const struct shm_since_body since = {.incarnation = 1, .process = 1};
    uint32_t size = kind == SHM_LINK ? sizeof since : 0;
    uint32_t sent = flood(kind, reads, true, &since, size);
    assert_others_have_memory();
    assert_true(!reads || sent >= FLOOD);
    read_all();
    assert_int_equal(answers.known + answers.refused, sent);
    assert_int_equal(answers.other, 0);
    assert_int_equal(answers.known, w->port.priv->asked[NODE_PEER]);
    assert_true(answers.known > 0);
    assert_true(!reads || answers.refused > 0);
    assert_others_have_memory();
}

static void give_back(uint8_t kind, uint32_t up_to)
{
    for (uint32_t i = 1; i <= up_to; i++) {
        ask(kind, i, NULL, 0);
        long_turn();
    }
    assert_int_equal(w->port.priv->asked[NODE_PEER], 0);
}

static void monitors(void **state)
{
    (void)state;
    ask_for_too_much(SHM_MONITOR, true);
    uint32_t asked = w->port.priv->asked[NODE_PEER], known = answers.known;
    alone_die();
    assert_int_equal(w->port.priv->asked[NODE_PEER], asked);
    give_back(SHM_DEMONITOR, FLOOD);
    ask(SHM_MONITOR, FLOOD + 1, NULL, 0);
    read_all();
    assert_int_equal(answers.known, known + 1);
}

static void links(void **state)
{
    (void)state;
    ask_for_too_much(SHM_LINK, true);
}

static void unread_answers(void **state)
{
    (void)state;
    ask_for_too_much(SHM_MONITOR, false);
}

static void watch_peer(uint64_t *id)
{
    struct ax_ctx *ctx = victim_turn(&victim, TARGET);
    int error = ax_monitor(ctx, (struct ax_ref){.addr = PEER}, id);
    turn_commit(w);
    assert_int_equal(error, 0);
}

static void downs(void **state)
{
    struct shm_down_body body = {.who = PEER, .reason = SHM_FAILED, .will_restart = 1};
    uint64_t id;
    (void)state;
    watch_peer(&id);
    uint32_t sent = 0;
    for (; sent < FLOOD && lane_has_room(); sent++) {
        body.incarnation = sent + 1;
        ask(SHM_DOWN, id, &body, shm_down_size(&body));
        if (sent % BATCH == 0)
            long_turn();
    }
    assert_others_have_memory();
    assert_true(depth() < sent);
    for (int i = 0; i < 1000; i++)
        victim_round(&victim);
    const struct subject_counts *counts = w->self[TARGET];
    assert_int_equal(counts->told, sent);
}

/* Mail within the capacity holds no down up, however much of the memory it is. */
static void mail_is_no_share(void **state)
{
    const struct post post = {
        .to = actor_ref(w, TARGET), .from = actor_ref(w, TARGET), .kind = SHM_TELL};
    struct shm_down_body body = {
        .who = PEER, .incarnation = 1, .reason = SHM_FAILED, .will_restart = 1};
    uint64_t id, before;
    (void)state;
    watch_peer(&id);
    actor_at(w, TARGET)->capacity = 10 * FLOOD;
    while (depth() * 2 <= shm_arena_left(&w->port)) {
        shm_turn_begin(&w->port, 0, 0);
        assert_int_equal(post_local(w, TARGET, &post), 0);
        turn_commit(w);
    }
    before = depth();
    ask(SHM_DOWN, id, &body, shm_down_size(&body));
    long_turn();
    assert_int_equal(depth(), before + 1);
}

static void assert_killed(void)
{
    ask(SHM_KILL, 0, NULL, 0);
    long_turn();
    assert_true(actor_at(w, TARGET)->flags & SHM_STOPPING);
    assert_int_equal(w->port.cold[TARGET].reason, SHM_KILLED);
}

static void signals(void **state)
{
    const struct shm_down_body body = {.who = PEER, .reason = SHM_FAILED};
    (void)state;
    uint32_t sent = flood(SHM_EXIT, true, false, &body, shm_down_size(&body));
    assert_int_equal(sent, FLOOD);
    assert_others_have_memory();
    assert_true(depth() > 0);
    assert_int_equal(w->port.priv->letters, sent - depth());
    assert_killed();
}

/* Who sends is told. */
static void signals_here(void **state)
{
    struct ax_ctx *ctx = victim_turn(&victim, TARGET + 1);
    const struct ax_ref who = {.addr = actor_ref(w, TARGET)};
    uint32_t sent = 0;
    int error = 0;
    (void)state;
    for (; sent < FLOOD && (error = ax_exit_actor(ctx, who, AX_FAILED)) == 0; sent++) {
        turn_commit(w);
        ctx = victim_turn(&victim, TARGET + 1);
    }
    assert_true(error == AX_E_FULL || error == AX_E_NO_MEMORY);
    assert_int_equal(depth(), sent);
    assert_int_equal(ax_exit_actor(ctx, who, AX_KILLED), 0);
    turn_commit(w);
    assert_true(actor_at(w, TARGET)->flags & SHM_STOPPING);
}

static void signals_away(void **state)
{
    const struct ax_ref who = {.addr = node_peer_actor(&node, 1, 0)};
    struct ax_ctx *ctx = victim_turn(&victim, TARGET);
    uint32_t waiting = node.port[NODE_PEER].directory[1].capacity + 1023;
    (void)state;
    node.port[NODE_PEER].depth[1] = waiting;
    assert_int_equal(ax_exit_actor(ctx, who, AX_FAILED), 0);
    node.port[NODE_PEER].depth[1] = waiting + 1;
    assert_int_equal(ax_exit_actor(ctx, who, AX_FAILED), AX_E_FULL);
    assert_int_equal(ax_exit_other(ctx, who, "why"), AX_E_FULL);
    assert_int_equal(ax_exit_actor(ctx, who, AX_KILLED), 0);
    node.port[NODE_PEER].depth[1] = 0;
    int error = 0;
    for (uint32_t i = 0; i < FLOOD && error == 0; i++)
        error = ax_exit_actor(ctx, who, AX_FAILED); /* nobody reads that lane */
    assert_int_equal(error, AX_E_FULL);
    assert_int_equal(shm_chain_depth(&w->port.priv->over_control[NODE_PEER]), 0);
    assert_int_equal(ax_exit_actor(ctx, who, AX_KILLED), 0);
    turn_commit(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(monitors, begin, alone_end),
        cmocka_unit_test_setup_teardown(links, begin, alone_end),
        cmocka_unit_test_setup_teardown(unread_answers, begin, alone_end),
        cmocka_unit_test_setup_teardown(signals, begin, alone_end),
        cmocka_unit_test_setup_teardown(signals_here, begin, alone_end),
        cmocka_unit_test_setup_teardown(signals_away, begin, alone_end),
        cmocka_unit_test_setup_teardown(downs, begin, alone_end),
        cmocka_unit_test_setup_teardown(mail_is_no_share, begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
