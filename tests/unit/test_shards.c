/* SPDX-License-Identifier: MIT */
/* The shards of a registry as some nodes have them: by hand, and at random with answers that are
 * late or lost, nodes that stand still, leave and come back as another boot, and a virtual clock.
 */
#include "overlay/core/place.h"
#include "overlay/core/shards.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TTL 1000u
#define MARGIN 100u
#define ANSWER 200u
#define ROUND 300u
#define NODES 4u
#define SHARDS 40u
#define LETTERS 512u
#define SEEDS 100u
#define EVENTS 300u

struct letter { /* on its way to the store, or from it */
    uint64_t at;
    uint32_t node;
    uint64_t boot;
    bool answers;
    struct ov_store_request request;
    struct ov_store_answer answer;
};

struct node {
    struct ov_shards shards;
    struct ov_shard table[SHARDS];
    bool up, still;
    uint64_t running[SHARDS]; /* the epoch under which something runs; 0: nothing does */
    uint64_t ending[SHARDS];  /* the epoch that has been told to; 0: none has */
};

static struct world {
    uint64_t now, random;
    struct ov_store_memory store;
    struct ov_store_record records[SHARDS];
    struct node nodes[NODES];
    struct letter letters[LETTERS];
    uint32_t n_letters, boots, gained, drained, lost;
    uint64_t epochs[SHARDS], owners[SHARDS]; /* the last, and the boot that had it */
    bool calm;                               /* nothing goes wrong any more */
} w;

static uint64_t roll(uint64_t bound)
{
    uint64_t z = w.random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % bound;
}

/* ---- the store, and what lies between ---- */

static void post(struct letter letter)
{
    if (!w.calm && roll(20) == 0)
        return; /* lost */
    letter.at = w.now + 1 + roll(w.calm ? 20 : 150);
    assert_true(w.n_letters < LETTERS);
    w.letters[w.n_letters++] = letter;
}

static void do_effect(uint32_t i, const struct ov_shards_effect *effect)
{
    struct node *node = &w.nodes[i];
    uint32_t shard = effect->shard;
    switch (effect->kind) {
    case OV_SHARDS_ASK:
        post((struct letter){
            .node = i, .boot = node->shards.lease.self.boot, .request = effect->request});
        break;
    case OV_SHARDS_GAINED:
        /* Of a shard they rise, but where an owner has it again that nobody has followed. */
        assert_true(
            effect->epoch > w.epochs[shard] ||
            (effect->epoch == w.epochs[shard] && node->shards.lease.self.boot == w.owners[shard]));
        assert_true(node->running[shard] == 0);
        w.epochs[shard] = node->running[shard] = effect->epoch;
        w.owners[shard] = node->shards.lease.self.boot;
        w.gained++;
        break;
    case OV_SHARDS_DRAIN:
        assert_true(node->ending[shard] == 0);
        assert_true(node->running[shard] == effect->epoch);
        node->ending[shard] = effect->epoch;
        w.drained++;
        break;
    case OV_SHARDS_LOST:
        node->ending[shard] = effect->epoch;
        w.lost++;
        break;
    case OV_SHARDS_RELEASED: /* some are told, sooner or later than of other things */
        assert_true(node->running[shard] == 0);
        for (uint32_t other = 0; other < NODES; other++)
            if (other != i && w.nodes[other].up && !w.nodes[other].still && roll(3) > 0)
                ov_shards_released(&w.nodes[other].shards, shard, effect->epoch);
        break;
    }
}

static void settle(uint32_t i)
{
    struct ov_shards_effect effect;
    uint32_t did = 0;
    while (ov_shards_step(&w.nodes[i].shards, w.now, &effect)) {
        do_effect(i, &effect);
        assert_true(++did <= 2 * SHARDS); /* it comes to an end */
    }
}

static void deliver(struct letter letter)
{
    struct node *node = &w.nodes[letter.node];
    struct ov_shards_effect effect;
    if (!letter.answers) {
        ov_store_memory_handle(&w.store, w.now, &letter.request, &letter.answer);
        letter.answers = true;
        post(letter);
    } else if (node->up && node->shards.lease.self.boot == letter.boot) {
        if (ov_shards_answer(&node->shards, w.now, &letter.answer, &effect))
            do_effect(letter.node, &effect);
        settle(letter.node);
    }
}

static void deliver_due(void)
{
    for (uint32_t i = 0; i < w.n_letters;) {
        struct letter letter = w.letters[i];
        if (letter.at > w.now || w.nodes[letter.node].still) {
            i++;
            continue;
        }
        w.letters[i] = w.letters[--w.n_letters];
        deliver(letter);
        i = 0;
    }
}

/* ---- nodes ---- */

static void tell_members(void)
{
    struct ov_ident members[NODES];
    uint32_t n = 0;
    for (uint32_t i = 0; i < NODES; i++)
        if (w.nodes[i].up && !w.nodes[i].shards.leaving)
            members[n++] = w.nodes[i].shards.lease.self;
    for (uint32_t i = 0; i < NODES; i++)
        if (w.nodes[i].up && !w.nodes[i].still) {
            ov_shards_members(&w.nodes[i].shards, members, n);
            settle(i);
        }
}

static void begin(uint32_t i)
{
    struct node *node = &w.nodes[i];
    struct ov_lease_config lease = {
        .self = {"", ++w.boots, 1}, .ttl_ns = TTL, .margin_ns = MARGIN, .answer_ns = ANSWER};
    snprintf(lease.self.node, sizeof lease.self.node, "node%u", i);
    *node = (struct node){.up = true};
    ov_shards_init(&node->shards, &lease, "users", ROUND, node->table, SHARDS);
}

static void begin_world(uint64_t seed)
{
    w = (struct world){.now = 5000, .random = seed};
    ov_store_memory_init(&w.store, w.records, SHARDS);
    for (uint32_t i = 0; i < NODES; i++)
        begin(i);
}

/* What has been told to end does, some time. */
static void end_some(uint32_t i, bool all)
{
    struct node *node = &w.nodes[i];
    struct ov_shards_effect effect;
    for (uint32_t shard = 0; shard < SHARDS; shard++)
        if (node->ending[shard] != 0 && (all || roll(4) == 0)) {
            uint64_t epoch = node->ending[shard];
            assert_false(ov_shards_stopped(&node->shards, w.now, shard, epoch + 1, &effect));
            node->ending[shard] = node->running[shard] = 0;
            if (ov_shards_stopped(&node->shards, w.now, shard, epoch, &effect))
                do_effect(i, &effect);
        }
    settle(i);
}

static void mischief(void)
{
    uint32_t i = (uint32_t)roll(NODES);
    struct node *node = &w.nodes[i];
    switch (roll(8)) {
    case 0:
        node->up = false;
        break;
    case 1:
        begin(i);
        break;
    case 2:
        node->still = node->up;
        break;
    case 3:
        if (node->up)
            ov_shards_leave(&node->shards);
        break;
    case 4:
        ov_shards_pause(&node->shards, roll(2) == 0);
        break;
    default:
        break;
    }
    tell_members();
}

/* ---- what must hold ---- */

static uint32_t round_most(const struct node *node)
{
    return node->shards.leaving ? SHARDS : SHARDS / OV_SHARDS_ROUND;
}

static void check(void)
{
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        uint32_t owners = 0;
        for (uint32_t i = 0; i < NODES; i++) {
            const struct node *node = &w.nodes[i];
            owners += node->up && ov_lease_may_go_on(&node->table[shard].lease, w.now);
            if (node->up && ov_shards_epoch(&node->shards, shard, w.now) != 0)
                assert_int_equal(node->running[shard],
                                 ov_shards_epoch(&node->shards, shard, w.now));
        }
        assert_true(owners <= 1);
    }
    for (uint32_t i = 0; i < NODES; i++) {
        uint32_t moving = 0;
        for (uint32_t shard = 0; shard < SHARDS; shard++)
            moving += w.nodes[i].table[shard].lease.state == OV_DRAINING ||
                      w.nodes[i].table[shard].lease.state == OV_RELEASING;
        assert_true(!w.nodes[i].up || moving <= round_most(&w.nodes[i]));
    }
}

/* The time of whatever comes next. */
static void pass(uint64_t most)
{
    uint64_t next = w.now + most;
    for (uint32_t i = 0; i < NODES; i++) {
        uint64_t at =
            w.nodes[i].up && !w.nodes[i].still ? ov_shards_next(&w.nodes[i].shards) : UINT64_MAX;
        next = at < next ? at : next;
    }
    for (uint32_t i = 0; i < w.n_letters; i++)
        next = w.letters[i].at < next ? w.letters[i].at : next;
    w.now = next > w.now ? next : w.now + 1;
    deliver_due();
    for (uint32_t i = 0; i < NODES; i++)
        if (w.nodes[i].up && !w.nodes[i].still)
            settle(i);
}

static bool all_placed(void)
{
    char texts[NODES][OV_ID_TEXT];
    struct ax_span spans[NODES];
    for (uint32_t i = 0; i < NODES; i++)
        spans[i] = (struct ax_span){
            texts[i], (uint32_t)ov_ident_format(&w.nodes[i].shards.lease.self, texts[i])};
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        size_t owner = ov_place(spans, NODES, (struct ax_span){"users", 5}, shard);
        for (uint32_t i = 0; i < NODES; i++)
            if ((ov_shards_epoch(&w.nodes[i].shards, shard, w.now) != 0) != (i == owner))
                return false;
    }
    return true;
}

/* Nothing goes wrong any more, and all that were away come back: each shard comes to where it
 * should be. */
static void calm_down(void)
{
    w.calm = true;
    for (uint32_t i = 0; i < NODES; i++) {
        w.nodes[i].still = false;
        ov_shards_pause(&w.nodes[i].shards, false);
        if (!w.nodes[i].up || w.nodes[i].shards.leaving)
            begin(i);
    }
    tell_members();
    for (uint64_t end = w.now + 20 * TTL; w.now < end && !all_placed();) {
        pass(ANSWER);
        for (uint32_t i = 0; i < NODES; i++)
            end_some(i, true);
        check();
    }
    assert_true(all_placed());
}

static void test_nodes_come_and_go(void **state)
{
    uint32_t drained = 0, lost = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        begin_world(seed);
        tell_members();
        for (uint32_t event = 0; event < EVENTS; event++) {
            pass(50);
            check();
            uint32_t i = (uint32_t)roll(NODES);
            if (w.nodes[i].up && !w.nodes[i].still)
                end_some(i, false);
            if (w.nodes[i].still && roll(10) == 0)
                w.nodes[i].still = false;
            if (roll(15) == 0)
                mischief();
            check();
        }
        calm_down();
        drained += w.drained;
        lost += w.lost;
    }
    assert_true(drained > SEEDS && lost > SEEDS); /* else it shows little */
}

/* ---- by hand ---- */

static void run_for(uint64_t time)
{
    for (uint64_t end = w.now + time; w.now < end;)
        pass(end - w.now);
}

static void begin_calm(uint32_t up)
{
    begin_world(1);
    w.calm = true;
    for (uint32_t i = up; i < NODES; i++)
        w.nodes[i].up = false;
    tell_members();
    run_for(TTL);
}

static void test_a_tenth_moves_in_a_round(void **state)
{
    (void)state;
    begin_calm(1);
    assert_int_equal(ov_shards_held(&w.nodes[0].shards), SHARDS);
    w.nodes[1].up = true;
    tell_members();
    assert_int_equal(w.drained, SHARDS / OV_SHARDS_ROUND);
    run_for(10 * ROUND); /* they do not end, so no other goes */
    assert_int_equal(w.drained, SHARDS / OV_SHARDS_ROUND);
    assert_int_equal(w.lost, 0);
    end_some(0, true);
    run_for(ROUND + 1);
    assert_int_equal(w.drained, 2 * (SHARDS / OV_SHARDS_ROUND));
}

static void test_who_leaves_gives_all_away(void **state)
{
    (void)state;
    begin_calm(NODES);
    uint32_t had = ov_shards_held(&w.nodes[0].shards), all = 0;
    ov_shards_leave(&w.nodes[0].shards);
    tell_members();
    assert_int_equal(w.drained, had);
    end_some(0, true);
    run_for(TTL);
    assert_int_equal(ov_shards_held(&w.nodes[0].shards), 0);
    for (uint32_t i = 1; i < NODES; i++)
        all += ov_shards_held(&w.nodes[i].shards);
    assert_int_equal(all, SHARDS);
}

/* Who is paused acquires nothing, and what it has runs out. */
static void test_paused(void **state)
{
    (void)state;
    begin_world(1);
    w.calm = true;
    ov_shards_pause(&w.nodes[0].shards, true);
    tell_members();
    run_for(2 * TTL);
    assert_int_equal(ov_shards_held(&w.nodes[0].shards), 0);
    begin_calm(1);
    ov_shards_pause(&w.nodes[0].shards, true);
    run_for(TTL);
    assert_int_equal(w.lost, SHARDS);
    end_some(0, true);
    run_for(2 * TTL);
    assert_int_equal(ov_shards_held(&w.nodes[0].shards), 0);
}

/* However many there are, each has its turn, in their order, and alone where it alone is due. */
static void test_any_number(void **state)
{
    enum { MOST = 70 };
    static struct ov_shard table[MOST];
    static struct ov_store_request asked[MOST];
    struct ov_lease_config lease = {
        .self = {"node0", 1, 1}, .ttl_ns = TTL, .margin_ns = MARGIN, .answer_ns = ANSWER};
    struct ov_shards shards;
    struct ov_shards_effect effect;
    (void)state;
    for (uint32_t n = 1; n <= MOST; n++)
        for (uint32_t late = 0; late < n; late++) {
            ov_shards_init(&shards, &lease, "users", ROUND, table, n);
            assert_true(ov_shards_next(&shards) == UINT64_MAX);
            ov_shards_members(&shards, &lease.self, 1);
            assert_int_equal(ov_shards_next(&shards), 0);
            for (uint32_t i = 0; i < n; i++) {
                assert_true(ov_shards_step(&shards, 1, &effect));
                assert_int_equal(effect.shard, i);
                asked[i] = effect.request;
            }
            assert_false(ov_shards_step(&shards, 1, &effect));
            for (uint32_t i = 0; i < n; i++) {
                struct ov_store_answer answer = {
                    .number = asked[i].number, .owner = lease.self, .epoch = 1, .left_ns = TTL};
                if (i != late)
                    assert_true(ov_shards_answer(&shards, 1, &answer, &effect));
            }
            assert_int_equal(ov_shards_held(&shards), n - 1);
            assert_int_equal(ov_shards_next(&shards), 1 + ANSWER);
            assert_false(ov_shards_step(&shards, ANSWER, &effect));
            assert_true(ov_shards_step(&shards, 1 + ANSWER, &effect));
            assert_int_equal(effect.shard, late);
            assert_int_equal(effect.request.op, OV_STORE_READ);
            assert_false(ov_shards_step(&shards, 1 + ANSWER, &effect));
        }
}

/* What no number or shard of this table is, changes nothing. */
static void test_what_is_not_ours(void **state)
{
    struct ov_shards_effect effect;
    struct ov_store_answer answer = {.number = OV_SHARDS_MOST + SHARDS, .outcome = OV_STORE_DONE};
    (void)state;
    begin_world(1);
    tell_members();
    struct ov_shards *shards = &w.nodes[0].shards;
    assert_false(ov_shards_answer(shards, w.now, &answer, &effect));
    answer.number = 0;
    assert_false(ov_shards_answer(shards, w.now, &answer, &effect));
    assert_false(ov_shards_stopped(shards, w.now, SHARDS, 1, &effect));
    assert_false(ov_shards_stopped(shards, w.now, 0, 0, &effect));
    assert_false(ov_shards_saw(shards, SHARDS, 7, &effect));
    ov_shards_released(shards, SHARDS, 7);
    assert_int_equal(ov_shards_epoch(shards, SHARDS, w.now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tenth_moves_in_a_round),
        cmocka_unit_test(test_who_leaves_gives_all_away),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_any_number),
        cmocka_unit_test(test_what_is_not_ours),
        cmocka_unit_test(test_nodes_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
