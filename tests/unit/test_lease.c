/* SPDX-License-Identifier: MIT */
/* The lease of a shard as one node sees it: deadlines, lost answers, fencing. */
#include "overlay/core/lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TTL 1000u
#define MARGIN 100u
#define ANSWER 200u

static struct ov_lease_config config = {
    .self = {"a", 1, 9}, .ttl_ns = TTL, .margin_ns = MARGIN, .answer_ns = ANSWER};
static const struct ov_ident other = {"b", 2, 1}, before = {"a", 1, 8}, nobody;
static struct ov_lease lease;
static struct ov_lease_effect effect;
static uint64_t number;

static int set_up(void **state)
{
    (void)state;
    lease = (struct ov_lease){.registry = "users", .shard = 7};
    number = 0;
    config.paused = false;
    return 0;
}

static void expect(enum ov_lease_state state, uint64_t epoch, uint64_t deadline)
{
    assert_int_equal(lease.state, state);
    assert_int_equal(lease.epoch, epoch);
    assert_int_equal(lease.deadline, deadline);
}

static void expect_sent(enum ov_store_op op, uint64_t epoch)
{
    assert_true(effect.send);
    assert_int_equal(effect.request.op, op);
    assert_int_equal(effect.request.epoch, epoch);
    assert_int_equal(effect.request.number, number);
    assert_string_equal(effect.request.registry, "users");
    assert_int_equal(effect.request.shard, 7);
}

static void want(uint64_t now)
{
    effect = ov_lease_want(&lease, &config, now, ++number);
}

static void tick(uint64_t now)
{
    effect = ov_lease_tick(&lease, &config, now, ++number);
}

/* Answers the request that is under way. */
static void answer(uint64_t now, enum ov_store_outcome outcome, struct ov_ident owner,
                   uint64_t epoch, uint64_t left)
{
    struct ov_store_answer a = {lease.pending, outcome, owner, epoch, left};
    effect = ov_lease_answer(&lease, &config, now, &a, ++number);
}

static void hold(uint64_t now)
{
    want(now);
    expect_sent(OV_STORE_ACQUIRE, lease.floor);
    answer(now + 50, OV_STORE_DONE, config.self, 5, TTL);
    assert_true(effect.gained && !effect.lost);
    expect(OV_HELD, 5, now + TTL - MARGIN);
}

static void test_the_deadline_is_from_before_the_request(void **state)
{
    (void)state;
    hold(100);
    assert_true(ov_lease_may_begin(&lease, 999));
    assert_false(ov_lease_may_begin(&lease, 1000));
    assert_false(ov_lease_may_go_on(&lease, 1000));
    tick(499);
    assert_false(effect.send);
    tick(500);
    expect_sent(OV_STORE_RENEW, 5);
    expect(OV_RENEWING, 5, 1000);
    assert_true(ov_lease_may_begin(&lease, 999));
    answer(600, OV_STORE_DONE, config.self, 5, TTL);
    assert_false(effect.gained || effect.lost);
    expect(OV_HELD, 5, 1400);
    tick(1400);
    assert_true(effect.lost);
    expect(OV_FENCED, 0, 0);
    want(1500);
    assert_false(effect.send);
    effect = ov_lease_stopped(&lease, &config, 1500, ++number);
    expect(OV_FREE, 0, 0);
    want(1500);
    expect_sent(OV_STORE_ACQUIRE, 5);
}

static void test_an_answer_that_comes_too_late(void **state)
{
    (void)state;
    want(100);
    answer(1000, OV_STORE_DONE, config.self, 5, TTL);
    assert_false(effect.gained);
    expect(OV_FREE, 0, 0);
}

static void test_another_has_it(void **state)
{
    (void)state;
    want(100);
    answer(200, OV_STORE_REFUSED, other, 9, 700);
    assert_false(effect.gained || effect.lost);
    expect(OV_FREE, 0, 0);
    want(899);
    assert_false(effect.send);
    want(900);
    expect_sent(OV_STORE_ACQUIRE, 9);
}

/* Neither held nor free, and what is read is no lease. */
static void test_a_lost_answer(void **state)
{
    (void)state;
    want(100);
    tick(299);
    assert_false(effect.send);
    tick(300);
    expect_sent(OV_STORE_READ, 0);
    expect(OV_INDETERMINATE, 0, 0);
    assert_false(ov_lease_may_begin(&lease, 300));
    answer(350, OV_STORE_DONE, config.self, 5, 900);
    expect_sent(OV_STORE_RENEW, 5);
    expect(OV_INDETERMINATE, 5, 0);
    assert_false(effect.gained || ov_lease_may_begin(&lease, 350));
    answer(400, OV_STORE_DONE, config.self, 5, TTL);
    assert_true(effect.gained);
    expect(OV_HELD, 5, 350 + TTL - MARGIN);
}

/* What a process before this one had is this one's to acquire, and until then nobody's. */
static void test_what_a_process_before_had(void **state)
{
    (void)state;
    want(100);
    answer(150, OV_STORE_UNKNOWN, nobody, 0, 0);
    expect_sent(OV_STORE_READ, 0);
    answer(200, OV_STORE_DONE, before, 5, 900);
    expect_sent(OV_STORE_ACQUIRE, 5);
    expect(OV_ACQUIRING, 0, 0);
    answer(250, OV_STORE_DONE, config.self, 6, TTL);
    assert_true(effect.gained);
    expect(OV_HELD, 6, 200 + TTL - MARGIN);
    tick(700);
    expect_sent(OV_STORE_RENEW, 6);
    answer(750, OV_STORE_REFUSED, before, 6, 900); /* a store that has forgotten */
    assert_true(effect.lost);
    effect = ov_lease_stopped(&lease, &config, 750, ++number);
    want(750);
    expect_sent(OV_STORE_ACQUIRE, 6);
}

/* What ran under an epoch was ended with it: it is not taken up again, though the store still has
 * it as this node's. */
static void test_an_epoch_that_was_lost(void **state)
{
    (void)state;
    hold(100);
    tick(1000);
    assert_true(effect.lost);
    effect = ov_lease_stopped(&lease, &config, 1000, ++number);
    want(1000);
    expect_sent(OV_STORE_ACQUIRE, 5);
    tick(1200);
    expect_sent(OV_STORE_READ, 0);
    answer(1250, OV_STORE_DONE, config.self, 5, 900);
    expect_sent(OV_STORE_ACQUIRE, 5);
    expect(OV_ACQUIRING, 0, 0);
    assert_false(effect.gained || ov_lease_may_begin(&lease, 1250));
    answer(1300, OV_STORE_DONE, config.self, 6, TTL);
    assert_true(effect.gained);
    expect(OV_HELD, 6, 1250 + TTL - MARGIN);
}

/* Asking for more time would acquire it. */
static void test_a_lost_answer_while_paused(void **state)
{
    (void)state;
    want(100);
    config.paused = true;
    tick(300);
    expect_sent(OV_STORE_READ, 0);
    answer(350, OV_STORE_DONE, config.self, 5, 900);
    assert_false(effect.send || effect.gained || effect.lost);
    expect(OV_FREE, 0, 0);
    assert_int_equal(lease.floor, 5);
    want(400);
    assert_false(effect.send);
}

/* What is held goes on until its deadline, and is given back. */
static void test_paused_while_it_is_held(void **state)
{
    (void)state;
    hold(100);
    config.paused = true;
    tick(999);
    assert_false(effect.send);
    assert_true(ov_lease_may_begin(&lease, 999));
    assert_int_equal(ov_lease_next(&lease, &config), 1000);
    ov_lease_drain(&lease);
    effect = ov_lease_stopped(&lease, &config, 999, ++number);
    expect_sent(OV_STORE_RELEASE, 5);
}

/* Each time at which something is due is known before. */
static void test_when_it_is_next_due(void **state)
{
    (void)state;
    assert_int_equal(ov_lease_next(&lease, &config), UINT64_MAX);
    want(100);
    assert_int_equal(ov_lease_next(&lease, &config), 300);
    answer(150, OV_STORE_DONE, config.self, 5, TTL);
    assert_int_equal(ov_lease_next(&lease, &config), 500);
    tick(500);
    assert_int_equal(ov_lease_next(&lease, &config), 700);
    tick(700);
    expect_sent(OV_STORE_READ, 5);
    assert_int_equal(ov_lease_next(&lease, &config), 900);
    tick(1000);
    expect(OV_FENCED, 0, 0);
    assert_int_equal(ov_lease_next(&lease, &config), UINT64_MAX);
}

static void test_a_lost_answer_to_a_renewal(void **state)
{
    static const struct {
        bool mine;
        uint64_t epoch;
    } reads[] = {{false, 6}, {true, 6}, {false, 5}};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        set_up(NULL);
        hold(100);
        tick(600);
        answer(700, OV_STORE_UNKNOWN, nobody, 0, 0);
        expect_sent(OV_STORE_READ, 5);
        expect(OV_INDETERMINATE, 5, 1000);
        assert_false(ov_lease_may_begin(&lease, 700));
        answer(800, OV_STORE_DONE,
               reads[i].mine ? config.self
               : i == 0      ? other
                             : nobody,
               reads[i].epoch, 100);
        assert_true(effect.lost);
        expect(OV_FENCED, 0, 0);
    }
    set_up(NULL);
    hold(100);
    tick(600);
    tick(800); /* no answer, nor to what is asked then */
    expect(OV_INDETERMINATE, 5, 1000);
    tick(1000);
    assert_true(effect.lost);
    expect(OV_FENCED, 0, 0);
}

static void test_a_renewal_is_refused(void **state)
{
    (void)state;
    hold(100);
    tick(600);
    answer(650, OV_STORE_REFUSED, other, 6, 900);
    assert_true(effect.lost);
    expect(OV_FENCED, 0, 0);
    assert_int_equal(lease.floor, 6);
    assert_int_equal(lease.wait_until, 1550);
}

static void test_answers_to_older_requests(void **state)
{
    struct ov_store_answer late = {1, OV_STORE_DONE, config.self, 5, TTL};
    (void)state;
    want(100);
    tick(300); /* lost; a read is under way */
    effect = ov_lease_answer(&lease, &config, 350, &late, ++number);
    assert_false(effect.send || effect.gained);
    expect(OV_INDETERMINATE, 0, 0);
    late.number = 0;
    lease.pending = 0;
    effect = ov_lease_answer(&lease, &config, 350, &late, ++number);
    assert_false(effect.gained);
}

static void test_drain_and_release(void **state)
{
    (void)state;
    hold(100);
    ov_lease_drain(&lease);
    expect(OV_DRAINING, 5, 1000);
    assert_false(ov_lease_may_begin(&lease, 300));
    assert_true(ov_lease_may_go_on(&lease, 300));
    tick(600); /* what is there may take longer */
    expect_sent(OV_STORE_RENEW, 5);
    answer(650, OV_STORE_DONE, config.self, 5, TTL);
    expect(OV_DRAINING, 5, 1500);
    effect = ov_lease_stopped(&lease, &config, 700, ++number);
    expect_sent(OV_STORE_RELEASE, 5);
    assert_false(ov_lease_may_go_on(&lease, 700));
    tick(900); /* the answer is lost */
    expect_sent(OV_STORE_READ, 5);
    answer(950, OV_STORE_DONE, config.self, 5, 500);
    expect_sent(OV_STORE_RELEASE, 5);
    answer(990, OV_STORE_DONE, nobody, 5, 0);
    assert_true(effect.released && !effect.lost);
    assert_int_equal(lease.last, 5);
    expect(OV_FREE, 0, 0);
}

/* A store that answers no more keeps nobody from being without it: what was given back, or not, has
 * run out. */
static void test_released_and_never_answered(void **state)
{
    (void)state;
    hold(100);
    ov_lease_drain(&lease);
    effect = ov_lease_stopped(&lease, &config, 700, ++number);
    expect_sent(OV_STORE_RELEASE, 5);
    tick(900);
    expect_sent(OV_STORE_READ, 5);
    assert_int_equal(ov_lease_next(&lease, &config), 1000);
    tick(1000);
    assert_false(effect.send || effect.lost || effect.released);
    expect(OV_FREE, 0, 0);
    want(1001);
    expect_sent(OV_STORE_ACQUIRE, 5);
}

static void test_released_and_taken_by_another(void **state)
{
    (void)state;
    hold(100);
    ov_lease_drain(&lease);
    effect = ov_lease_stopped(&lease, &config, 300, ++number);
    tick(500);
    answer(550, OV_STORE_DONE, other, 6, TTL);
    assert_false(effect.lost);
    expect(OV_FREE, 0, 0);
}

static void test_an_epoch_that_a_peer_shows(void **state)
{
    (void)state;
    hold(100);
    effect = ov_lease_saw(&lease, 5);
    assert_false(effect.lost);
    effect = ov_lease_saw(&lease, 6);
    assert_true(effect.lost);
    expect(OV_FENCED, 0, 0);
    set_up(NULL);
    effect = ov_lease_saw(&lease, 41);
    assert_false(effect.lost);
    want(0);
    expect_sent(OV_STORE_ACQUIRE, 41);
}

/* Nobody is believed who shows one that is far beyond what is known: none could follow it. */
static void test_an_epoch_far_beyond(void **state)
{
    (void)state;
    hold(100);
    effect = ov_lease_saw(&lease, UINT64_MAX);
    assert_false(effect.lost);
    effect = ov_lease_saw(&lease, 5 + OV_EPOCH_LEAP + 1);
    assert_false(effect.lost);
    expect(OV_HELD, 5, 100 + TTL - MARGIN);
    effect = ov_lease_saw(&lease, 5 + OV_EPOCH_LEAP);
    assert_true(effect.lost);
}

/* A store that has lost epochs has given it, and the answer was lost: it was only read of when a
 * peer shows a higher one, and nothing runs under it. */
static void test_a_higher_epoch_than_one_that_was_read(void **state)
{
    (void)state;
    want(1000);
    tick(1200); /* the answer is lost */
    answer(1250, OV_STORE_DONE, config.self, 1, 800);
    expect_sent(OV_STORE_RENEW, 1);
    effect = ov_lease_saw(&lease, 3);
    assert_false(effect.lost);
    expect(OV_FREE, 0, 0);
    want(1300);
    expect_sent(OV_STORE_ACQUIRE, 3);
    answer(1350, OV_STORE_DONE, config.self, 4, TTL);
    assert_true(effect.gained);
}

/* The store has given a later one meanwhile. */
static void test_a_grant_of_another_epoch_than_one_that_was_read(void **state)
{
    (void)state;
    want(1000);
    tick(1200);
    answer(1250, OV_STORE_DONE, config.self, 1, 800);
    expect_sent(OV_STORE_RENEW, 1);
    answer(1300, OV_STORE_DONE, config.self, 2, TTL);
    assert_false(effect.gained || effect.lost);
    expect(OV_FREE, 0, 0);
}

/* Seen while it asks: the store has lost it, and gives a lower one. */
static void test_a_grant_below_what_was_seen(void **state)
{
    (void)state;
    want(1000);
    effect = ov_lease_saw(&lease, 41);
    assert_true(!effect.lost && !effect.send);
    answer(1050, OV_STORE_DONE, config.self, 1, TTL);
    assert_false(effect.gained);
    expect_sent(OV_STORE_ACQUIRE, 41);
    expect(OV_ACQUIRING, 0, 0);
    answer(1100, OV_STORE_DONE, config.self, 42, TTL);
    assert_true(effect.gained);
    expect(OV_HELD, 42, 1050 + TTL - MARGIN);
}

/* Of another epoch than that under which things run. */
static void test_a_grant_of_another_epoch(void **state)
{
    (void)state;
    hold(100);
    tick(600);
    answer(650, OV_STORE_DONE, config.self, 6, TTL);
    assert_true(effect.lost);
    expect(OV_FENCED, 0, 0);
}

/* Whoever the store names, it is not this node. */
static void test_a_renewal_that_finds_nobody(void **state)
{
    (void)state;
    hold(0);
    tick(500);
    expect_sent(OV_STORE_RENEW, 5);
    answer(550, OV_STORE_REFUSED, nobody, 5, 0);
    assert_true(effect.lost);
    expect(OV_FENCED, 0, 0);
    assert_int_equal(lease.wait_until, 0); /* it is nobody's: it may be asked for at once */
}

/* As of a node that stood still meanwhile: it is its own by the store, and yet nothing may begin.
 */
static void test_a_renewal_that_is_over_when_it_is_known(void **state)
{
    (void)state;
    hold(0);
    tick(500);
    answer(1400, OV_STORE_DONE, config.self, 5, TTL);
    assert_false(effect.gained || effect.lost);
    expect(OV_HELD, 5, 1400);
    assert_false(ov_lease_may_begin(&lease, 1400) || ov_lease_may_go_on(&lease, 1400));
    tick(1400);
    assert_true(effect.lost);
}

static void test_a_read_that_is_refused(void **state)
{
    (void)state;
    hold(0);
    tick(500);
    answer(550, OV_STORE_UNKNOWN, nobody, 0, 0);
    expect_sent(OV_STORE_READ, 5);
    answer(600, OV_STORE_REFUSED, nobody, 0, 0);
    assert_true(effect.lost && !effect.send);
}

/* It had that one, and all that ran under it was ended: while it is paused it asks for none. */
static void test_its_own_of_before_while_paused(void **state)
{
    (void)state;
    hold(0);
    tick(900);
    assert_true(effect.lost);
    effect = ov_lease_stopped(&lease, &config, 910, ++number);
    want(920);
    config.paused = true;
    answer(930, OV_STORE_UNKNOWN, nobody, 0, 0);
    expect_sent(OV_STORE_READ, 0);
    answer(940, OV_STORE_DONE, config.self, 5, 60);
    assert_false(effect.send || effect.gained);
    expect(OV_FREE, 0, 0);
}

/* As of a store that has no room for it. */
static void test_nobodys_and_yet_not_to_be_had(void **state)
{
    (void)state;
    want(0);
    answer(10, OV_STORE_REFUSED, nobody, 0, 0);
    expect(OV_FREE, 0, 0);
    want(10 + ANSWER - 1);
    assert_false(effect.send);
    want(10 + ANSWER);
    expect_sent(OV_STORE_ACQUIRE, 0);
}

/* It is asked for at once, and where the store says that it is as it was, once more and not again.
 */
static void test_another_has_given_it_back(void **state)
{
    (void)state;
    want(100);
    answer(200, OV_STORE_REFUSED, other, 9, 700);
    ov_lease_released(&lease, 9);
    want(210);
    expect_sent(OV_STORE_ACQUIRE, 9);
    answer(250, OV_STORE_REFUSED, other, 9, 650);
    want(250);
    expect_sent(OV_STORE_ACQUIRE, 9);
    answer(300, OV_STORE_REFUSED, other, 9, 600);
    want(899);
    assert_false(effect.send);
    want(900);
    expect_sent(OV_STORE_ACQUIRE, 9);
}

/* An answer to the release that is lost is as good as one that comes. */
static void test_given_back_and_read(void **state)
{
    (void)state;
    hold(100);
    ov_lease_drain(&lease);
    effect = ov_lease_stopped(&lease, &config, 300, ++number);
    tick(500);
    expect_sent(OV_STORE_READ, 5);
    answer(550, OV_STORE_DONE, nobody, 5, 0);
    assert_true(effect.released && !effect.lost);
    expect(OV_FREE, 0, 0);
}

/* It had run out before it was given back: who has it next knows that from the store. */
static void test_given_back_too_late(void **state)
{
    (void)state;
    hold(100);
    ov_lease_drain(&lease);
    effect = ov_lease_stopped(&lease, &config, 300, ++number);
    answer(350, OV_STORE_REFUSED, other, 6, 900);
    assert_false(effect.released || effect.lost);
    expect(OV_FREE, 0, 0);
}

/* A lower epoch than one that was seen says nothing, and a store that knows none is not asked
 * without end. */
static void test_what_was_given_back_before(void **state)
{
    (void)state;
    want(100);
    answer(200, OV_STORE_REFUSED, other, 9, 700);
    ov_lease_released(&lease, 8);
    want(899);
    assert_false(effect.send);
    lease.floor = 0;
    want(900);
    answer(950, OV_STORE_REFUSED, other, 0, 700);
    want(951);
    assert_false(effect.send);
}

/* Its own is not over yet. */
static void test_given_back_while_it_is_fenced(void **state)
{
    (void)state;
    hold(100);
    tick(600);
    answer(650, OV_STORE_REFUSED, other, 6, 900);
    assert_int_equal(lease.state, OV_FENCED);
    ov_lease_released(&lease, 6);
    effect = ov_lease_stopped(&lease, &config, 700, ++number);
    want(700);
    expect_sent(OV_STORE_ACQUIRE, 6);
}

/* The answer to what was asked before that is still on its way. */
static void test_given_back_while_it_is_asked_for(void **state)
{
    (void)state;
    want(100);
    ov_lease_released(&lease, 9);
    answer(200, OV_STORE_REFUSED, other, 9, 700);
    want(200);
    expect_sent(OV_STORE_ACQUIRE, 9);
    ov_lease_released(&lease, 9);
    answer(250, OV_STORE_REFUSED, other, 10, 650); /* somebody was faster */
    want(899);
    assert_false(effect.send);
}

static void test_what_is_not_held_does_not_drain(void **state)
{
    (void)state;
    want(0);
    ov_lease_drain(&lease);
    assert_int_equal(lease.state, OV_ACQUIRING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_deadline_is_from_before_the_request, set_up),
        cmocka_unit_test_setup(test_an_answer_that_comes_too_late, set_up),
        cmocka_unit_test_setup(test_another_has_it, set_up),
        cmocka_unit_test_setup(test_a_lost_answer, set_up),
        cmocka_unit_test_setup(test_what_a_process_before_had, set_up),
        cmocka_unit_test_setup(test_an_epoch_that_was_lost, set_up),
        cmocka_unit_test_setup(test_a_lost_answer_while_paused, set_up),
        cmocka_unit_test_setup(test_paused_while_it_is_held, set_up),
        cmocka_unit_test_setup(test_when_it_is_next_due, set_up),
        cmocka_unit_test_setup(test_a_lost_answer_to_a_renewal, set_up),
        cmocka_unit_test_setup(test_a_renewal_is_refused, set_up),
        cmocka_unit_test_setup(test_answers_to_older_requests, set_up),
        cmocka_unit_test_setup(test_drain_and_release, set_up),
        cmocka_unit_test_setup(test_released_and_never_answered, set_up),
        cmocka_unit_test_setup(test_released_and_taken_by_another, set_up),
        cmocka_unit_test_setup(test_an_epoch_that_a_peer_shows, set_up),
        cmocka_unit_test_setup(test_an_epoch_far_beyond, set_up),
        cmocka_unit_test_setup(test_a_higher_epoch_than_one_that_was_read, set_up),
        cmocka_unit_test_setup(test_a_grant_of_another_epoch_than_one_that_was_read, set_up),
        cmocka_unit_test_setup(test_a_grant_below_what_was_seen, set_up),
        cmocka_unit_test_setup(test_a_grant_of_another_epoch, set_up),
        cmocka_unit_test_setup(test_a_renewal_that_finds_nobody, set_up),
        cmocka_unit_test_setup(test_a_renewal_that_is_over_when_it_is_known, set_up),
        cmocka_unit_test_setup(test_a_read_that_is_refused, set_up),
        cmocka_unit_test_setup(test_its_own_of_before_while_paused, set_up),
        cmocka_unit_test_setup(test_another_has_given_it_back, set_up),
        cmocka_unit_test_setup(test_given_back_while_it_is_asked_for, set_up),
        cmocka_unit_test_setup(test_given_back_and_read, set_up),
        cmocka_unit_test_setup(test_given_back_too_late, set_up),
        cmocka_unit_test_setup(test_what_was_given_back_before, set_up),
        cmocka_unit_test_setup(test_given_back_while_it_is_fenced, set_up),
        cmocka_unit_test_setup(test_what_is_not_held_does_not_drain, set_up),
        cmocka_unit_test_setup(test_nobodys_and_yet_not_to_be_had, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
